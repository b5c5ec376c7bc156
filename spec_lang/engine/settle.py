"""Settles goals: plan, run, judge; a claim has one goal, a measure one for every threshold that it tries.

In: a goal, and how long or how much may be spent on it.  Out: the kernel's verdict, with the outcomes that it
was made of.  What was tried, and the checks of proofs, are counted over all goals of a task.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from spec_lang._companions import Cores
from spec_lang._values import dataclass
from spec_lang.backends.base import Backend
from spec_lang.engine.checking import Checks, allowance
from spec_lang.engine.cutting import Cutting
from spec_lang.engine.options import Checking, CheckOptions, Listener
from spec_lang.engine.portfolio import Log, Portfolio, Terms
from spec_lang.engine.task import Task
from spec_lang.engine.warm_start import begin
from spec_lang.kernel.judge import is_impossible, judge
from spec_lang.kernel.verdict import EvidenceKind, Verdict
from spec_lang.obligations.model import Goal
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Outcome, Refuted

# The first round gives every obligation its share; what the quick ones leave goes round again.
_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one goal.  `end`: a `time.monotonic()` moment or None; checks of proofs come on top.  `units`: of
    work, or None; with them no choice looks at a clock."""

    end: float | None
    units: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """A goal, what was said of its obligations, in order, and the verdict."""

    goal: Goal
    outcomes: Sequence[Outcome]
    verdict: Verdict


@dataclass(slots=True)
class Settler:
    """For one task; `cores` are those that it may use besides this process's own."""

    task: Task
    options: CheckOptions
    listen: Listener
    cores: Cores | None
    backends: Sequence[Backend]
    log: Log = field(default_factory=Log)
    checks: Checks = field(init=False)
    cutting: Cutting | None = None  # of the last goal

    def __post_init__(self) -> None:
        exact = self.options.evidence is EvidenceKind.CHECKED
        self.checks = Checks(self.task.timeout, self._announce_check, exact=exact, cores=self.cores)

    def settle(self, goal: Goal, limits: Limits, earlier: Sequence[Outcome] = ()) -> Settled:
        """The verdict on `goal`; what was checked before for another goal is forgotten.  `earlier`: what
        settled one of the same form, obligation by obligation."""
        self.checks.forget()
        outcomes = () if goal.conflict is not None else self._outcomes(goal, limits, earlier)
        examined = self.checks.examined
        return Settled(goal, outcomes, judge(goal, outcomes, examined=examined, accept=self.options.evidence))

    def _outcomes(self, goal: Goal, limits: Limits, earlier: Sequence[Outcome]) -> Sequence[Outcome]:
        """What backends say of each obligation; stops at the first counterexample."""
        clock = _Clock(limits, self.checks)
        terms = Terms(
            backends=self.backends,
            using=self.task.using,
            accept=self.options.evidence,
            memory=self.options.memory,
            checks=self.checks,
            listen=self.listen,
            cores=self.cores,
            log=self.log,
            exists=goal.exists,
            nearest=self.task.measure is not None,
        )
        todo = [n for n, o in enumerate(goal.obligations) if not is_impossible(o.violation)]
        portfolios = {number: Portfolio(goal.obligations[number], terms) for number in todo}
        outcomes: dict[int, Outcome] = {}
        if self.task.cut is not None:
            self.cutting = Cutting(self.task.cut, terms, self.task.earlier)
            self._by_cut(self.cutting, goal, clock, outcomes)
        elif earlier:
            for place, number in enumerate(todo):
                outcome = begin(portfolios[number], earlier[number], clock.deadline(len(todo) - place))
                if outcome is not None:
                    outcomes[number] = outcome
                if isinstance(outcome, Refuted):
                    break
        todo = [number for number in todo if number not in outcomes]
        if not todo or any(isinstance(outcome, Refuted) for outcome in outcomes.values()):
            return in_order(outcomes, len(goal.obligations))
        for _ in range(_ROUNDS):
            for place, number in enumerate(todo):
                sharers = len(todo) - place
                units = clock.units(sharers, portfolios.values())
                outcome = portfolios[number].decide(clock.deadline(sharers), units)
                outcomes[number] = outcome
                if isinstance(outcome, Refuted):
                    return in_order(outcomes, len(goal.obligations))
            todo = [number for number in todo if clock.stopped(outcomes[number])]
            nothing_left = clock.remaining() <= 0 or clock.units(1, portfolios.values()) == 0
            if len(portfolios) == 1 or not todo or nothing_left:
                break
        return in_order(outcomes, len(goal.obligations))

    def _by_cut(self, cutting: Cutting, goal: Goal, clock: _Clock, outcomes: dict[int, Outcome]) -> None:
        """The outcomes that the cut leads to; stops at the first counterexample, or case that stays open."""
        todo = [n for n, o in enumerate(goal.obligations) if not is_impossible(o.violation)]
        for place, number in enumerate(todo):
            sharers = len(todo) - place
            end, units = clock.deadline(sharers), clock.units(sharers, ())
            outcome = cutting.decide(goal.obligations[number], end, units)
            clock.spent = cutting.spent
            if outcome is None:
                return
            outcomes[number] = outcome
            if isinstance(outcome, Refuted):
                return

    def _announce_check(self) -> None:
        self.listen(Checking(allowance(self.task.timeout)))


@dataclass(slots=True)
class _Clock:
    """What is left of the limits of a goal."""

    limits: Limits
    checks: Checks
    checked: float = field(init=False)  # seconds that checks had taken before
    spent: int = 0  # units of work, before there were portfolios

    def __post_init__(self) -> None:
        self.checked = self.checks.seconds

    def remaining(self) -> float:
        if self.limits.end is None:
            return float("inf")
        return self.limits.end + self.checks.seconds - self.checked - time.monotonic()

    def deadline(self, sharers: int) -> float | None:
        """The time of one of so many; all of it where work is shared instead."""
        if self.limits.end is None:
            return None
        sharers = sharers if self.limits.units is None else 1
        return time.monotonic() + max(0.0, self.remaining()) / sharers

    def units(self, sharers: int, portfolios: Iterable[Portfolio]) -> int | None:
        """The work of one of so many, rounded up: the first of them all gets something."""
        if self.limits.units is None:
            return None
        left = max(0, self.limits.units - self.spent - sum(portfolio.spent for portfolio in portfolios))
        return -(-left // sharers)

    def stopped(self, outcome: Outcome) -> bool:
        """Whether more of what is shared may help."""
        ran_out = GaveUpReason.TIMEOUT if self.limits.units is None else GaveUpReason.BUDGET
        return isinstance(outcome, GaveUp) and outcome.reason is ran_out


def in_order(outcomes: Mapping[int, Outcome], total: int) -> tuple[Outcome, ...]:
    """One outcome an obligation; the kernel decides the impossible ones by itself."""
    untried = GaveUp(GaveUpReason.INTERRUPTED, "not tried")
    return tuple(outcomes.get(number, untried) for number in range(total))


def memory_words(limit: int | None) -> str:
    """The reason of who has run out of memory."""
    words = "there is no more on this machine"
    if limit is not None:
        words = f"the limit of {limit / 2**20:,.0f} MiB is reached (`--memory`)"
    return f"{GaveUpReason.MEMORY.value}: {words}"
