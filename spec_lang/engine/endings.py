"""How worker processes end, and are ended.

In: a process.  Out: why it has ended, in words, or that it has.  Nothing waits for one that does not end.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from multiprocessing.process import BaseProcess
from typing import Final

_PATIENCE: Final = 5.0  # seconds, for a process that has nothing left to do


def let_go(process: BaseProcess) -> None:
    """Wait for a worker that has read the end of its pipe; one that is stuck on the way out is killed."""
    process.join(_PATIENCE)
    if process.exitcode is None:
        kill(process)
        process.join()


def exit_code(process: BaseProcess) -> int | None:
    """How a process ended that is about to; it stays to be joined, so that nobody else gets its number."""
    if process.pid is None or not hasattr(os, "waitid"):
        process.join()
        return process.exitcode
    try:
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    except ChildProcessError:  # the start of another one has joined it
        return process.exitcode
    if ended is None:
        return None
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status


def kill(process: BaseProcess) -> None:
    """Kill a worker that is not joined yet, and what it has started: it leads a group of its own."""
    if process.pid is not None and hasattr(os, "killpg"):
        with suppress(OSError):  # it has not come to leading a group, and has started nothing
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def cause_of_death(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        hint = " (out of memory?)" if -code == signal.SIGKILL else ""
        return f"the worker process was ended by {name}{hint}"
    return f"the worker process ended with exit code {code}"
