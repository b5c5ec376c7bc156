"""Cores that are free at the moment, for whoever can use more than one.

In: how many processes may be busy.  Out: objects of the protocol `Cores`, for one process or for the workers
of a pool.  Nobody waits for a core, and a worker's cores are known to the pool, which frees them when it
dies (see docs/decisions/0017-cores-and-budgets.md).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from multiprocessing.context import BaseContext

from spec_lang._companions import Answer, Helper, Question, forked
from spec_lang._values import dataclass


class OwnCores:
    """Those of one process."""

    def __init__(self, free: int) -> None:
        self._free = free

    def take(self) -> bool:
        taken = self._free > 0
        self._free -= taken
        return taken

    def give_back(self) -> None:
        self._free += 1

    def hire(
        self, work: Callable[[Question], Answer], _elsewhere: object = None
    ) -> Helper[Question, Answer] | None:
        return forked(self, work)


class SharedCores:
    """Those of a pool: a pipe that holds one byte for each core that is free.  Reading one is atomic, so that
    a process which is killed at any moment leaves nothing locked."""

    def __init__(self, context: BaseContext) -> None:
        self._reader, self._writer = context.Pipe(duplex=False)
        os.set_blocking(self._reader.fileno(), False)

    def take(self) -> bool:
        try:
            return bool(os.read(self._reader.fileno(), 1))
        except BlockingIOError:
            return False

    def free(self, count: int) -> None:
        """So many more are free."""
        os.write(self._writer.fileno(), bytes(count))

    def close(self) -> None:
        self._reader.close()
        self._writer.close()


def shared_cores(context: BaseContext) -> SharedCores | None:
    """None with yet, for the workers of `context`; None where no process could use them."""
    return SharedCores(context) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Holding:
    """A worker has taken a core beside its own (1), or is about to free it (−1)."""

    change: int


class WorkerCores:
    """Those of a pool as one worker uses them.  The pool hears of each before it is free for others: one may
    be lost for a while when the worker is killed, but none is ever used twice."""

    def __init__(self, cores: SharedCores, tell: Callable[[Holding], None]) -> None:
        self._cores, self._tell = cores, tell

    def take(self) -> bool:
        if not self._cores.take():
            return False
        self._tell(Holding(1))
        return True

    def give_back(self) -> None:
        self._tell(Holding(-1))
        self._cores.free(1)

    def hire(
        self, work: Callable[[Question], Answer], _elsewhere: object = None
    ) -> Helper[Question, Answer] | None:
        return forked(self, work)
