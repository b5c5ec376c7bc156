"""Python's search for circular garbage, put off while large structures without any are made.

In: a block of code.  Out: the same, without collections, which walk all of a growing tree again and again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# With Python's own 700, a start spends a twentieth of its time on collections that find nothing.
_ALLOCATIONS: Final = 50_000


def collect_rarely() -> None:
    """For a process that is ours alone."""
    if gc.isenabled():
        gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])


@contextmanager
def no_collection() -> Iterator[None]:
    """Collections wait until the end of the block; whoever has switched them off keeps them off."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
