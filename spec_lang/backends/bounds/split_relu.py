"""Branch and bound over ReLU phases: for networks with many inputs.

In: a problem with bounded root boxes.  Out: an outcome.  Each conjunction of the violation is a row to be
proved positive; an open row is split on the phase of one unstable neuron, last in first out, in batches
that mix the rows of all conjunctions.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from spec_lang.backends.base import Progress, Run, Session
from spec_lang.backends.bounds.attack import deepen, descend, random_starts, sample
from spec_lang.backends.bounds.boxes import Boxes
from spec_lang.backends.bounds.linear import Context, Expired
from spec_lang.backends.bounds.phases import Optimiser, Pass, Rows
from spec_lang.backends.bounds.problem import Problem, Witnesses
from spec_lang.backends.bounds.program import F64, AffineStep
from spec_lang.backends.bounds.propagate import Ranges, pre_activation, start_rows
from spec_lang.backends.bounds.relax.relu import relax
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome, Proved, Refuted, Work

BATCH = 128  # rows a pass: enough for BLAS, few enough to stay near the newest, deepest rows
ROOT_STEPS, CHILD_STEPS, FULL_STEPS, HIDDEN_STEPS = 60, 5, 200, 20
HIDDEN_ROWS = 512  # rows a pass when hidden neurons are bounded
CANDIDATES = 3  # neurons tried per row from each of the two scores
SAMPLES, RESTARTS, DESCENT_STEPS = 200, 20, 60


class ReluSplitting:
    """One search over every root box in turn."""

    def __init__(self, problem: Problem, session: Session, attestation: Attestation) -> None:
        self.problem = problem
        self.session = session
        self.attestation = attestation
        self.witnesses = Witnesses(problem, session)
        self.rng = np.random.default_rng(0)
        self.nodes = 0
        self.stuck = 0
        self.worst = np.inf

    def run(self) -> Run:
        started = time.monotonic()
        outcome = self._search()
        return Run(outcome, Work(time.monotonic() - started, (("nodes", self.nodes),)))

    def _search(self) -> Outcome:
        for root in self.problem.roots:
            if self._attack(root):
                return self._refuted()
            try:
                stop = self._decide(root)
            except Expired:
                return GaveUp(GaveUpReason.TIMEOUT, "the hidden neurons were still being bounded")
            if self.witnesses.found is not None:
                return self._refuted()
            if stop is not None:
                return stop
        if self.stuck:
            detail = (
                f"{self.stuck} combinations of ReLU phases could not be decided: the claim holds there "
                "by less than rounding error, or fails"
            )
            return GaveUp(GaveUpReason.NUMERICAL, detail, float(self.worst))
        return Proved(self.attestation)

    def _refuted(self) -> Outcome:
        deepen(self.problem, self.witnesses)
        if self.witnesses.found is None:
            return GaveUp(GaveUpReason.NUMERICAL, "a counterexample was lost")
        return Refuted(self.witnesses.found)

    def _expired(self) -> bool:
        deadline = self.session.budget.deadline
        return deadline is not None and time.monotonic() > deadline

    def _attack(self, root: Boxes) -> bool:
        if sample(self.problem, self.witnesses, SAMPLES, self.rng):
            return True
        starts = random_starts(self.problem, root, RESTARTS, self.rng)
        return descend(self.problem, self.witnesses, starts, DESCENT_STEPS)

    # -- the root ------------------------------------------------------------------------------

    def _context(self, root: Boxes) -> Context:
        """Relaxations of every ReLU over the root box, hidden bounds raised by slope optimisation."""
        context = Context.start(self.problem.program, root, self._expired)
        ranges: dict[int, Ranges] = {}
        for step in self.problem.program.steps:
            if isinstance(step, AffineStep):
                context.enter(step)
                continue
            if step.operand not in ranges:
                found = pre_activation(context, step.operand, None)
                ranges[step.operand] = self._raise_hidden(context, step.operand, found)
            known = ranges[step.operand]
            context.relax(step, relax(known.lower, known.upper))
            context.magnitudes[step.value] = np.maximum(known.upper, 0.0)
        return context

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
        rows, program = self.problem.rows, self.problem.program
        count, most = len(rows.member), int(rows.member.sum(axis=1).max())
        index = np.zeros((count, most), dtype=np.intp)
        mix = np.zeros((count, most))
        for k, member in enumerate(rows.member):
            mine = np.flatnonzero(member)
            index[k, : len(mine)] = mine
            mix[k, : len(mine)] = 1.0 / len(mine)
        start: dict[int, F64] = {}
        column = 0
        for output in program.outputs:
            part = rows.outputs[:, column : column + program.sizes[output]]
            column += program.sizes[output]
            part = context.carried(output, part)[index]
            start[output] = start[output] + part if output in start else part
        if rows.inputs.any():
            for number, where in enumerate(program.input_slices):
                part = rows.inputs[:, where][index]
                start[number] = start[number] + part if number in start else part
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
            stack = [(self._root_rows(context, optimiser), ROOT_STEPS)]
            while stack:
                rows, steps = self._pop(stack)
                if (stop := self._out_of_budget(stack, len(rows))) is not None:
                    return stop
                self.nodes += len(rows)
                best, rows, found = optimiser.optimise(rows, steps)
                open_rows = np.flatnonzero(~(best > 0))
                if len(open_rows) and self._witness(found, open_rows):
                    return None
                if len(open_rows):
                    children = self._branch(optimiser, rows.take(open_rows), best[open_rows])
                    if children is not None:
                        stack.append((children, CHILD_STEPS))
                bound = float(best.min(initial=np.inf))
                self.session.observe(Progress(self.nodes, sum(len(r) for r, _ in stack), bound))
        return None

    def _pop(self, stack: list[tuple[Rows, int]]) -> tuple[Rows, int]:
        rows, steps = stack.pop()
        if len(rows) > BATCH:
            stack.append((rows.take(slice(0, len(rows) - BATCH)), steps))
            rows = rows.take(slice(len(rows) - BATCH, None))
        return rows, steps

    def _out_of_budget(self, stack: list[tuple[Rows, int]], popped: int) -> GaveUp | None:
        still_open = popped + sum(len(rows) for rows, _ in stack)
        if self._expired():
            return GaveUp(
                GaveUpReason.TIMEOUT, f"{self.nodes} ReLU-phase sub-problems bounded, {still_open} open"
            )
        budget = self.session.budget.work
        if budget is not None and self.nodes >= budget:
            return GaveUp(GaveUpReason.BUDGET, f"the budget of {budget} sub-problems is spent")
        return None

    def _witness(self, found: Pass, rows: NDArray[np.intp]) -> bool:
        """Try the points at which the relaxed bounds of the open rows are attained."""
        return self.witnesses.try_points(found.points[rows])

    def _branch(self, optimiser: Optimiser, rows: Rows, best: F64) -> Rows | None:
        """Both children of every row, on the neuron whose children bound best.

        Candidates come half from what a neuron's relaxation costs at the trace, half from its
        intercept; rows without an open neuron are optimised to the end and then given up.
        """
        splittable = (rows.phases == 0).any(axis=1)
        if not splittable.all():
            last = rows.take(~splittable)
            final, _, found = optimiser.optimise(last, FULL_STEPS)
            lost = np.flatnonzero(~(final > 0))
            if len(lost) and self._witness(found, lost):
                return None
            self.stuck += len(lost)
            self.worst = min(self.worst, float(final.min(initial=np.inf)))
            rows, best = rows.take(splittable), best[splittable]
            if not len(rows):
                return None
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
        return _stack(_children(rows, chosen, 1), _children(rows, chosen, -1))


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


def _stack(first: Rows, second: Rows) -> Rows:
    return Rows(
        {v: np.concatenate([part, second.start[v]]) for v, part in first.start.items()},
        np.concatenate([first.constant, second.constant]),
        np.concatenate([first.mix, second.mix]),
        np.concatenate([first.phases, second.phases]),
        np.concatenate([first.parameters, second.parameters]),
        first.relative,
    )
