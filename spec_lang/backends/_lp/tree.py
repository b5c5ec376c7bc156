"""Depth-first branch and bound over ReLU phases, one conjunction over one box at a time.

In: bounds over a box.  Out: a `PhaseTree` each of whose leaves has been closed with the very numbers that
stand in it, but for ties, which are counted in `Tally.hopes`; or why there is none: a leaf may be broken at
kinks alone.  A sub-problem is bounded by a few gradient steps first, in batches; what these leave open by a
linear program; then it is split on the neuron whose two children bound best.
"""

from __future__ import annotations

from dataclasses import field
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._lp.highs import Answer
from spec_lang.backends._lp.model import Unfit
from spec_lang.backends._lp.polish import Polisher
from spec_lang.backends._lp.relaxation import Relaxed, Triangle
from spec_lang.backends._lp.setting import AT_KINKS, Setting
from spec_lang.backends.base import Progress, is_past
from spec_lang.bounding.branching import children_of, joined, top
from spec_lang.bounding.hidden import Bounded
from spec_lang.bounding.leaves import (
    Leaves,
    closing,
    closing_clash,
    fresh,
    nearly,
)
from spec_lang.bounding.objectives import Rows
from spec_lang.bounding.program import F64, Indices
from spec_lang.bounding.rows import Conjunction
from spec_lang.bounding.unstable import neuron_numbers
from spec_lang.obligations.certificate import Lemma, PhaseTree
from spec_lang.obligations.outcome import GaveUp, GaveUpReason

BATCH: Final = 32
ROOT_STEPS, CHILD_STEPS = 30, 4
POLISHING_STEPS, LAST_STEPS = 15, 40


@dataclass(slots=True, eq=False)
class PhaseSearch:
    """One tree, for conjunction `k`; `run` may be called again to go on where the last one stopped."""

    setting: Setting
    bounds: Bounded
    k: int
    lemmas: tuple[Lemma, ...] = ()  # that hold where the conjunction does
    deadline: float | None = None
    neuron: list[int] = field(default_factory=list)  # by node: what is split, −1 for a leaf
    children: list[tuple[int, int]] = field(default_factory=list)
    numbers: dict[int, tuple[F64, F64]] = field(default_factory=dict)  # by leaf
    stack: list[_Open] = field(default_factory=list)
    triangle: Triangle | None = None
    unfit: bool = False
    last: Relaxed | None = None
    at_kinks: bool = False  # whether a leaf is broken, and only there

    def run(self, deadline: float | None, limit: int | None = None) -> PhaseTree | GaveUp | None:
        """The tree, or None once a counterexample has been found; at most about `limit` sub-problems."""
        self.deadline = deadline
        last = None if limit is None else self.setting.tally.nodes + limit
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if not self.neuron:
                self._node()
                first = fresh(self.setting.problem.rows, self.bounds.optimiser, self.k)
                self.stack = [_Open(first, np.array([-np.inf]), ROOT_STEPS)]
            while self.stack:
                if self._expired():
                    return self._gave_up(GaveUpReason.TIMEOUT)
                if (last is not None and self.setting.tally.nodes >= last) or self.setting.left() == 0:
                    return self._gave_up(GaveUpReason.BUDGET)
                part = _pop(self.stack)
                stuck = self._process(part)
                if self.setting.witnesses.found is not None:
                    return None
                if stuck:
                    self.stack.append(part)
                    return self._gave_up(GaveUpReason.NUMERICAL)
                self._observe()
        return AT_KINKS if self.at_kinks else self._tree()

    def bound(self) -> float:
        """What is proved of the conjunction so far."""
        return min((float(part.bound.min()) for part in self.stack), default=np.inf)

    def _gave_up(self, reason: GaveUpReason) -> GaveUp:
        detail = f"{self.setting.tally.nodes} ReLU-phase sub-problems bounded, {self._waiting()} open"
        if reason is GaveUpReason.NUMERICAL:
            detail = "with all ReLU phases fixed the claim holds by less than rounding error, or fails"
        return GaveUp(reason, detail, self.bound())

    def _waiting(self) -> int:
        return sum(len(part.rows) for part in self.stack)

    def _observe(self) -> None:
        self.setting.witnesses.session.observe(Progress(self.setting.tally.nodes, self._waiting()))

    def _expired(self) -> bool:
        return is_past(self.deadline)

    def _node(self) -> int:
        self.neuron.append(-1)
        self.children.append((-1, -1))
        return len(self.neuron) - 1

    def _process(self, part: _Open) -> bool:
        """Close or split every row; whether one can be neither."""
        best, rows, found = self.bounds.optimiser.optimise(part.rows, part.steps)
        best = np.maximum(best, part.bound)
        leaves = closing(self.bounds.optimiser, rows)
        self._close(leaves, part.rows.node)
        self.setting.tally.nodes += len(rows)
        left = np.flatnonzero(~(leaves.bound > 0))
        if not len(left) or self.setting.witnesses.try_points(found.points[left]):
            return False
        rows, best = rows.take(left), best[left]
        is_open, gaps = np.ones(len(left), dtype=np.bool_), np.zeros(rows.phases.shape)
        for i in range(len(left)):
            last = not (rows.phases[i] == 0).any()
            if last or self.setting.tally.pays():
                is_open[i] = not self._solve(rows, i, best, gaps)
            if is_open[i] and last and not self._expired() and self.setting.witnesses.found is None:
                if not self._insist(rows, i, best, gaps):
                    return self.setting.witnesses.found is None
                is_open[i] = False
            if self.setting.witnesses.found is not None:
                return False
        if is_open.any():
            rest, bound = rows.take(is_open), best[is_open]
            # Out of time, with rows among them that cannot be split: they wait, and whoever looks gives up.
            stuck = self._expired() and not (rest.phases == 0).any(axis=1).all()
            self.stack.append(_Open(rest, bound, 0) if stuck else self._split(rest, bound, gaps[is_open]))
        return False

    def _close(self, leaves: Leaves, nodes: Indices) -> None:
        for i in np.flatnonzero(leaves.bound > 0):
            self.numbers[int(nodes[i])] = leaves.multipliers[i], leaves.slopes[i]

    def _solve(self, rows: Rows, i: int, best: F64, gaps: F64, *, closely: bool = False) -> bool:
        """Whether a linear program closes row i; otherwise its slopes, if better, replace the row's."""
        triangle = self._program()
        if triangle is None:
            return False
        triangle.fix(rows.phases[i])
        before = triangle.solver.iterations
        answer = triangle.solve(self.deadline, closely=closely)
        self.setting.tally.programs += 1
        self.setting.tally.iterations += triangle.solver.iterations - before
        self.last = None if isinstance(answer, Answer) else answer
        if isinstance(answer, Answer):
            return False
        row = rows.take(slice(i, i + 1))
        row.parameters, row.mix = answer.parameters[None, :], answer.mix[None, :]
        row, leaves = self._rounded(row, answer)
        if leaves.bound[0] > 0:
            self._close(leaves, row.node)
            self.setting.tally.closed += 1
            return True
        if answer.point is not None:
            self.setting.witnesses.try_points(answer.point[None, :])
        gaps[i] = answer.gaps
        self._adopt(answer, row, rows, i, best)
        return False

    def _rounded(self, row: Rows, answer: Relaxed) -> tuple[Rows, Leaves]:
        """The row with the program's multipliers, as a leaf."""
        optimiser = self.bounds.optimiser
        if answer.clash:
            row, leaves = closing_clash(optimiser, row)
        else:
            leaves = closing(optimiser, row)
        if answer.bound > 0 and not leaves.bound[0] > 0:
            # The program knows more than one slope a neuron says: that what enters it has bounds.
            _, row, _ = optimiser.optimise(row, POLISHING_STEPS)
            leaves = closing(optimiser, row)
        return row, leaves

    def _insist(self, rows: Rows, i: int, best: F64, gaps: F64) -> bool:
        """The last word on a row all of whose phases are fixed: closed, or left to exact arithmetic."""
        if self._solve(rows, i, best, gaps, closely=True):
            return True
        triangle = self._program()
        if triangle is not None and self.last is not None and self.last.point is not None:
            polisher, before = Polisher(self.setting, self.bounds, self.k, triangle), self.setting.tally.kinks
            # Where gates are the point may lie at kinks, and does not say what is open.
            phases = rows.phases[i] if self.setting.problem.obligation.graph.binary else None
            if polisher.polish(self.last.point, self.deadline, phases):
                return False
            if self.setting.tally.kinks > before:
                self.at_kinks = True  # other leaves may have a counterexample
                return True
        row = rows.take(slice(i, i + 1))
        leaves = nearly(self.bounds.optimiser, row)
        if leaves is not None and self.setting.witnesses.session.examine is not None:
            self.setting.tally.hopes += 1
        else:
            _, row, _ = self.bounds.optimiser.optimise(row, LAST_STEPS)
            leaves = closing(self.bounds.optimiser, row)
            if not leaves.bound[0] > 0:
                return False
        self.numbers[int(row.node[0])] = leaves.multipliers[0], leaves.slopes[0]
        return True

    def _adopt(self, answer: Relaxed, row: Rows, rows: Rows, i: int, best: F64) -> None:
        """Take over what the program found where it bounds better than what the row has."""
        bound = self.bounds.optimiser.evaluate(row, gradient=False).bounds.minimum[0]
        if bound > best[i] and not answer.clash:
            best[i] = bound
            rows.parameters[i], rows.mix[i] = row.parameters[0], row.mix[0]

    def _program(self) -> Triangle | None:
        if self.triangle is None and not self.unfit:
            bounds = self.bounds
            try:
                of = Conjunction(self.setting.problem.rows, self.k)
                self.triangle = Triangle(bounds.optimiser, bounds.known, of)
            except Unfit:
                self.unfit = True  # gradient steps alone, then
        return self.triangle

    def _split(self, rows: Rows, best: F64, gaps: F64) -> _Open:
        """Both children of every row, split on the candidate whose children bound best."""
        optimiser = self.bounds.optimiser
        found = optimiser.evaluate(rows)
        scores = (found.gaps, found.intercepts, gaps)
        picks = np.concatenate([top(score, rows) for score in scores], axis=1)
        gain = np.ones(picks.shape)
        for phase in (1, -1):
            tried = optimiser.evaluate(children_of(rows, picks, phase), gradient=False)
            bound = tried.bounds.minimum.reshape(picks.shape)
            gain *= np.maximum(np.nan_to_num(bound - best[:, None], nan=0.0), 1e-6)
        chosen = picks[np.arange(len(rows)), gain.argmax(axis=1)][:, None]
        numbers = neuron_numbers(self.bounds.context)
        children = [children_of(rows, chosen, phase) for phase in (1, -1)]
        for i, node in enumerate(rows.node):
            self.neuron[node] = int(numbers[chosen[i, 0]])
            self.children[node] = pair = self._node(), self._node()
            for child, number in zip(children, pair, strict=True):
                child.node[i] = number
        return _Open(joined(*children), np.concatenate([best, best]), CHILD_STEPS)

    def _tree(self) -> PhaseTree:
        """The nodes in preorder, the active case first."""
        order, stack = [], [0]
        while stack:
            node = stack.pop()
            order.append(node)
            if self.neuron[node] >= 0:
                stack.extend(reversed(self.children[node]))
        numbers = [self.numbers[node] for node in order if self.neuron[node] < 0]
        return PhaseTree(
            self.setting.problem.rows.conjunction[self.k],
            np.array([self.neuron[node] for node in order], dtype=np.int32),
            self.setting.problem.rows.unfold(self.k, np.stack([multipliers for multipliers, _ in numbers])),
            neuron_numbers(self.bounds.context).astype(np.int32),
            np.stack([slopes for _, slopes in numbers]),
            self.lemmas,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Open:
    """Rows that wait to be bounded, what is proved of them already, and the steps that they are due."""

    rows: Rows
    bound: F64
    steps: int

    def take(self, part: slice) -> _Open:
        return _Open(self.rows.take(part), self.bound[part], self.steps)


def _pop(stack: list[_Open]) -> _Open:
    part = stack.pop()
    if len(part.rows) > BATCH:
        stack.append(part.take(slice(0, len(part.rows) - BATCH)))
        part = part.take(slice(len(part.rows) - BATCH, None))
    return part
