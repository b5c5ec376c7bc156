"""Lines below and above the square over intervals, and what its values lie between.

In: arrays of intervals, whose ends may be infinite.  Out: slopes and constants that hold exactly as they are
stored, in float64 rounded outward and in integers.  Sound because t² − s·t is convex, hence greatest at an
end, for every s; and because t² >= 2m·t − m² for every m.  Where an end is missing 0 is below, and nothing
above.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np

from spec_lang.kernel.dyadics import Objects
from spec_lang.kernel.exact import Dyadic, objects
from spec_lang.kernel.network import F64
from spec_lang.kernel.rounding import UNIT

FloatLines = tuple[F64, F64, F64, F64]
_LEAST: Final = 1e-300  # more than what products lose that underflow
_BITS: Final = 40  # significant, of slopes
_CONSTANT_BITS: Final = 80


def lines(lower: F64, upper: F64) -> FloatLines:
    """Slope and constant below, slope and constant above: the tangent in the middle, and the chord."""
    known = np.isfinite(lower) & np.isfinite(upper)
    low, high = np.where(known, lower, 0.0), np.where(known, upper, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        chord = low + high
        middle = 0.5 * low + 0.5 * high
        tangent = middle + middle
        below = -np.nextafter(middle * middle, np.inf)
        ends = low * (low - chord), high * (high - chord)
        size = np.maximum(abs(ends[0]), abs(ends[1]))
        above = np.maximum(*ends) + (4 * UNIT * size + _LEAST)
    above = np.where(known & np.isfinite(chord) & ~np.isnan(above), above, np.inf)
    return tangent, np.where(known, below, 0.0), np.where(np.isfinite(above), chord, 0.0), above


def ends(lower: F64, upper: F64) -> tuple[F64, F64]:
    """What the squares of numbers in the intervals lie between, rounded outward; a bound that is no number is
    none."""
    lower = np.where(np.isnan(lower), -np.inf, lower)
    upper = np.where(np.isnan(upper), np.inf, upper)
    near = np.maximum(np.maximum(lower, -upper), 0.0)
    far = np.maximum(-lower, upper)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.maximum(np.nextafter(near * near, -np.inf), 0.0), np.nextafter(far * far, np.inf)


def exact_lines(lower: F64, upper: F64) -> tuple[Dyadic, Dyadic, Dyadic, Dyadic]:
    """The same in integers; intervals without ends get zeros, which are to be taken for nothing."""
    below: list[tuple[Fraction, Fraction]] = []
    above: list[tuple[Fraction, Fraction]] = []
    for low, high in zip(lower.tolist(), upper.tolist(), strict=True):
        if not (np.isfinite(low) and np.isfinite(high)):
            below.append((Fraction(0), Fraction(0)))
            above.append((Fraction(0), Fraction(0)))
            continue
        first, last = Fraction(low), Fraction(high)
        slope = _short(first + last, _BITS, up=False)  # of the chord, and of the tangent in the middle
        below.append((slope, -slope * slope / 4))
        constant = max(first * (first - slope), last * (last - slope))
        above.append((slope, _short(constant, _CONSTANT_BITS, up=True)))
    parts = [[line[place] for line in side] for side in (below, above) for place in (0, 1)]
    tangents, low_constants, chords, high_constants = map(_dyadic, parts)
    return tangents, low_constants, chords, high_constants


def _short(value: Fraction, bits: int, *, up: bool) -> Fraction:
    """A number of so many significant bits that is at most `value`, or with `up` at least."""
    if not value:
        return value
    place = bits - (abs(value.numerator).bit_length() - value.denominator.bit_length())
    scaled = value * Fraction(2) ** place
    whole = -(-scaled.numerator // scaled.denominator) if up else scaled.numerator // scaled.denominator
    return whole / Fraction(2) ** place


def _dyadic(values: list[Fraction]) -> Dyadic:
    shift = max((value.denominator.bit_length() - 1 for value in values), default=0)
    numbers: Objects = objects([value.numerator * ((1 << shift) // value.denominator) for value in values])
    return Dyadic(numbers, shift)
