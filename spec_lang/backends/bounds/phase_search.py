"""Branch and bound over ReLU phases from open rows over one relaxed root.

In: an optimiser over the root, a record, rows.  Out: the record's trees, closed batch by batch, until nothing
is open or whoever drives it stops.  Rows of several conjunctions share batches; last in, first out.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._companions import Cores
from spec_lang._values import dataclass
from spec_lang.backends._search.problem import Problem, Witnesses
from spec_lang.backends._search.team import Team
from spec_lang.backends.base import Point
from spec_lang.backends.bounds.attacking import Attack
from spec_lang.backends.bounds.elsewhere import rows_elsewhere
from spec_lang.backends.bounds.last_word import LastWord
from spec_lang.backends.bounds.record import PhaseRecord
from spec_lang.bounding.ascent import Climbed, climb
from spec_lang.bounding.branching import branched
from spec_lang.bounding.leaves import closing
from spec_lang.bounding.objectives import Rows
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.program import F64
from spec_lang.network.operators.cast import Float

ROOT_STEPS, CHILD_STEPS, FULL_STEPS = 60, 5, 200
PAIR_STEPS: Final = 10  # instead of CHILD_STEPS where there are differences of two ReLUs
# Numbers that a batch of rows has in one array: enough for BLAS, few enough for the cache.
BATCH_NUMBERS: Final = 100_000
LEAST_BATCH, MOST_BATCH = 8, 256
ALONE: Final = 1500  # rows before a companion is asked for: smaller searches are done by then
LENT: Final = 128  # rows a part
MOST_BOUNDED: Final = 1000  # rows whose bounds are computed for a report
NOTHING: Final = 1e-9  # what relaxing a neuron costs a row where no gate that counts is open


@dataclass(frozen=True, slots=True, eq=False)
class Open:
    """Rows that wait to be bounded, what floats say of them already, and the steps that they are due."""

    rows: Rows
    bound: Float
    steps: int

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, part: slice) -> Open:
        return Open(self.rows.take(part), self.bound[part], self.steps)


@dataclass(frozen=True, slots=True, eq=False)
class Lent:
    """Open rows for a companion, and the record to keep of what is done below them."""

    part: Open
    record: PhaseRecord


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """What a companion made of rows that it was lent: the tree below each, rows that are still open (their
    nodes are the record's), what it counted, and a counterexample."""

    record: PhaseRecord
    left: list[Open]
    done: int
    stuck: int
    found: Point | None


class PhaseSearch:
    """`stuck` counts rows that could not be closed with all of their phases fixed."""

    def __init__(
        self,
        problem: Problem,
        witnesses: Witnesses,
        optimiser: Optimiser,
        record: PhaseRecord,
        cores: Cores | None = None,
    ) -> None:
        self.problem, self.witnesses = problem, witnesses
        self.optimiser, self.record = optimiser, record
        self.plain = optimiser.plain(optimiser.kind)
        self.attack = Attack(problem, witnesses, self.plain)
        self.stack: list[Open] = []
        self.first: F64 = np.zeros(0)  # rigorous bounds of the rows that it began with
        self.stuck = self.done = 0
        self.team: Team[Lent, Slice] = Team(cores, self.slice, partial(rows_elsewhere, self))
        width = max(optimiser.unstable.count, problem.program.input_size, 1)
        self.steps = PAIR_STEPS if optimiser.context.planes else CHILD_STEPS
        self.last: LastWord | None = None  # for gradients
        self.ks: tuple[int, ...] = ()  # what each root is about, which a last word has to know
        self.batch = min(max(BATCH_NUMBERS // width, LEAST_BATCH), MOST_BATCH)

    def open(self, rows: Rows, steps: int = ROOT_STEPS) -> None:
        """Take over rows, whose nodes are leaves of the record."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            self.first = self.optimiser.bounds(rows).minimum
        self.stack.append(Open(rows, np.full(len(rows), -np.inf), steps))

    def reopen(self, row: Rows) -> None:
        """Split a row whose leaf the kernel does not find closed; its bound counts as just below 0."""
        kind = self.plain.kind
        found = climb(self.plain, row, CHILD_STEPS, np.inf, scores=True)
        self._branch(found, np.zeros(1, dtype=np.intp), np.array([-1e-6], dtype=kind))

    def waiting(self) -> int:
        return sum(len(part) for part in self._open())

    def share_open(self) -> float:
        """How much of the trees is open, where both halves of a node count the same [Knuth 1975]."""
        depths = [np.count_nonzero(part.rows.phases, axis=1) for part in self._open()]
        total = sum(float(np.exp2(-depth.astype(np.float64)).sum()) for depth in depths)
        return total / self.record.roots

    def _open(self) -> list[Open]:
        return [*self.stack, *(lent.part for lent in self.team.parts())]

    def advance(self) -> int:
        """Bound one batch, close or split its rows, and take back what companions have done; how many rows
        were bounded."""
        before = self.done
        self._share()
        if self.stack:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                part = self._pop()
                found = climb(self.plain, part.rows, part.steps, self.plain.noise, scores=True)
                bound = np.maximum(found.bound, part.bound)
                is_open = np.flatnonzero(~self._closed(found))
                self.done += len(part.rows)
                if len(is_open) and not self.attack.offer(found.points[is_open]):
                    self._branch(found, is_open, bound[is_open])
        return self.done - before

    # -- with companions -------------------------------------------------------------------------------

    def _share(self) -> None:
        """Take back what companions have done, and lend them the oldest rows, which hide the most work."""
        for lent, result in self.team.results(wait=not self.stack):
            nodes = lent.part.rows.node
            if result is None:
                self.stack.append(lent.part)
                continue
            number = self.record.graft(nodes, result.record)
            for left in result.left:
                left.rows.node = number[left.rows.node]
                self.stack.append(left)
            self.done += result.done
            self.stuck += result.stuck
            if result.found is not None:
                self.witnesses.take(result.found)
        while self.done >= ALONE and sum(map(len, self.stack)) > 2 * self.batch:
            if not self.team.has_room():
                return
            if not self.team.lend_oldest(self.stack, LENT, self._lent):
                return

    def _lent(self, part: Open) -> Lent:
        return Lent(part, self.record.branch(part.rows.node))

    def recall(self) -> None:
        """Go on alone, with all that was lent as it was."""
        self.stack[:0] = [lent.part for lent in self.team.release()]

    def slice(self, lent: tuple[Lent, float]) -> Slice:
        """What a companion does with rows, for so many seconds."""
        (part, record), stop_at = (lent[0].part, lent[0].record), time.monotonic() + lent[1]
        own = PhaseSearch(self.problem, self.witnesses, self.optimiser, record)
        own.last, own.ks = self.last, self.ks
        part.rows.node = np.arange(len(part.rows))
        own.stack = [part]
        while own.stack and time.monotonic() < stop_at and self.witnesses.found is None:
            own.advance()
        return Slice(record, own.stack, own.done, own.stuck, self.witnesses.found)

    # -- one batch -------------------------------------------------------------------------------------

    def _pop(self) -> Open:
        part = self.stack.pop()
        if len(part.rows) > self.batch:
            self.stack.append(part.take(slice(0, len(part.rows) - self.batch)))
            part = part.take(slice(len(part.rows) - self.batch, None))
        return part

    def _closed(self, found: Climbed) -> NDArray[np.bool_]:
        """Keep what closes rows, with numbers of few bits where these are enough: rigorously."""
        closed = np.zeros(len(found.bound), dtype=np.bool_)
        promising = np.flatnonzero(found.bound > 0)
        if len(promising):
            rows = found.rows.take(promising)
            leaves = closing(self.optimiser, rows)
            good = leaves.bound > 0
            self.record.close(rows.node[good], leaves.multipliers[good], leaves.slopes[good])
            closed[promising[good]] = True
        return closed

    def _branch(self, found: Climbed, is_open: NDArray[np.intp], bound: Float) -> None:
        """Push both children of every row; rows without an open neuron are climbed to the end instead."""
        rows = found.rows.take(is_open)
        splittable = (rows.phases == 0).any(axis=1)
        if self.last is not None:
            splittable &= (found.gaps[is_open] > NOTHING).any(axis=1)
        if not splittable.all():
            self._finish(rows.take(~splittable))
            rows, bound, is_open = rows.take(splittable), bound[splittable], is_open[splittable]
        if not len(rows):
            return
        order = np.argsort(-bound, kind="stable")  # the hardest come next
        rows, bound, is_open = rows.take(order), bound[order], is_open[order]
        self._branched(rows, bound, found.gaps[is_open], found.intercepts[is_open])

    def _branched(self, rows: Rows, bound: Float, gaps: Float, intercepts: Float) -> None:
        children, chosen = branched(self.plain, rows, bound, gaps, intercepts)
        children.node = np.concatenate(self.record.split(rows.node, chosen))
        self.stack.append(Open(children, np.concatenate([bound, bound]), self.steps))

    def _finish(self, rows: Rows) -> None:
        """The last word on rows all of whose phases are fixed."""
        if self.last is not None:
            self._decide(rows, self.last)
            return
        plain = self.optimiser.plain(np.float64)
        found = climb(plain, rows, FULL_STEPS)
        lost = np.flatnonzero(~self._closed(found))
        if len(lost) and not self.attack.offer(found.points[lost]):
            self.stuck += len(lost)

    def _decide(self, rows: Rows, last: LastWord) -> None:
        """Row by row; what linear programs say nothing of is split where it can be."""
        for i in range(len(rows)):
            row = rows.take(slice(i, i + 1))
            leaf = last.on(row, self.ks[self.record.root(int(row.node[0]))])
            if self.witnesses.found is not None:
                return
            if leaf is not None:
                self.record.close(row.node, leaf.multipliers, leaf.slopes)
            elif (row.phases == 0).any():
                found = climb(self.plain, row, 0, np.inf, scores=True)
                found.gaps[:] += 1.0
                self._branched(row, found.bound, found.gaps, found.intercepts)
            else:
                self.stuck += 1

    def proved(self) -> F64:
        """Rigorous bounds of what is open; one for all of it where it is much."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if self.waiting() > MOST_BOUNDED:
                return self.first
            found = [self.optimiser.bounds(part.rows).minimum for part in self._open()]
        return np.concatenate([np.zeros(0), *found])
