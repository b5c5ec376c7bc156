"""Attack alone: samples and projected gradients, in growing rounds; it refutes, and never proves.

In: an obligation.  Out: `Refuted` with a point that was confirmed exactly, or `GaveUp`: a search that finds
nothing says nothing.  An unbounded side is attacked within growing distances of the other end, or of 0.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._search.attack import deepen, descend, random_starts, sample
from spec_lang.backends._search.problem import POINTS_A_UNIT, Problem, Witnesses, prepare
from spec_lang.backends.base import Backend, Capabilities, Progress, Run, Session
from spec_lang.bounding.program import unsupported
from spec_lang.bounding.rows import MAX_CONJUNCTIONS, TooManyDisjuncts
from spec_lang.obligations.model import Box, Obligation, Semantics
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Outcome, Refuted, Work

# Samples, and starts and steps of descents a conjunction, of the first round; each round has twice as many
# points.  What ten rounds do not find, more of the same hardly ever does.
_SAMPLES: Final = 1000
_STARTS: Final = 16
_STEPS: Final = 40
_ROUNDS: Final = 10
_MOST_POINTS: Final = 4096  # of one descent: its arrays hold every value of the network for each
_REACHES: Final = (Fraction(1), Fraction(10**2), Fraction(10**4))  # where a side is infinite


@dataclass(frozen=True, slots=True)
class FalsifyBackend:
    name: str = "falsify"
    version: str = "0.1.0"
    summary: str = "random points and projected gradients, for counterexamples alone"
    capabilities: Capabilities = Capabilities(
        proves=False, attacks=True, unbounded=True, semantics=tuple(Semantics)
    )

    def availability(self) -> str | None:
        return None

    def supports(self, obligation: Obligation) -> str | None:
        return unsupported(obligation.graph, obligation.semantics)

    def run(self, obligation: Obligation, session: Session) -> Run:
        started = time.monotonic()
        points = 0
        try:
            problems = [prepare(part) for part in _bounded(obligation)]
        except TooManyDisjuncts:
            detail = f"the negated claim has more than {MAX_CONJUNCTIONS} alternatives"
            return Run(GaveUp(GaveUpReason.UNSUPPORTED, detail), Work())
        attacks = [_Attack(problem, session) for problem in problems if _worth_it(problem)]
        outcome: Outcome | None = None
        for number in range(_ROUNDS):
            for attack in attacks:
                attack.round(number)
                points = sum(one.points for one in attacks)
                session.observe(Progress(points, len(attacks)))
                outcome = attack.outcome(points)
                if outcome is not None:
                    return Run(outcome, _work(points, started))
        detail = f"no counterexample among {points:,} points, which proves nothing"
        return Run(GaveUp(GaveUpReason.BUDGET, detail), _work(points, started))


class _Attack:
    """The rounds on one problem."""

    def __init__(self, problem: Problem, session: Session) -> None:
        self._problem = problem
        self._session = session
        self._witnesses = Witnesses(problem, session)
        self._rng = np.random.default_rng(0)

    @property
    def points(self) -> int:
        """How many it has tried."""
        return self._witnesses.tried

    def round(self, number: int) -> None:
        """Samples, and descents."""
        problem = self._problem
        for _ in range(0, _SAMPLES << number, _SAMPLES):
            if sample(problem, self._witnesses, _SAMPLES, self._rng) or self._witnesses.expired():
                return
        conjunctions = len(problem.rows.member)
        count = max(1, min(_STARTS << number, _MOST_POINTS // conjunctions))
        starts = random_starts(problem, problem.root_of_all, count, self._rng)
        descend(problem, self._witnesses, starts, _STEPS)

    def outcome(self, points: int) -> Outcome | None:
        """What ends the search, or None."""
        if self._witnesses.found is not None:
            deepen(self._problem, self._witnesses)
            return Refuted(self._witnesses.found)
        if self._witnesses.expired():
            return GaveUp(GaveUpReason.TIMEOUT, f"no counterexample among {points:,} points")
        limit = self._session.budget.work
        if limit is not None and points // POINTS_A_UNIT >= limit:
            detail = f"all {limit:,} units are spent, no counterexample among {points:,} points"
            return GaveUp(GaveUpReason.BUDGET, detail)
        return None


def _work(points: int, started: float) -> Work:
    return Work(time.monotonic() - started, (("attacks", points // POINTS_A_UNIT),))


def _worth_it(problem: Problem) -> bool:
    """Whether there is anywhere to look and anything to look for."""
    finite = bool(problem.roots) and bool(np.isfinite(problem.root_of_all.magnitude).all())
    return finite and len(problem.rows.member) > 0


def _bounded(obligation: Obligation) -> Iterator[Obligation]:
    """The obligation, cut down to a bounded region once for every reach, where it has an infinite side.

    Every point of the smaller regions is one of the region.
    """
    region = obligation.region
    if all(None not in box.lower and None not in box.upper for box in region.boxes):
        yield obligation
        return
    for reach in _REACHES:
        boxes = tuple(_cut_down(box, reach) for box in region.boxes)
        yield replace(obligation, region=replace(region, boxes=boxes))


def _cut_down(box: Box, reach: Fraction) -> Box:
    sides = tuple(_side(low, high, reach) for low, high in zip(box.lower, box.upper, strict=True))
    return Box(tuple(low for low, _ in sides), tuple(high for _, high in sides))


def _side(low: Fraction | None, high: Fraction | None, reach: Fraction) -> tuple[Fraction, Fraction]:
    if low is None:
        return (-reach, reach) if high is None else (high - reach, high)
    return (low, low + reach) if high is None else (low, high)


BACKEND: Final[Backend] = FalsifyBackend()
