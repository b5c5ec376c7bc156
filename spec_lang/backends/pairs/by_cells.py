"""The search by pairs of cells: for any number of inputs and rows, families, and a single other point.

In: an obligation about two points.  Out: a `PairProof`, level by level, an exact pair of points that breaks
it, or why neither.  A level is bounded, closed, attacked and cut as a whole, in batches.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends.base import Point, Progress, Run, Session
from spec_lang.backends.pairs.cells import Cells, Question, bounded
from spec_lang.backends.pairs.closing import Pairs, closed
from spec_lang.backends.pairs.domains import Domain
from spec_lang.backends.pairs.meeting import Meeting
from spec_lang.bounding.boxes import Boxes, outward
from spec_lang.bounding.context import Expired
from spec_lang.bounding.program import F64
from spec_lang.bounding.propagate import Known
from spec_lang.obligations.model import Box, Obligation
from spec_lang.obligations.outcome import (
    Attestation,
    GaveUp,
    GaveUpReason,
    Outcome,
    Proved,
    Refuted,
    Work,
)
from spec_lang.obligations.pair_certificate import SPLIT, Bytes, PairProof
from spec_lang.obligations.two_points import Twofold

MOST_PAIRS: Final = 2**21  # of a level
MOST_NUMBERS: Final = 2**24  # in the ranges of a level's cells
PART: Final = 2**12  # pairs between two looks at the limits
FIRST_ATTACK: Final = 64  # pairs until the attack
ATTACK_GROWS: Final = 2  # how many times as many until the next
MOST_REPAIRS: Final = 2
NARROW: Final = 64  # an input is cut before another is so many times narrower, for its share of the box
NARROWEST: Final = 2.0**-45  # share of the box at which an input is cut no more


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """How pairs of cells are closed, and where a counterexample is looked for among those that stay open."""

    question: Question
    close: Callable[[Question, Cells, Pairs, NDArray[np.bool_]], Bytes]
    near: Callable[[Cells, Pairs], Point | None]


def by_cells(found: Twofold, obligation: Obligation, session: Session, stamp: Attestation) -> Run:
    """Decide, within the session's budget; units are pairs."""
    question = Question.of(found)
    return walked(Ways(question, closed, Meeting(question, obligation, session).near), session, stamp)


def walked(ways: Ways, session: Session, stamp: Attestation) -> Run:
    """Decide what these ways are for."""
    search = _Search(ways, session, stamp)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        outcome = search.run()
    return Run(outcome, search.work)


@dataclass(slots=True, eq=False)
class _Level:
    boxes: Boxes
    known: Known | None
    pairs: Pairs


class _Stopped(Exception):
    """A limit was reached."""

    def __init__(self, outcome: GaveUp) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


class _Search:
    def __init__(self, ways: Ways, session: Session, stamp: Attestation) -> None:
        self.ways, self.session, self.stamp = ways, session, stamp
        self.question = ways.question
        self.found = ways.question.found
        self.domain = Domain(self.found)
        root = self._root().boxes
        # What is a single number is not to be cut, though no float may be it.
        x, y = self.found.x, self.found.x if self.found.fixed else self.found.y
        ends = zip(map(min, x.lower, y.lower), map(max, x.upper, y.upper), strict=True)
        several = np.array([low < high for low, high in ends])
        self.whole: F64 = np.where(several, root.upper[0] - root.lower[0], 0.0)
        self.started = time.monotonic()
        self.done = 0
        self.axes: list[int] = []
        self.split: set[tuple[int, bytes]] = set()  # pairs that the kernel did not close, by their level

    @property
    def work(self) -> Work:
        return Work(time.monotonic() - self.started, (("pairs", self.done),))

    def run(self) -> Outcome:
        try:
            return self._checked()
        except _Stopped as stopped:
            return stopped.outcome
        except Expired:
            return self._timeout(0)

    def _checked(self) -> Outcome:
        """What the kernel accepts; what it leaves open is cut once more, a few times."""
        problem = ""
        for _ in range(1 + MOST_REPAIRS):
            outcome = self._walk()
            if isinstance(outcome, Refuted):
                return outcome
            levels, codes = outcome
            tangents = np.array(self.domain.tangents).reshape(-1, len(self.found.first))
            axes = np.array(self.axes[: len(codes) - 1], dtype=np.uint8)
            proof = PairProof(axes, np.concatenate(codes), tangents)
            flaw = None if self.session.examine is None else self.session.examine(proof)
            if flaw is None:
                return Proved(self.stamp, proof)
            if not flaw.unclosed:
                return GaveUp(GaveUpReason.NUMERICAL, flaw.problem)
            problem = flaw.problem
            self._reopen(levels, [leaf.node for leaf in flaw.unclosed])
        return GaveUp(GaveUpReason.NUMERICAL, f"the check of the proof left pairs open: {problem}")

    def _walk(self) -> Refuted | tuple[list[_Level], list[Bytes]]:
        """All levels and their codes, once nothing is open."""
        level, levels, codes = self._root(), list[_Level](), list[Bytes]()
        attack = FIRST_ATTACK
        while True:
            self._check_limits(len(level.pairs[0]), level.boxes)
            cells = bounded(self.question, level.boxes, level.known, self._expired)
            codes.append(self._codes(len(levels), level, cells))
            levels.append(_Level(level.boxes, None, level.pairs))
            left = np.flatnonzero(codes[-1] == SPLIT)
            if not len(left):
                return levels, codes
            x, y = (side[left] for side in level.pairs)
            self.session.observe(Progress(self.done, len(left)))
            if self.done >= attack:
                attack = self.done * ATTACK_GROWS
                point = self.ways.near(cells, (x, y))
                if point is not None:
                    return Refuted(point)
            if len(self.axes) < len(levels):
                self.axes.append(self._axis(cells, (x, y)))
            level = self._halves(cells, (x, y), self.axes[len(levels) - 1])

    def _root(self) -> _Level:
        x, y = self.found.x, self.found.y
        if self.found.fixed:
            here, there = outward(Box(x.lower, x.upper)), outward(Box(y.lower, y.upper))
            both = Boxes(np.concatenate([here.lower, there.lower]), np.concatenate([here.upper, there.upper]))
            return _Level(both, None, (np.array([0]), np.array([1])))
        lower, upper = tuple(map(min, x.lower, y.lower)), tuple(map(max, x.upper, y.upper))
        return _Level(outward(Box(lower, upper)), None, (np.array([0]), np.array([0])))

    def _codes(self, number: int, level: _Level, cells: Cells) -> Bytes:
        outside = self.domain.outside(cells.boxes)
        found = []
        for first in range(0, len(level.pairs[0]), PART):
            self._check_limits(len(level.pairs[0]), level.boxes)
            x, y = (side[first : first + PART] for side in level.pairs)
            found.append(self.ways.close(self.question, cells, (x, y), outside))
            self.done += len(x)
        codes = np.concatenate(found)
        for place in range(len(codes)) if any(at == number for at, _ in self.split) else ():
            if (number, _key(level, place)) in self.split:
                codes[place] = SPLIT
        return codes

    def _reopen(self, levels: list[_Level], nodes: list[int]) -> None:
        """Cut these pairs, and walk again: all before them is as it was."""
        ends = np.cumsum([len(level.pairs[0]) for level in levels])
        for node in nodes:
            number = int(np.searchsorted(ends, node, side="right"))
            place = node - int(ends[number] - len(levels[number].pairs[0]))
            self.split.add((number, _key(levels[number], place)))

    # -- cutting ---------------------------------------------------------------------------------------

    def _axis(self, cells: Cells, pairs: Pairs) -> int:
        """The input whose halves make the images of the cells shrink most."""
        x, y = pairs
        whole = self.whole
        width = cells.boxes.upper - cells.boxes.lower
        share = np.where(whole > 0, width[x].max(axis=0) / np.where(whole > 0, whole, 1.0), 0.0)
        if share.max() < NARROWEST:
            detail = "pairs of cells at the width of float64 rounding could not be closed"
            raise _Stopped(GaveUp(GaveUpReason.NUMERICAL, f"{len(x)} {detail}"))
        rows = self.question.rows
        below, above = cells.below[0][:, :rows], cells.above[0][:, :rows]
        reach = 0.5 * (abs(below) + abs(above)) * width[:, None]  # (cells, rows, inputs)
        weight = np.bincount(x, minlength=len(cells)) + np.bincount(y, minlength=len(cells))
        effect = np.einsum("c,cri->ri", weight, reach)
        scale = 1.0 / np.maximum(effect.sum(axis=1), np.finfo(np.float64).tiny)
        shared = np.array(self.found.shared, dtype=np.intp)
        if len(shared):
            # What both points share moves both images alike, as far as their slopes are.
            apart = abs(below[x][..., shared] - above[y][..., shared]) * width[x][:, None, shared]
            effect[:, shared] = apart.sum(axis=0)
        score = (effect * scale[:, None]).sum(axis=0) + np.finfo(np.float64).eps * share
        return int(np.where(share * NARROW > share.max(), score, -1.0).argmax())

    def _halves(self, cells: Cells, pairs: Pairs, axis: int) -> _Level:
        """The parts of pairs, in the order that a `PairProof` has them."""
        x, y = pairs
        if self.found.fixed:
            parts, keep = [(2 * x, 2 * y), (2 * x + 1, 2 * y)], [True, True]
        elif axis in self.found.shared:
            parts, keep = [(2 * x, 2 * y), (2 * x + 1, 2 * y + 1)], [True, True]
        else:
            parts = [(2 * x + i, 2 * y + j) for i in (0, 1) for j in (0, 1)]
            keep = [True, True, False, True]
        table = np.stack([np.stack(part, axis=1) for part in parts], axis=1)  # (pairs, parts, 2)
        kept = table[np.where((x == y)[:, None], keep, True)]
        numbers, places = np.unique(kept, return_inverse=True)
        places = places.reshape(kept.shape)
        parent, upper_half = numbers // 2, numbers % 2 == 1
        lower, upper = cells.boxes.lower[parent], cells.boxes.upper[parent]
        middle = cells.boxes.center[parent, axis]
        cut = np.full(len(numbers), True)
        if self.found.fixed:
            cut[places[:, 1]] = False
        lower[cut & upper_half, axis] = middle[cut & upper_half]
        upper[cut & ~upper_half, axis] = middle[cut & ~upper_half]
        known = {value: ranges.take(parent) for value, ranges in cells.known.items()}
        return _Level(Boxes(lower, upper), known, (places[:, 0], places[:, 1]))

    # -- limits ----------------------------------------------------------------------------------------

    def _expired(self) -> bool:
        return self.session.budget.expired()

    def _check_limits(self, pairs: int, cells: Boxes) -> None:
        budget = self.session.budget
        if self._expired():
            raise _Stopped(self._timeout(pairs))
        if budget.work is not None and self.done >= max(budget.work, 1):
            detail = f"all {budget.work:,} units are spent, {self.done} pairs bounded"
            raise _Stopped(GaveUp(GaveUpReason.BUDGET, detail))
        if pairs > MOST_PAIRS or len(cells) * max(self.question.slopes.neurons, 1) > MOST_NUMBERS:
            detail = f"{pairs:,} pairs of {len(cells):,} cells are open, more than are kept in memory"
            raise _Stopped(GaveUp(GaveUpReason.MEMORY, detail))

    def _timeout(self, pairs: int) -> GaveUp:
        return GaveUp(GaveUpReason.TIMEOUT, f"{self.done} pairs bounded, {pairs} open")


def _key(level: _Level, place: int) -> bytes:
    cells = [level.pairs[0][place], level.pairs[1][place]]
    return bytes(np.concatenate([level.boxes.lower[cells], level.boxes.upper[cells]]).tobytes())
