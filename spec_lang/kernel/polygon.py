"""Convex sets of the line and of the plane, exactly: intervals and polygons with rational corners.

In: a box, and rows that hold on what is kept of it.  Out: the corners in order, and whether there is anything
between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from spec_lang._values import dataclass

Point = tuple[Fraction, ...]
Row = tuple[Sequence[Fraction | int], Fraction | int]  # coefficients·x + constant <= 0


@dataclass(frozen=True, slots=True)
class Polygon:
    """The convex hull of `corners`: the two ends of an interval, or the corners of a polygon, in order."""

    corners: tuple[Point, ...]

    @classmethod
    def of_box(cls, lower: Sequence[Fraction], upper: Sequence[Fraction]) -> Polygon:
        """Of one input or of two."""
        if len(lower) == 1:
            return cls(((lower[0],), (upper[0],)))
        (a, b), (c, d) = lower, upper
        return cls(((a, b), (c, b), (c, d), (a, d)))

    def cut(self, row: Row) -> Polygon:
        """What is left where the row is at most 0."""
        coefficients, constant = row
        values = [
            sum((c * v for c, v in zip(coefficients, corner, strict=True)), start=Fraction(constant))
            for corner in self.corners
        ]
        if all(value <= 0 for value in values):
            return self
        if len(coefficients) == 1:
            return self._cut_interval(values)
        kept: list[Point] = []
        for here, corner in enumerate(self.corners):
            there = (here + 1) % len(self.corners)
            a, b = values[here], values[there]
            if a <= 0:
                kept.append(corner)
            if (a < 0 < b) or (b < 0 < a):
                share = a / (a - b)
                kept.append(
                    tuple(p + share * (q - p) for p, q in zip(corner, self.corners[there], strict=True))
                )
        return Polygon(tuple(dict.fromkeys(kept)))

    def _cut_interval(self, values: Sequence[Fraction]) -> Polygon:
        ends = [corner[0] for corner in self.corners]
        kept = [(end,) for end, value in zip(ends, values, strict=True) if value <= 0]
        if len(kept) == 1 and len(ends) == 2:
            (a, b), (p, q) = values, ends
            crossing = (p + a / (a - b) * (q - p),)
            kept = [kept[0], crossing] if a <= 0 else [crossing, kept[0]]
        return Polygon(tuple(kept))

    @property
    def has_interior(self) -> bool:
        """Whether its length, or its area, is positive."""
        if not self.corners:
            return False
        if len(self.corners[0]) == 1:
            return self.corners[0] != self.corners[-1]
        first, *others = self.corners
        offsets = [(p[0] - first[0], p[1] - first[1]) for p in others]
        return any(a[0] * b[1] != a[1] * b[0] for a, b in pairwise(offsets))
