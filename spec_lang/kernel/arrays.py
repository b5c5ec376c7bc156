"""Rows and columns of arrays that hold floats, or Python's integers.

In: batches of rows over some elements of a value.  Out: the same over others.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # float64, or of dtype object: Python's own integers
Index = NDArray[np.intp]

ROOM: Final = 2**22  # numbers that are held at once, besides what goes in and out
SMALL: Final = 2**21  # numbers of a part of a map that is multiplied as a matrix


def moved(rows: Array, given: Index | None, kept: Index | None, size: int) -> Array:
    """What `rows` say of the elements `given` of a value of that size, over those `kept`; others are 0."""
    if kept is given:
        return rows
    if given is not None and kept is not None:
        place = np.full(size, -1, dtype=np.intp)
        place[kept] = np.arange(len(kept))
        there = place[given]
        present = np.flatnonzero(there >= 0)
        part = np.zeros((len(rows), len(kept)), dtype=rows.dtype)
        part[:, there[present]] = rows[:, present]
        return part
    if given is not None:
        full = np.zeros((len(rows), size), dtype=rows.dtype)
        full[:, given] = rows
        rows = full
    return rows if kept is None else rows[:, kept]


def unit_rows(chosen: Index, numbers: Array, size: int) -> Array:
    """Row r has `numbers[r]` at `chosen[r]`, and 0 elsewhere."""
    found = np.zeros((len(chosen), size), dtype=numbers.dtype)
    found[np.arange(len(chosen)), chosen] = numbers
    return found
