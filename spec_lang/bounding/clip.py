"""Shrinking boxes to where a violation is still possible.

In: boxes and, for each, affine lower bounds `a·x + c` of the rows of one conjunction; the violation needs
every one of them to be at most 0.  Out: smaller boxes that keep every violating point, and which boxes
keep none.  Outward-rounded throughout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import UNDERFLOW
from spec_lang.bounding.program import F64, UNIT_ROUNDOFF

ROUNDS = 2  # of a combination and all rows


@dataclass(frozen=True, slots=True, eq=False)
class RowBounds:
    """`coefficients[b, i]·x + constant[b, i]` bounds row i from below on box b; `strict[i]`: row i must
    be below 0, not just at most 0, for the violation."""

    coefficients: F64  # (batch, rows, in)
    constant: F64  # (batch, rows)
    strict: NDArray[np.bool_]  # (rows,)


@dataclass(frozen=True, slots=True, eq=False)
class Clipped:
    """Smaller boxes, and which of them are empty (kept at their old size)."""

    boxes: Boxes
    empty: NDArray[np.bool_]


def clip(boxes: Boxes, rows: RowBounds, combined: tuple[F64, F64] | None = None) -> Clipped:
    """Shrink every box by every row, and by a combination of them, whose affine bounds are `combined`.

    Sound because where all rows are at most 0 so is any combination with weights >= 0, and where
    `a·x + c <= 0` each coordinate satisfies `a_i (x_i − e_i) <= −min(a·x + c)`, e_i the end of its
    interval at which the minimum lies.
    """
    lower, upper = boxes.lower.copy(), boxes.upper.copy()
    empty = np.zeros(len(boxes), dtype=np.bool_)
    count = rows.constant.shape[1]
    for _ in range(1 if combined is None else ROUNDS):
        if combined is not None:
            empty |= _clip_by_row(lower, upper, *combined, strict=bool(rows.strict.all()))
        for i in range(count):
            empty |= _clip_by_row(
                lower, upper, rows.coefficients[:, i], rows.constant[:, i], strict=bool(rows.strict[i])
            )
    # An empty box is kept at its old size: it is dropped by the caller, and stays well-formed here.
    lower[empty], upper[empty] = boxes.lower[empty], boxes.upper[empty]
    return Clipped(Boxes(lower, upper), empty)


def _clip_by_row(lower: F64, upper: F64, a: F64, c: F64, *, strict: bool) -> NDArray[np.bool_]:
    """Shrink in place; which boxes the row closes."""
    magnitude = abs(a)
    size = (magnitude * np.maximum(abs(lower), abs(upper))).sum(axis=1) + abs(c)
    dimensions = a.shape[1]
    least = np.where(a > 0, a * lower, a * upper).sum(axis=1) + c
    least = least - ((dimensions + 8) * UNIT_ROUNDOFF * size + UNDERFLOW)
    closed: NDArray[np.bool_] = least >= 0 if strict else least > 0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        reach = np.maximum(-least, 0.0)[:, None] / magnitude * (1 + 8 * UNIT_ROUNDOFF)
        # Where a is 0 the reach is inf or NaN: `fmin`/`fmax` leave such a side alone.
        high = np.nextafter(lower + reach, np.inf)
        low = np.nextafter(upper - reach, -np.inf)
    new_upper = np.where(a > 0, np.fmin(upper, high), upper)
    new_lower = np.where(a < 0, np.fmax(lower, low), lower)
    closed = closed | (new_lower > new_upper).any(axis=1)
    lower[...] = np.where(closed[:, None], lower, new_lower)
    upper[...] = np.where(closed[:, None], upper, new_upper)
    return closed
