"""Boxes around a point, as large as the points of other decisions let them be.

In: points in network space, and which of them are to stay outside.  Out: a box in floats that contains the
start and none of these.  Greedy; what is between the points is for the engine to decide.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spec_lang.inference.model import F64, Mask

_MARGIN = 0.25  # of the way back from the point that stopped a side: beside it the decision changes


def grown(start: tuple[F64, F64], domain: tuple[F64, F64], outside: F64) -> tuple[F64, F64]:
    """The domain, cut until none of `outside` is in it: each time one side moves, to exclude the point that
    is nearest to the start, along the coordinate in which it is farthest for the domain's width."""
    lower, upper = domain[0].copy(), domain[1].copy()
    scale = np.where(domain[1] > domain[0], domain[1] - domain[0], 1.0)
    left = outside[((outside >= lower) & (outside <= upper)).all(axis=1)]
    below, above = (start[0] - left) / scale, (left - start[1]) / scale
    distance = np.maximum(below, above)  # > 0 where a point is outside of the start in this coordinate
    left, below, above, distance = (
        part[(distance > 0).any(axis=1)] for part in (left, below, above, distance)
    )
    open_rows = np.ones(len(left), dtype=np.bool_)
    reach = distance.max(axis=1, initial=0.0)
    while open_rows.any():
        row = int(np.argmin(np.where(open_rows, reach, np.inf)))
        column = int(np.argmax(distance[row]))
        if below[row, column] > above[row, column]:
            lower[column] = left[row, column] + _MARGIN * (start[0][column] - left[row, column])
        else:
            upper[column] = left[row, column] - _MARGIN * (left[row, column] - start[1][column])
        open_rows[row] = False  # whatever rounding says of it
        open_rows &= (left[:, column] >= lower[column]) & (left[:, column] <= upper[column])
    return lower, upper


def around(center: F64, domain: tuple[F64, F64], share: float) -> tuple[F64, F64]:
    """The part of the domain around a point that is this share of it in every coordinate."""
    reach = 0.5 * share * (domain[1] - domain[0])
    lower = np.clip(center - reach, domain[0], domain[1])
    upper = np.clip(center + reach, domain[0], domain[1])
    return lower, upper


def clearance(points: F64, rows: Sequence[int], other: Mask, scale: F64) -> F64:
    """How far each of `rows` is from the nearest point of `other`, in the largest of the coordinates."""
    away = points[other] / scale
    if not len(away):
        return np.full(len(rows), np.inf)
    return np.array([abs(away - points[row] / scale).max(axis=1).min() for row in rows])
