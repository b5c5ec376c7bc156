"""Branch and bound over neurons, with everything bounded anew below each: for norms of gradients.

In: a problem with gates and squares of many inputs.  Out: an outcome.  Where a neuron's phase is fixed gates
are open or shut, so that the ranges of gradients are smaller, and so are the errors of their squares.  Linear
programs close parts that have no points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from spec_lang.backends._search.attack import descend_from_best, random_starts
from spec_lang.backends._search.problem import Problem
from spec_lang.backends._search.record import BoxRecord, record_of
from spec_lang.backends.base import Progress, Session
from spec_lang.backends.bounds.gradient_leaf import Clash
from spec_lang.backends.bounds.neuron_parts import Nodes, Part
from spec_lang.backends.bounds.search import Search
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Expired
from spec_lang.obligations.certificate import Proof, Unclosed
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome

BATCH: Final = 48
SAMPLES: Final = 512  # points of a conjunction that the first descents are chosen from


class NeuronSplitting(Search):
    """One root box after the other; of each the parts with the least bounds first."""

    unit = "nodes"
    counted = "parts of boxes"
    stuck_detail = (
        "parts of boxes on which no ReLU changes its phase could not be decided: the claim holds there by "
        "less than rounding error, or fails at kinks alone"
    )

    def __init__(self, problem: Problem, session: Session, attestation: Attestation) -> None:
        super().__init__(problem, session, attestation)
        self.record: BoxRecord = record_of(problem)
        self.stack: list[Nodes] = []
        self.left = len(problem.roots)

    def still_open(self) -> int:
        return sum(map(len, self.stack)) + self.left

    def open_bounds(self) -> Iterator[float]:
        if self.left:
            yield -np.inf
        yield from (float(part.bound.min(initial=np.inf)) for part in self.stack)

    def search(self) -> Outcome:
        problem = self.problem
        starts = random_starts(problem, problem.root_of_all, SAMPLES, self.rng)
        if descend_from_best(problem, self.witnesses, starts):
            return self.refuted()
        for number, root in enumerate(problem.roots):
            try:
                stop = self._root(number, root)
            except Expired:
                return GaveUp(GaveUpReason.TIMEOUT, "a box was still being bounded")
            if stop is not None:
                return stop
        return self.exhausted() or GaveUp(GaveUpReason.NUMERICAL, "the check of the proof left parts open")

    def _root(self, number: int, root: Boxes) -> Outcome | None:
        """None once nothing of the box is open but what is stuck."""
        part = Part(self.problem.program, root)
        self.left -= 1
        if not part.context.usable().all():
            return GaveUp(GaveUpReason.NUMERICAL, "the network's values leave the range of safe floats")
        first = part.root(self.problem, number)
        self.stack = [first] if len(first) else []
        self.done += 1
        while self.stack:
            if (stop := self.out_of_budget()) is not None:
                return stop
            batch = self._pop()
            kept = self._with_points(part, batch)
            if self.witnesses.found is not None:
                return self.refuted()
            self._split(part, kept)
            self.session.observe(Progress(self.done, self.still_open(), self.bound()))
        return None

    def _pop(self) -> Nodes:
        """The open parts with the least bounds, up to a batch; those below one are together."""
        order = np.argsort([float(part.bound.min()) for part in self.stack], kind="stable")
        part = self.stack.pop(int(order[0]))
        if len(part) > BATCH:
            here = np.argsort(part.bound, kind="stable")
            self.stack.append(part.take(here[BATCH:]))
            part = part.take(here[:BATCH])
        return part

    def _with_points(self, part: Part, nodes: Nodes) -> Nodes:
        """Those that may have points; the others are closed by the linear programs that say so."""
        has = part.having(self.problem, nodes)
        empty = np.zeros(len(nodes), dtype=np.bool_)
        for i in np.flatnonzero(~has).tolist():
            one = nodes.take(np.array([i]))
            answer = part.patterns.clash(one.known, one.phases, self.witnesses.session.budget.deadline)
            if isinstance(answer, np.ndarray):
                nodes.point[i] = answer
            elif isinstance(answer, Clash):
                empty[i] = True
                self.record.phases[int(one.node[0])] = part.closed(self.problem, one, answer)
        left = nodes.take(np.flatnonzero(~empty))
        if len(left):
            self.witnesses.try_points(left.point)
        return left

    def _split(self, part: Part, nodes: Nodes) -> None:
        """Fix a neuron of every node, bound both halves, and keep what is open of them."""
        if not len(nodes):
            return
        best = part.choices(nodes)
        lost = np.flatnonzero(best < 0)
        self.stuck += len(lost)
        self.worst = min(self.worst, float(nodes.bound[lost].min(initial=np.inf)))
        kept = np.flatnonzero(best >= 0)
        if not len(kept):
            return
        chosen = nodes.take(kept)
        axis = self.problem.program.input_size + part.numbers[best[kept]]
        first, second = self.record.split(chosen.node, axis, np.zeros(len(kept)))
        halves = chosen.take(np.tile(np.arange(len(kept)), 2))
        halves.node[:] = np.concatenate([first, second])
        part.fix(halves, best[kept])
        self.done += len(halves)
        left = part.bounded(self.problem, halves, self.expired)
        if len(left):
            self.stack.append(left)

    def proof(self) -> Proof:
        return self.record.proof()

    def reopen(self, leaves: Sequence[Unclosed]) -> None:
        """What the kernel does not find closed stays undecided."""
        self.stuck += len(leaves)
