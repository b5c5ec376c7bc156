"""Branch and bound over the input box: for networks with few inputs.

In: a problem with bounded root boxes.  Out: an outcome.  Depth-first by batches, so that memory grows
with depth and not with the number of boxes; every batch is bounded, decided, attacked, clipped, split.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import ceil

import numpy as np

from spec_lang.backends._search.attack import descend, descend_from_best, random_starts, sample
from spec_lang.backends._search.halving import Found, bounds_of, effects, halving, shrunk
from spec_lang.backends._search.problem import Problem
from spec_lang.backends._search.record import BoxRecord
from spec_lang.backends._search.team import Team
from spec_lang.backends._search.wandering import Walks
from spec_lang.backends.base import Progress, Session
from spec_lang.backends.bounds.elsewhere import boxes_elsewhere
from spec_lang.backends.bounds.frontier import Frontier, Lent, Slice, halves, join, opened, starts_in, whole
from spec_lang.backends.bounds.search import MOST_REPAIRS, Search
from spec_lang.backends.bounds.ties import MOST_NODES, Ties
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Expired
from spec_lang.bounding.program import F64
from spec_lang.bounding.propagate import propagate
from spec_lang.bounding.quick import is_quick
from spec_lang.obligations.certificate import Proof, Unclosed
from spec_lang.obligations.outcome import Attestation, Outcome

QUICK_DEPTH = 48  # cuts: deeper boxes are bounded with all the digits that there are
BATCH = 256  # boxes: the arrays of a 50-wide network stay in the L2 cache, numpy's overhead stays small
ALONE = 1500  # boxes before a companion is asked for: smaller searches are done by then
LENT = 128  # boxes a part
SAMPLES = 2000
DESCENT_POINTS, DESCENT_STEPS = 64, 25  # points a conjunction
# The attack on the open boxes: so many points and steps, each time that so many boxes more have been bounded.
# It costs about as much as 150 boxes, and up to twice as much in a long search.
OPEN_POINTS, OPEN_STEPS, OPEN_EVERY = 512, 25, 1500
MOST_POINTS, MORE_POINTS = 1024, 1 / 32  # so many more a box
# Where networks are compared the best of so many samples are descended from: at first, and of open boxes,
# once so many have been bounded, and again after three times as many; so many samples a box, at most so many.
FIRST_SAMPLES, FIRST_OPEN, WAIT_GROWS = 2000, 100, 3
SAMPLES_A_BOX, OPEN_SAMPLES = 64, 2**15
# The same of gradients, which have many conjunctions; and so many points of every open box.
GRADIENT_SAMPLES, GRADIENT_EVERY, POINTS_A_BOX = 2**12, 6000, 4
ROOM = 2**24  # numbers in the samples


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
        self.stack = [whole(n, root, len(problem.rows.member)) for n, root in enumerate(problem.roots)]
        self.stop_at = np.inf  # the moment at which to come back with what is still open
        self.team: Team[Lent, Slice] = Team(session.cores, self.slice, self._elsewhere)
        # Only a search that hears of what the kernel leaves open may go by bounds that are not rigorous.
        self.quick = session.examine is not None and is_quick(problem.program)
        self.ties = Ties(problem, session.examine is not None)
        self.by_gates = bool(problem.program.gates)
        self.next_attack = FIRST_OPEN if problem.program.deltas or self.by_gates else OPEN_EVERY
        self.walks, self.attacked = Walks(problem), False

    def still_open(self) -> int:
        return sum(map(len, (*self.stack, *self.ties.aside)))

    def open_bounds(self) -> Iterator[float]:
        return (float(part.bound.min(initial=np.inf)) for part in (*self.stack, *self.ties.aside))

    def search(self) -> Outcome:
        # A claim that the bounds of the root boxes prove costs no attack.
        if not self.done and (outcome := self.out_of_budget() or self.at_once()) is not None:
            return outcome
        if not self.attacked and self.attack_roots():
            return self.refuted()
        try:
            while True:
                outcome = self._empty_stack()
                self.team.release()  # the check of the proof can use the cores
                outcome = outcome or self.exhausted()
                if outcome is not None:
                    return outcome
        finally:
            self.team.release()

    def at_once(self, boxes: int = 1) -> Outcome | None:
        """The outcome, if the bounds of the root boxes, or of about so many, say it all; otherwise `run` goes
        on from there."""
        while self.stack and self.done < boxes and not self.has_spent() and not self.expired():
            self._bound_newest()
            if self.witnesses.found is not None:
                return self.refuted()
        return None if self.stack or self.stuck else self.exhausted()

    def _empty_stack(self) -> Outcome | None:
        """Work until nothing is open; the outcome, where the search ends before."""
        while (self.stack or self.team.busy) and time.monotonic() < self.stop_at:
            if (stop := self.out_of_budget()) is not None:
                return stop
            self._share()
            if self.stack:
                self._bound_newest()
                self._attack_open()
            if self.witnesses.found is not None:
                return self.refuted()
            self.session.observe(Progress(self.done, self.still_open(), self.bound()))
        return None

    def _bound_newest(self) -> None:
        batch = self._pop()
        try:
            children = self._process(batch)
        except Expired:
            self.stack.append(batch)
            return
        self.done += len(batch)
        if children is not None:
            self.stack.append(children)
        if self.record.count > MOST_NODES:
            self.stack += self.ties.given_up()

    # -- with companions -------------------------------------------------------------------------------

    def _share(self) -> None:
        """Take back what companions have done, and lend them the oldest boxes, which hide the most work."""
        for part, result in self.team.results(wait=not self.stack):
            if result is None:
                self.stack.append(part.boxes)
                continue
            number = self.record.graft(part.boxes.node, result.record)
            self.stack += [replace(left, node=number[left.node]) for left in result.left]
            self.done += result.done
            self.stuck += result.stuck
            self.worst = min(self.worst, result.worst)
            if result.found is not None:
                self.witnesses.take(result.found)
        while self.done >= ALONE and self.still_open() > BATCH and self.team.has_room():
            if not self.team.lend_oldest(self.stack, LENT, self._lent):
                return

    def _lent(self, boxes: Frontier) -> Lent:
        return Lent(boxes, self.record.branch(boxes.node, boxes.boxes))

    def _elsewhere(self) -> Callable[[tuple[Lent, float]], Slice]:
        return boxes_elsewhere(InputSplitting, self.problem.obligation, quick=self.quick)

    def slice(self, lent: tuple[Lent, float]) -> Slice:
        """What a companion does with boxes, for so many seconds."""
        (part, record), stop_at = (lent[0].boxes, lent[0].record), time.monotonic() + lent[1]
        session = Session(self.session.budget, self.session.confirm, lambda _: None)
        own = InputSplitting(self.problem, session, self.attestation)
        own.roots, own.record = self.roots, record
        own.stack, own.stop_at = [replace(part, node=np.arange(len(part)))], stop_at
        own.rng, own.next_attack, own.quick = self.rng, OPEN_EVERY // 2, self.quick
        own._empty_stack()
        return Slice(own.record, own.stack, own.done, own.stuck, own.worst, own.witnesses.found)

    # -- attack ----------------------------------------------------------------------------------------

    def attack_roots(self) -> bool:
        """Whether there is a counterexample among the first points that are looked at."""
        self.attacked = True
        problem = self.problem
        if sample(problem, self.witnesses, SAMPLES, self.rng):
            return True
        if problem.program.deltas or self.by_gates:
            each = self._samples(GRADIENT_SAMPLES) / len(problem.rows.member)
            count = ceil(each) if self.by_gates else self._samples(FIRST_SAMPLES)
            starts = random_starts(problem, self.roots, count, self.rng)
            return descend_from_best(problem, self.witnesses, starts)
        starts = random_starts(problem, self.roots, DESCENT_POINTS, self.rng)
        return descend(problem, self.witnesses, starts, DESCENT_STEPS)

    def _samples(self, count: int) -> int:
        """So many points to choose from, or as many as there is room for."""
        return max(1, min(count, ROOM // self.problem.program.input_size))

    def _attack_open(self) -> None:
        """Descend from points of open boxes, within their root boxes, or walk.

        Counterexamples that the first starts miss lie in boxes that stay open; a fixed share of the work
        goes to them, so that a true claim loses no more than that.
        """
        if (
            self.walks.find(self.done, self.witnesses, self.rng)
            or self.done < self.next_attack
            or not self.stack
        ):
            return
        if self.problem.program.deltas or self.by_gates:
            most, every = (GRADIENT_SAMPLES, GRADIENT_EVERY) if self.by_gates else (OPEN_SAMPLES, OPEN_EVERY)
            count = self._samples(min(SAMPLES_A_BOX * self.done, most))
            starts = starts_in(self.stack, self.roots, count, self.rng)
            descend_from_best(self.problem, self.witnesses, starts)
            self.next_attack = min(self.done * WAIT_GROWS, self.done + every)
            return
        self.next_attack = self.done + OPEN_EVERY
        count = min(OPEN_POINTS + int(self.done * MORE_POINTS), MOST_POINTS)
        descend(self.problem, self.witnesses, starts_in(self.stack, self.roots, count, self.rng), OPEN_STEPS)

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
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            quick = self.quick and bool((self.record.depth[batch.node] < QUICK_DEPTH).all())
            context, known = propagate(
                self.problem.program, batch.boxes, batch.known or None, self.expired, quick=quick
            )
            found = bounds_of(self.problem, context, batch.alive, quick=quick)
            if self._attack(batch.boxes, found):
                return None
            margins = np.where(found.alive, found.margins(self.problem.rows), np.inf)
            effect = effects(self.problem, context, found, margins)
            boxes, alive = shrunk(self.record, batch.node, batch.boxes, found)
            aside = self.ties.are_tied(context, found, alive)
        bound = np.maximum(batch.bound, margins.min(axis=1, initial=np.inf))
        rest = Frontier(boxes, alive, known, batch.root, bound, batch.node)
        if aside.any():
            self.ties.aside.append(rest.take(aside))
        keep = np.flatnonzero(alive.any(axis=1) & ~aside)
        return self._split(rest.take(keep), effect[keep]) if len(keep) else None

    def _attack(self, boxes: Boxes, found: Found) -> bool:
        """Where the combinations' bounds are attained, and the open boxes' centres; without combinations
        the corners that minimise the sum of all rows' bounds, and of gradients random points."""
        here = np.flatnonzero(found.alive.any(axis=1))
        if not len(here):
            return False
        if self.by_gates:
            # Bounds of gradients say nothing of where they are attained.
            lower, width = boxes.lower[here], boxes.upper[here] - boxes.lower[here]
            corners = lower + width * self.rng.random((POINTS_A_BOX, *lower.shape))
            corners = corners.reshape(-1, lower.shape[1])
        elif found.combined is not None:
            corners = found.combined.raised.points
        else:
            downhill = found.bounds.coefficients[here].sum(axis=1) > 0
            corners = np.where(downhill, boxes.lower[here], boxes.upper[here])
        return self.witnesses.try_points(np.concatenate([boxes.center[here], corners]))

    def _split(self, rest: Frontier, effect: F64) -> Frontier | None:
        """Halve every box that can be."""
        width = (self.roots.upper - self.roots.lower)[rest.root]
        axis, cut = halving(rest.boxes, effect, width)
        splittable = axis >= 0
        if not splittable.all():
            self.stuck += int((~splittable).sum())
            self.worst = min(self.worst, float(rest.bound[~splittable].min()))
            if not splittable.any():
                return None
        # The least bounds come last, and so are bounded next: counterexamples lie where bounds are low.
        order = np.flatnonzero(splittable)
        order = order[np.argsort(-rest.bound[order], kind="stable")]
        return halves(rest.take(order), axis[order], cut[order], self.record)

    def proof(self) -> Proof:
        return self.record.proof()

    def reopen(self, leaves: Sequence[Unclosed]) -> None:
        """Go on from the boxes that the kernel's bounds, rounded in another order, leave open.  From here on
        bounds are rigorous: where float32 was not enough for the kernel, it may not be again.  Ties leave the
        last repair to what is none."""
        self.quick, self.ties = False, Ties(self.problem, self.repairs < MOST_REPAIRS - 1)
        self.divide(leaves)

    def divide(self, leaves: Sequence[Unclosed]) -> None:
        """Cut boxes once more, which are leaves of the record."""
        for node, leaf in zip(self.record.nodes(leaves), leaves, strict=True):
            start = opened(self.problem, self.record, node, leaf.place)
            width, root = start.boxes.upper - start.boxes.lower, start.root
            axis = (width / np.maximum(self.roots.upper - self.roots.lower, 1e-300)[root]).argmax(axis=1)
            self.stack.append(halves(start, axis, start.boxes.center[[0], axis], self.record))
