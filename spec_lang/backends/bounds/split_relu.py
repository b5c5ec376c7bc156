"""Branch and bound over ReLU phases: for networks with many inputs.

In: a problem with bounded root boxes.  Out: an outcome.  Each conjunction of the violation is a row to be
proved positive; an open row is split on the phase of one unstable neuron, last in first out, in batches
that mix the rows of all conjunctions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._search.attack import descend, random_starts, sample
from spec_lang.backends._search.problem import Problem
from spec_lang.backends.base import Progress, Session
from spec_lang.backends.bounds.record import PhaseRecord
from spec_lang.backends.bounds.search import Search
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.linear import Context, Expired
from spec_lang.bounding.phases import Optimiser, Pass, Rows
from spec_lang.bounding.program import F64, ReluStep
from spec_lang.bounding.propagate import Ranges, complete, pre_activation, start_rows
from spec_lang.bounding.rows import start_of
from spec_lang.obligations.certificate import BY_PHASES, BoxProof, Lemma, PhaseProof, Proof, Unclosed
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


@dataclass(slots=True, eq=False)
class _Root:
    """A root box: its relaxed network, its rows before any split, what was done there, and what waits."""

    optimiser: Optimiser
    first: Rows
    record: PhaseRecord
    lemmas: tuple[Lemma, ...]
    waiting: list[_Open]


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
        self.roots: list[_Root] = []  # those that the search has come to

    def still_open(self) -> int:
        return sum(len(part.rows) for part in self.stack)

    def open_bounds(self) -> Iterator[float]:
        if len(self.roots) < len(self.problem.roots):
            yield -np.inf
        for part in self.stack:
            yield float(part.bound.min(initial=np.inf))

    def search(self) -> Outcome:
        for box in self.problem.roots:
            if self._attack(box):
                return self.refuted()
            try:
                stop: Outcome | None = self._enter(box)
            except Expired:
                return GaveUp(GaveUpReason.TIMEOUT, "the hidden neurons were still being bounded")
            stop = stop or self._decide(self.roots[-1])
            if stop is not None:
                return stop
        while (outcome := self.exhausted()) is None:
            for root in self.roots:
                if (stop := self._decide(root)) is not None:
                    return stop
        return outcome

    def _attack(self, root: Boxes) -> bool:
        if sample(self.problem, self.witnesses, SAMPLES, self.rng):
            return True
        starts = random_starts(self.problem, root, RESTARTS, self.rng)
        return descend(self.problem, self.witnesses, starts, DESCENT_STEPS)

    # -- the root ------------------------------------------------------------------------------

    def _enter(self, box: Boxes) -> GaveUp | None:
        """Relax the network over a root box, hidden bounds raised by slope optimisation."""
        lemmas: list[Lemma] = []

        def bound_hidden(context: Context, value: int) -> Ranges:
            return self._raise_hidden(context, value, pre_activation(context, value, None), lemmas)

        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            start = Context.start(self.problem.program, box, self.expired)
            context = complete(start, bound_hidden)[0]
            if not context.usable().all():
                return GaveUp(GaveUpReason.NUMERICAL, "the network's values leave the range of safe floats")
            optimiser = Optimiser(context)
            first = self._root_rows(context, optimiser)
        record = PhaseRecord(self.problem.rows, unstable_neurons(context))
        waiting = [_Open(first, np.full(len(first), -np.inf), ROOT_STEPS)]
        self.roots.append(_Root(optimiser, first, record, tuple(lemmas), waiting))
        return None

    def _raise_hidden(self, context: Context, value: int, known: Ranges, lemmas: list[Lemma]) -> Ranges:
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
            _, rows, _ = optimiser.optimise(rows, HIDDEN_STEPS, goal=0.0)
            short, rows = optimiser.shortened(rows)
            better = short > np.concatenate([lower[0, neurons], -upper[0, neurons]])
            lemmas += _lemma(context, value, np.tile(neurons, 2), rows, better)
            low, high = np.split(short, 2)
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
        fresh.mix, fresh.node = mix, np.arange(count)
        return fresh

    # -- the search ----------------------------------------------------------------------------

    def _decide(self, root: _Root) -> Outcome | None:
        """Branch and bound over one root box; None when nothing of it stays open but what is stuck."""
        self.stack, root.waiting = root.waiting, []
        optimiser = root.optimiser
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            while self.stack:
                if (stop := self.out_of_budget()) is not None:
                    return stop
                part = self._pop()
                self.done += len(part.rows)
                best, rows, found = optimiser.optimise(part.rows, part.steps)
                best = np.maximum(best, part.bound)
                open_rows = np.flatnonzero(~(best > 0))
                self._close(root, rows.take(best > 0))
                if len(open_rows) and self._witness(found, open_rows):
                    return self.refuted()
                if len(open_rows):
                    self._branch(root, rows.take(open_rows), best[open_rows])
                if self.witnesses.found is not None:
                    return self.refuted()
                self.session.observe(Progress(self.done, self.still_open(), self.bound()))
        return None

    def _close(self, root: _Root, rows: Rows) -> None:
        """Keep what closes the rows: numbers of few bits, where these are enough."""
        if not len(rows) or root.record.too_long:
            return
        bound, short = root.optimiser.shortened(rows)
        enough = (bound > 0)[:, None]
        mix = np.where(enough, short.mix, rows.mix)
        root.record.close(rows.node, mix, np.where(enough, short.parameters, rows.parameters))

    def _pop(self) -> _Open:
        part = self.stack.pop()
        if len(part.rows) > BATCH:
            self.stack.append(part.take(slice(0, len(part.rows) - BATCH)))
            part = part.take(slice(len(part.rows) - BATCH, None))
        return part

    def _witness(self, found: Pass, rows: NDArray[np.intp]) -> bool:
        """Try the points at which the relaxed bounds of the open rows are attained."""
        return self.witnesses.try_points(found.points[rows])

    def _branch(self, root: _Root, rows: Rows, best: F64) -> None:
        """Push both children of every row, split on the neuron whose children bound best.

        Candidates come half from what a neuron's relaxation costs at the trace, half from its
        intercept; rows without an open neuron are optimised to the end and then given up.
        """
        splittable = (rows.phases == 0).any(axis=1)
        if not splittable.all():
            self._finish(root, rows.take(~splittable))
            rows, best = rows.take(splittable), best[splittable]
        if not len(rows):
            return
        optimiser = root.optimiser
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
        nodes = root.record.split(rows.node, chosen[:, 0])
        children = _both(_children(rows, chosen, 1), _children(rows, chosen, -1))
        children.node = np.concatenate(nodes)
        self.stack.append(_Open(children, np.concatenate([best, best]), CHILD_STEPS))

    def _finish(self, root: _Root, rows: Rows) -> None:
        """The last word on rows all of whose phases are fixed."""
        final, rows, found = root.optimiser.optimise(rows, FULL_STEPS)
        lost = np.flatnonzero(~(final > 0))
        self._close(root, rows.take(final > 0))
        if len(lost) and not self._witness(found, lost):
            self.stuck += len(lost)
            self.worst = min(self.worst, float(final.min(initial=np.inf)))

    # -- the proof -----------------------------------------------------------------------------

    def proof(self) -> Proof | None:
        if any(root.record.too_long for root in self.roots):
            return None
        width = self.problem.rows.width
        axis, no_cut = np.array([BY_PHASES], dtype=np.int32), np.zeros(0)
        return Proof(
            tuple(
                BoxProof(
                    number,
                    axis,
                    no_cut,
                    np.zeros((1, width), dtype=np.uint8),
                    (PhaseProof(root.lemmas, root.record.trees()),),
                )
                for number, root in enumerate(self.roots)
            )
        )

    def reopen(self, leaves: Sequence[Unclosed]) -> None:
        for leaf in leaves:
            root = self.roots[leaf.part]
            k, node = root.record.node_of(leaf)
            row = root.first.take(np.array([k]))
            row.node, row.phases = np.array([node]), root.record.phases(node)[None]
            row.parameters = np.where(row.phases == 0, row.parameters, 0.0)
            self.stack = []
            self._branch(root, row, np.array([-1e-6]))
            root.waiting += self.stack


def unstable_neurons(context: Context) -> NDArray[np.intp]:
    """The certificate's numbers of the neurons that an `Optimiser` of `context` has parameters for."""
    found = [np.zeros(0, dtype=np.intp)]
    first = 0
    for step in context.program.steps:
        if isinstance(step, ReluStep):
            if step.value in context.layouts:
                layout = context.layouts[step.value]
                found.append(first + layout.columns[: layout.mixed])
            first += context.program.sizes[step.value]
    return np.concatenate(found)


def _lemma(
    context: Context, value: int, neurons: NDArray[np.intp], rows: Rows, better: NDArray[np.bool_]
) -> list[Lemma]:
    """What the rows show, lower bounds of the neurons and then of their negatives, where it is better."""
    first = 0
    for step in context.program.steps:
        if isinstance(step, ReluStep):
            if step.operand == value:
                break
            first += context.program.sizes[step.value]
    if not better.any():
        return []
    side = np.repeat(np.array([1, -1], dtype=np.int8), len(neurons) // 2)
    return [
        Lemma(
            (first + neurons[better]).astype(np.int32),
            side[better],
            unstable_neurons(context).astype(np.int32),
            rows.parameters[better].astype(np.float32),
        )
    ]


def _fresh(optimiser: Optimiser, start: dict[int, F64], constant: F64, relative: float) -> Rows:
    """Rows with every phase open and the default lower slopes."""
    count = len(constant)
    unstable = optimiser.unstable
    phases = np.zeros((count, unstable.count), dtype=np.int8)
    parameters = np.tile(unstable.lower_slope, (count, 1))
    mix = np.full(constant.shape, 1.0 / constant.shape[1])
    return Rows(start, constant, mix, phases, parameters, np.zeros(count, dtype=np.intp), relative)


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
        np.concatenate([first.node, second.node]),
        first.relative,
    )
