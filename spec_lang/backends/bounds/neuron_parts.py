"""Parts of a box on which neurons keep their phases, many at a time: bounds, choices, and what is empty.

In: a program over a root box.  Out: `Nodes`.  Everything is bounded anew where a phase is fixed; a part that
has no points is closed by multipliers of its phases.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._search.halving import row_bounds, still_possible
from spec_lang.backends._search.problem import Problem, conjunction_margins
from spec_lang.backends.bounds.gradient_leaf import Clash, Patterns
from spec_lang.backends.bounds.gradient_search import in_order, reach, split_phases
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Context
from spec_lang.bounding.program import F64, Indices, Program, ReluStep
from spec_lang.bounding.propagate import Known, propagate, propagate_in
from spec_lang.bounding.unstable import neuron_numbers, neuron_offsets
from spec_lang.kernel.scene import Mask, Phases
from spec_lang.obligations.certificate import PhaseProof, PhaseTree


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """What is known of what enters steps, phases by z, open conjunctions, their least bound, a point that may
    have these phases, numbers in the record."""

    known: Known
    phases: dict[int, Phases]
    alive: Mask
    bound: F64
    point: F64
    node: Indices

    def __len__(self) -> int:
        return len(self.node)

    def take(self, rows: Indices) -> Nodes:
        known = {value: ranges.take(rows) for value, ranges in self.known.items()}
        phases = {value: part[rows] for value, part in self.phases.items()}
        alive, bound = self.alive[rows], self.bound[rows]
        return Nodes(known, phases, alive, bound, self.point[rows], self.node[rows])


class Part:
    """A root box.  `numbers` are the certificate's, of the neurons that gates have, one z after the other."""

    def __init__(self, program: Program, box: Boxes) -> None:
        self.program, self.box = program, box
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            self.context, self.known = propagate(program, box)
        self.patterns = Patterns(program, self.context)
        offsets, sizes = neuron_offsets(self.context), program.sizes
        entering = {step.first: g for g, step in program.gates.items()}
        relus = {s.operand: s.value for s in program.steps if isinstance(s, ReluStep)}
        self.gates = {z: entering[z] for z in sorted(relus) if z in entering}
        none = np.zeros(0, dtype=np.intp)
        self.numbers = np.concatenate([none, *(offsets[relus[z]] + np.arange(sizes[z]) for z in self.gates)])
        self.reach = reach(self.context)

    def root(self, problem: Problem, number: int) -> Nodes:
        phases = {z: np.zeros((1, self.program.sizes[z]), dtype=np.int8) for z in self.gates}
        alive = np.ones((1, len(problem.rows.member)), dtype=np.bool_)
        known, node = self.known, np.array([number])
        start = Nodes(known, phases, alive, np.array([-np.inf]), self.box.center, node)
        return self.bounded(problem, start, lambda: False)

    def bounded(self, problem: Problem, nodes: Nodes, expired: Callable[[], bool]) -> Nodes:
        """What is open of the nodes, with what is known of them.  Raises `Expired`."""
        box, count = self.box, len(nodes)
        boxes = Boxes(np.repeat(box.lower, count, axis=0), np.repeat(box.upper, count, axis=0))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            start = Context.start(self.program, boxes, expired)
            start.phases = nodes.phases
            context, known = propagate_in(start, nodes.known)
            _, minimum, _ = row_bounds(problem, context, nodes.alive)
        alive = still_possible(problem.rows, nodes.alive, minimum)
        empty = np.zeros(count, dtype=np.bool_)
        for ranges in known.values():
            empty |= (ranges.lower > ranges.upper).any(axis=1)
        margins = np.where(alive, conjunction_margins(problem.rows, minimum), np.inf)
        bound = np.maximum(nodes.bound, margins.min(axis=1, initial=np.inf))
        found = Nodes(known, nodes.phases, alive, bound, nodes.point, nodes.node)
        return found.take(np.flatnonzero(alive.any(axis=1) & ~empty))

    def having(self, problem: Problem, nodes: Nodes) -> Mask:
        """Whose points have the phases that are fixed."""
        values = problem.evaluator.values(nodes.point)
        has = np.ones(len(nodes), dtype=np.bool_)
        for z, phases in nodes.phases.items():
            has &= (values[z] * phases >= 0).all(axis=1)
        return has

    def choices(self, nodes: Nodes) -> Indices:
        """The neuron to split, among `numbers`: what may pass its gate, times how much of it the inputs
        reach; −1 where all gates are open or shut."""
        scores = in_order({z: self._scores(nodes, z) for z in self.gates})
        every = np.concatenate([np.full((len(nodes), 1), -0.5), *scores.values()], axis=1)
        found: Indices = every.argmax(axis=1) - 1
        return found

    def _scores(self, nodes: Nodes, z: int) -> F64:
        g, ranges = nodes.known[self.gates[z]], nodes.known[z]
        is_open = (ranges.lower <= 0) & (ranges.upper >= 0) & (nodes.phases[z] == 0)
        return np.where(is_open, np.maximum(abs(g.lower), abs(g.upper)) * self.reach.get(z, 1.0), -1.0)

    def fix(self, halves: Nodes, neuron: Indices) -> None:
        """The active phase in the first half of the nodes, the other one in the second, in place."""
        split_phases(list(self.gates), (halves.known, halves.phases), neuron)

    def closed(self, problem: Problem, node: Nodes, clash: Clash) -> PhaseProof:
        """One leaf for every open conjunction: any atom, and as much of the contradiction as outweighs it."""
        rows, columns = problem.rows, neuron_numbers(self.context).astype(np.int32)
        scale = 4 * (1 + max(0.0, -float(node.bound[0])))
        slopes = (clash.multipliers * scale).astype(np.float32)[None]
        order = np.argsort(columns)
        leaf = np.array([-1], dtype=np.int32)
        trees = []
        for k in np.flatnonzero(node.alive[0]).tolist():
            first = np.zeros((1, int(rows.member[k].sum())), dtype=np.float32)
            first[0, 0] = 1.0
            tree = rows.conjunction[k], leaf, rows.unfold(k, first), columns[order], slopes[:, order]
            trees.append(PhaseTree(*tree))
        return PhaseProof((), tuple(trees))
