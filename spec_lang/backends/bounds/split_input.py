"""Branch and bound over the input box: for networks with few inputs.

In: a problem with bounded root boxes.  Out: an outcome.  Depth-first by batches, so that memory grows
with depth and not with the number of boxes; every batch is bounded, decided, attacked, clipped, split.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from spec_lang.backends._search.attack import Starts, descend, random_starts, sample
from spec_lang.backends._search.halving import halving, row_bounds, shrunk, still_possible
from spec_lang.backends._search.problem import Problem, conjunction_margins
from spec_lang.backends._search.record import BoxRecord
from spec_lang.backends.base import Progress, Session
from spec_lang.backends.bounds.frontier import Frontier, join
from spec_lang.backends.bounds.search import Search
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.clip import RowBounds
from spec_lang.bounding.linear import Expired
from spec_lang.bounding.program import F64
from spec_lang.bounding.propagate import propagate
from spec_lang.obligations.certificate import Proof, Unclosed
from spec_lang.obligations.outcome import Attestation, Outcome

BATCH = 256  # boxes: the arrays of a 50-wide network stay in the L2 cache, numpy's overhead stays small
SAMPLES = 2000
DESCENT_POINTS, DESCENT_STEPS = 64, 25  # points a conjunction
OPEN_POINTS, OPEN_STEPS, ATTACK_SHARE = 256, 40, 0.1


class InputSplitting(Search):
    """One search over all root boxes together."""

    unit = counted = "boxes"
    stuck_detail = (
        "boxes at the width of float64 rounding could not be decided: the claim holds there with "
        "equality, or fails by less than rounding error"
    )

    def __init__(self, problem: Problem, session: Session, attestation: Attestation) -> None:
        super().__init__(problem, session, attestation)
        self.roots = problem.root_of_all
        self.record = BoxRecord(self.roots, problem.rows)
        self.stack: list[Frontier] = []
        self.attack_seconds = 0.0

    def still_open(self) -> int:
        return sum(len(frontier) for frontier in self.stack)

    def open_bounds(self) -> Iterator[float]:
        return (float(frontier.bound.min(initial=np.inf)) for frontier in self.stack)

    def search(self) -> Outcome:
        if self._attack_roots():
            return self.refuted()
        self.stack = [self._root(number, root) for number, root in enumerate(self.problem.roots)]
        while True:
            outcome = self._empty_stack() or self.exhausted()
            if outcome is not None:
                return outcome

    def _empty_stack(self) -> Outcome | None:
        """Work until nothing is open; the outcome, where the search ends before."""
        while self.stack:
            if (stop := self.out_of_budget()) is not None:
                return stop
            batch = self._pop()
            try:
                children = self._process(batch)
            except Expired:
                self.stack.append(batch)
                continue
            self.done += len(batch)
            if children is not None:
                self.stack.append(children)
            self._attack_open()
            if self.witnesses.found is not None:
                return self.refuted()
            self.session.observe(Progress(self.done, self.still_open()))
        return None

    def _attack_roots(self) -> bool:
        problem = self.problem
        if sample(problem, self.witnesses, SAMPLES, self.rng):
            return True
        starts = random_starts(problem, self.roots, DESCENT_POINTS, self.rng)
        return descend(problem, self.witnesses, starts, DESCENT_STEPS)

    def _attack_open(self) -> None:
        """Descend from centres of open boxes, spread over the whole frontier, within their root boxes.

        Counterexamples that uniform starts miss lie in boxes that stay open; a fixed share of the time
        goes to them, so that a true claim loses no more than that.
        """
        now = time.monotonic()
        if self.attack_seconds > ATTACK_SHARE * (now - self.started) or not self.stack:
            return
        boxes = Boxes(
            *(
                np.concatenate(ends)
                for ends in zip(*((f.boxes.lower, f.boxes.upper) for f in self.stack), strict=True)
            )
        )
        alive = np.concatenate([f.alive for f in self.stack])
        root = np.concatenate([f.root for f in self.stack])
        picks = self.rng.integers(len(boxes), size=min(len(boxes), OPEN_POINTS))
        inside = boxes.lower[picks] + (boxes.upper - boxes.lower)[picks] * self.rng.random((len(picks), 1))
        goal = (alive[picks] * self.rng.random(alive[picks].shape)).argmax(axis=1)
        here = Boxes(self.roots.lower[root[picks]], self.roots.upper[root[picks]])
        descend(self.problem, self.witnesses, Starts(here, inside, goal), OPEN_STEPS)
        self.attack_seconds += time.monotonic() - now

    def _root(self, number: int, root: Boxes) -> Frontier:
        alive = np.ones((1, len(self.problem.rows.member)), dtype=np.bool_)
        return Frontier(root, alive, {}, np.array([number]), np.array([-np.inf]), np.array([number]))

    def _pop(self) -> Frontier:
        """The newest boxes, up to a batch; boxes with and without known bounds are not mixed."""
        parts: list[Frontier] = []
        room = BATCH
        while self.stack and room > 0 and (not parts or bool(parts[0].known) == bool(self.stack[-1].known)):
            top = self.stack.pop()
            if len(top) > room:
                self.stack.append(top.take(slice(0, len(top) - room)))
                top = top.take(slice(len(top) - room, None))
            parts.append(top)
            room -= len(top)
        return join(parts)

    def _process(self, batch: Frontier) -> Frontier | None:
        """Bound, decide, attack, clip and split one batch; what is left of it, or None."""
        program = self.problem.program
        with np.errstate(over="ignore", invalid="ignore"):
            context, known = propagate(program, batch.boxes, batch.known or None, self.expired)
            bounds, minimum = row_bounds(self.problem, context, batch.alive)
        rows = self.problem.rows
        alive = still_possible(rows, batch.alive, minimum)
        keep = np.flatnonzero(alive.any(axis=1))
        if not len(keep):
            return None
        # Of every open conjunction the row that holds least; of these the conjunction that holds most.
        margins = np.where(alive, conjunction_margins(rows, minimum), np.inf).min(axis=1)
        bound = np.maximum(batch.bound, margins)
        rest = Frontier(batch.boxes, alive, known, batch.root, bound, batch.node).take(keep)
        bounds = RowBounds(bounds.coefficients[keep], bounds.constant[keep], bounds.strict)
        minimum = minimum[keep]
        if self._attack(rest, bounds, minimum):
            return None
        boxes, alive = shrunk(self.record, rest.node, rest.boxes, rest.alive, bounds)
        keep = np.flatnonzero(alive.any(axis=1))
        rest = Frontier(boxes, alive, rest.known, rest.root, rest.bound, rest.node).take(keep)
        return self._split(rest, bounds.coefficients[keep])

    def _attack(self, rest: Frontier, bounds: RowBounds, minimum: F64) -> bool:
        """Centres, and the corners that minimise the hardest row's bound and the sum of all bounds."""
        boxes = rest.boxes
        hardest = bounds.coefficients[np.arange(len(rest)), minimum.argmax(axis=1)]
        corners = [
            np.where(direction > 0, boxes.lower, boxes.upper)
            for direction in (hardest, bounds.coefficients.sum(axis=1))
        ]
        return self.witnesses.try_points(np.concatenate([boxes.center, *corners]))

    def _split(self, rest: Frontier, coefficients: F64) -> Frontier | None:
        """Halve every box that can be."""
        width = (self.roots.upper - self.roots.lower)[rest.root]
        axis, cut = halving(rest.boxes, coefficients, width)
        splittable = axis >= 0
        if not splittable.all():
            self.stuck += int((~splittable).sum())
            self.worst = min(self.worst, float(rest.bound[~splittable].min()))
            if not splittable.any():
                return None
        return self._halves(rest.take(splittable), axis[splittable], cut[splittable])

    def _halves(self, rest: Frontier, axis: NDArray[np.intp], cut: F64) -> Frontier:
        rows = np.arange(len(rest))
        left, right = rest.boxes.upper.copy(), rest.boxes.lower.copy()
        left[rows, axis] = cut
        right[rows, axis] = cut
        halves = [Boxes(rest.boxes.lower, left), Boxes(right, rest.boxes.upper)]
        nodes = self.record.split(rest.node, axis, cut)
        return join(
            [
                Frontier(half, rest.alive, rest.known, rest.root, rest.bound, node)
                for half, node in zip(halves, nodes, strict=True)
            ]
        )

    def proof(self) -> Proof:
        return self.record.proof()

    def reopen(self, leaves: Sequence[Unclosed]) -> None:
        """Cut the boxes once more that the kernel's bounds, rounded in another order, leave open."""
        for node in self.record.nodes(leaves):
            box, root = self.record.box(node), self.record.root(node)
            start = Frontier(
                box,
                np.ones_like(self._root(0, box).alive),
                {},
                *(np.array([v]) for v in (root, -np.inf, node)),
            )
            width = box.upper - box.lower
            axis = (width / np.maximum(self.roots.upper - self.roots.lower, 1e-300)[root]).argmax(axis=1)
            cut = box.center[[0], axis]
            self.stack.append(self._halves(start, axis, cut))
