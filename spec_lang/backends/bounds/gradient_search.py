"""Ranges of all coordinates of a gradient over one box, by branch and bound over the phases of neurons.

In: the gradient of an output, a box, limits.  Out: a rigorous range of every coordinate, the range that
points reach, and whether the two are the same.  All coordinates share the tree: where all phases are fixed
the gradient has one value, and a linear program says whether some point has these phases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends.bounds.explored import EXACT, Explored, Limits, is_exact
from spec_lang.backends.bounds.gradient_cells import by_cells
from spec_lang.backends.bounds.gradient_leaf import Leaf, Patterns
from spec_lang.backends.bounds.gradient_witness import Reached
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Context, Expired
from spec_lang.bounding.gradient_ranges import Gradient, ranges_in, within
from spec_lang.bounding.program import F64, AffineStep, Indices, ReluStep
from spec_lang.bounding.propagate import Known, Ranges, propagate
from spec_lang.kernel.scene import Phases

BATCH: Final = 48  # nodes that are split together
Fixed = dict[int, Phases]


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """Nodes: what is known of what enters steps, phases by z, ranges of the gradient, and a point that has
    these phases, or had those of a node above."""

    known: Known
    phases: Fixed
    found: Ranges
    point: F64

    def __len__(self) -> int:
        return len(self.found.lower)

    def take(self, rows: Indices) -> _Pool:
        known = {value: ranges.take(rows) for value, ranges in self.known.items()}
        phases = {value: part[rows] for value, part in self.phases.items()}
        return _Pool(known, phases, self.found.take(rows), self.point[rows])

    def joined(self, other: _Pool) -> _Pool:
        return _Pool(
            {value: _stacked(part, other.known[value]) for value, part in self.known.items()},
            {value: np.concatenate([part, other.phases[value]]) for value, part in self.phases.items()},
            _stacked(self.found, other.found),
            np.concatenate([self.point, other.point]),
        )


def explored(gradient: Gradient, box: Boxes, limits: Limits) -> Explored:
    """Search until the ranges are exact, or the limits end it: through all cells where they are few."""
    found = by_cells(gradient, box, limits)
    if found is not None:
        return found
    reached = Reached.of(gradient, box)
    reached.ascend(np.random.default_rng(0))
    return _Search(gradient, box, limits, reached).run()


class _Search:
    def __init__(self, gradient: Gradient, box: Boxes, limits: Limits, reached: Reached) -> None:
        self.gradient, self.box, self.limits, self.reached = gradient, box, limits, reached
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            self.root, known = propagate(gradient.program, box)
            found = ranges_in(gradient, self.root)
        self.neurons = _neurons(self.root)
        sizes = gradient.program.sizes
        phases = {z: np.zeros((1, sizes[z]), dtype=np.int8) for z in self.neurons}
        self.pool = _Pool(known, phases, found, box.center)
        self.patterns = Patterns(gradient.program, self.root)
        self.weights = reach(self.root)
        self.lower, self.upper = reached.lower.copy(), reached.upper.copy()  # of nodes that are done with
        self.nodes = 1

    def run(self) -> Explored:
        while len(self.pool) and not self._is_over():
            excess = self._excess()
            width = float((self.reached.upper - self.reached.lower).sum())
            wide = excess > EXACT * max(width, EXACT)
            self._finish(self.pool.take(np.flatnonzero(~wide)).found)
            self.pool = self.pool.take(np.flatnonzero(wide))
            if not len(self.pool):
                break
            order = np.argsort(-excess[wide], kind="stable")
            chosen, rest = self.pool.take(order[:BATCH]), self.pool.take(order[BATCH:])
            try:
                children = self._children(chosen)
            except Expired:
                break
            self.pool = rest if children is None else rest.joined(children)
        self._finish(self.pool.found)
        outer = Ranges(self.lower[None], self.upper[None])
        inner = Ranges(self.reached.lower[None], self.reached.upper[None])
        return Explored(outer, inner, not len(self.pool) and is_exact(outer, inner, self.nodes), self.nodes)

    def _is_over(self) -> bool:
        limits = self.limits
        return self.limits.expired() or (limits.nodes is not None and self.nodes >= limits.nodes)

    def _excess(self) -> F64:
        """By how much each node's ranges go beyond what is reached, all coordinates together."""
        found = self.pool.found
        above = np.maximum(found.upper - self.reached.upper, 0.0)
        excess: F64 = (above + np.maximum(self.reached.lower - found.lower, 0.0)).sum(axis=1)
        return excess

    def _finish(self, found: Ranges) -> None:
        if len(found.lower):
            self.lower = np.minimum(self.lower, found.lower.min(axis=0))
            self.upper = np.maximum(self.upper, found.upper.max(axis=0))

    def _children(self, nodes: _Pool) -> _Pool | None:
        """Both halves of every node, bounded; nodes that cannot be split are decided."""
        scores = in_order({z: self._scores(nodes, z) for z in self.neurons})
        every = np.concatenate([np.full((len(nodes), 1), -1.0), *scores.values()], axis=1)
        best = every.argmax(axis=1) - 1
        self._finish(nodes.take(np.flatnonzero(best < 0)).found)
        kept = np.flatnonzero(best >= 0)
        halves = nodes.take(np.tile(kept, 2))
        split_phases(list(self.neurons), (halves.known, halves.phases), best[kept])
        halves = self._with_points(halves)
        if not len(halves):
            return None
        found, reached = halves.found, self.reached
        wanted = (found.upper > reached.upper) | (found.lower < reached.lower)
        boxes = Boxes(*(np.repeat(side, len(halves), axis=0) for side in (self.box.lower, self.box.upper)))
        _, known, found = within(
            self.gradient, boxes, (halves.known, halves.phases), wanted, self.limits.expired
        )
        self.nodes += len(halves)
        before = halves.found  # a part has no points where ranges are empty
        found = Ranges(np.fmax(found.lower, before.lower), np.fmin(found.upper, before.upper))
        empty = np.zeros(len(halves), dtype=np.bool_)
        for ranges in known.values():
            empty |= (ranges.lower > ranges.upper).any(axis=1)
        return _Pool(known, halves.phases, found, halves.point).take(np.flatnonzero(~empty))

    def _with_points(self, nodes: _Pool) -> _Pool:
        """Those of the nodes that may have points; the points count as reached."""
        values = self.reached.evaluator.values(nodes.point)
        has = np.ones(len(nodes), dtype=np.bool_)
        for z, phases in nodes.phases.items():
            has &= (values[z] * phases >= 0).all(axis=1)
        empty = np.zeros(len(nodes), dtype=np.bool_)
        for i in np.flatnonzero(~has).tolist():
            one = nodes.take(np.array([i]))
            answer = self.patterns.decide(one.known, one.phases, self.limits.deadline)
            if isinstance(answer, np.ndarray):
                nodes.point[i] = answer
            empty[i] = answer is Leaf.EMPTY
        left = nodes.take(np.flatnonzero(~empty))
        if len(left):
            self.reached.see(left.point)
        return left

    def _scores(self, nodes: _Pool, z: int) -> F64:
        """What may pass the open gates of a value, times how much of it the inputs reach; −1 for others."""
        g = nodes.known[self.neurons[z]]
        low, high = nodes.known[z].lower, nodes.known[z].upper
        is_open = (low <= 0) & (high >= 0) & (nodes.phases[z] == 0)
        size = np.maximum(abs(g.lower), abs(g.upper)) * self.weights.get(z, 1.0)
        return np.where(is_open, size, -1.0)


def split_phases(values: Sequence[int], of: tuple[Known, Fixed], neuron: Indices) -> None:
    """Fix a phase of every node, the active one in the first half of the nodes and the other in the second,
    and cut what is known of it, in place; neurons are numbered through all of `values`, in their order."""
    (known, phases), count, first = of, len(neuron), 0
    for z in values:
        ranges, size = known[z], phases[z].shape[1]
        here = np.flatnonzero((neuron >= first) & (neuron < first + size))
        place = neuron[here] - first
        phases[z][here, place], phases[z][count + here, place] = 1, -1
        ranges.lower[here, place] = np.maximum(ranges.lower[here, place], 0.0)
        ranges.upper[count + here, place] = np.minimum(ranges.upper[count + here, place], 0.0)
        first += size


def _stacked(one: Ranges, other: Ranges) -> Ranges:
    return Ranges(np.concatenate([one.lower, other.lower]), np.concatenate([one.upper, other.upper]))


def _neurons(context: Context) -> dict[int, int]:
    """By z that enters a gate, the value that enters the gate besides; the first ones first."""
    return dict(sorted((step.first, g) for g, step in context.program.gates.items()))


def reach(context: Context) -> dict[int, F64]:
    """By value, how much of a unit there gets to the inputs, about; where ReLUs are open, half of it."""
    program, found = context.program, dict[int, F64]()
    for number, where in enumerate(program.input_slices):
        found[number] = np.ones(where.stop - where.start)
    for step in program.steps:
        if isinstance(step, AffineStep) and all(o in found for o in step.operands):
            parts = zip(step.operands, step.magnitudes, strict=True)
            found[step.value] = sum((m.forward(found[o][None])[0] for o, m in parts), start=np.zeros(1))
        elif isinstance(step, ReluStep) and step.operand in found:
            low, high = (end[0] for end in context.entering[step.operand])
            found[step.value] = found[step.operand] * np.where(low >= 0, 1.0, np.where(high <= 0, 0.0, 0.5))
    return found


def in_order(scores: dict[int, F64]) -> dict[int, F64]:
    """First the neurons before which none is open: what they say of the inputs is linear."""
    found: dict[int, F64] = {}
    before: NDArray[np.bool_] | None = None
    for z, score in scores.items():
        found[z] = score if before is None else np.where(before[:, None], -1.0, score)
        here: NDArray[np.bool_] = np.asarray((score > 0).any(axis=1), dtype=np.bool_)
        before = here if before is None else before | here
    return found
