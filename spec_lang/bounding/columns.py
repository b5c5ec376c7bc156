"""Rows over some elements of a value, as rows over others.

In: coefficients, and the elements that they are for.  Out: the same for the elements that are carried.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spec_lang.bounding.program import Indices
from spec_lang.diagnostics import InternalError

_Float = TypeVar("_Float", bound=np.floating[Any])


def rearranged(
    rows: NDArray[_Float], chosen: Indices, carried: Indices | None, size: int, *, droppable: bool
) -> NDArray[_Float]:
    """Rows over the elements `chosen` of a value of that size, over those `carried`, None for all; others
    become 0.  Raises `InternalError` for an element that is not carried, unless it is `droppable`."""
    if carried is chosen:
        return rows
    if carried is None:
        full = np.zeros((len(rows), size), dtype=rows.dtype)
        full[:, chosen] = rows
        return full
    place = np.full(size, -1, dtype=np.intp)
    place[carried] = np.arange(len(carried))
    there = place[chosen]
    kept = there >= 0
    if not droppable and not kept.all():
        raise InternalError("a row needs an element of a value that is not carried")
    result = np.zeros((len(rows), len(carried)), dtype=rows.dtype)
    result[:, there[kept]] = rows[:, kept]
    return result
