"""Runs tasks on any `concurrent.futures.Executor`: threads, processes, a cluster.

In: tasks, an executor, and how a task is decided here.  Out: (number, report) pairs in the order of
completion.  A worker that is lost costs a retry; what an executor that breaks has not done is done by workers
of this machine.  What a worker answers is looked at before it counts (see docs/decisions/0037).
"""

from __future__ import annotations

import os
import time
from asyncio import CancelledError
from collections import Counter, deque
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import suppress
from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import Final

from spec_lang._values import dataclass
from spec_lang.engine import lift
from spec_lang.engine.checking import allowance
from spec_lang.engine.cluster import claim_on_worker
from spec_lang.engine.jobs import (
    Decided,
    Done,
    Job,
    Needs,
    Refused,
    Result,
    earlier_records,
    identity,
    perform,
    portable,
)
from spec_lang.engine.known import known, meaning_of
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.second_look import taken_over
from spec_lang.engine.so_far import SoFar
from spec_lang.engine.task import Task
from spec_lang.engine.travelling import Packer, Parcel
from spec_lang.engine.workers import Decide, run_in_workers
from spec_lang.kernel.proof import OutOfTime
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.lower import TooManyCases
from spec_lang.reporters.model import ClaimReport

TRIES: Final = 3  # of a claim whose worker is lost
_TRIED_ENOUGH: Final = ("KilledWorker",)  # dask's word, when it has tried by itself
_AHEAD: Final = 2  # jobs a worker: the next is there when one is done
_GRACE: Final = 30.0  # seconds for the way there and back


@dataclass(frozen=True, slots=True, eq=False)
class Elsewhere:
    """An executor, and the options of the run; `run` has the signature of `run_in_workers`."""

    executor: Executor
    options: CheckOptions

    def run(
        self, tasks: Sequence[Task], decide: Decide, workers: int, so_far: SoFar
    ) -> Generator[tuple[int, ClaimReport]]:
        """Up to `workers` processes of this machine do what the executor has left."""
        crew = _Crew(self.executor, self.options, tasks, so_far, deque(range(len(tasks))))
        try:
            while crew.send() or crew.known:
                yield from crew.from_here(decide)
                if crew.flying:
                    yield from crew.collect()
        finally:
            crew.cancel()
        left = sorted(crew.waiting)
        if left:
            members = [tasks[number] for number in left]
            for place, report in run_in_workers(members, decide, max(1, workers), so_far):
                yield left[place], report


@dataclass(frozen=True, slots=True)
class _Flight:
    """A job that was handed to the executor, and the moment after which nobody waits for it."""

    number: int
    parcel: Parcel
    kill_at: float


@dataclass(slots=True)
class _Crew:
    executor: Executor
    options: CheckOptions
    tasks: Sequence[Task]
    so_far: SoFar
    waiting: deque[int]
    flying: dict[Future[Result], _Flight] = field(default_factory=dict)
    packer: Packer = field(default_factory=Packer)
    sent: set[str] = field(default_factory=set)  # blobs that some worker has
    tried: Counter[int] = field(default_factory=Counter)
    files: dict[Path, bytes | None] = field(default_factory=dict)
    known: deque[int] = field(default_factory=deque)
    is_broken: bool = False
    slots: Slots = field(init=False)

    def __post_init__(self) -> None:
        self.slots = Slots(self.executor)

    def send(self) -> bool:
        """Hand out what there is room for; whether anything is under way."""
        room = _AHEAD * self.slots.count()
        while self.waiting and not self.is_broken and len(self.flying) < room:
            number = self.waiting.popleft()
            if self._is_known(self.tasks[number]):
                self.known.append(number)
                continue
            self.so_far.observer.began(self.tasks[number].id)
            parcel = self._parcel(self.tasks[number])
            self._submit(number, parcel, [name for name in parcel.needs if name not in self.sent])
        return bool(self.flying)

    def from_here(self, decide: Decide) -> Generator[tuple[int, ClaimReport]]:
        """What is known, or is not to be decided: there is nothing to search for."""
        while self.known:
            number = self.known.popleft()
            yield number, decide(self.tasks[number], lambda _: None, None)

    def _is_known(self, task: Task) -> bool:
        options = self.options
        if (
            task.beyond is not None
            or task.by_kernel
            or not (options.known or options.store or options.locked)
        ):
            return False
        try:
            return options.locked or known(task, meaning_of(task), options, None) is not None
        except (TooManyCases, OutOfTime):
            return False  # whoever decides it says so

    def collect(self) -> Generator[tuple[int, ClaimReport]]:
        """Wait for something to happen, and pass on what was decided."""
        soonest = min(flight.kill_at for flight in self.flying.values())
        patience = None if soonest == float("inf") else max(0.0, soonest - time.monotonic())
        done, _ = wait(self.flying, self.so_far.patience(patience), FIRST_COMPLETED)
        self.so_far.look()
        for future in done:
            flight = self.flying.pop(future)
            report = self._received(flight, future)
            if report is not None:
                yield flight.number, report
        now = time.monotonic()
        for future, flight in list(self.flying.items()):
            if flight.kill_at <= now:
                del self.flying[future]
                future.cancel()
                yield (
                    flight.number,
                    self._ended(flight, Status.UNKNOWN, "timeout: no answer of a worker came"),
                )

    def cancel(self) -> None:
        """What waits is not begun; what runs is not waited for."""
        for future in self.flying:
            future.cancel()
        self.waiting.extend(flight.number for flight in self.flying.values())
        self.flying.clear()

    def _parcel(self, task: Task) -> Parcel:
        # Of the options a worker needs what limits a claim; the networks are in the task.
        options = replace(
            self.options, claims=(), parameters=(), networks=(), store=None, known={}, locked=False
        )
        moved = portable(task, self._content)
        return self.packer.pack(partial(claim_on_worker, moved, options, tuple(earlier_records(task))))

    def _content(self, path: Path) -> bytes | None:
        if path not in self.files:
            with suppress(OSError):
                self.files[path] = path.read_bytes()
        return self.files.setdefault(path, None)

    def _submit(self, number: int, parcel: Parcel, wanted: Sequence[str]) -> None:
        job = Job(identity(), parcel, {name: self.packer.blobs[name] for name in wanted})
        task = self.tasks[number]
        limit = float("inf") if task.timeout is None else task.timeout + allowance(task.timeout)
        # It may wait for one that is as slow.
        kill_at = time.monotonic() + _AHEAD * (limit + _GRACE)
        try:
            future = self.executor.submit(perform, job)
        except (BrokenExecutor, RuntimeError):  # broken, or shut down
            self.is_broken = True
            self.waiting.append(number)
            return
        self.sent.update(wanted)
        self.flying[future] = _Flight(number, parcel, kill_at)

    def _received(self, flight: _Flight, future: Future[Result]) -> ClaimReport | None:
        """The report, or None if there is another try."""
        try:
            result = future.result()
        except BrokenExecutor as error:
            self.is_broken = True  # whose claim it was that broke it, nobody knows
            return self._lost(flight, str(error))
        except (Exception, CancelledError) as error:  # noqa: BLE001 - what executors make of a lost worker
            if type(error).__name__ in _TRIED_ENOUGH:
                self.tried[flight.number] = TRIES
            return self._lost(flight, f"{type(error).__name__}: {error}")
        match result:
            case Done(Decided() as decided):
                return taken_over(self.tasks[flight.number], decided, self.options)
            case Needs():
                self._submit(flight.number, flight.parcel, flight.parcel.needs)
                return None
            case Refused(worker, machine):
                words = (
                    f"the worker on {machine} is {worker}, and this is {identity()}; install the same there"
                )
                return self._lost(flight, words)
        return self._lost(flight, "what came is no answer")

    def _lost(self, flight: _Flight, reason: str) -> ClaimReport | None:
        """Try again elsewhere, unless that was done often enough."""
        self.tried[flight.number] += 1
        if self.tried[flight.number] < TRIES:
            self.waiting.append(flight.number)
            return None
        return self._ended(flight, Status.ERROR, f"no worker came back with it, {TRIES} times: {reason}")

    def _ended(self, flight: _Flight, status: Status, reason: str) -> ClaimReport:
        task = self.tasks[flight.number]
        return self.so_far.completed(task, lift.undecided(task, status, reason))


@dataclass(slots=True)
class Slots:
    """How many jobs an executor does at once, as far as it says so; a cluster is asked every second."""

    executor: Executor
    _found: int = 0
    _looked: float = -float("inf")

    def count(self) -> int:
        client = getattr(self.executor, "_client", None)  # dask's
        if client is None:
            known = getattr(self.executor, "_max_workers", None)
            return known if isinstance(known, int) and known > 0 else os.cpu_count() or 1
        now = time.monotonic()
        if now - self._looked > 1.0:
            self._looked, self._found = now, sum(client.nthreads().values())
        return max(1, self._found)
