"""At which of many points a condition holds, exactly.

In: a graph, points of rationals, and a condition over its flat inputs and outputs.  Out: a `Holding`.  Floats
with bounds of their errors decide where they can; a point that they do not decide is evaluated in integers,
and enclosed ever more narrowly where the network has no exact values.  What even that leaves open is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.enclosed import EnclosedNetwork
from spec_lang.kernel.exact import AtKink, ExactNetwork
from spec_lang.kernel.float_values import (
    LONG,
    SLACK,
    FloatsAt,
    FloatValues,
    Point,
    blocks,
    float_values,
    gamma,
    gamma_of,
    nearest,
    relu_network,
)
from spec_lang.kernel.network import F64, Network, Unchecked
from spec_lang.kernel.proof import OutOfTime
from spec_lang.kernel.rounding import LARGEST, UNDERFLOW, fault
from spec_lang.kernel.signs_at import never
from spec_lang.kernel.verdict import Evidence, EvidenceKind
from spec_lang.kernel.witness import PRECISIONS, truth
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import All, Condition, LinearAtom, atoms

Mask = NDArray[np.bool_]

_SMALLEST: Final = 1e-120  # coefficients below are left to integers


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """`true` where the condition holds; `open` where it is not known; how many points were evaluated in
    integers, or enclosed."""

    true: Mask  # (points,)
    open: Mask
    in_integers: int


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Points, and what floats say at more of them, of which these are those with the numbers `rows`."""

    points: Sequence[Point]
    floats: FloatsAt
    rows: NDArray[np.intp]

    def values(self, graph: Graph, network: Network) -> FloatValues | None:
        """At all points; None where there is no room."""
        return self.floats.values(graph, network)

    def part(self, network: Network, found: FloatValues, here: slice) -> tuple[F64, FloatValues]:
        """Some of these points as floats, and what the network takes and gives there."""
        rows = self.rows[here]
        wanted = {*range(len(network.inputs)), *network.outputs}
        at, off = ({value: one[value][rows] for value in wanted} for one in (found.at, found.off))
        return self.floats.points[rows], FloatValues(at, off)


def evidence_of(found: Sequence[Holding]) -> Evidence:
    """What vouches for what was found: integers, or floats where one of them decided."""
    whole = all(one.in_integers == len(one.true) for one in found)
    return Evidence(EvidenceKind.CHECKED if whole else EvidenceKind.CHECKED_ROUNDED)


def holding(
    graph: Graph,
    points: Sequence[Point] | Known,
    condition: Condition,
    *,
    exact: bool = False,
    expired: Callable[[], bool] = never,
) -> Holding:
    """The flat `points` at which `condition` holds; with `exact` no float decides anything.  What is `known`
    at them is not computed again.

    Sound because a float decides an atom where it is further from 0 than it errs, and what follows of a
    condition from atoms that are decided is so whatever the others are.  Raises `OutOfTime`.
    """
    graph, condition = _needed(graph, condition)
    known = points if isinstance(points, Known) else None
    points = points.points if isinstance(points, Known) else points
    true: Mask = np.zeros(len(points), dtype=np.bool_)
    told: Mask = np.zeros(len(points), dtype=np.bool_)
    if not exact and fault() is None:
        by_floats = _ByFloats.of(graph, condition)
        if by_floats is not None:
            shared = None if known is None else known.values(graph, by_floats.network)
            for here in blocks(by_floats.network, len(points)):
                _stop(expired)
                if known is None or shared is None:
                    flat = nearest(points[here])
                    values = float_values(by_floats.network, flat)
                else:
                    flat, values = known.part(by_floats.network, shared, here)
                true[here], told[here] = by_floats(flat, values)
    doubtful = np.flatnonzero(~told)
    decide = _Exactly(graph, condition)
    for row in doubtful:
        _stop(expired)
        answer = decide(points[int(row)])
        true[row], told[row] = bool(answer), answer is not None
    return Holding(true, ~told, len(doubtful))


def _stop(expired: Callable[[], bool]) -> None:
    if expired():
        raise OutOfTime


def _needed(graph: Graph, condition: Condition) -> tuple[Graph, Condition]:
    """The graph without the outputs that the condition does not speak of, and the condition over the rest."""
    used = {index for atom in atoms(condition) for index, _ in atom.outputs}
    sizes = [graph.value(output).size for output in graph.outputs]
    kept: list[int] = []
    places: dict[int, int] = {}
    for output, size, start in zip(graph.outputs, sizes, accumulate(sizes, initial=0), strict=False):
        if not used.isdisjoint(range(start, start + size)):
            first = len(places)
            places.update((start + i, first + i) for i in range(size))
            kept.append(output)
    return graph.with_outputs(tuple(kept)), _renumbered(condition, places)


def _renumbered(condition: Condition, places: dict[int, int]) -> Condition:
    if isinstance(condition, LinearAtom):
        return replace(condition, outputs=tuple((places[i], c) for i, c in condition.outputs))
    return replace(condition, parts=tuple(_renumbered(part, places) for part in condition.parts))


# -- in floats -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _ByFloats:
    network: Network
    condition: Condition
    rows: F64  # (atoms, inputs and outputs)
    constants: F64
    strict: Mask  # (atoms,)
    strange: Mask  # (atoms,): numbers that floats do not hold well
    share: float  # γ of an atom's sum

    @classmethod
    def of(cls, graph: Graph, condition: Condition) -> _ByFloats | None:
        """None where the network is none of ReLUs, or sums are too long."""
        try:
            network = relu_network(graph)
        except Unchecked:
            return None
        found = tuple(atoms(condition))
        width = graph.input_size + graph.output_size
        if gamma_of(network) > LONG or gamma(width + 1) > LONG:
            return None
        rows = np.zeros((len(found), width))
        for row, atom in zip(rows, found, strict=True):
            for first, terms in ((0, atom.inputs), (graph.input_size, atom.outputs)):
                row[[first + index for index, _ in terms]] = nearest([[c for _, c in terms]])[0]
        constants = nearest([[atom.constant for atom in found]])[0]
        sizes = abs(np.concatenate([rows, constants[:, None]], axis=1))
        strange = ((sizes > LARGEST) | ((sizes > 0) & (sizes < _SMALLEST))).any(axis=1)
        # What is rounded to 0 is there all the same.
        strange |= np.count_nonzero(rows, axis=1) < [len(atom.inputs) + len(atom.outputs) for atom in found]
        strange |= (constants == 0) & np.array([atom.constant != 0 for atom in found], dtype=np.bool_)
        strict = np.array([atom.strict for atom in found], dtype=np.bool_)
        return cls(network, condition, rows, constants, strict, strange, gamma(width + 1))

    def __call__(self, flat: F64, values: FloatValues) -> tuple[Mask, Mask]:
        """Where the condition holds, and where that is known."""
        outputs = self.network.outputs
        at = np.concatenate([flat, *(values.at[output] for output in outputs)], axis=1)
        inputs_off = np.concatenate([values.off[value] for value in range(len(self.network.inputs))], axis=1)
        off = np.concatenate([inputs_off, *(values.off[output] for output in outputs)], axis=1)
        with np.errstate(all="ignore"):
            total = at @ self.rows.T + self.constants
            size = abs(at) @ abs(self.rows).T + abs(self.constants)
            error = SLACK * SLACK * (off @ abs(self.rows).T + self.share * size) + UNDERFLOW
            decided: Mask = np.asarray((abs(total) > error) & (size < LARGEST) & ~self.strange)
            decided &= np.all(abs(at) < LARGEST, axis=1, keepdims=True)
            # What is added up is 0, all of it, and none of it has vanished in a product.
            nothing: Mask = np.asarray((size == 0) & (off @ abs(self.rows).T == 0) & ~self.strange)
            nothing &= np.all((at == 0) | (abs(at) > UNDERFLOW), axis=1, keepdims=True)
        true, false = (decided & (total < 0)) | (nothing & ~self.strict), decided & (total > 0)
        is_true, is_false, _ = _possible(self.condition, true, false | (nothing & self.strict), 0)
        return is_true, is_true | is_false


def _possible(condition: Condition, true: Mask, false: Mask, first: int) -> tuple[Mask, Mask, int]:
    """Where a condition is true, where it is false, and the number of the atom behind its last."""
    if isinstance(condition, LinearAtom):
        return true[:, first], false[:, first], first + 1
    every = isinstance(condition, All)
    is_true: Mask = np.full(len(true), every)
    is_false: Mask = np.full(len(true), not every)
    for part in condition.parts:
        one, other, first = _possible(part, true, false, first)
        is_true = is_true & one if every else is_true | one
        is_false = is_false | other if every else is_false & other
    return is_true, is_false, first


# -- exactly ---------------------------------------------------------------------------------------------


class _Exactly:
    """Decides one point after another; the weights are converted once, when first needed."""

    def __init__(self, graph: Graph, condition: Condition) -> None:
        self._graph = graph
        self._condition = condition
        self._exact: ExactNetwork | None = None
        self._enclosed: EnclosedNetwork | None = None

    def __call__(self, point: Point) -> bool | None:
        """Whether the condition holds at `point`; None where enclosures do not tell."""
        if not self._graph.irrational:
            self._exact = self._exact or ExactNetwork(self._graph)
            try:
                return truth(self._condition, point, [(y, y) for y in self._exact(point)])
            except AtKink:
                pass  # no single value there: enclosures hold every choice
        self._enclosed = self._enclosed or EnclosedNetwork(self._graph)
        for bits in PRECISIONS:
            answer = truth(self._condition, point, self._enclosed(point, bits))
            if answer is not None:
                return answer
        return None
