"""A limit on the memory that a claim takes in this process.

In: bytes, beyond what the process holds already.  Out: a context in which an allocation past them fails, so
that numpy, solvers and Python raise `MemoryError`.  Linux counts what a process may write to
(`RLIMIT_DATA`), not address space, which thread pools reserve by the gigabyte and never touch.  Elsewhere
there is no limit here, and that of a solver's own process is left.  Of claims that threads decide at once, in
one process, the first sets the limit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

_ONE: Final = Lock()  # the limit is the process's
# Bytes; where pages are larger, what is resident is said to be too little, and nothing is lost by it.
_PAGE: Final = 4096


@contextmanager
def limited(beyond: int | None) -> Iterator[None]:
    """Inside, this process may take `beyond` bytes more; None for no limit."""
    held = None if beyond is None else _held()
    if beyond is None or held is None or not _ONE.acquire(blocking=False):
        yield
        return
    import resource  # noqa: PLC0415 - not on every system

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    try:
        _warm_up()
        ends = [end for end in (soft, hard, held + beyond) if end != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min(ends), hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        _ONE.release()


def resident(pid: int | None) -> int:
    """What a process has in memory now, in bytes; 0 where the system does not say, or it has ended."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * _PAGE


def _warm_up() -> None:
    """BLAS takes its buffers with the first large product, and ends the process when it does not get them."""
    import numpy as np  # noqa: PLC0415 - start-up

    square = np.ones((200, 200))
    square @ square


def _held() -> int | None:
    """What this process may write to now, in bytes; None where the system does not say."""
    if sys.platform != "linux":
        return None
    for row in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if row.startswith("VmData:"):
            return int(row.split()[1]) * 1024
    return None
