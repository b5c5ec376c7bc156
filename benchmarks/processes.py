"""A command run in a process of its own, with what it and all that it starts took.

In: a command.  Out: its output, its exit code and a `Usage`: wall and processor seconds, and the peak of the
resident memory of the process tree.  Memory is looked at twenty times a second; what a single process had at
its peak comes from the system, so that a short one is not missed.  What the tree shares is counted in each
process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_INTERVAL: Final = 0.05
_PATIENCE: Final = 30.0  # for the end of a process that was interrupted


@dataclass(frozen=True, slots=True)
class Usage:
    """Wall seconds, processor seconds and peak bytes."""

    seconds: float
    cpu: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Done:
    """`code` is None where the process was ended for taking longer than its limit."""

    code: int | None
    out: str
    err: str
    usage: Usage
    interrupted: bool = False


def run(
    command: Sequence[str], environment: Mapping[str, str], limit: float | None, *, show: bool = False
) -> Done:
    """Run `command` for `limit` seconds at most; with `show`, what it writes to stderr is seen at once.

    An interrupt is the command's as well: it has some time to say what it has found.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=None if show else err,
            env=environment,
            start_new_session=True,  # a terminal's interrupt comes to us alone, and we pass it on once
        )
        meter = _Meter(process.pid)
        code, interrupted = _wait(process, limit)
        seconds = time.perf_counter() - started
        cpu, peak = meter.stop()
        usage = Usage(seconds, cpu, peak)
        return Done(code, _text(out), _text(err), usage, interrupted)


def _wait(process: subprocess.Popen[bytes], limit: float | None) -> tuple[int | None, bool]:
    try:
        return _ended(process, limit), False
    except KeyboardInterrupt:
        with suppress(OSError):
            process.send_signal(signal.SIGINT)
        return _ended(process, _PATIENCE), True


def _ended(process: subprocess.Popen[bytes], limit: float | None) -> int | None:
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        _kill(process)
        return None


def _kill(process: subprocess.Popen[bytes]) -> None:
    for pid in (*_tree(process.pid), process.pid):
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


class _Meter:
    """Looks at a process tree until it is told to stop."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._over = pid, 0, threading.Event()
        self._before = _times()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> tuple[float, int]:
        """Processor seconds of what has ended since, and the peak in bytes."""
        self._over.set()
        self._thread.join()
        return _times() - self._before, self._peak

    def _watch(self) -> None:
        while not self._over.wait(_INTERVAL):
            tree = (self._pid, *_tree(self._pid))
            # The peak of the first, which may be short, and of all together, which is looked at now and then.
            self._peak = max(self._peak, _high(self._pid), sum(map(_resident, tree)))


def _times() -> float:
    """Processor seconds of the children that were waited for, and of theirs."""
    spent = os.times()
    return spent.children_user + spent.children_system


def _tree(pid: int) -> Iterator[int]:
    """The descendants of a process."""
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, path.read_text().split()):
                yield child
                yield from _tree(child)


def _resident(pid: int) -> int:
    return _status(pid, "VmRSS:")


def _high(pid: int) -> int:
    return _status(pid, "VmHWM:")


def _status(pid: int, key: str) -> int:
    """A line of the process' status, in bytes; 0 for one that has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    return 0
