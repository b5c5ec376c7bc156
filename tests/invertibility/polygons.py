"""Convex polygons, segments and points in exact integers.

In: corners, and half-spaces.  Out: what is left of the corners.  A point is a tuple of homogeneous
coordinates, the last one positive, without a common factor: equal points are equal tuples.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd, lcm
from operator import mul

Point = tuple[int, ...]
Form = tuple[int, ...]  # an affine function: its sign at a point is that of `at`
Polygon = tuple[Point, ...]  # corners, in order around it; two of a segment, one of a point, none of nothing


def at(form: Form, point: Point) -> int:
    """The value of the form, times the point's last coordinate."""
    return sum(map(mul, form, point))


def reduced(coordinates: Sequence[int]) -> Point:
    factor = gcd(*coordinates)
    return tuple(e // factor for e in coordinates) if factor > 1 else tuple(coordinates)


def point_of(coordinates: Iterable[Fraction]) -> Point:
    """The point with these coordinates."""
    exact = tuple(coordinates)
    common = lcm(*(e.denominator for e in exact))
    return (*(int(e * common) for e in exact), common)


def fractions_of(point: Point) -> tuple[Fraction, ...]:
    return tuple(Fraction(e, point[-1]) for e in point[:-1])


def box(lower: Sequence[Fraction], upper: Sequence[Fraction]) -> Polygon:
    """An interval, or a rectangle."""
    if len(lower) == 1:
        return point_of(lower), point_of(upper)
    (a, b), (c, d) = lower, upper
    return tuple(point_of(corner) for corner in ((a, b), (c, b), (c, d), (a, d)))


def cut(polygon: Polygon, values: Sequence[int]) -> tuple[Polygon, Polygon]:
    """What lies where a form is at least 0, and at most 0, given its values at the corners."""
    above: list[Point] = []
    below: list[Point] = []
    for index, (point, value) in enumerate(zip(polygon, values, strict=True)):
        before = values[index - 1]
        if before * value < 0 and (index or len(polygon) > 2):  # a segment has one edge
            other = polygon[index - 1]
            a, b = abs(value), abs(before)
            crossing = reduced([a * e + b * f for e, f in zip(other, point, strict=True)])
            above.append(crossing)
            below.append(crossing)
        if value >= 0:
            above.append(point)
        if value <= 0:
            below.append(point)
    return tuple(above), tuple(below)


def within(polygon: Polygon, form: Form) -> Polygon:
    """The part where the form is at least 0."""
    values = [at(form, point) for point in polygon]
    return polygon if min(values, default=0) >= 0 else cut(polygon, values)[0]


def on(polygon: Polygon, form: Form) -> Polygon:
    """The part where the form is 0."""
    return within(within(polygon, form), tuple(-e for e in form))
