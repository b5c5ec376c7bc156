"""Runs tasks in reused worker processes.

In: tasks, how to decide one, and how many workers.  Out: (number, report) pairs in the order of completion.
A worker that ignores its deadline or runs out of memory costs its own claim and is replaced.  The claim of
one that dies is tried again, a few times; a worker that has grown or has done much is replaced as well.  When
the consumer stops, by an interrupt or otherwise, every worker is killed, with all that it has started (see
docs/decisions/0007-worker-processes.md).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import field, replace
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Final

from spec_lang._companions import Cores, deaf_to_signals, end_with_parent, leave_signals_to_parent
from spec_lang._values import dataclass
from spec_lang.backends.base import Progress
from spec_lang.engine.cores import Holding, SharedCores, WorkerCores, shared_cores
from spec_lang.engine.endings import cause_of_death, exit_code, kill, let_go
from spec_lang.engine.memory import resident
from spec_lang.engine.options import Checking, Listener, Narrowed
from spec_lang.engine.so_far import SoFar
from spec_lang.engine.task import Task
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.outcome import GaveUpReason
from spec_lang.reporters.model import ClaimReport

Decide = Callable[[Task, Listener, Cores | None], ClaimReport]
Run = Callable[[Sequence[Task], Decide, int, SoFar], Generator[tuple[int, ClaimReport]]]

# What a worker may take beyond its deadline: the last batch of a search, exact replay, onnxruntime's start.
_GRACE = 10.0
_PROGRESS_INTERVAL = 0.1
# A claim whose worker dies may have had bad luck: the system took memory for something else.  One that ends
# its worker each time is an error.
TRIES: Final = 4
# What a process leaks, it leaks slowly: a new one costs milliseconds where it is forked.
_MOST_CLAIMS: Final = 500
_MOST_GROWTH: Final = 1 << 30  # bytes beyond what a worker had after its first claim


def run_in_workers(
    tasks: Sequence[Task], decide: Decide, workers: int, so_far: SoFar
) -> Generator[tuple[int, ClaimReport]]:
    """In up to `workers` processes at once."""
    pool = _Pool(tasks, decide, deque(range(len(tasks))), shared_cores(_context()), so_far)
    try:
        pool.free(max(0, workers - len(tasks)))
        for _ in range(min(workers, len(tasks))):
            pool.hire()
        while pool.busy:
            yield from pool.collect()
    finally:
        pool.kill_all()


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    number: int  # of the task it is at
    started: float
    limit: float  # seconds, for the task
    checking: float = 0.0  # seconds, for the checks of its proofs
    held: int = 0  # cores beside its own
    claims: int = 0  # that it has done before
    size: int = 0  # its bytes in memory after the first of them

    @property
    def kill_at(self) -> float:
        return self.started + self.limit + self.checking + _GRACE


@dataclass(slots=True)
class _Pool:
    tasks: Sequence[Task]
    decide: Decide
    waiting: deque[int]
    cores: SharedCores | None
    so_far: SoFar
    deaths: Counter[int] = field(default_factory=Counter)  # by the task that a worker was at
    busy: dict[Connection, _Worker] = field(default_factory=dict)

    def hire(self) -> None:
        """Start a process and hand it the next task."""
        context = _context()
        ours, theirs = context.Pipe()
        forked = context.get_start_method() == "fork"
        inherited, work = ([*self.busy, ours] if forked else []), (self.tasks, self.decide)
        process = context.Process(  # type: ignore[attr-defined]
            target=_serve, args=(theirs, work if forked else None, inherited, self.cores), daemon=True
        )
        try:
            with deaf_to_signals():
                process.start()
        except OSError:  # the system makes no more processes
            ours.close()
            if not self.busy:
                raise
            self.free(1)
            return
        finally:
            theirs.close()
        if not forked:  # not as arguments: who is killed while it reads these is written to for ever
            with suppress(OSError):
                ours.send(work)
        self._hand_next(ours, process)

    def collect(self) -> Generator[tuple[int, ClaimReport]]:
        """Wait for something to happen, and pass on what was decided."""
        soonest = min(worker.kill_at for worker in self.busy.values())
        patience = None if soonest == float("inf") else max(0.0, soonest - time.monotonic())
        ready = wait(list(self.busy), self.so_far.patience(patience))
        self.so_far.look()
        for connection in ready:
            if isinstance(connection, Connection):
                yield from self._receive(connection)
        now = time.monotonic()
        for connection, worker in list(self.busy.items()):
            if worker.kill_at <= now:
                reason = "timeout: the worker did not stop at its deadline and was ended"
                yield self._replace(connection, Status.UNKNOWN, reason)

    def free(self, cores: int) -> None:
        """So many are no longer used."""
        if self.cores is not None and cores:
            self.cores.free(cores)

    def kill_all(self) -> None:
        for connection, worker in self.busy.items():
            kill(worker.process)
            connection.close()
        for worker in self.busy.values():
            worker.process.join()
        self.busy.clear()
        if self.cores is not None:
            self.cores.close()

    def _receive(self, connection: Connection) -> Generator[tuple[int, ClaimReport]]:
        worker = self.busy[connection]
        try:
            message = connection.recv()
        except (EOFError, OSError):  # at its end, or in the middle of a message
            cause = cause_of_death(exit_code(worker.process))
            self.deaths[worker.number] += 1
            if self.deaths[worker.number] < TRIES:
                self.waiting.append(worker.number)
                self._dismiss(connection)
            else:
                yield self._replace(connection, Status.ERROR, f"{cause}, {TRIES} times")
            return
        if isinstance(message, Progress | Narrowed):
            self.so_far.hear(self.tasks[worker.number], message)
        elif isinstance(message, Checking):
            worker.checking = message.seconds
        elif isinstance(message, Holding):
            worker.held += message.change
        elif isinstance(message, ClaimReport) and _out_of_memory(message):
            self._dismiss(connection)  # what is left of its memory may be in pieces
            yield worker.number, message
        elif isinstance(message, ClaimReport):
            self._go_on(connection, worker)
            yield worker.number, message

    def _go_on(self, connection: Connection, worker: _Worker) -> None:
        """Hand the next task to a worker that has done one, or to a new one in its place."""
        size = resident(worker.process.pid)
        known = worker.size or size
        if self.waiting and (worker.claims + 1 >= _MOST_CLAIMS or size - known > _MOST_GROWTH):
            self._dismiss(connection)
            return
        del self.busy[connection]
        self._hand_next(connection, worker.process, replace(worker, claims=worker.claims + 1, size=known))

    def _replace(self, connection: Connection, status: Status, reason: str) -> tuple[int, ClaimReport]:
        worker = self._dismiss(connection)
        seconds = time.monotonic() - worker.started
        return worker.number, self.so_far.ended(self.tasks[worker.number], status, reason, seconds)

    def _dismiss(self, connection: Connection) -> _Worker:
        """End a worker; another one comes for the tasks that wait."""
        worker = self.busy.pop(connection)
        kill(worker.process)
        worker.process.join()
        self.free(worker.held + _told(connection) + (not self.waiting))
        connection.close()
        if self.waiting:
            self.hire()
        return worker

    def _hand_next(self, connection: Connection, process: BaseProcess, before: _Worker | None = None) -> None:
        """Give an idle worker something to do, or let it go, and its cores with it."""
        held, claims, size = (0, 0, 0) if before is None else (before.held, before.claims, before.size)
        if not self.waiting:
            connection.close()  # the worker reads the end of its pipe, and ends
            let_go(process)
            self.free(1 + held)
            return
        number = self.waiting.popleft()
        timeout = self.tasks[number].timeout
        limit = float("inf") if timeout is None else timeout
        started = time.monotonic()
        self.busy[connection] = _Worker(process, number, started, limit, held=held, claims=claims, size=size)
        with suppress(OSError):  # it has just died, of which the pool hears next
            connection.send(number)
        self.so_far.observer.began(self.tasks[number].id)


def _out_of_memory(report: ClaimReport) -> bool:
    return report.status is Status.UNKNOWN and (report.reason or "").startswith(GaveUpReason.MEMORY.value)


def _told(connection: Connection) -> int:
    """The change of the cores that a worker held, in what it said last and nobody has read."""
    change = 0
    with suppress(EOFError, OSError):
        while connection.poll():
            message = connection.recv()
            change += message.change if isinstance(message, Holding) else 0
    return change


def _context() -> BaseContext:
    """`fork` on Linux as long as this process has one thread: a worker starts in milliseconds, with all
    imported and every network loaded.  Elsewhere it is unsafe, and workers start from scratch."""
    alone = sys.platform == "linux" and threading.active_count() == 1
    return get_context("fork" if alone else "spawn")


def _serve(
    connection: Connection,
    work: tuple[Sequence[Task], Decide] | None,
    inherited: Sequence[Connection],
    shared: SharedCores | None,
) -> None:
    """A worker: decides the tasks whose numbers it reads, until there are no more; the first that it reads
    are the tasks, where it has not inherited them."""
    parent = os.getppid()
    if (started_by := parent_process()) is not None:
        end_with_parent(parent := started_by.pid or parent)
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)  # what this process starts can be ended with it
    leave_signals_to_parent()
    for other in inherited:
        other.close()  # or a sibling's pipe would never end
    last, backend = 0.0, ""

    def listen(event: Progress | Checking | Narrowed) -> None:
        nonlocal last, backend
        now = time.monotonic()
        if not isinstance(event, Progress):
            connection.send(event)
        elif now - last >= _PROGRESS_INTERVAL or event.backend != backend:
            last, backend = now, event.backend
            if os.getppid() != parent:
                os._exit(1)  # nobody is left to hear the answer
            connection.send(event)

    cores = None if shared is None else WorkerCores(shared, connection.send)
    try:
        tasks, decide = connection.recv() if work is None else work
    except (EOFError, OSError):
        return
    while True:
        try:
            number = connection.recv()
            backend = ""
            connection.send(decide(tasks[number], listen, cores))
        except (EOFError, OSError):  # nobody asks, or hears, any more
            return
