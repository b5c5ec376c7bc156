"""Rows over some elements of a value, as rows over others.

In: coefficients, and the elements that they are for.  Out: the same for the elements that are carried.
"""

from __future__ import annotations

import numpy as np

from spec_lang.bounding.program import F64, Indices
from spec_lang.diagnostics import InternalError


def rearranged(rows: F64, chosen: Indices, carried: Indices | None, size: int, *, droppable: bool) -> F64:
    """Rows over the elements `chosen` of a value of that size, over those `carried`, None for all; others
    become 0.  Raises `InternalError` for an element that is not carried, unless it is `droppable`."""
    if carried is chosen:
        return rows
    if carried is None:
        full = np.zeros((len(rows), size))
        full[:, chosen] = rows
        return full
    place = np.full(size, -1, dtype=np.intp)
    place[carried] = np.arange(len(carried))
    there = place[chosen]
    kept = there >= 0
    if not droppable and not kept.all():
        raise InternalError("a row needs an element of a value that is not carried")
    result = np.zeros((len(rows), len(carried)))
    result[:, there[kept]] = rows[:, kept]
    return result
