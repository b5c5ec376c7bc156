"""Every task of a run, here or in worker processes.

In: tasks, what makes a report of one, and who hears of it.  Out: the reports in the order of the tasks,
whatever order they were made in.  An interrupt ends it early: what was found is kept, the rest is `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Final

from spec_lang._companions import Cores
from spec_lang._values import dataclass
from spec_lang.backends.base import Progress
from spec_lang.engine.cores import OwnCores
from spec_lang.engine.options import Checking, Narrowed, Observer
from spec_lang.engine.so_far import SoFar
from spec_lang.engine.task import Task
from spec_lang.kernel.verdict import Status
from spec_lang.reporters.model import ClaimReport

if TYPE_CHECKING:
    from spec_lang.engine.workers import Decide, Run

_INTERRUPTED: Final = "interrupted"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The tasks with these numbers are decided after all others, once `told` has made them what they are."""

    numbers: frozenset[int]
    told: Callable[[Task, Sequence[ClaimReport]], Task]


_NONE: Final = Waiting(frozenset(), lambda task, _: task)


@dataclass(frozen=True, slots=True, eq=False)
class Crew:
    """Up to `jobs` processes of this machine are busy at any time; with `elsewhere`, which has the signature
    of `run_in_workers`, tasks are decided there.  `cancel` is looked at all the while."""

    jobs: int = 1
    elsewhere: Run | None = None
    cancel: Event | None = None


def sweep(
    tasks: Sequence[Task], decide_one: Decide, crew: Crew, observer: Observer, waiting: Waiting = _NONE
) -> tuple[tuple[ClaimReport, ...], bool]:
    """The reports, and whether the sweep was cut short."""
    found: dict[int, ClaimReport] = {}
    so_far = SoFar(observer, crew.cancel)
    interrupted = False
    try:
        observer.start(len(tasks))
        first = [number for number in range(len(tasks)) if number not in waiting.numbers]
        for wave in (first, sorted(waiting.numbers)):
            known = tuple(found.values())
            members = [waiting.told(tasks[n], known) if n in waiting.numbers else tasks[n] for n in wave]
            with closing(_results(members, decide_one, crew, so_far)) as results:
                for place, report in results:
                    found[wave[place]] = so_far.completed(members[place], report)
                    observer.decided(found[wave[place]])
    except KeyboardInterrupt:
        interrupted = True
    finally:
        observer.close()
    missing = (so_far.ended(task, Status.UNKNOWN, _INTERRUPTED) for task in tasks)
    return tuple(found.get(number, report) for number, report in enumerate(missing)), interrupted


def _results(
    tasks: Sequence[Task], decide_one: Decide, crew: Crew, so_far: SoFar
) -> Generator[tuple[int, ClaimReport]]:
    """In the order of completion."""
    jobs = crew.jobs
    if crew.elsewhere is not None:
        return crew.elsewhere(tasks, decide_one, jobs, so_far)
    # A worker for a single claim would cost more to start than most claims take.
    if jobs > 1 and len(tasks) > 1:
        from spec_lang.engine.workers import run_in_workers  # noqa: PLC0415 - start-up

        return run_in_workers(tasks, decide_one, jobs, so_far)
    return _one_by_one(tasks, decide_one, so_far, OwnCores(jobs - 1) if jobs > 1 else None)


def _one_by_one(
    tasks: Sequence[Task], decide_one: Decide, so_far: SoFar, cores: Cores | None
) -> Generator[tuple[int, ClaimReport]]:
    """In this process."""
    for number, task in enumerate(tasks):
        so_far.look()
        so_far.observer.began(task.id)
        yield number, decide_one(task, partial(_pass_on, so_far, task), cores)


def _pass_on(so_far: SoFar, task: Task, event: Progress | Checking | Narrowed) -> None:
    """Nobody is waiting here for a check to end."""
    so_far.look()
    if not isinstance(event, Checking):
        so_far.hear(task, event)
