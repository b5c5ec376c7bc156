"""Runs the plan of one obligation: backend after backend, until one of them has decided it.

In: an obligation, the backends, and what the claim allows.  Out: an `Outcome`: a proof that the kernel
accepts and whose evidence is strong enough, a point that breaks the obligation exactly, or why nobody has
either.  What was tried, and what came of it, is kept for the report.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from functools import partial

from spec_lang._companions import Cores
from spec_lang._values import dataclass
from spec_lang.backends.base import Backend, Budget, Earlier, Point, Progress, Run, Session
from spec_lang.diagnostics import InternalError
from spec_lang.engine.checking import OUT_OF_TIME, Checks
from spec_lang.kernel.proof import OutOfTime
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.kernel.witness import WitnessChecker
from spec_lang.obligations.differential import differential
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Outcome, Proved, Refuted
from spec_lang.planning.plan import Plan, Wishes, plan, seconds_for, units_for
from spec_lang.reporters.model import Step

# Why an obligation is open, where backends gave up for several reasons: first what nothing mends, then what
# is easiest to mend.
_REASONS = (
    GaveUpReason.KINK,
    GaveUpReason.INTERRUPTED,
    GaveUpReason.TIMEOUT,
    GaveUpReason.MEMORY,
    GaveUpReason.BUDGET,
    GaveUpReason.NUMERICAL,
    GaveUpReason.UNSUPPORTED,
)
_STRENGTH = tuple(EvidenceKind)  # strongest first
_NOT_REPLAYED = "the point that was found does not break the claim when it is evaluated exactly"


@dataclass(slots=True)
class Log:
    """What was tried for a claim, backend by backend, in the order of their first attempts."""

    why: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    units: Counter[str] = field(default_factory=Counter)
    decider: str | None = None

    @property
    def spent(self) -> int:
        """All units of work together."""
        return self.units.total()

    def add(self, name: str, why: str, outcome: Outcome, run: Run, seconds: float) -> None:
        """One run of a backend."""
        self.why.setdefault(name, why)
        self.outcomes.setdefault(name, Counter())[_word(outcome)] += 1
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        for unit, count in run.work.units:
            self.units[unit] += count
        if not isinstance(outcome, GaveUp) or self.decider is None:
            self.decider = name

    def join(self, other: Log) -> None:
        """What was tried for a part of the claim."""
        for name, why in other.why.items():
            self.why.setdefault(name, why)
            self.outcomes.setdefault(name, Counter()).update(other.outcomes[name])
            self.seconds[name] = self.seconds.get(name, 0.0) + other.seconds[name]
        self.units.update(other.units)
        self.decider = other.decider or self.decider

    def steps(self) -> tuple[Step, ...]:
        return tuple(
            Step(name, why, tuple(self.outcomes[name].items()), self.seconds[name])
            for name, why in self.why.items()
        )


def _word(outcome: Outcome) -> str:
    match outcome:
        case Proved():
            return "proved"
        case Refuted():
            return "refuted"
        case GaveUp(reason):
            return reason.value


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every obligation of a claim."""

    backends: Sequence[Backend]
    using: str | None
    accept: EvidenceKind
    memory: int | None
    checks: Checks
    listen: Callable[[Progress], None]
    log: Log
    cores: Cores | None = None  # that may be used besides this process's own
    exists: bool = False  # the point that breaks an obligation is the claim's proof
    nearest: bool = False  # a measure asks


@dataclass(slots=True)
class Portfolio:
    """One obligation, and what has been said of it; `decide` may be called again with more time, or work."""

    obligation: Obligation
    terms: Terms
    confirmed: set[Point] = field(default_factory=set)
    gave_up: dict[str, GaveUp] = field(default_factory=dict)
    spent: int = 0  # units of work
    claimed: Proved | None = None  # a proof whose evidence is too weak
    checker: WitnessChecker = field(init=False)
    seen: Obligation = field(init=False)  # what backends see of it

    def __post_init__(self) -> None:
        self.checker = WitnessChecker(self.obligation, every=self.terms.exists)
        self.seen = differential(self.obligation)

    def decide(self, deadline: float | None, units: int | None = None) -> Outcome:
        """The outcome, until `deadline`; with `units` within so much work, of which backends get their shares
        instead of shares of the time."""
        wishes = Wishes(self.terms.using, self.terms.accept, _until(deadline), units)
        chosen = plan(self.seen, self.terms.backends, wishes)
        if not chosen.attempts:
            return _nobody(chosen)
        left = self._untried(chosen, wishes)
        end = None if units is None else self.spent + units
        while left.attempts and self._may_go_on(deadline, end):
            budget = Budget(_share(left, deadline), memory=self.terms.memory)
            if end is not None:
                budget = Budget(deadline, units_for(left.attempts, end - self.spent), self.terms.memory)
            outcome = self._attempt(left, budget)
            if not isinstance(outcome, GaveUp):
                return outcome
            self.gave_up[left.attempts[0].backend] = outcome
            left = left.after(left.attempts[0], outcome)
        if not self.gave_up:
            return _nothing_left(units)
        return self.claimed or _together(self.gave_up)

    def _may_go_on(self, deadline: float | None, end: int | None) -> bool:
        """Whether anything is left for one more attempt; there is always time for the first."""
        in_time = deadline is None or not self.gave_up or time.monotonic() < deadline
        return in_time and (end is None or self.spent < end)

    def _untried(self, chosen: Plan, wishes: Wishes) -> Plan:
        """The plan without those who gave up before for another reason than what they may spend."""
        ran_out = GaveUpReason.TIMEOUT if wishes.units is None else GaveUpReason.BUDGET
        for attempt in chosen.attempts:
            outcome = self.gave_up.get(attempt.backend)
            if outcome is not None and outcome.reason is not ran_out:
                chosen = chosen.after(attempt, outcome)
        return chosen

    def _attempt(self, left: Plan, budget: Budget) -> Outcome:
        """The first of what is left."""
        attempt = left.attempts[0]
        backend = next(b for b in self.terms.backends if b.name == attempt.backend)
        started = time.monotonic()
        run, outcome = self.ask(backend, budget)
        why = f"{attempt.reason}; {left.about.describe()}"
        self.terms.log.add(backend.name, why, outcome, run, time.monotonic() - started)
        return outcome

    def ask(self, backend: Backend, budget: Budget, earlier: Earlier | None = None) -> tuple[Run, Outcome]:
        """What a backend says, and what is accepted of it."""
        terms, checks = self.terms, self.terms.checks
        listen = partial(_by, backend.name, terms.listen)
        listen(Progress(0, 0))  # some say nothing until they are done
        session = Session(
            budget,
            self.confirm,
            listen,
            checks.flaws(self.obligation),
            terms.cores,
            terms.nearest,
            checks.flaws,
            earlier,
        )
        run = backend.run(self.seen, session)
        if not isinstance(run, Run):
            raise InternalError(f"a backend answered with a {type(run).__name__}")
        self.spent += run.work.spent
        return run, self.accepted(run.outcome)

    def confirm(self, point: Point) -> bool:
        """Whether the point breaks the obligation, exactly."""
        whole = self.obligation.completed(point)
        if whole not in self.confirmed and self.checker(whole) is not None:
            self.confirmed.add(whole)
        return whole in self.confirmed

    def accepted(self, outcome: Outcome) -> Outcome:
        """The outcome if the kernel will have it, so that somebody else is asked where it will not."""
        if isinstance(outcome, Refuted):
            if not self.confirm(outcome.point):
                return GaveUp(GaveUpReason.NUMERICAL, _NOT_REPLAYED)
            return Refuted(self.obligation.completed(outcome.point))
        if not isinstance(outcome, Proved):
            return outcome
        kind = EvidenceKind.TRUSTED
        if outcome.proof is not None:
            try:
                examined = self.terms.checks(self.obligation, outcome.proof)
            except OutOfTime:
                return GaveUp(GaveUpReason.TIMEOUT, OUT_OF_TIME)
            if examined.evidence is None:
                problem = "nothing" if examined.flaw is None else examined.flaw.problem
                return GaveUp(GaveUpReason.NUMERICAL, f"the kernel does not accept the proof: {problem}")
            kind = examined.evidence.kind
        if _STRENGTH.index(kind) > _STRENGTH.index(self.terms.accept):
            self.claimed = outcome
            return GaveUp(GaveUpReason.NUMERICAL, f"its proof is {kind.value} and no more")
        return outcome


def _by(backend: str, listen: Callable[[Progress], None], progress: Progress) -> None:
    listen(replace(progress, backend=backend))


def _until(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _share(left: Plan, deadline: float | None) -> float | None:
    """The deadline of the first attempt of what is left of a plan."""
    now = time.monotonic()
    seconds = seconds_for(left.attempts, float("inf") if deadline is None else max(0.0, deadline - now))
    return None if seconds == float("inf") else now + seconds


def _nobody(chosen: Plan) -> GaveUp:
    reasons = "; ".join(f"{refusal.backend}: {refusal.reason}" for refusal in chosen.refusals)
    return GaveUp(GaveUpReason.UNSUPPORTED, reasons or "no backend is installed")


def _nothing_left(units: int | None) -> GaveUp:
    if units == 0:
        return GaveUp(GaveUpReason.BUDGET, "nothing of the budget was left for it")
    return GaveUp(GaveUpReason.TIMEOUT, "no time was left for it")


def _together(gave_up: dict[str, GaveUp]) -> GaveUp:
    """What all of them said; the bound is the tightest that one of them proved."""
    (name, first), *others = sorted(gave_up.items(), key=lambda item: _REASONS.index(item[1].reason))
    if not others or first.reason is GaveUpReason.KINK:
        return first
    bounds = [outcome.bound for outcome in gave_up.values() if outcome.bound is not None]
    detail = f"{name}: {first.detail}" + "".join(
        f"; {other}: {outcome.reason.value}: {outcome.detail}" for other, outcome in others
    )
    return replace(first, detail=detail, bound=max(bounds, default=None))
