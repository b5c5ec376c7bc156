"""What is known of a batch of boxes while a graph is bounded over it: relaxations, magnitudes, what to carry.

In: a program and a batch of boxes.  Out: a `Context`, to which every step adds what passes need of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.columns import rearranged
from spec_lang.bounding.float32 import LARGEST32
from spec_lang.bounding.program import F64, AffineStep, BinaryStep, Program, ReluStep, SmoothStep
from spec_lang.bounding.relax.binary import Crossed, crossed
from spec_lang.bounding.relax.relu import Layout, Relaxation, layout
from spec_lang.bounding.relax.smooth import Lines, ends, lines
from spec_lang.diagnostics import InternalError
from spec_lang.kernel.differences import Joined
from spec_lang.kernel.scene import Ends, Phases
from spec_lang.network.operators import Operator
from spec_lang.network.primitives import Binary

_Float = TypeVar("_Float", bound=np.floating[Any])

# Magnitudes beyond this leave the range in which the underflow term below is a proof.
MAGNITUDE_LIMIT = 1e120
# Covers every product that underflows: each loses at most 2^-1074, times a magnitude within the limit,
# times fewer terms than any graph has.
UNDERFLOW = 1e-140


class Expired(Exception):
    """The deadline passed while a batch was being bounded; what was computed of it is dropped."""


@dataclass(slots=True, eq=False)
class Context:
    """What is known of a batch of boxes so far: relaxations and magnitudes, value by value.

    `norms[v]` is, box by box, the Euclidean norm of a bound on |Σ|W||x| + |b|| at affine value v: with
    the Euclidean norm of a row's coefficients it bounds that row's rounding error there
    (Cauchy–Schwarz), at the price of one pass over the coefficients.  `errors[v]` bounds how far the
    network's own float32 arithmetic carries affine value v from its exact affine map of what it reads; it
    has no entries under real semantics.
    """

    program: Program
    boxes: Boxes
    center: F64
    radius: F64
    magnitudes: dict[int, F64]  # (batch, n) or (1, n)
    expired: Callable[[], bool]
    floors: dict[int, F64] = field(default_factory=dict)  # by ReLU value: lower bounds of its operand
    intervals: dict[int, tuple[F64, F64]] = field(default_factory=dict)  # of affine values (batch, n)
    norms: dict[int, F64] = field(default_factory=dict)  # (batch,)
    errors: dict[int, F64] = field(default_factory=dict)  # (batch, n)
    layouts: dict[int, Layout] = field(default_factory=dict)  # by ReLU value
    lines: dict[int, Lines] = field(default_factory=dict)  # by smooth value
    entering: dict[int, tuple[F64, F64]] = field(default_factory=dict)  # ranges of what enters such a step
    planes: dict[int, Joined] = field(default_factory=dict)  # by the value of a difference of two ReLUs
    crossed: dict[int, Crossed] = field(default_factory=dict)  # by the value of a gate or a product
    phases: dict[int, Phases] = field(default_factory=dict)  # by z: those that are fixed (batch, n)
    columns: dict[int, NDArray[np.intp]] = field(default_factory=dict)  # by value: the elements carried
    narrow: bool = False  # `columns` has all that rows reach, of inputs, too, and nothing else
    _maps: dict[tuple[int, int], Operator] = field(default_factory=dict)

    @classmethod
    def start(cls, program: Program, boxes: Boxes, expired: Callable[[], bool]) -> Context:
        center = boxes.center
        magnitudes = program.split_inputs(boxes.magnitude)
        return cls(program, boxes, center, boxes.radius(center), magnitudes, expired)

    def check_time(self) -> None:
        """Raises `Expired` once the deadline has passed: called between passes, which are short."""
        if self.expired():
            raise Expired

    def enter(self, step: AffineStep) -> None:
        """Record the magnitudes of an affine value whose operands are known."""
        magnitude = step.magnitude(self.magnitudes) * 1.0001 + UNDERFLOW
        magnitude = np.broadcast_to(magnitude, (len(self.boxes), magnitude.shape[-1]))
        rounding = self.program.rounding.get(step.value)
        if rounding is not None:
            self.errors[step.value] = error = rounding.error(magnitude)
            magnitude = magnitude + 1.0001 * error
        self.magnitudes[step.value] = magnitude
        self.norms[step.value] = np.sqrt(np.einsum("bn,bn->b", magnitude, magnitude)) * 1.0001

    def norm_of(self, value: int) -> F64:
        """Box by box (batch,) the Euclidean norm of the magnitudes of any value, all its elements; rounded up
        by enough for one sum."""
        if value in self.norms:
            return self.norms[value]
        magnitude = self.magnitudes[value]
        norm = np.sqrt(np.einsum("bn,bn->b", magnitude, magnitude)) * 1.0001 + UNDERFLOW
        return np.broadcast_to(norm, (len(self.boxes),))

    def relax(self, step: ReluStep, relaxation: Relaxation) -> None:
        """Record a ReLU's relaxation; from here on passes carry only the neurons that matter."""
        self.layouts[step.value] = chosen = layout(relaxation)
        self.columns[step.value] = chosen.columns
        is_free = step.operand not in self.columns and step.operand not in self.lines
        if self.program.consumers[step.operand] == 1 and is_free:
            self.columns[step.operand] = chosen.columns
            self._forget_maps(step.operand)

    def bend(self, step: SmoothStep, lower: F64, upper: F64) -> None:
        """Record the lines of a smooth step over the range of what enters it, and what it lies between."""
        self.lines[step.value] = lines(step.function, lower, upper)
        self._measure(step.value, ends(step.function, lower, upper))

    def cross(self, step: BinaryStep, first: Ends, second: Ends) -> None:
        """Record the planes of a gate or a product; from here on passes carry only what may pass the gate."""
        self.crossed[step.value] = found = crossed(step.function, first, second, self.phases.get(step.first))
        self._measure(step.value, found.ends)
        if step.function is not Binary.GATE:
            return
        self.columns[step.value] = found.columns
        g = step.second
        if self.program.consumers[g] == 1 and g not in self.columns and g not in self.lines:
            self.columns[g] = found.columns
            self._forget_maps(g)

    def join(self, value: int, found: Joined, delta: tuple[F64, F64]) -> None:
        """Record the planes of a difference of two ReLUs, which lies between 0 and δ, in the range
        `delta`."""
        self.planes[value] = found
        self.columns[value] = found.carried
        pair = self.program.deltas[value]
        # Besides the ReLU, y alone reads x, and nothing else reads δ: where both ReLUs are dead nobody does.
        for operand, readers in ((pair.x, 2), (pair.delta, 1)):
            if self.program.consumers[operand] == readers and operand not in self.columns:
                self.columns[operand] = found.carried
                self._forget_maps(operand)
        self._forget_maps(pair.y)
        self._measure(value, (np.minimum(delta[0], 0.0), np.maximum(delta[1], 0.0)))

    def _measure(self, value: int, found: Ends) -> None:
        """Record the range of a value that is not affine."""
        self.intervals[value] = low, high = found
        self.magnitudes[value] = magnitude = np.maximum(-low, high)
        self.norms[value] = np.sqrt(np.einsum("bn,bn->b", magnitude, magnitude)) * 1.0001 + UNDERFLOW

    def _forget_maps(self, value: int) -> None:
        """Those of the step behind a value were cut to other elements before."""
        self._maps = {key: linear for key, linear in self._maps.items() if key[0] != value}

    def map_of(self, step: AffineStep, operand: int) -> Operator:
        """The step's map for its operand number `operand`, cut to the elements that are carried."""
        key = (step.value, operand)
        if key not in self._maps:
            rows, columns = self.columns.get(step.value), self.columns.get(step.operands[operand])
            self._maps[key] = step.maps[operand].cut(rows, columns)
        return self._maps[key]

    def drops_zeros(self, value: int) -> bool:
        """Whether the elements of a value that are not carried are 0 in every box."""
        return value in self.layouts or value in self.planes or value in self.crossed

    def carried(self, value: int, rows: F64) -> F64:
        """Rows over all of `value`, cut to the elements that passes carry.

        Sound because what is cut off a ReLU's value is dead in every box, so that those elements are 0; so
        are those that are cut off a difference of two, or a gate. A ReLU's operand is cut as well, and what
        enters a gate, but there the rest is not 0, and no row may start there.
        """
        columns = self.columns.get(value)
        if columns is None:
            return rows
        kept = np.ascontiguousarray(rows[:, columns])
        if not self.drops_zeros(value) and np.count_nonzero(kept) < np.count_nonzero(rows):
            raise InternalError("a row starts at a value of which only a part is carried")
        return kept

    def moved(self, value: int, rows: NDArray[_Float], chosen: NDArray[np.intp]) -> NDArray[_Float]:
        """Rows over the elements `chosen` of `value`, as rows over those that passes carry."""
        columns, size = self.columns.get(value), self.program.sizes[value]
        return rearranged(rows, chosen, columns, size, droppable=self.drops_zeros(value))

    def widths(self) -> list[int]:
        """How many elements passes carry of each value."""
        columns, sizes = self.columns, self.program.sizes
        if self.narrow:
            return list(map(len, columns.values()))
        return [len(columns[v]) if v in columns else size for v, size in enumerate(sizes)]

    def inputs(self) -> list[slice | NDArray[np.intp]]:
        """Where what is carried of each graph input sits in the flat input."""
        places = self.program.input_slices
        return [
            where.start + self.columns[number] if number in self.columns else where
            for number, where in enumerate(places)
        ]

    def usable(self) -> NDArray[np.bool_]:
        """Boxes whose magnitudes are finite and within the range that the error terms assume; under float32
        also those where no sum can overflow, in any order: (1 + γ)(Σ|W||x| + |b|) is within range."""
        good = np.ones(len(self.boxes), dtype=np.bool_)
        for norm in self.norms.values():
            good &= norm < MAGNITUDE_LIMIT  # False for NaN
        for value in self.errors:
            good &= (self.magnitudes[value] < LARGEST32).all(axis=1)
        return good
