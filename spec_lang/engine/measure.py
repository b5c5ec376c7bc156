"""Measures: a number between two proved ends, by claims at one threshold after another.

In: a task that measures.  Out: its report.  An end is a claim like any other: that no value lies beyond it
is proved by a backend and checked by the kernel, that a point reaches it is a counterexample that the kernel
has replayed.  What is left open makes the bracket wider and is said; whenever an end moves, the report so far
is handed out, so that nothing is lost when the run ends.
"""

from __future__ import annotations

import time
from dataclasses import field, replace
from fractions import Fraction
from typing import Final

from spec_lang._values import dataclass
from spec_lang.engine import lift
from spec_lang.engine.crossings import Crossings
from spec_lang.engine.measure_ends import Direction, Held, Reacher, bracket_of, directions, key_of
from spec_lang.engine.options import Narrowed
from spec_lang.engine.purse import PARTS, Purse
from spec_lang.engine.settle import Settled, Settler, memory_words
from spec_lang.engine.task import Measure
from spec_lang.engine.thresholds import Thresholds, Try
from spec_lang.kernel.verdict import Status, Verdict
from spec_lang.obligations.outcome import GaveUpReason
from spec_lang.reporters.model import Bracket, ClaimReport
from spec_lang.store.files import Kept, NotKept, Store

_RAN_OUT: Final = (GaveUpReason.TIMEOUT, GaveUpReason.BUDGET)


def measure(settler: Settler, asked: Measure, started: float) -> ClaimReport:
    """The report on the measure that `settler` is for."""
    measuring = _Measuring(settler, asked, started)
    return measuring.report()


def first_part(asked: Measure) -> int:
    """The part of what a measure may spend that its first threshold gets: one of so many."""
    return PARTS[0] * len(directions(asked.measured.asked))


@dataclass(slots=True)
class _Hunt:
    """The search for one number: its thresholds, and what holds its ends."""

    direction: Direction
    thresholds: Thresholds
    proved: Held | None = None
    reached: Held | None = None
    open: Verdict | None = None  # of the last threshold that was left open

    @property
    def none(self) -> bool:
        """Whether the interval holds no such number."""
        interval, reached = self.thresholds.interval, self.thresholds.reached
        return interval is not None and reached is not None and reached >= interval[1]


@dataclass(slots=True)
class _Measuring:
    settler: Settler
    asked: Measure
    started: float
    hunts: tuple[_Hunt, ...] = field(init=False)
    purse: Purse = field(init=False)
    crossings: Crossings = field(init=False)
    vacuous: Verdict | None = None
    out_of_memory: str | None = None
    not_kept: NotKept | None = None

    def __post_init__(self) -> None:
        measured = self.asked.measured
        self.purse = Purse(self.settler, self.started)
        self.crossings = Crossings(self.asked)
        self.hunts = tuple(
            _Hunt(one, Thresholds(measured.precision, one.interval(measured.interval)))
            for one in directions(measured.asked)
        )

    def report(self) -> ClaimReport:
        try:
            for place, hunt in enumerate(self.hunts):
                self._pursue(hunt, len(self.hunts) - place)
        except MemoryError:
            self.out_of_memory = memory_words(self.settler.options.memory)
        if self.vacuous is not None:
            return lift.decided(self.settler.task, self.vacuous, self._course())
        for hunt in self.hunts:
            if hunt.none and hunt.reached is not None:
                return self._without_a_number(hunt, hunt.reached)
        return self._report(final=True)

    # -- the search ------------------------------------------------------------------------------------

    def _pursue(self, hunt: _Hunt, sharers: int) -> None:
        """One number, with its share of what is left."""
        self.purse.share(sharers)
        while self.vacuous is None and (attempt := hunt.thresholds.next()) is not None:
            limits = self.purse.limits(attempt)
            if limits is None:
                return
            relation, number = hunt.direction.proves, hunt.direction.turned(attempt.threshold)
            settled = self.settler.settle(self.asked.goal(relation, number), limits)
            if self._take(hunt, attempt, settled):
                self.purse.decided()
                self._keep_ends()
                self.settler.listen(Narrowed(self._report(final=False)))

    def _take(self, hunt: _Hunt, attempt: Try, settled: Settled) -> bool:
        """Whether an end has moved by what came of a threshold."""
        verdict, thresholds = settled.verdict, hunt.thresholds
        match verdict.status:
            case Status.VACUOUS:
                self.vacuous = verdict
                return False
            case Status.PROVED:
                thresholds.prove(attempt.threshold)
                hunt.proved = self._held(settled, hunt.direction.turned(attempt.threshold))
                return True
            case Status.REFUTED:
                reacher = Reacher(self.asked, hunt.direction, self.crossings)
                value, reached = reacher.best(settled, attempt.threshold, thresholds.proved)
                thresholds.reach(value)
                hunt.reached = self._held(reached, hunt.direction.turned(value))
                return True
            case _:
                hopeless = verdict.gave_up not in _RAN_OUT
                thresholds.leave_open(attempt, verdict.bound, hopeless=hopeless)
                if not attempt.probe:
                    hunt.open = verdict
                return False

    def _held(self, settled: Settled, value: Fraction) -> Held:
        store = self.settler.options.store
        kept = None if store is None else Store(store).keep(settled.goal, settled.outcomes)
        if isinstance(kept, NotKept):
            self.not_kept = kept
        return Held(settled.goal, settled.verdict, value, kept if isinstance(kept, Kept) else None)

    def _keep_ends(self) -> None:
        """Where the proofs and points of both ends are found again."""
        folder = self.settler.options.store
        if folder is None:
            return
        store = Store(folder)
        held = (end for hunt in self.hunts for end in (hunt.proved, hunt.reached))
        numbers = tuple(None if end is None else end.value for end in held)
        self.not_kept = store.keep_ends(key_of(self.asked, store.keys), numbers) or self.not_kept

    # -- the report ------------------------------------------------------------------------------------

    def _report(self, *, final: bool) -> ClaimReport:
        """As things stand; onnxruntime is asked for the last report alone."""
        done = all(hunt.thresholds.done or hunt.thresholds.settled for hunt in self.hunts)
        brackets = tuple(self._bracket(hunt, final=final) for hunt in self.hunts)
        measurement = lift.measurement(self.asked.measured, brackets, reached=done)
        reason = None if done else self._why_open()
        return lift.measured(self.settler.task, measurement, self._course(), reason)

    def _bracket(self, hunt: _Hunt, *, final: bool) -> Bracket:
        return bracket_of(
            self.settler.task,
            self.asked,
            hunt.direction,
            (hunt.proved, hunt.reached),
            hunt.thresholds.tolerance() if final else None,
        )

    def _why_open(self) -> str:
        left_open = [h.open for h in self.hunts if not h.thresholds.done and h.open is not None]
        reasons = [self.out_of_memory, self.purse.exhausted, *(verdict.reason for verdict in left_open)]
        return next((r for r in reasons if r), "numerical: no threshold between the ends is decided")

    def _without_a_number(self, hunt: _Hunt, reached: Held) -> ClaimReport:
        """The claim fails already where it asks the least."""
        bracket = self._bracket(hunt, final=True)
        end = bracket.upper if hunt.direction.proved_below else bracket.lower
        report = lift.decided(self.settler.task, reached.verdict, self._course(), end.point if end else None)
        return replace(report, reason=f"there is none: the claim fails with {reached.value}")

    def _course(self) -> lift.Course:
        log = self.settler.log
        return lift.Course(
            steps=log.steps(),
            backend=log.decider,
            units=tuple(sorted(log.units.items())),
            kept=self.not_kept,
            seconds=time.monotonic() - self.started,
        )
