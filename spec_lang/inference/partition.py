"""The domain in parts that have one decision each: halved, and put together again as far as can be proved.

In: signatures, and how many parts to bound.  Out: proposals for each decision, boxes with most points of
the data first.  All parts of a size are bounded before smaller ones, many at a time.  A part
that is mostly closed by bounds, and in which nothing is known to be decided otherwise, is for the engine as a
whole, and its halves if that fails: bounds are no more than a reason to ask.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._search.halving import bounds_of
from spec_lang.backends._search.problem import Problem, prepare
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.propagate import propagate
from spec_lang.bounding.rows import TooManyDisjuncts
from spec_lang.inference.inquiries import Setting
from spec_lang.inference.model import F64, Candidate, Indices, Mask, Method
from spec_lang.inference.signatures import signatures
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.model import All, Any, Box, Obligation, Region

MOST_INPUTS: Final = 16  # of more, halves of halves stay as wide as the domain
BATCH: Final = 256
LOST: Final = 2000  # parts of which none is closed: then smaller ones will not be either, in time
MOSTLY: Final = 0.5  # of a part's volume that is closed, where the engine may close the rest
_LEAST: Final = 1e-9  # of a bound, for each share of the domain: for what depends on nothing


def partition(
    setting: Setting, decisions: Sequence[int], parts: int, expired: Callable[[], bool]
) -> Halves | None:
    """At most so many `parts` are bounded.  None where the inputs are too many."""
    if setting.found.subject.graph.input_size > MOST_INPUTS:
        return None
    problems = {number: problem for number in decisions if (problem := _problem(setting, number)) is not None}
    halves = Halves(setting, problems)
    while halves.waiting and halves.bounded < parts and not expired():
        if not halves.closed and halves.bounded >= LOST:
            break
        halves.advance(min(BATCH, parts - halves.bounded))
    return halves


def _problem(setting: Setting, number: int) -> Problem | None:
    subject, decision = setting.found.subject, setting.found.decisions[number]
    region = Region((Box(subject.domain.lower, subject.domain.upper),))
    violation = Any(tuple(All(rival) for rival in decision.rivals))
    try:
        return prepare(Obligation(subject.graph, region, violation))
    except TooManyDisjuncts:
        return None


class Halves:
    """A tree of parts of the domain, those that are not bounded yet `waiting`.  Two halves stand side by side
    behind the whole."""

    def __init__(self, setting: Setting, problems: Mapping[int, Problem]) -> None:
        low, high = setting.domain
        self.setting, self.problems = setting, problems
        self.span = np.where(high > low, high - low, 1.0)
        self.lower, self.upper = [low], [high]
        self.below: dict[int, int] = {}  # of a part that was cut, its first half
        self.decided: dict[int, int] = {}  # of a part that bounds close, its decision
        self.waiting = deque([0])
        self.bounded = 0

    @property
    def closed(self) -> int:
        """Parts."""
        return len(self.decided)

    def advance(self, count: int) -> None:
        """Bound the next parts; those that are open are halved."""
        here = [self.waiting.popleft() for _ in range(min(count, len(self.waiting)))]
        lower, upper = (np.array([ends[n] for n in here]) for ends in (self.lower, self.upper))
        self.bounded += len(here)
        middle = self._in_the_middle(lower, upper)
        along = np.argmax((upper - lower) / self.span, axis=1)
        closed = np.zeros(len(here), dtype=np.bool_)
        for number, problem in self.problems.items():
            rows = np.flatnonzero(middle == number)
            if len(rows):
                closed[rows], along[rows] = self._bounded(problem, lower[rows], upper[rows])
        for n, part in enumerate(here):
            if closed[n]:
                self.decided[part] = int(middle[n])
            else:
                self._halve(part, int(along[n]))

    def _in_the_middle(self, lower: F64, upper: F64) -> Indices:
        found = self.setting.found
        return signatures(found.subject, found.decisions, (lower + upper) / 2).decided

    def _bounded(self, problem: Problem, lower: F64, upper: F64) -> tuple[Mask, Indices]:
        """Which parts have one decision alone; the input to halve others along, that their bounds depend on
        most."""
        with np.errstate(all="ignore"):
            context, _ = propagate(problem.program, Boxes(lower, upper))
            alive = np.ones((len(lower), len(problem.rows.member)), dtype=np.bool_)
            found = bounds_of(problem, context, alive)
            weight = abs(found.bounds.coefficients).max(axis=1) * (upper - lower)
        weight = np.nan_to_num(weight, nan=0.0, posinf=0.0) + _LEAST * (upper - lower) / self.span
        closed: Mask = ~np.asarray(found.alive.any(axis=1), dtype=np.bool_)
        return closed, np.argmax(weight, axis=1)

    def _halve(self, part: int, axis: int) -> None:
        middle = (self.lower[part][axis] + self.upper[part][axis]) / 2
        if not self.lower[part][axis] < middle < self.upper[part][axis]:
            return  # floats end here
        self.below[part] = len(self.lower)
        for ends, others in ((self.upper, self.lower), (self.lower, self.upper)):
            half = ends[part].copy()
            half[axis] = middle
            self.waiting.append(len(self.lower))
            ends.append(half)
            others.append(others[part])

    def promising(self, decision: int) -> F64:
        """Part by part, the share of its volume that bounds close; −1 where something in it is decided
        otherwise, by the middle of a part or by a point of the data."""
        lower, upper = np.array(self.lower), np.array(self.upper)
        shares = np.where(self._in_the_middle(lower, upper) == decision, 0.0, -1.0)
        for part in range(len(shares) - 1, -1, -1):
            if part in self.below:
                halves = shares[self.below[part] : self.below[part] + 2]
                shares[part] = -1.0 if (halves < 0).any() or shares[part] < 0 else halves.mean()
            elif self.decided.get(part) == decision:
                shares[part] = 1.0
        return shares


@dataclass(slots=True, eq=False)
class Proposals:
    """Of one decision: the largest parts that may have it, by their points; halves of what is not proved."""

    halves: Halves
    decision: int
    shares: F64
    ranked: list[tuple[int, int]]
    proved: int = 0

    @classmethod
    def start(cls, halves: Halves, decision: int) -> Proposals:
        found = cls(halves, decision, halves.promising(decision), [])
        found.put(0)
        return found

    def put(self, top: int) -> None:
        """A part, or the parts of it that are worth to be asked about."""
        points, decided = self.halves.setting.found.points, self.halves.setting.found.decided
        stack = [(top, np.arange(len(points)))]
        while stack:
            part, rows = stack.pop()
            inside = (points[rows] >= self.halves.lower[part]) & (points[rows] <= self.halves.upper[part])
            rows = rows[inside.all(axis=1)]
            if self.shares[part] >= MOSTLY and (decided[rows] == self.decision).all():
                heapq.heappush(self.ranked, (-len(rows), part))
            elif part in self.halves.below:
                stack += [(self.halves.below[part] + side, rows) for side in (1, 0)]

    def next(self, count: int) -> list[tuple[int, Candidate]]:
        """Parts, and what is proposed of each."""
        setting, found = self.halves.setting, list[tuple[int, Candidate]]()
        while self.ranked and len(found) < count:
            _, part = heapq.heappop(self.ranked)
            exact = setting.exact((self.halves.lower[part], self.halves.upper[part]))
            if exact is not None:
                found.append((part, Candidate(self.decision, Method.PARTITION, box=exact)))
        return found

    def hear(self, part: int, status: Status) -> None:
        """What the engine said of a part."""
        self.proved += status is Status.PROVED
        if status is not Status.PROVED and part in self.halves.below:
            for side in (0, 1):
                self.put(self.halves.below[part] + side)
