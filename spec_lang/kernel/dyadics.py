"""Exact arithmetic on dyadic arrays and on boxes of fractions, for the proofs that are checked in integers.

In: integers over powers of two, and fractions.  Out: the same, exactly, but for `below` and `above`, which
round to the float on that side.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor, inf, nextafter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spec_lang.kernel.exact import Dyadic, objects

Objects = NDArray[Any]

SLOPE_BITS: Final = 20


def chord(lower: float, upper: float) -> tuple[int, int, Fraction]:
    """Slopes over 2^20 below and above relu on an interval, and the intercept of the one above.

    The line above reaches 0 at the lower end and `upper` at the upper, hence is above relu on the interval.
    """
    if not upper > 0:
        return 0, 0, Fraction(0)
    one = 1 << SLOPE_BITS
    if lower >= 0:
        return one, one, Fraction(0)
    if lower == -inf or upper == inf:
        return 0, one, Fraction(0)  # of no use: the scene is not sound then
    low, high = Fraction(lower), Fraction(upper)
    slope = floor(high / (high - low) * one)
    steep = Fraction(slope, one)
    return one if high > -low else 0, slope, max(-steep * low, high - steep * high)


def clip_by(
    lower: list[Fraction], upper: list[Fraction], a: Sequence[Any], c: Fraction, *, strict: bool
) -> bool:
    """Shrink in place; whether the row empties the box."""
    least = c + least_value(a, lower, upper)
    if least > 0 or (strict and least == 0):
        return True
    old = list(zip(lower, upper, strict=True))
    for i, (low, high) in enumerate(old):
        if a[i] > 0:
            upper[i] = min(high, low - least / Fraction(a[i]))
        elif a[i] < 0:
            lower[i] = max(low, high - least / Fraction(a[i]))
    return any(low > high for low, high in zip(lower, upper, strict=True))


def least_value(a: Sequence[Any], lower: Sequence[Fraction], upper: Sequence[Fraction]) -> Fraction:
    ends = zip(a, lower, upper, strict=True)
    return sum((v * (low if v > 0 else high) for v, low, high in ends if v), start=Fraction(0))


def plus(left: Dyadic, right: Dyadic) -> Dyadic:
    if left.shift < right.shift:
        left, right = right, left
    return Dyadic(left.numbers + right.numbers * (1 << (left.shift - right.shift)), left.shift)


def times(rows: Dyadic, vector: Dyadic) -> Dyadic:
    """`rows @ vector`"""
    return Dyadic(rows.numbers @ vector.numbers, rows.shift + vector.shift)


def absolute(array: Dyadic) -> Dyadic:
    return Dyadic(np.abs(array.numbers), array.shift)


def shaped(like: Objects, numbers: Sequence[Any]) -> Objects:
    return objects(numbers).reshape(like.shape)


def float_below(value: Fraction) -> float:
    """The greatest float that is not above `value`, or nearly so."""
    try:
        near = float(value)
    except OverflowError:
        return -inf if value < 0 else nextafter(inf, 0.0)
    return near if Fraction(near) <= value else nextafter(near, -inf)


def float_above(value: Fraction) -> float:
    return -float_below(-value)
