"""Runs tasks in reused worker processes.

In: tasks, how to decide one, and how many workers.  Out: (number, report) pairs in the order of completion.
A worker that dies, ignores its deadline or runs out of memory costs its own claim and is replaced; when the
consumer stops, by an interrupt or otherwise, every worker is killed, with the processes that solvers have
started (see docs/decisions/0007-worker-processes.md).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess

from spec_lang._values import dataclass
from spec_lang.backends.base import Progress
from spec_lang.engine import lift
from spec_lang.engine.options import Checking, Observer
from spec_lang.engine.task import Task
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.outcome import GaveUpReason
from spec_lang.reporters.model import ClaimReport

Decide = Callable[[Task, Callable[[Progress | Checking], None]], ClaimReport]

# What a worker may take beyond its deadline: the last batch of a search, exact replay, onnxruntime's start.
_GRACE = 10.0
_PROGRESS_INTERVAL = 0.1
_PR_SET_PDEATHSIG = 1  # prctl(2): the signal that this process gets when its parent ends
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_in_workers(
    tasks: Sequence[Task], decide: Decide, workers: int, observer: Observer
) -> Generator[tuple[int, ClaimReport]]:
    """In up to `workers` processes at once."""
    pool = _Pool(tasks, decide, deque(range(len(tasks))))
    try:
        for _ in range(min(workers, len(tasks))):
            pool.hire()
        while pool.busy:
            yield from pool.collect(observer)
    finally:
        pool.kill_all()


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    number: int  # of the task it is at
    started: float
    limit: float  # seconds, for the task
    checking: float = 0.0  # seconds, for the checks of its proofs

    @property
    def kill_at(self) -> float:
        return self.started + self.limit + self.checking + _GRACE


@dataclass(slots=True)
class _Pool:
    tasks: Sequence[Task]
    decide: Decide
    waiting: deque[int]
    busy: dict[Connection, _Worker] = field(default_factory=dict)

    def hire(self) -> None:
        """Start a process and hand it the next task."""
        context = _context()
        ours, theirs = context.Pipe()
        inherited = [*self.busy, ours] if context.get_start_method() == "fork" else []
        process = context.Process(  # type: ignore[attr-defined]
            target=_serve, args=(theirs, self.tasks, self.decide, inherited, os.getpid()), daemon=True
        )
        with _deaf_to_signals():
            process.start()
        theirs.close()
        self._hand_next(ours, process)

    def collect(self, observer: Observer) -> Generator[tuple[int, ClaimReport]]:
        """Wait for something to happen, and pass on what was decided."""
        soonest = min(worker.kill_at for worker in self.busy.values())
        patience = None if soonest == float("inf") else max(0.0, soonest - time.monotonic())
        for connection in wait(list(self.busy), patience):
            if isinstance(connection, Connection):
                yield from self._receive(connection, observer)
        now = time.monotonic()
        for connection, worker in list(self.busy.items()):
            if worker.kill_at <= now:
                reason = "timeout: the worker did not stop at its deadline and was ended"
                yield self._replace(connection, Status.UNKNOWN, reason)

    def kill_all(self) -> None:
        for connection, worker in self.busy.items():
            _kill(worker.process)
            connection.close()
        for worker in self.busy.values():
            worker.process.join()
        self.busy.clear()

    def _receive(self, connection: Connection, observer: Observer) -> Generator[tuple[int, ClaimReport]]:
        worker = self.busy[connection]
        try:
            message = connection.recv()
        except (EOFError, ConnectionError):
            code = _exit_code(worker.process)
            yield self._replace(connection, Status.ERROR, _cause_of_death(code))
            return
        if isinstance(message, Progress):
            observer.progress(self.tasks[worker.number].name, message)
        elif isinstance(message, Checking):
            worker.checking = message.seconds
        elif isinstance(message, ClaimReport) and _out_of_memory(message):
            self._dismiss(connection)  # what is left of its memory may be in pieces
            yield worker.number, message
        elif isinstance(message, ClaimReport):
            del self.busy[connection]
            self._hand_next(connection, worker.process)
            yield worker.number, message

    def _replace(self, connection: Connection, status: Status, reason: str) -> tuple[int, ClaimReport]:
        worker = self._dismiss(connection)
        seconds = time.monotonic() - worker.started
        return worker.number, lift.undecided(self.tasks[worker.number], status, reason, seconds)

    def _dismiss(self, connection: Connection) -> _Worker:
        """End a worker; another one comes for the tasks that wait."""
        worker = self.busy.pop(connection)
        _kill(worker.process)
        worker.process.join()
        connection.close()
        if self.waiting:
            self.hire()
        return worker

    def _hand_next(self, connection: Connection, process: BaseProcess) -> None:
        """Give an idle worker something to do, or let it go."""
        if not self.waiting:
            connection.close()  # the worker reads the end of its pipe, and ends
            process.join()
            return
        number = self.waiting.popleft()
        timeout = self.tasks[number].timeout
        limit = float("inf") if timeout is None else timeout
        self.busy[connection] = _Worker(process, number, time.monotonic(), limit)
        connection.send(number)


def _out_of_memory(report: ClaimReport) -> bool:
    return report.status is Status.UNKNOWN and (report.reason or "").startswith(GaveUpReason.MEMORY.value)


def _exit_code(process: BaseProcess) -> int | None:
    """How a process ended that is about to; it stays to be joined, so that nobody else gets its number."""
    if process.pid is None or not hasattr(os, "waitid"):
        process.join()
        return process.exitcode
    ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    if ended is None:
        return None
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status


def _kill(process: BaseProcess) -> None:
    """Kill a worker that is not joined yet, and what it has started: it leads a group of its own."""
    if process.pid is not None and hasattr(os, "killpg"):
        with suppress(OSError):  # it has not come to leading a group, and has started nothing
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _lead_a_group(parent: int) -> None:
    """What this process starts can be ended with it; and it ends with its parent, where the system helps."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - workers alone need it

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it was too late to be told


def _context() -> BaseContext:
    """`fork` on Linux as long as this process has one thread: a worker starts in milliseconds, with all
    imported and every network loaded.  Elsewhere it is unsafe, and workers start from scratch."""
    alone = sys.platform == "linux" and threading.active_count() == 1
    return get_context("fork" if alone else "spawn")


@contextmanager
def _deaf_to_signals() -> Iterator[None]:
    """Holds signals back until a new worker has said what it does with them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _cause_of_death(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        hint = " (out of memory?)" if -code == signal.SIGKILL else ""
        return f"the worker process was ended by {name}{hint}"
    return f"the worker process ended with exit code {code}"


def _serve(
    connection: Connection,
    tasks: Sequence[Task],
    decide: Decide,
    inherited: Sequence[Connection],
    parent: int,
) -> None:
    """A worker: decides the tasks whose numbers it reads, until there are no more."""
    _lead_a_group(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal interrupts the whole group; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    for other in inherited:
        other.close()  # or a sibling's pipe would never end
    last = 0.0

    def listen(event: Progress | Checking) -> None:
        nonlocal last
        now = time.monotonic()
        if isinstance(event, Checking):
            connection.send(event)
        elif now - last >= _PROGRESS_INTERVAL:
            last = now
            if os.getppid() != parent:
                os._exit(1)  # nobody is left to hear the answer
            connection.send(event)

    while True:
        try:
            number = connection.recv()
        except EOFError:
            return
        connection.send(decide(tasks[number], listen))
