"""Branch and bound over ReLU phases: for networks with many inputs.

In: a problem with bounded root boxes.  Out: an outcome.  Each conjunction of the violation is a row to be
proved positive; an open row is split on the phase of one unstable neuron, last in first out, in batches
that mix the rows of all conjunctions.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._search.attack import descend, random_starts, sample
from spec_lang.backends._search.problem import Problem
from spec_lang.backends.base import Progress, Session
from spec_lang.backends.bounds.search import Search
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.linear import Context, Expired
from spec_lang.bounding.phases import Optimiser, Pass, Rows
from spec_lang.bounding.program import F64
from spec_lang.bounding.propagate import Ranges, complete, pre_activation, start_rows
from spec_lang.bounding.rows import start_of
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome

BATCH = 128  # rows a pass: enough for BLAS, few enough to stay near the newest, deepest rows
ROOT_STEPS, CHILD_STEPS, FULL_STEPS, HIDDEN_STEPS = 60, 5, 200, 20
HIDDEN_ROWS = 512  # rows a pass when hidden neurons are bounded
CANDIDATES = 3  # neurons tried per row from each of the two scores
SAMPLES, RESTARTS, DESCENT_STEPS = 200, 20, 60


@dataclass(frozen=True, slots=True, eq=False)
class _Open:
    """Rows that wait to be bounded, each with the bound that is proved of it already, and the
    optimiser's steps that they are due."""

    rows: Rows
    bound: F64
    steps: int

    def take(self, part: slice) -> _Open:
        return _Open(self.rows.take(part), self.bound[part], self.steps)


class ReluSplitting(Search):
    """One search over every root box in turn."""

    unit = "nodes"
    counted = "ReLU-phase sub-problems"
    stuck_detail = (
        "combinations of ReLU phases could not be decided: the claim holds there by less than rounding "
        "error, or fails"
    )

    def __init__(self, problem: Problem, session: Session, attestation: Attestation) -> None:
        super().__init__(problem, session, attestation)
        self.stack: list[_Open] = []
        self.roots_left = len(problem.roots)  # root boxes that the search has not come to yet

    def still_open(self) -> int:
        return sum(len(part.rows) for part in self.stack)

    def open_bounds(self) -> Iterator[float]:
        if self.roots_left:
            yield -np.inf
        for part in self.stack:
            yield float(part.bound.min(initial=np.inf))

    def search(self) -> Outcome:
        for root in self.problem.roots:
            self.roots_left -= 1
            if self._attack(root):
                return self.refuted()
            try:
                stop = self._decide(root)
            except Expired:
                return GaveUp(GaveUpReason.TIMEOUT, "the hidden neurons were still being bounded")
            if self.witnesses.found is not None:
                return self.refuted()
            if stop is not None:
                return stop
        return self.exhausted()

    def _attack(self, root: Boxes) -> bool:
        if sample(self.problem, self.witnesses, SAMPLES, self.rng):
            return True
        starts = random_starts(self.problem, root, RESTARTS, self.rng)
        return descend(self.problem, self.witnesses, starts, DESCENT_STEPS)

    # -- the root ------------------------------------------------------------------------------

    def _context(self, root: Boxes) -> Context:
        """Relaxations of every ReLU over the root box, hidden bounds raised by slope optimisation."""

        def bound_hidden(context: Context, value: int) -> Ranges:
            return self._raise_hidden(context, value, pre_activation(context, value, None))

        return complete(Context.start(self.problem.program, root, self.expired), bound_hidden)[0]

    def _raise_hidden(self, context: Context, value: int, known: Ranges) -> Ranges:
        if not context.layouts:
            return known
        optimiser = Optimiser(context)
        lower, upper = known.lower.copy(), known.upper.copy()
        unstable = np.flatnonzero((lower[0] < 0) & (upper[0] > 0))
        for first in range(0, len(unstable), HIDDEN_ROWS // 2):
            context.check_time()
            neurons = unstable[first : first + HIDDEN_ROWS // 2]
            start, constant = start_rows(context, value, neurons)
            both = {v: np.concatenate([part, -part])[:, None, :] for v, part in start.items()}
            rows = _fresh(optimiser, both, np.concatenate([constant, -constant])[:, None], 0.0)
            # Beyond 0 the neuron is stable and its bound of no further use.
            best, _, _ = optimiser.optimise(rows, HIDDEN_STEPS, goal=0.0)
            low, high = np.split(best, 2)
            lower[0, neurons] = np.fmax(lower[0, neurons], low)
            upper[0, neurons] = np.fmin(upper[0, neurons], -high)
        return Ranges(lower, upper)

    def _root_rows(self, context: Context, optimiser: Optimiser) -> Rows:
        """One row a conjunction, an even mixture of its parts; missing parts have weight 0."""
        rows = self.problem.rows
        count, most = len(rows.member), int(rows.member.sum(axis=1).max())
        index = np.zeros((count, most), dtype=np.intp)
        mix = np.zeros((count, most))
        for k, member in enumerate(rows.member):
            mine = np.flatnonzero(member)
            index[k, : len(mine)] = mine
            mix[k, : len(mine)] = 1.0 / len(mine)
        start = start_of(rows, context, index)
        fresh = _fresh(optimiser, start, rows.constant[index], rows.relative)
        fresh.mix = mix
        return fresh

    # -- the search ----------------------------------------------------------------------------

    def _decide(self, root: Boxes) -> Outcome | None:
        """Branch and bound over one root box; None when nothing of it stays open but what is stuck."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            context = self._context(root)
            if not context.usable().all():
                return GaveUp(GaveUpReason.NUMERICAL, "the network's values leave the range of safe floats")
            optimiser = Optimiser(context)
            first = self._root_rows(context, optimiser)
            self.stack = [_Open(first, np.full(len(first), -np.inf), ROOT_STEPS)]
            while self.stack:
                if (stop := self.out_of_budget()) is not None:
                    return stop
                part = self._pop()
                self.done += len(part.rows)
                best, rows, found = optimiser.optimise(part.rows, part.steps)
                best = np.maximum(best, part.bound)
                open_rows = np.flatnonzero(~(best > 0))
                if len(open_rows) and self._witness(found, open_rows):
                    return None
                if len(open_rows):
                    self._branch(optimiser, rows.take(open_rows), best[open_rows])
                if self.witnesses.found is not None:
                    return None
                self.session.observe(Progress(self.done, self.still_open(), self.bound()))
        return None

    def _pop(self) -> _Open:
        part = self.stack.pop()
        if len(part.rows) > BATCH:
            self.stack.append(part.take(slice(0, len(part.rows) - BATCH)))
            part = part.take(slice(len(part.rows) - BATCH, None))
        return part

    def _witness(self, found: Pass, rows: NDArray[np.intp]) -> bool:
        """Try the points at which the relaxed bounds of the open rows are attained."""
        return self.witnesses.try_points(found.points[rows])

    def _branch(self, optimiser: Optimiser, rows: Rows, best: F64) -> None:
        """Push both children of every row, split on the neuron whose children bound best.

        Candidates come half from what a neuron's relaxation costs at the trace, half from its
        intercept; rows without an open neuron are optimised to the end and then given up.
        """
        splittable = (rows.phases == 0).any(axis=1)
        if not splittable.all():
            self._finish(optimiser, rows.take(~splittable))
            rows, best = rows.take(splittable), best[splittable]
        if not len(rows):
            return
        found = optimiser.evaluate(rows)
        picks = np.concatenate([_top(found.gaps, rows), _top(found.intercepts, rows)], axis=1)
        active, inactive = (
            optimiser.evaluate(_children(rows, picks, phase), gradient=False).bounds.minimum.reshape(
                picks.shape
            )
            for phase in (1, -1)
        )
        gain = np.maximum(np.nan_to_num(active - best[:, None], nan=0.0), 1e-6)
        gain = gain * np.maximum(np.nan_to_num(inactive - best[:, None], nan=0.0), 1e-6)
        chosen = picks[np.arange(len(rows)), gain.argmax(axis=1)][:, None]
        children = _both(_children(rows, chosen, 1), _children(rows, chosen, -1))
        self.stack.append(_Open(children, np.concatenate([best, best]), CHILD_STEPS))

    def _finish(self, optimiser: Optimiser, rows: Rows) -> None:
        """The last word on rows all of whose phases are fixed."""
        final, _, found = optimiser.optimise(rows, FULL_STEPS)
        lost = np.flatnonzero(~(final > 0))
        if len(lost) and not self._witness(found, lost):
            self.stuck += len(lost)
            self.worst = min(self.worst, float(final.min(initial=np.inf)))


def _fresh(optimiser: Optimiser, start: dict[int, F64], constant: F64, relative: float) -> Rows:
    """Rows with every phase open and the default lower slopes."""
    count = len(constant)
    unstable = optimiser.unstable
    phases = np.zeros((count, unstable.count), dtype=np.int8)
    parameters = np.tile(unstable.lower_slope, (count, 1))
    mix = np.full(constant.shape, 1.0 / constant.shape[1])
    return Rows(start, constant, mix, phases, parameters, relative)


def _top(scores: F64, rows: Rows) -> NDArray[np.intp]:
    """The open neurons with the largest scores, row by row (rows, CANDIDATES).

    A row with fewer open neurons repeats its best one.
    """
    masked = np.where(rows.phases == 0, scores, -1.0)
    count = min(CANDIDATES, masked.shape[1])
    picks = np.argpartition(-masked, count - 1, axis=1)[:, :count]
    best = masked.argmax(axis=1)[:, None]
    return np.where(np.take_along_axis(masked, picks, axis=1) < 0, best, picks)


def _children(rows: Rows, picks: NDArray[np.intp], phase: int) -> Rows:
    """For every row and each of its picks, the row with that neuron's phase fixed and multiplier 0."""
    index = np.repeat(np.arange(len(rows)), picks.shape[1])
    children = rows.take(index)
    here = np.arange(len(index))
    children.phases[here, picks.ravel()] = phase
    children.parameters[here, picks.ravel()] = 0.0
    return children


def _both(first: Rows, second: Rows) -> Rows:
    return Rows(
        {v: np.concatenate([part, second.start[v]]) for v, part in first.start.items()},
        np.concatenate([first.constant, second.constant]),
        np.concatenate([first.mix, second.mix]),
        np.concatenate([first.phases, second.phases]),
        np.concatenate([first.parameters, second.parameters]),
        first.relative,
    )
