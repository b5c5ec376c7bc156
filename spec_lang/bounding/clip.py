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
from spec_lang.bounding.linear import UNDERFLOW
from spec_lang.bounding.program import F64, UNIT_ROUNDOFF

# Steps of the search for a convex combination; the weights have settled to a few per cent by then.
COMBINATION_STEPS = 12
MOST_WEIGHT = 255  # of a row in a combination: weights are bytes, so that a certificate can keep them
ROUNDS = 2


@dataclass(frozen=True, slots=True, eq=False)
class RowBounds:
    """`coefficients[b, i]·x + constant[b, i]` bounds row i from below on box b; `strict[i]`: row i must
    be below 0, not just at most 0, for the violation."""

    coefficients: F64  # (batch, rows, in)
    constant: F64  # (batch, rows)
    strict: NDArray[np.bool_]  # (rows,)


@dataclass(frozen=True, slots=True, eq=False)
class Clipped:
    """Smaller boxes, which of them are empty (kept at their old size), and the weights of the combination
    of rows that was used, none where there is one row."""

    boxes: Boxes
    empty: NDArray[np.bool_]
    weights: NDArray[np.uint8]  # (batch, rows)


def clip(boxes: Boxes, rows: RowBounds) -> Clipped:
    """Shrink every box by every row and by a convex combination of them.

    Sound because where all rows are at most 0 so is any combination with weights >= 0, and where
    `a·x + c <= 0` each coordinate satisfies `a_i (x_i − e_i) <= −min(a·x + c)`, e_i the end of its
    interval at which the minimum lies.
    """
    lower, upper = boxes.lower.copy(), boxes.upper.copy()
    empty = np.zeros(len(boxes), dtype=np.bool_)
    count = rows.constant.shape[1]
    several = count > 1
    if several:
        weights = choose_weights(boxes, rows)
        coefficients, constant = combination(boxes, rows, weights)
    else:
        weights = np.zeros((len(boxes), count), dtype=np.uint8)
    for _ in range(ROUNDS if several else 1):
        if several:
            empty |= _clip_by_row(lower, upper, coefficients, constant, strict=bool(rows.strict.all()))
        for i in range(count):
            empty |= _clip_by_row(
                lower, upper, rows.coefficients[:, i], rows.constant[:, i], strict=bool(rows.strict[i])
            )
    # An empty box is kept at its old size: it is dropped by the caller, and stays well-formed here.
    lower[empty], upper[empty] = boxes.lower[empty], boxes.upper[empty]
    return Clipped(Boxes(lower, upper), empty, weights)


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


def choose_weights(boxes: Boxes, rows: RowBounds) -> NDArray[np.uint8]:
    """Weights of a combination of the rows with a large minimum on each box: a heuristic, by
    multiplicative-weights ascent; whatever it gives is sound to combine with."""
    a, c = rows.coefficients, rows.constant
    center = boxes.center
    radius = boxes.radius(center)
    at_center = np.einsum("brd,bd->br", a, center) + c
    reach = np.einsum("brd,bd->br", abs(a), radius)
    scale = (abs(at_center - reach).max(axis=1) + 1e-6)[:, None]
    weights = np.full(c.shape, 1.0 / c.shape[1])
    best, best_weights = np.full(len(c), -np.inf), weights
    for step in range(COMBINATION_STEPS):
        combined = np.matmul(weights[:, None, :], a)[:, 0]
        value = (weights * at_center).sum(axis=1) - (abs(combined) * radius).sum(axis=1)
        better = value > best
        best = np.where(better, value, best)
        best_weights = np.where(better[:, None], weights, best_weights)
        worst_point = -np.sign(combined) * radius
        gradient = at_center + np.matmul(a, worst_point[:, :, None])[:, :, 0]
        weights = weights * np.exp(np.clip(gradient / scale * (3 / (1 + 0.3 * step)), -30, 30))
        weights = weights / weights.sum(axis=1, keepdims=True)
    largest = best_weights.max(axis=1, keepdims=True)
    chosen: NDArray[np.uint8] = np.nan_to_num(np.rint(best_weights / largest * MOST_WEIGHT), nan=1.0).astype(
        np.uint8
    )
    return chosen


def combination(boxes: Boxes, rows: RowBounds, weights: NDArray[np.uint8]) -> tuple[F64, F64]:
    """The combination of the rows by `weights`, as `(coefficients, constant)`; its rounding is subtracted
    from the constant."""
    a, c, w = rows.coefficients, rows.constant, weights.astype(np.float64)
    size = (w * (np.einsum("brd,bd->br", abs(a), boxes.magnitude) + abs(c))).sum(axis=1)
    slack = (c.shape[1] + a.shape[2] + 8) * UNIT_ROUNDOFF * 1.01 * size + UNDERFLOW
    return np.matmul(w[:, None, :], a)[:, 0], (w * c).sum(axis=1) - slack
