"""From one task to its report: lower, plan, run, judge, replay, lift.

In: a task and who hears of progress.  Out: a `ClaimReport`, always; runs in a worker process or in this one.
Whatever goes wrong on the way makes the claim an `error`, never a proof, and leaves the others alone.
"""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field

from spec_lang import _registry, backends
from spec_lang._values import dataclass
from spec_lang.backends.base import Backend, Budget, Point, Progress, Run, Session
from spec_lang.diagnostics import InternalError
from spec_lang.engine import lift
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.replay import replay_witness
from spec_lang.engine.task import Task
from spec_lang.kernel.judge import is_impossible, judge
from spec_lang.kernel.verdict import Status
from spec_lang.kernel.witness import WitnessChecker
from spec_lang.obligations.lower import TooManyCases
from spec_lang.obligations.model import Goal, Obligation
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Outcome, Refuted, Work
from spec_lang.planning.plan import Plan, plan
from spec_lang.reporters.model import ClaimReport, Step

Listener = Callable[[Progress], None]

# The first round gives every obligation its share of the time; what the quick ones leave goes round again.
_ROUNDS = 2


def installed_backends() -> tuple[Backend, ...]:
    """Every backend that there is."""
    return _registry.discover(backends, "BACKEND", Backend)  # type: ignore[type-abstract]


def decide(task: Task, listen: Listener, options: CheckOptions) -> ClaimReport:
    """The report on `task`."""
    started = time.monotonic()
    if task.beyond is not None:
        return lift.undecided(task, Status.UNKNOWN, task.beyond)
    try:
        return _Decision(task, options, listen, started).report()
    except TooManyCases as error:
        return lift.undecided(task, Status.ERROR, str(error), time.monotonic() - started)
    except Exception as error:  # noqa: BLE001 - one claim's crash must neither stop the others nor be lost
        reason = f"internal error, please report: {type(error).__name__}: {error}"
        if isinstance(error, MemoryError):
            reason = "out of memory"
        if options.debug:
            reason += "\n" + traceback.format_exc()
        return lift.undecided(task, Status.ERROR, reason, time.monotonic() - started)


@dataclass(slots=True)
class _Decision:
    task: Task
    options: CheckOptions
    listen: Listener
    started: float
    steps: dict[str, str] = field(default_factory=dict)
    units: Counter[str] = field(default_factory=Counter)

    def report(self) -> ClaimReport:
        goal = self.task.goal()
        outcomes = () if goal.conflict is not None else self._outcomes(goal)
        verdict = judge(goal, outcomes)
        found = None
        if verdict.witness is not None and verdict.broken is not None:
            broken = goal.obligations[verdict.broken]
            replayed = replay_witness(self.task, broken, verdict.witness)
            found = lift.counterexample(self.task, goal.frame, verdict.witness, replayed)
        steps = tuple(Step(backend, why) for backend, why in self.steps.items())
        cost = lift.Cost(time.monotonic() - self.started, tuple(sorted(self.units.items())))
        return lift.decided(self.task, verdict, steps, cost, found)

    def _outcomes(self, goal: Goal) -> Sequence[Outcome]:
        """What backends say of each obligation; stops at the first counterexample."""
        todo = [number for number, o in enumerate(goal.obligations) if not is_impossible(o.violation)]
        outcomes: dict[int, Outcome] = {}
        for _ in range(_ROUNDS):
            for place, number in enumerate(todo):
                outcome = self._attempt(goal, number, self._deadline(len(todo) - place))
                outcomes[number] = outcome
                if isinstance(outcome, Refuted):
                    return _in_order(outcomes, len(goal.obligations))
            todo = [n for n in todo if _timed_out(outcomes[n])]
            if len(goal.obligations) == 1 or not todo or self._remaining() <= 0:
                break
        return _in_order(outcomes, len(goal.obligations))

    def _remaining(self) -> float:
        timeout = self.task.timeout
        return float("inf") if timeout is None else self.started + timeout - time.monotonic()

    def _deadline(self, sharers: int) -> float | None:
        if self.task.timeout is None:
            return None
        return time.monotonic() + max(0.0, self._remaining()) / sharers

    def _attempt(self, goal: Goal, number: int, deadline: float | None) -> Outcome:
        obligation = goal.obligations[number]
        available = installed_backends()
        chosen = plan(obligation, available, self.task.using)
        outcome: Outcome = _no_backend(chosen)
        for attempt in chosen.attempts:
            backend = next(b for b in available if b.name == attempt.backend)
            self.steps.setdefault(attempt.backend, attempt.reason)
            run = backend.run(obligation, self._session(obligation, deadline))
            self._account(run.work)
            outcome = _checked(run)
            if isinstance(outcome, Refuted):
                outcome = Refuted(obligation.completed(outcome.point))
            if not isinstance(outcome, GaveUp):
                break
        return outcome

    def _session(self, obligation: Obligation, deadline: float | None) -> Session:
        checker = WitnessChecker(obligation)

        def confirm(point: Point) -> bool:
            return checker(obligation.completed(point)) is not None

        return Session(Budget(deadline), confirm, self.listen)

    def _account(self, work: Work) -> None:
        for unit, count in work.units:
            self.units[unit] += count


def _checked(run: Run) -> Outcome:
    """The outcome of `run`, which a backend's author may have got wrong."""
    if not isinstance(run, Run):
        raise InternalError(f"a backend answered with a {type(run).__name__}")
    return run.outcome


def _no_backend(chosen: Plan) -> GaveUp:
    reasons = "; ".join(f"{refusal.backend}: {refusal.reason}" for refusal in chosen.refusals)
    return GaveUp(GaveUpReason.UNSUPPORTED, reasons or "no backend is installed")


def _timed_out(outcome: Outcome) -> bool:
    return isinstance(outcome, GaveUp) and outcome.reason is GaveUpReason.TIMEOUT


def _in_order(outcomes: dict[int, Outcome], total: int) -> tuple[Outcome, ...]:
    """One outcome an obligation; the kernel decides the impossible ones by itself."""
    untried = GaveUp(GaveUpReason.INTERRUPTED, "not tried")
    return tuple(outcomes.get(number, untried) for number in range(total))


def obligations_with_plans(goal: Goal, using: str | None) -> Iterator[tuple[Obligation, Plan]]:
    """Every obligation with its plan; nothing is run."""
    available = installed_backends()
    for obligation in goal.obligations:
        yield obligation, plan(obligation, available, using)
