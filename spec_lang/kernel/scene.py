"""What the two arithmetics of the kernel have in common: bounds of a network over input boxes.

In: a network and a batch of boxes.  Out: rigorous ranges of what enters every ReLU, and bounds of rows, by
backward substitution through linear relaxations [Zhang et al. 2018, CROWN; Wang et al. 2021, β-CROWN].
`rounded` computes in outward-rounded float64, many boxes at once; `integers` exactly, one box at a time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.kernel.network import F64, AffineStep, BinaryStep, Network, ReluStep, SmoothStep
from spec_lang.network.transform.difference import Delta
from spec_lang.obligations.certificate import Lemma, SquareProof

Index = NDArray[np.intp]
Mask = NDArray[np.bool_]
Ends = tuple[F64, F64]  # below and above (batch, n)
Ranges = dict[int, Ends]  # by value that enters a step that is not affine: bounds (batch, n)
Phases = NDArray[np.int8]  # 0 open, 1 active (z >= 0), −1 inactive (z <= 0)

CLIP_ROUNDS = 2  # of clipping by a combination and by all rows
LEAVES = 256  # of phase trees, at once
ROOM = 2**22  # numbers in the coefficients of one substitution, whatever the network's size
LEAST_ROWS = 64
MAX_ROWS = 1024  # of one substitution: keeps the coefficients of small networks in the cache


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Slopes and phases of one's own for rows over a batch of one box, as a certificate has them.

    `phases[r, i]` of neuron i: 0 open, 1 active (z >= 0), −1 inactive (z <= 0).
    """

    phases: NDArray[np.int8]  # (rows, neurons)
    columns: Index
    values: F64  # (rows, columns)


@dataclass(frozen=True, slots=True, eq=False)
class OwnSlopes:
    """Lower slopes, in [0, 1]: of neuron `neuron[i]` in row `row[i]` it is `value[i]`; rows ascend, and a
    neuron comes once in a row.  Others have the scene's."""

    row: Index
    neuron: Index
    value: F64


@dataclass(frozen=True, slots=True, eq=False)
class About:
    """Elements of `value`, which enters a ReLU: row r is about `side[r] · value[neuron[r]]`."""

    value: int
    neuron: Index
    side: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """`coefficients·x + constant` bounds each row from below on its box; `minimum` bounds that from below."""

    coefficients: NDArray[Any]  # (rows, in)
    constant: NDArray[Any]  # (rows,)
    minimum: F64  # (rows,)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The same rows for several boxes: `coefficients[b, i]·x + constant[b, i]` bounds row i on box b."""

    coefficients: NDArray[Any]  # (batch, rows, in)
    constant: NDArray[Any]  # (batch, rows)

    def of(self, boxes: Index, rows: Index) -> Rows:
        """Some rows for some boxes."""
        where = np.ix_(boxes, rows)
        return Rows(self.coefficients[where], self.constant[where])


@dataclass(frozen=True, slots=True, eq=False)
class Clipped:
    """Boxes, and which of them are empty; those are as they were."""

    lower: F64
    upper: F64
    empty: Mask


class Scene(ABC):
    """A batch of boxes and the relaxations of what is not affine so far; `lower`, `upper`: (batch, in).

    `phases` (batch, neurons) are those that are fixed, as in `Slopes`, None for none.  `ranges` is what
    `propagate` has found, `intervals` bounds of affine values, by the ranges of what they read; `nothing` is
    a constant so low that a row with it says nothing.
    """

    nothing: float

    def __init__(self, network: Network, lower: F64, upper: F64, phases: Phases | None = None) -> None:
        self.network = network
        self.lower, self.upper, self.phases = lower, upper, phases
        self.ranges: Ranges = {}
        self.intervals: Ranges = {}

    def ends(self, value: int) -> tuple[F64, F64]:
        """What is known of a value that is not affine, or whose interval is known; rounded outward."""
        network = self.network
        if value < len(network.inputs):
            return self.lower[:, network.inputs[value]], self.upper[:, network.inputs[value]]
        if value in self.intervals:
            return self.intervals[value]
        step = network.steps[value - len(network.inputs)]
        if isinstance(step, ReluStep):
            lower, upper = self.ranges[step.operand]
            return np.maximum(lower, 0.0), np.maximum(upper, 0.0)
        raise InternalError(f"nothing is known of value {value} yet")

    @abstractmethod
    def interval(self, step: AffineStep) -> tuple[F64, F64]:
        """Bounds of an affine value by those of its operands, rounded outward."""

    @abstractmethod
    def is_sound(self) -> bool:
        """Whether all values so far are within range on every box."""

    @abstractmethod
    def enter(self, step: AffineStep) -> None:
        """Whatever has to be known of an affine value before rows pass it."""

    @abstractmethod
    def relax(self, step: ReluStep, lower: F64, upper: F64) -> None:
        """Relax a ReLU over the range of what enters it."""

    @abstractmethod
    def join(self, delta: Delta) -> None:
        """Bound a difference of two ReLUs over the ranges of what it depends on, and say where it lies:
        between 0 and δ, since relu increases with slopes of at most 1."""

    @abstractmethod
    def bend(self, step: SmoothStep, lower: F64, upper: F64) -> None:
        """Relax a smooth step over the range of what enters it."""

    @abstractmethod
    def cross(self, step: BinaryStep, first: Ends, second: Ends) -> None:
        """Relax a gate or a product over the ranges of what enters it."""

    def fixed(self, step: BinaryStep | ReluStep) -> Phases | None:
        """The phases of a step's neurons, box by box, where some are fixed."""
        first = step.first if isinstance(step, ReluStep) else step.neurons
        if self.phases is None or first is None:
            return None
        return self.phases[:, first : first + self.network.sizes[step.value]]

    @abstractmethod
    def neurons(self, value: int, owner: Index, neuron: Index, side: NDArray[np.int8]) -> F64:
        """Lower bounds of `side · value[neuron]`, row r over box `owner[r]`; −inf for none."""

    @abstractmethod
    def atoms(self, owner: Index, atom: Index) -> Linear:
        """Bounds of the atoms numbered `atom`."""

    @abstractmethod
    def mixtures(
        self, atoms: Sequence[int], multipliers: F64, slopes: Slopes, about: About | None = None
    ) -> F64:
        """Lower bounds of the combinations `Σ multipliers[r, i]·atoms[i]`, plus what they are `about`, over
        the only box; −inf for none."""

    @abstractmethod
    def is_excluded(self, atoms: Sequence[int], squares: SquareProof) -> bool:
        """Whether quadratic bounds show that the combination of atoms is positive on the only box; False
        under float32, whose errors they do not account for."""

    @abstractmethod
    def fork(self) -> Scene:
        """The same scene, whose ranges and relaxations may be tightened without changing this one."""

    @abstractmethod
    def combinations(self, owner: Index, weights: F64, slopes: OwnSlopes) -> Linear:
        """Bounds of `Σ weights[r, i]·atom_i`, row r over box `owner[r]`; the weights are whole numbers."""

    @abstractmethod
    def clip(self, box: Index, rows: Rows, strict: Mask, together: Rows | None) -> Clipped:
        """The boxes numbered `box`, shrunk to where every row is at most 0, or below 0 where strict, and
        where `together`, a combination of the rows (one for each box), is.

        Where all rows are at most 0 so is any combination with weights >= 0; and where `a·x + c <= 0` each
        coordinate satisfies `a_i (x_i − e_i) <= −min(a·x + c)`, e_i the end at which the minimum lies.
        """


def is_about(lemma: Lemma, step: ReluStep, network: Network) -> bool:
    return step.first <= int(lemma.neuron[0]) < step.first + network.sizes[step.value]


def relu_of(lemma: Lemma, network: Network) -> ReluStep:
    """The ReLU whose neurons a lemma is about, which a check of its form has shown to exist."""
    return next(s for s in network.steps if isinstance(s, ReluStep) and is_about(lemma, s, network))


def slopes_are_sound(slopes: Slopes) -> Mask:
    """Row by row: whether the slopes of open neurons are at most 1; that none is negative is known."""
    opened = slopes.phases[:, slopes.columns] == 0
    sound: Mask = ~(opened & (slopes.values > 1.0)).any(axis=1)
    return sound


def leaf_phases(
    nodes: NDArray[np.int32], count: int, start: Phases | None = None
) -> Iterator[tuple[Index, Phases]]:
    """The leaves of a preorder of trees, in chunks: each one's tree, and the phases there of all `count`
    neurons (leaves, neurons); at the roots they are those of `start` (1, neurons)."""
    room = min(LEAVES, max(LEAST_ROWS, ROOM // max(count, 1)))
    current = np.zeros(count, dtype=np.int8) if start is None else start[0].copy()
    rows: list[NDArray[np.int8]] = []
    trees: list[int] = []
    tree = 0
    above: list[tuple[int, int]] = []  # the splits on the path: neuron, and its phase outside of it
    for split in nodes.tolist():
        if split >= 0:
            above.append((split, int(current[split])))
            current[split] = 1
            continue
        rows.append(current.copy())
        trees.append(tree)
        if len(rows) == room:
            yield np.array(trees), np.stack(rows)
            rows, trees = [], []
        # Back to the nearest split whose second phase has not been walked; one that is walked has −1.
        while above and current[above[-1][0]] == -1:
            last, outside = above.pop()
            current[last] = outside
        if above:
            current[above[-1][0]] = -1
        else:
            tree += 1
    if rows:
        yield np.array(trees), np.stack(rows)
