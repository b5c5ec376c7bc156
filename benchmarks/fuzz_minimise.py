"""The smallest text that fails like a given one: lines, then pieces, then characters are left out.

In: a failure.  Out: a failure of the same exception at the same place.  Greedy, with halving steps (the idea
of Zeller's ddmin); not the smallest text that there is, but one from which nothing single can be left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from benchmarks.fuzz_case import Failure, Way, examine
from benchmarks.fuzz_mutations import pieces

_PATIENCE: Final = 30.0  # seconds a failure


def minimise(failure: Failure, way: Way) -> Failure:
    """`failure` with less text."""
    deadline = time.monotonic() + _PATIENCE
    smallest = failure

    def still_fails(text: str) -> bool:
        nonlocal smallest
        if time.monotonic() > deadline:
            return False
        found = examine(text, way).failure
        if found is None or found.place != failure.place:
            return False
        smallest = found
        return True

    ways: tuple[Callable[[str], list[str]], ...] = (lambda t: t.splitlines(keepends=True), pieces, list)
    for cut in ways:
        _shorten(cut(smallest.text), still_fails)
    return smallest


def _shorten(parts: Sequence[str], still_fails: Callable[[str], bool]) -> None:
    size = max(1, len(parts) // 2)
    kept = list(parts)
    while True:
        start, changed = 0, False
        while start < len(kept):
            fewer = [*kept[:start], *kept[start + size :]]
            if still_fails("".join(fewer)):
                kept, changed = fewer, True
            else:
                start += size
        if size == 1 and not changed:
            return
        size = max(1, size // 2)
