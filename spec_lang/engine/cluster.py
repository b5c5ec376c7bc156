"""A claim on a worker of a cluster, and the cluster's idle workers as cores for its search.

In: on a worker of dask, a claim.  Out: what came of it; while workers of the cluster have nothing to do, they
are helpers of the search, which are sent parts of its frontier as tasks of their own.  Anywhere else a claim
has the one core.  A helper that does not answer soon is lost, so that nobody waits for a worker that is busy.
"""

from __future__ import annotations

import ctypes
import pickle
import sys
import time
from asyncio import CancelledError
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from functools import cache
from typing import Final, Generic, Protocol

from spec_lang._companions import Answer, Cores, Helper, Lost, Question
from spec_lang.engine.jobs import Decided, Done, Job, Needs, Record, Result, decide_here, identity, perform
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.task import Task
from spec_lang.engine.travelling import Packer, Parcel

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # mallopt(3)
_MAPPED: Final = 32 << 20  # bytes from which on memory is a mapping of its own: glibc's greatest value
_LOOK_EVERY: Final = 0.5  # seconds between two looks at who is idle
_PATIENCE: Final = 10.0  # seconds for a part: it is worked on for less than one, and travels for the rest


def claim_on_worker(task: Task, options: CheckOptions, earlier: tuple[Record, ...]) -> Decided:
    """What the job of a claim does."""
    return decide_here(task, options, earlier, idle_workers())


def idle_workers() -> Cores | None:
    """Those of the cluster that this is a worker of, if it is."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        distributed.get_worker()
        _keep_memory()
        return IdleWorkers(distributed.get_client())
    except ValueError:  # dask's word for where there is none
        return None


@cache
def _keep_memory() -> None:
    """Lets this process keep memory that it will need again.  dask's nanny has the allocator hand back all
    that it can, and a search, which makes and drops arrays all the time, takes half as long again then."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):  # that of GNU
            libc.mallopt(_M_MMAP_THRESHOLD, _MAPPED)
            libc.mallopt(_M_TRIM_THRESHOLD, 2 * _MAPPED)


class Client(Protocol):
    """What is used of dask's."""

    def get_executor(self, *, pure: bool) -> Executor: ...

    def processing(self) -> Mapping[str, Sequence[str]]: ...

    def nthreads(self) -> Mapping[str, int]: ...


class IdleWorkers:
    """Helpers on other machines; no core of this one."""

    def __init__(self, client: Client) -> None:
        self._client, self._executor = client, client.get_executor(pure=False)
        self._packer = Packer()
        self._sent: set[str] = set()
        self._looked = -float("inf")
        self._idle = self._hired = 0

    def take(self) -> bool:
        return False

    def give_back(self) -> None:
        self._hired -= 1

    def hire(
        self,
        work: Callable[[Question], Answer],  # noqa: ARG002 - closes over what is here
        elsewhere: Callable[[], Callable[[Question], Answer]] | None = None,
    ) -> Helper[Question, Answer] | None:
        if elsewhere is None or not self._is_somebody_idle():
            return None
        self._hired, self._idle = self._hired + 1, self._idle - 1
        return RemoteHelper(self._executor, self._packer, self._packer.pack(elsewhere()), self._sent)

    def _is_somebody_idle(self) -> bool:
        """A helper that waits for its next part seems idle as well: so there is a limit to them."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_EVERY:
            self._looked = now
            busy, threads = self._client.processing(), self._client.nthreads()
            idle = sum(max(0, n - len(busy.get(worker, ()))) for worker, n in threads.items())
            self._idle = min(idle, sum(threads.values()) - 1 - self._hired)
        return self._idle > 0


class RemoteHelper(Generic[Question, Answer]):
    """A function that an executor is asked to call with one question after another."""

    def __init__(self, executor: Executor, packer: Packer, parcel: Parcel, sent: set[str]) -> None:
        self._executor, self._packer, self._parcel, self._sent = executor, packer, parcel, sent
        self._future: Future[Result] | None = None
        self._argument = b""
        self._until = 0.0

    def ask(self, question: Question) -> None:
        self._argument = pickle.dumps(question, pickle.HIGHEST_PROTOCOL)
        self._until = time.monotonic() + _PATIENCE
        self._submit([name for name in self._parcel.needs if name not in self._sent])

    def has_answered(self, seconds: float = 0.0) -> bool:
        if self._future is None or time.monotonic() > self._until:
            return True
        wait([self._future], seconds)
        if not self._future.done():
            return False
        if not isinstance(_result(self._future), Needs):
            return True
        try:
            self._submit(self._parcel.needs)
        except Lost:
            self._future = None
        return self._future is None

    def answer(self) -> Answer:
        while not self.has_answered(_LOOK_EVERY):
            pass
        result = None if self._future is None or not self._future.done() else _result(self._future)
        if not isinstance(result, Done):
            raise Lost
        found: Answer = result.value
        return found

    def end(self) -> None:
        if self._future is not None:
            self._future.cancel()

    def _submit(self, wanted: Sequence[str]) -> None:
        """Raises `Lost`."""
        job = Job(identity(), self._parcel, {n: self._packer.blobs[n] for n in wanted}, self._argument)
        try:
            self._future = self._executor.submit(perform, job)
        except RuntimeError:
            raise Lost from None
        self._sent.update(wanted)


def _result(future: Future[Result]) -> Result | None:
    """None where the worker is lost."""
    try:
        return future.result()
    except (Exception, CancelledError):  # noqa: BLE001 - whatever an executor makes of a lost worker
        return None
