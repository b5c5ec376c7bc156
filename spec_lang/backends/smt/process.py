"""The solver's process, from the side of who asks: started, asked, watched, and ended.

In: questions.  Out: what the solver says, or why it says nothing.  Whatever happens to the process is an
`Ended`, never an answer; leaving the `with` block ends it at once, also by an interrupt.
"""

from __future__ import annotations

import contextlib
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from spec_lang._values import dataclass
from spec_lang.backends.base import Point
from spec_lang.backends.smt import statements, worker
from spec_lang.diagnostics import InternalError
from spec_lang.obligations.outcome import GaveUpReason

# z3's own exit code, and how a library ends that is refused memory.
_OUT_OF_MEMORY: Final = (101, -signal.SIGABRT, -signal.SIGSEGV)
EFFORT_A_UNIT: Final = 100  # of z3's own units: up to some milliseconds, the longer its numbers
# What the process may take beyond the seconds that a question grants before it is ended.
_GRACE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Impossible:
    """The question has no solution."""


@dataclass(frozen=True, slots=True)
class Solution:
    """The inputs of a solution; with `found` they have been recognised as a counterexample."""

    point: Point
    found: bool


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why there is none.  A `slow` question has used up its own seconds; the deadline may be far."""

    reason: GaveUpReason
    detail: str
    slow: bool = False


Answer = Impossible | Solution | NoAnswer


class SolverProcess:
    """One process at a time; a new one when the last was ended for taking too long."""

    def __init__(self, memory: int | None, deadline: float | None) -> None:
        self._memory, self._deadline = memory, deadline
        self._process: subprocess.Popen[bytes] | None = None
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.checks = 0
        self.effort = 0  # in z3's own units

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return None if self._process is None else self._process.pid

    @property
    def work(self) -> int:
        """In units of a budget."""
        return self.checks + self.effort // EFFORT_A_UNIT

    def ask(
        self, question: statements.Question, recognise: Callable[[Point], bool], most: int | None = None
    ) -> Answer:
        """Sees every model on the way; one that `recognise` accepts is the answer.  `most` is the work that
        it may cost, in units of a budget."""
        seconds = question[-1]
        now = time.monotonic()
        limits = [] if self._deadline is None else [self._deadline]
        if seconds is not None:
            limits.append(now + seconds + _GRACE)
        limit = min(limits) if limits else None
        asked: worker.Asked = question, None if most is None else most * EFFORT_A_UNIT
        self._send(asked)
        before = self.effort
        while True:
            reply = self._receive(limit)
            if isinstance(reply, NoAnswer):
                return reply
            self.checks += 1
            kind, *rest = reply
            if kind in (worker.UNSAT, worker.MODEL, worker.UNKNOWN):
                self.effort = before + rest.pop(0)
            if kind == worker.UNSAT:
                return Impossible()
            if kind == worker.MODEL:
                point, last = rest
                found = recognise(point)
                if found or last:
                    if not last:
                        self._send(False)
                    return Solution(point, found)
                self._send(True)
            elif kind == worker.UNKNOWN:
                return self._unknown(*rest)
            else:
                self._end()
                return self._out_of_memory() if kind == worker.MEMORY else _failed(*rest)

    def _unknown(self, why: str) -> NoAnswer:
        if "memory" in why or "memout" in why:
            self._end()
            return self._out_of_memory()
        if why == worker.SPENT:
            return NoAnswer(GaveUpReason.BUDGET, f"z3: {why}", slow=True)
        if why in ("timeout", "canceled"):
            return NoAnswer(GaveUpReason.TIMEOUT, "z3 ran out of time", slow=True)
        return NoAnswer(GaveUpReason.NUMERICAL, f"z3 says unknown: {why}")

    def _out_of_memory(self) -> NoAnswer:
        limit = "" if self._memory is None else f" of {self._memory / 2**20:.0f} MiB"
        return NoAnswer(GaveUpReason.MEMORY, f"z3 needs more than its memory{limit}")

    def _receive(self, limit: float | None) -> Any | NoAnswer:  # noqa: ANN401 - a reply
        try:
            reply = self._inbox.get(timeout=None if limit is None else max(0.0, limit - time.monotonic()))
        except queue.Empty:
            self._end()
            late = self._deadline is not None and time.monotonic() >= self._deadline
            return NoAnswer(GaveUpReason.TIMEOUT, "z3 ran out of time", slow=not late)
        if reply is not None:
            return reply
        process = self._process
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)  # its output has ended: so will it, and with its own exit code
        code = self._end()
        if self._memory is not None and code in _OUT_OF_MEMORY:
            return self._out_of_memory()
        cause = f"signal {-code}" if code < 0 else f"exit code {code}"
        return NoAnswer(GaveUpReason.NUMERICAL, f"the process of z3 ended with {cause}")

    def _send(self, message: object) -> None:
        process = self._process or self._start()
        if process.stdin is None:
            raise InternalError("a process that was started with a pipe has none")
        with contextlib.suppress(OSError):  # it has ended: what it said last, or how it ended, says why
            worker.send(process.stdin, message)

    def _start(self) -> subprocess.Popen[bytes]:
        # The script imports nothing of ours but the file that it loads from beside itself, and `-P` keeps its
        # folder and the current one out of sight.
        command = [sys.executable, "-P", str(Path(worker.__file__))]
        command += [] if self._memory is None else [str(self._memory)]
        self._process = process = subprocess.Popen(  # noqa: S603 - our own script
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._inbox = inbox
        threading.Thread(
            target=worker.pump, args=(process.stdout, inbox, lambda: inbox.put(None)), daemon=True
        ).start()
        return process

    def _end(self) -> int:
        """End the process, if there is one; its exit code, negative for a signal."""
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.poll() is None:
            process.kill()
        code = process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        return code


def _failed(why: str) -> NoAnswer:
    return NoAnswer(GaveUpReason.NUMERICAL, f"z3 failed: {why}")
