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
from spec_lang.backends._search.problem import Problem, conjunction_margins
from spec_lang.backends.base import Progress, Session
from spec_lang.backends.bounds.frontier import Frontier, Mask, join
from spec_lang.backends.bounds.record import BoxRecord
from spec_lang.backends.bounds.search import Search
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.clip import RowBounds, clip
from spec_lang.bounding.linear import Context, Expired, lower_bounds
from spec_lang.bounding.program import F64
from spec_lang.bounding.propagate import propagate
from spec_lang.bounding.rows import start_of
from spec_lang.obligations.certificate import Proof, Unclosed
from spec_lang.obligations.outcome import Attestation, Outcome

BATCH = 256  # boxes: the arrays of a 50-wide network stay in the L2 cache, numpy's overhead stays small
# A box this much narrower than its root, in every direction, is beyond what float64 bounds separate.
NARROWEST = 2.0**-40
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
            bounds, minimum = self._row_bounds(context, batch.alive)
        rows = self.problem.rows
        closed = (minimum > 0) | (rows.strict & (minimum >= 0))
        alive = batch.alive & ~(closed.astype(np.float64) @ rows.member.T > 0)
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
        boxes, alive = self._clip(rest, bounds)
        keep = np.flatnonzero(alive.any(axis=1))
        rest = Frontier(boxes, alive, rest.known, rest.root, rest.bound, rest.node).take(keep)
        return self._split(rest, bounds.coefficients[keep])

    def _row_bounds(self, context: Context, alive: Mask) -> tuple[RowBounds, F64]:
        """Affine bounds of the rows that some open conjunction needs; (bounds, minima).

        A row that is not needed, or whose bound is not finite, says nothing: 0·x + 0, minimum −inf.
        """
        rows, program = self.problem.rows, self.problem.program
        needed = (alive.astype(np.float64) @ rows.member > 0) & context.usable()[:, None]
        owner, row = np.nonzero(needed)
        batch = len(context.boxes)
        coefficients = np.zeros((batch, rows.count, program.input_size))
        constant = np.zeros((batch, rows.count))
        minimum = np.full((batch, rows.count), -np.inf)
        if len(owner):
            start = start_of(rows, context, row)
            found = lower_bounds(context, start, rows.constant[row], owner, rows.relative)
            good = np.isfinite(found.minimum)
            owner, row = owner[good], row[good]
            coefficients[owner, row] = found.coefficients[good]
            constant[owner, row] = found.constant[good]
            minimum[owner, row] = found.minimum[good]
        return RowBounds(coefficients, constant, rows.strict), minimum

    def _attack(self, rest: Frontier, bounds: RowBounds, minimum: F64) -> bool:
        """Centres, and the corners that minimise the hardest row's bound and the sum of all bounds."""
        boxes = rest.boxes
        hardest = bounds.coefficients[np.arange(len(rest)), minimum.argmax(axis=1)]
        corners = [
            np.where(direction > 0, boxes.lower, boxes.upper)
            for direction in (hardest, bounds.coefficients.sum(axis=1))
        ]
        return self.witnesses.try_points(np.concatenate([boxes.center, *corners]))

    def _clip(self, rest: Frontier, bounds: RowBounds) -> tuple[Boxes, Mask]:
        """Each box becomes the hull of what its open conjunctions leave of it."""
        lower = np.full_like(rest.boxes.lower, np.inf)
        upper = np.full_like(rest.boxes.upper, -np.inf)
        alive = rest.alive.copy()
        for k, member in enumerate(self.problem.rows.member):
            boxes_here = np.flatnonzero(alive[:, k])
            if not len(boxes_here):
                continue
            mine = np.flatnonzero(member)
            local = RowBounds(
                bounds.coefficients[np.ix_(boxes_here, mine)],
                bounds.constant[np.ix_(boxes_here, mine)],
                bounds.strict[mine],
            )
            part = Boxes(rest.boxes.lower[boxes_here], rest.boxes.upper[boxes_here])
            clipped = clip(part, local)
            self.record.weigh(rest.node[boxes_here], k, clipped.weights)
            open_here = ~clipped.empty
            alive[boxes_here[clipped.empty], k] = False
            kept = boxes_here[open_here]
            lower[kept] = np.minimum(lower[kept], clipped.boxes.lower[open_here])
            upper[kept] = np.maximum(upper[kept], clipped.boxes.upper[open_here])
        return Boxes(lower, upper), alive

    def _split(self, rest: Frontier, coefficients: F64) -> Frontier | None:
        """Halve every box across the input whose effect on the bounds is largest."""
        lower, upper = rest.boxes.lower, rest.boxes.upper
        width = upper - lower
        slope = abs(coefficients)
        score = slope.max(axis=1) * width / 2 + 0.05 * width * slope.max(axis=(1, 2))[:, None]
        middle = lower + 0.5 * width
        # A degenerate or too narrow side cannot be halved in floats, or would not help.
        score[
            (middle <= lower)
            | (middle >= upper)
            | (width <= NARROWEST * (self.roots.upper - self.roots.lower)[rest.root])
        ] = -1.0
        axis = score.argmax(axis=1)
        rows = np.arange(len(rest))
        splittable = score[rows, axis] >= 0
        if not splittable.all():
            self.stuck += int((~splittable).sum())
            self.worst = min(self.worst, float(rest.bound[~splittable].min()))
            rest, axis, middle = rest.take(splittable), axis[splittable], middle[splittable]
            if not len(rest):
                return None
            rows = np.arange(len(rest))
        lower, upper = rest.boxes.lower, rest.boxes.upper
        return self._halves(rest, axis, short_cut(lower[rows, axis], middle[rows, axis], upper[rows, axis]))

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


def short_cut(lower: F64, middle: F64, upper: F64) -> F64:
    """`middle` as a float32, where that is strictly inside: half the size in a certificate."""
    short = middle.astype(np.float32).astype(np.float64)
    return np.where((lower < short) & (short < upper), short, middle)
