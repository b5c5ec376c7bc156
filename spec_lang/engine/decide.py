"""From one task to its report: lower, plan, run, judge, keep, replay, lift.

In: a task and who hears of progress.  Out: a `ClaimReport`, always; runs in a worker process or in this one.
Whatever goes wrong on the way makes the claim an `error`, never a proof, and leaves the others alone.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field

from spec_lang import _registry, backends
from spec_lang._companions import Cores
from spec_lang._values import dataclass
from spec_lang.backends.base import Backend, Progress
from spec_lang.engine import lift
from spec_lang.engine.checking import Checks, allowance
from spec_lang.engine.memory import limited
from spec_lang.engine.options import Checking, CheckOptions
from spec_lang.engine.portfolio import Log, Portfolio, Terms
from spec_lang.engine.replay import replay_witness
from spec_lang.engine.task import Task
from spec_lang.kernel.judge import is_impossible, judge
from spec_lang.kernel.verdict import EvidenceKind, Status, Verdict
from spec_lang.obligations.lower import TooManyCases
from spec_lang.obligations.model import Goal
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Outcome, Refuted
from spec_lang.reporters.model import ClaimReport, Counterexample
from spec_lang.store.files import Kept, NotKept, Store

Listener = Callable[[Progress | Checking], None]

# The first round gives every obligation its share; what the quick ones leave goes round again.
_ROUNDS = 2


def installed_backends() -> tuple[Backend, ...]:
    """Every backend that there is."""
    return _registry.discover(backends, "BACKEND", Backend)  # type: ignore[type-abstract]


def decide(task: Task, listen: Listener, cores: Cores | None, options: CheckOptions) -> ClaimReport:
    """The report on `task`; `cores` are those that it may use besides this process's own."""
    started = time.monotonic()
    if options.budget is not None:
        cores = None  # who does what first would depend on the machine
    if task.beyond is not None:
        return lift.undecided(task, Status.UNKNOWN, task.beyond)
    try:
        with limited(options.memory):
            return _Decision(task, options, listen, cores, started).report()
    except TooManyCases as error:
        return lift.undecided(task, Status.ERROR, str(error), time.monotonic() - started)
    except MemoryError as error:
        reason = f"{GaveUpReason.MEMORY.value}: {_memory_words(options.memory)}"
        if options.debug:
            reason += "\n" + "".join(traceback.format_exception(error))
        return lift.undecided(task, Status.UNKNOWN, reason, time.monotonic() - started)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - one claim's crash must not stop or hide the others
        reason = f"internal error, please report: {type(error).__name__}: {error}"
        if options.debug:
            reason += "\n" + traceback.format_exc()
        return lift.undecided(task, Status.ERROR, reason, time.monotonic() - started)


def _memory_words(limit: int | None) -> str:
    if limit is None:
        return "there is no more on this machine"
    return f"the limit of {limit / 2**20:,.0f} MiB is reached (`--memory`)"


@dataclass(slots=True)
class _Decision:
    task: Task
    options: CheckOptions
    listen: Listener
    cores: Cores | None
    started: float
    log: Log = field(default_factory=Log)
    checks: Checks = field(init=False)

    def __post_init__(self) -> None:
        exact = self.options.evidence is EvidenceKind.CHECKED
        self.checks = Checks(self.task.timeout, self._announce_check, exact=exact, cores=self.cores)

    def report(self) -> ClaimReport:
        goal = self.task.goal()
        outcomes = () if goal.conflict is not None else self._outcomes(goal)
        examined = self.checks.examined
        verdict = judge(goal, outcomes, examined=examined, accept=self.options.evidence)
        found = self._counterexample(goal, verdict)
        course = lift.Course(
            steps=self.log.steps(),
            backend=self.log.decider,
            units=tuple(sorted(self.log.units.items())),
            kept=None if verdict.evidence is None else self._keep(goal, outcomes),
            seconds=time.monotonic() - self.started,
        )
        return lift.decided(self.task, verdict, course, found)

    def _outcomes(self, goal: Goal) -> Sequence[Outcome]:
        """What backends say of each obligation; stops at the first counterexample."""
        terms = Terms(
            backends=installed_backends(),
            using=self.task.using,
            accept=self.options.evidence,
            memory=self.options.memory,
            checks=self.checks,
            listen=self.listen,
            cores=self.cores,
            log=self.log,
            exists=goal.exists,
        )
        todo = [n for n, o in enumerate(goal.obligations) if not is_impossible(o.violation)]
        portfolios = {number: Portfolio(goal.obligations[number], terms) for number in todo}
        outcomes: dict[int, Outcome] = {}
        for _ in range(_ROUNDS):
            for place, number in enumerate(todo):
                sharers = len(todo) - place
                units = self._units(sharers, portfolios.values())
                outcome = portfolios[number].decide(self._deadline(sharers), units)
                outcomes[number] = outcome
                if isinstance(outcome, Refuted):
                    return _in_order(outcomes, len(goal.obligations))
            todo = [number for number in todo if self._ran_out(outcomes[number])]
            nothing_left = self._remaining() <= 0 or self._units(1, portfolios.values()) == 0
            if len(portfolios) == 1 or not todo or nothing_left:
                break
        return _in_order(outcomes, len(goal.obligations))

    def _remaining(self) -> float:
        """Checks of proofs come on top of the time limit."""
        if self.task.timeout is None:
            return float("inf")
        return self.started + self.task.timeout + self.checks.seconds - time.monotonic()

    def _deadline(self, sharers: int) -> float | None:
        """The time of one of so many; all of it where the budget is shared instead."""
        if self.task.timeout is None:
            return None
        sharers = sharers if self.options.budget is None else 1
        return time.monotonic() + max(0.0, self._remaining()) / sharers

    def _units(self, sharers: int, portfolios: Iterable[Portfolio]) -> int | None:
        """The work of one of so many, rounded up: the first of them all gets something."""
        if self.options.budget is None:
            return None
        left = max(0, self.options.budget - sum(portfolio.spent for portfolio in portfolios))
        return -(-left // sharers)

    def _ran_out(self, outcome: Outcome) -> bool:
        """Whether more of what is shared may help."""
        ran_out = GaveUpReason.TIMEOUT if self.options.budget is None else GaveUpReason.BUDGET
        return isinstance(outcome, GaveUp) and outcome.reason is ran_out

    def _announce_check(self) -> None:
        self.listen(Checking(allowance(self.task.timeout)))

    def _counterexample(self, goal: Goal, verdict: Verdict) -> Counterexample | None:
        if verdict.witness is None or verdict.broken is None:
            return None
        replayed = replay_witness(self.task, goal.obligations[verdict.broken], verdict.witness)
        return lift.counterexample(self.task, goal.frame, verdict.witness, replayed)

    def _keep(self, goal: Goal, outcomes: Sequence[Outcome]) -> Kept | NotKept | None:
        """Store what settles the goal.  The outcomes are those that the kernel has accepted."""
        return None if self.options.store is None else Store(self.options.store).keep(goal, outcomes)


def _in_order(outcomes: dict[int, Outcome], total: int) -> tuple[Outcome, ...]:
    """One outcome an obligation; the kernel decides the impossible ones by itself."""
    untried = GaveUp(GaveUpReason.INTERRUPTED, "not tried")
    return tuple(outcomes.get(number, untried) for number in range(total))
