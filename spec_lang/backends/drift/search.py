"""Descents over points and weights at once, a batch of networks at a time.

In: an obligation about networks whose weights may be off.  Out: a confirmed point with its weights, the
deepest of those that were met, or why there is none.  As long as no phase changes, what a claim compares is
linear in each weight: the worst weights are off by all that they may be, and steps by the gradient's sign
lead there.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._search.problem import POINTS_A_UNIT, Problem, Witnesses, conjunction_margins, prepare
from spec_lang.backends.base import Point, Progress, Session
from spec_lang.backends.drift.passes import Passes
from spec_lang.backends.drift.snapping import F64, Room
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Outcome, Refuted

_ROUNDS: Final = 4
_STEPS: Final = 24
_MOST_NETWORKS: Final = 32
_NUMBERS: Final = 2**22  # of all networks of a batch
# Of the whole way between both ends for weights, of the region's width for points; shrinking geometrically.
_SHARES: Final = (2.0, 0.1)
_WIDTHS: Final = (0.25, 0.01)
_SOFT: Final = (0.25, 0.01)


@dataclass(frozen=True, slots=True, eq=False)
class _Network:
    """One network of a batch, at its point."""

    margin: float
    x: F64
    shares: list[F64]


@dataclass(slots=True, eq=False)
class Search:
    """`shares` (batch, …) say of each array of weights how much of what it may be off by it is off by."""

    problem: Problem
    session: Session
    passes: Passes
    rooms: tuple[Room, ...]
    rng: np.random.Generator
    found: Point | None = None
    best: _Network | None = None
    tried: int = 0
    x: F64 = field(default_factory=lambda: np.zeros((0, 0)))
    shares: list[F64] = field(default_factory=list)

    @classmethod
    def of(cls, obligation: Obligation, session: Session) -> Search:
        """Raises `TooManyDisjuncts`."""
        problem = prepare(obligation)
        passes = Passes(obligation.graph, problem.program)
        rooms = tuple(map(Room.of, passes.weights))
        return cls(problem, session, passes, rooms, np.random.default_rng(0))

    @property
    def units(self) -> int:
        return self.tried // POINTS_A_UNIT

    def run(self) -> Outcome:
        rows, roots = self.problem.rows, self.problem.root_of_all
        if not len(rows.member) or not rows.count or not np.isfinite(roots.magnitude).all():
            return GaveUp(GaveUpReason.UNSUPPORTED, "there is nothing to look for")
        with np.errstate(all="ignore"):
            for number in range(_ROUNDS):
                self._round(number)
                if self.found is not None:
                    return Refuted(self.found)
                if self._is_over():
                    break
        detail = (
            f"none of {self.tried:,} networks whose weights are near enough breaks the claim; what is "
            "bounded is more than such networks can do, and that may break it"
        )
        return GaveUp(GaveUpReason.TIMEOUT if self._is_late() else GaveUpReason.BUDGET, detail)

    def _is_late(self) -> bool:
        return Witnesses(self.problem, self.session).expired()

    def _is_over(self) -> bool:
        limit = self.session.budget.work
        return self._is_late() or (limit is not None and self.units >= limit)

    def _round(self, number: int) -> None:
        """Descents for as many conjunctions as there are networks in a batch, the most promising first."""
        low, width = self._start(number)
        order = self._margins().min(axis=0).argsort(kind="stable")
        count = len(self.x)
        goal = order[(np.arange(count) + count * (number // 2)) % len(order)]
        steps = (np.geomspace(*ends, _STEPS) for ends in (_SHARES, _WIDTHS, _SOFT))
        for share, part, soft in zip(*steps, strict=True):
            by_x, by_shares = self._gradient(goal, float(soft))
            self.x = np.clip(self.x - part * width * np.sign(by_x), low, low + width)
            self.shares = [
                np.clip(now - share * np.sign(slope), -1.0, 1.0)
                for now, slope in zip(self.shares, by_shares, strict=True)
            ]
            self._remember(self._margins().min(axis=1))
            if self._is_over():
                break
        self._offer()
        self.session.observe(Progress(self.tried, 0))

    def _start(self, number: int) -> tuple[F64, F64]:
        """Networks and points to start from, the first of each round in the middle; and the points' boxes."""
        total = sum(room.classes for room in self.rooms)
        numbers = sum(room.most.size for room in self.rooms)
        each = max(total, numbers, self.passes.gathered, 1)
        count = max(1, min(_MOST_NETWORKS, _NUMBERS // each))
        roots = self.problem.root_of_all
        pick = np.arange(count) % len(roots)
        low, width = roots.lower[pick], (roots.upper - roots.lower)[pick]
        places = self.rng.random(low.shape)
        places[0] = 0.5
        self.x = low + width * places
        self.shares = [self.rng.choice([-1.0, 1.0], (count, room.classes)) for room in self.rooms]
        if number % 2 == 0:
            self.shares = [np.zeros_like(part) for part in self.shares]
        return low, width

    def _off(self) -> list[F64]:
        return [room.off(part) for room, part in zip(self.rooms, self.shares, strict=True)]

    def _margins(self) -> F64:
        """Of every network and conjunction: at most 0 where it holds."""
        self.x = self.problem.completed(self.x)
        self.tried += len(self.x)
        values = self.passes.values(self.x, self._off())
        rows = self.problem.rows
        found = conjunction_margins(rows, rows.values(self.x, self.passes.outputs(values)))
        return np.nan_to_num(found, nan=np.inf)

    def _gradient(self, goal: NDArray[np.intp], soft: float) -> tuple[F64, list[F64]]:
        """Of the row that keeps each network's conjunction from holding, by its point and its shares."""
        rows, off = self.problem.rows, self._off()
        values = self.passes.values(self.x, off, soft)
        at = rows.values(self.x, self.passes.outputs(values))
        worst = np.where(rows.member[goal], at, -np.inf).argmax(axis=1)
        by_x, by_off = self.passes.gradient(values, off, rows.outputs[worst])
        slopes = [room.slope(part) for room, part in zip(self.rooms, by_off, strict=True)]
        return by_x + rows.inputs[worst], slopes

    def _remember(self, margins: F64) -> None:
        """The network of the round that breaks the claim the most."""
        best = int(margins.argmin())
        if self.best is None or margins[best] < self.best.margin:
            shares = [part[best].copy() for part in self.shares]
            self.best = _Network(float(margins[best]), self.x[best].copy(), shares)

    def _offer(self) -> None:
        """One network a round: it is evaluated exactly, which costs as much as many rounded ones."""
        best, self.best = self.best, None
        if best is None or not best.margin <= self.problem.slack:
            return
        changes = tuple(
            number for room, part in zip(self.rooms, best.shares, strict=True) for number in room.exact(part)
        )
        confirm = self.session.confirm
        asked = replace(self.session, confirm=lambda point: confirm((*point, *changes)))
        witnesses = Witnesses(self.problem, asked)
        if witnesses.offer(best.x[None], np.array([best.margin])) and witnesses.found is not None:
            self.found = (*witnesses.found, *changes)
