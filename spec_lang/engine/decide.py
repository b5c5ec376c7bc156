"""From one task to its report: lower, plan, run, judge, keep, replay, lift.

In: a task and who hears of progress.  Out: a `ClaimReport`, always; runs in a worker process or in this one.
Whatever goes wrong on the way makes the claim an `error`, never a proof, and leaves the others alone.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from spec_lang import _registry, backends
from spec_lang._companions import Cores
from spec_lang.backends.base import Backend
from spec_lang.engine import lift
from spec_lang.engine.ancestors import earlier_outcomes, remember
from spec_lang.engine.count import count
from spec_lang.engine.courses import Recorder
from spec_lang.engine.data_counts import OUT_OF_TIME, AtData, at_data, refuted_by_data, share
from spec_lang.engine.known import KEYS, NOT_LOCKED, known, meaning_of
from spec_lang.engine.measure import measure
from spec_lang.engine.memory import limited
from spec_lang.engine.options import CheckOptions, Listener
from spec_lang.engine.pictures import pictured
from spec_lang.engine.replay import replay_witness
from spec_lang.engine.settle import Limits, Settled, Settler, memory_words
from spec_lang.engine.task import Measure, Task
from spec_lang.kernel.proof import OutOfTime
from spec_lang.kernel.verdict import Status, Verdict
from spec_lang.obligations.lower import TooManyCases
from spec_lang.obligations.model import Goal
from spec_lang.obligations.outcome import Outcome
from spec_lang.reporters.model import ClaimReport, Counterexample
from spec_lang.store.files import Kept, NotKept, Store


@cache
def installed_backends() -> tuple[Backend, ...]:
    """Every backend that there is."""
    return _registry.discover(backends, "BACKEND", Backend)  # type: ignore[type-abstract]


def decide(task: Task, listen: Listener, cores: Cores | None, options: CheckOptions) -> ClaimReport:
    """The report on `task`; `cores` are those that it may use besides this process's own."""
    if not options.pictures:
        return _decide(task, listen, cores, options)
    recorder = Recorder(listen, options)
    return replace(_decide(task, recorder, cores, options), course=recorder.course())


def _decide(task: Task, listen: Listener, cores: Cores | None, options: CheckOptions) -> ClaimReport:
    started = time.monotonic()
    if options.budget is not None:
        cores = None  # who does what first would depend on the machine
    if task.beyond is not None:
        return lift.undecided(task, Status.UNKNOWN, task.beyond)
    try:
        with limited(options.memory):
            if task.counted is not None:
                return count(task, task.counted, options)
            if task.shared is not None:
                return share(task, task.shared, options)
            settler = Settler(task, options, listen, cores, installed_backends())
            if task.measure is not None:
                return _measured(settler, task.measure, started)
            return _report(settler, started)
    except TooManyCases as error:
        return lift.undecided(task, Status.ERROR, str(error), time.monotonic() - started)
    except MemoryError as error:
        reason = memory_words(options.memory)
        if options.debug:
            reason += "\n" + "".join(traceback.format_exception(error))
        return lift.undecided(task, Status.UNKNOWN, reason, time.monotonic() - started)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - one claim's crash must not stop or hide the others
        reason = f"internal error, please report: {type(error).__name__}: {error}"
        if options.debug:
            reason += "\n" + traceback.format_exc()
        return lift.undecided(task, Status.ERROR, reason, time.monotonic() - started)


def _measured(settler: Settler, asked: Measure, started: float) -> ClaimReport:
    task, options = settler.task, settler.options
    key = meaning_of(task)
    found = known(task, key, options, settler.cores)
    if found is not None:
        return found[0]
    if options.locked and key not in options.known:
        return replace(lift.undecided(task, Status.UNKNOWN, NOT_LOCKED), key=key)
    return replace(measure(settler, asked, started), key=key)


def _report(settler: Settler, started: float) -> ClaimReport:
    task, options = settler.task, settler.options
    end = None if task.timeout is None else started + task.timeout
    at_points, too_late = _at_data(task, options, end)
    goal = task.goal()
    task = replace(task, goal=lambda: goal)
    key = meaning_of(task)
    by_data = refuted_by_data(goal, at_points)
    found = None if by_data is not None else known(task, key, options, settler.cores)
    if found is not None:
        report, outcomes = found
    elif by_data is None and options.locked and key not in options.known:
        report, outcomes = lift.undecided(task, Status.UNKNOWN, NOT_LOCKED), ()
    else:
        earlier = earlier_outcomes(task, options, goal) if by_data is None else ()
        settled = by_data or settler.settle(goal, Limits(end, options.budget), earlier)
        report, outcomes = _settled(settler, settled, started), settled.outcomes
    left = None
    if task.leaves is not None and report.status is Status.PROVED:
        left = Store(task.leaves).keep(goal, outcomes)
    return replace(
        report,
        key=key,
        note="; ".join(part for part in (report.note, too_late) if part) or None,
        data=None if at_points is None else at_points.count,
        left=left.digest if isinstance(left, Kept) else None,
    )


def _settled(settler: Settler, settled: Settled, started: float) -> ClaimReport:
    """The report of a goal that was searched, or refuted by data."""
    task, options, goal, verdict = settler.task, settler.options, settled.goal, settled.verdict
    found = _counterexample(task, goal, verdict, options)
    course = lift.Course(
        steps=settler.log.steps(),
        backend=settler.log.decider,
        units=tuple(sorted(settler.log.units.items())),
        kept=None if verdict.evidence is None else _keep(task, options, goal, settled.outcomes),
        seconds=time.monotonic() - started,
    )
    cut = None if settler.cutting is None else settler.cutting.course()
    return replace(lift.decided(task, verdict, course, found), cut=cut)


def _at_data(task: Task, options: CheckOptions, end: float | None) -> tuple[AtData | None, str | None]:
    """The invariant at the data that it is over, or why there is no count."""
    if task.support is None:
        return None, None
    last = float("inf") if end is None else end
    try:
        return at_data(task.support, options, lambda: time.monotonic() > last), None
    except OutOfTime:
        return None, OUT_OF_TIME


def _counterexample(task: Task, goal: Goal, verdict: Verdict, options: CheckOptions) -> Counterexample | None:
    if verdict.witness is None or verdict.broken is None:
        return None
    replayed = replay_witness(task, goal.obligations[verdict.broken], verdict.witness)
    found = lift.counterexample(task, goal, verdict.witness, replayed)
    return pictured(task, goal, verdict, found) if options.pictures else found


def _keep(
    task: Task, options: CheckOptions, goal: Goal, outcomes: Sequence[Outcome]
) -> Kept | NotKept | None:
    """Store what settles the goal.  The outcomes are those that the kernel has accepted."""
    if options.store is None:
        return None
    store = Store(options.store, keys=KEYS)
    kept = store.keep(goal, outcomes)
    if isinstance(kept, Kept):
        remember(task, store, goal)
    return kept
