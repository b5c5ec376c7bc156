"""On which side of open neurons a convex set lies: patterns that are met there on no open set.

In: what enters open neurons under each pattern of slopes, and a polygon.  Out: which patterns are excluded.
In floats with room for what they err by.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec_lang.kernel.polygon import Polygon
from spec_lang.kernel.scene import Index, Mask
from spec_lang.kernel.tracing import Affines, Traced

_ROUNDING = 2.0**-48  # of a product of a few rounded numbers, relative


def are_unmet(traced: Traced, patterns: Index, polygon: Polygon, common: int) -> bool:
    """Whether each of these patterns is met on no open set of the polygon; `common` is the tracer's."""
    sides = [
        _Sides(affines, patterns, offset, traced.count)
        for affines, offset in zip(traced.entering, traced.offsets, strict=True)
    ]
    unmet = np.zeros(len(patterns), dtype=np.bool_)
    for side in sides:
        unmet |= side.excluded(polygon, common)
    return all(_is_flat(sides, row, polygon, common) for row in np.flatnonzero(~unmet).tolist())


def _is_flat(sides: list[_Sides], pattern: int, polygon: Polygon, common: int) -> bool:
    """Cut by one side after the other."""
    for side in sides:
        for row in side.rows(pattern, polygon, common):
            polygon = polygon.cut(row)
            if not polygon.has_interior:
                return True
    return False


class _Sides:
    """The open neurons of one ReLU in some patterns: `numbers` (patterns, free + 1, neurons) are those of
    `entering`, times −1 where the pattern says active, so that it is met where these rows are at most 0."""

    def __init__(self, entering: Affines, patterns: Index, offset: int, count: int) -> None:
        places = np.unravel_index(patterns, (2,) * count)
        sizes = entering.numbers.shape[:count]
        chosen = tuple(np.where(size == 1, 0, place) for size, place in zip(sizes, places, strict=True))
        width = entering.numbers.shape[-1]
        active = np.stack(places[offset : offset + width], axis=-1) == 1
        self.numbers = entering.numbers[chosen] * np.where(active, -1, 1)[:, None, :]
        self.error = entering.error

    def excluded(self, polygon: Polygon, common: int) -> Mask:
        """The patterns of which some neuron is on the other side all over the polygon but for its edge."""
        if self.error is None:
            values = np.einsum("pdj,cd->pjc", self.numbers, _integers(polygon, common))
            exact: Mask = ((values >= 0).all(axis=2) & (values > 0).any(axis=2)).any(axis=1)
            return exact
        points = np.array([[*map(float, corner), 1.0] for corner in polygon.corners])
        values = np.einsum("pdj,cd->pjc", self.numbers, points)
        spread = np.einsum("pdj,cd->pjc", abs(self.numbers) * _ROUNDING + self.error, abs(points))
        found: Mask = (values > 1.01 * spread).all(axis=2).any(axis=1)
        return found

    def rows(self, pattern: int, polygon: Polygon, common: int) -> list[tuple[list[Fraction], Fraction]]:
        """Rows that are at most 0 wherever on the polygon the pattern is met."""
        found = []
        for column in range(self.numbers.shape[-1]):
            *coefficients, constant = (Fraction(v) for v in self.numbers[pattern, :, column].tolist())
            constant /= common
            if self.error is not None:
                *errors, last = (Fraction(v) for v in self.error[:, column].tolist())
                reach = [max(abs(corner[i]) for corner in polygon.corners) for i in range(len(errors))]
                constant -= last + sum((e * r for e, r in zip(errors, reach, strict=True)), Fraction(0))
            found.append((coefficients, constant))
        return found


def _integers(polygon: Polygon, common: int) -> NDArray[Any]:
    """The corners times positive integers, as the tracer's constants are: (corners, free + 1)."""
    rows = []
    for corner in polygon.corners:
        scale = lcm(*(v.denominator for v in corner))
        rows.append([*(int(v * scale) * common for v in corner), scale])
    return np.array(rows, dtype=object)
