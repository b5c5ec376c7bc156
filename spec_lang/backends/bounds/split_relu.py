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
from spec_lang.bounding.branching import children_of, joined, top
from spec_lang.bounding.hidden import bounded
from spec_lang.bounding.leaves import closing, neuron_numbers
from spec_lang.bounding.linear import Context, Expired
from spec_lang.bounding.phases import Optimiser, Pass, Rows
from spec_lang.bounding.program import F64
from spec_lang.bounding.rows import start_of
from spec_lang.obligations.certificate import BY_PHASES, BoxProof, Lemma, PhaseProof, Proof, Unclosed
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome

BATCH = 128  # rows a pass: enough for BLAS, few enough to stay near the newest, deepest rows
ROOT_STEPS, CHILD_STEPS, FULL_STEPS = 60, 5, 200
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
        found = bounded(self.problem.program, box, None, self.expired, raised=True)
        if not found.context.usable().all():
            return GaveUp(GaveUpReason.NUMERICAL, "the network's values leave the range of safe floats")
        first = self._root_rows(found.context, found.optimiser)
        record = PhaseRecord(self.problem.rows, neuron_numbers(found.context))
        waiting = [_Open(first, np.full(len(first), -np.inf), ROOT_STEPS)]
        self.roots.append(_Root(found.optimiser, first, record, found.lemmas, waiting))
        return None

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
        unstable = optimiser.unstable
        phases = np.zeros((count, unstable.count), dtype=np.int8)
        parameters = np.tile(unstable.lower_slope, (count, 1))
        start, constant = start_of(rows, context, index), rows.constant[index]
        return Rows(start, constant, mix, phases, parameters, np.arange(count), rows.relative)

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
        leaves = closing(root.optimiser, rows)
        root.record.close(rows.node, leaves.multipliers, leaves.slopes)

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
        picks = np.concatenate([top(found.gaps, rows), top(found.intercepts, rows)], axis=1)
        active, inactive = (
            optimiser.evaluate(children_of(rows, picks, phase), gradient=False).bounds.minimum.reshape(
                picks.shape
            )
            for phase in (1, -1)
        )
        gain = np.maximum(np.nan_to_num(active - best[:, None], nan=0.0), 1e-6)
        gain = gain * np.maximum(np.nan_to_num(inactive - best[:, None], nan=0.0), 1e-6)
        chosen = picks[np.arange(len(rows)), gain.argmax(axis=1)][:, None]
        nodes = root.record.split(rows.node, chosen[:, 0])
        children = joined(children_of(rows, chosen, 1), children_of(rows, chosen, -1))
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
