"""Lines below and above `ln(1 + e^t)` over intervals, and what its values lie between.

In: arrays of intervals, whose ends may be infinite.  Out: slopes and constants that hold exactly as they are
stored, in float64 rounded outward and in integers.  The function f is convex, with the slope σ between 0 and
1, above 0 and above t.  Sound because f(t) − s·t is convex, hence greatest at an end, for every s; and since
f(t) >= f(p) + σ(p)(t − p) for every p, from which a line of another slope strays by the difference times how
far t is from p.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor, inf
from typing import Final

import numpy as np

from spec_lang.kernel import smooth
from spec_lang.kernel.exact import Dyadic, objects
from spec_lang.kernel.exponentials import F64, exponential, logarithm
from spec_lang.kernel.rounding import UNIT
from spec_lang.network.primitives import Smooth

WIDEST: Final = 1e6  # of an interval that is worth a line with a slope of its own
_LEAST: Final = 1e-290  # more than what is lost to underflow
_SLOPE_BITS: Final = 32
_CONSTANT_BITS: Final = 64
_BITS: Final = 96  # of enclosures


def values(t: F64) -> tuple[F64, F64]:
    """From below and from above: `max(t, 0) + ln(1 + e^−|t|)`."""
    low, high = exponential(abs(t))
    least, most = logarithm(low)[0], logarithm(high)[1]
    base = np.maximum(t, 0.0)
    return np.maximum(np.nextafter(base + least, -inf), base), np.nextafter(base + most, inf)


def ends(lower: F64, upper: F64) -> tuple[F64, F64]:
    """What the values lie between over intervals; a bound that is no number is none."""
    lower, upper = np.where(np.isnan(lower), -inf, lower), np.where(np.isnan(upper), inf, upper)
    return values(lower)[0], values(upper)[1]


def lines(lower: F64, upper: F64) -> tuple[F64, F64, F64, F64]:
    """Slope and constant below, slope and constant above: the tangent in the middle, and the chord.

    Where the interval is too wide, or has an end missing, 0 or t is below; above only a constant, if any.
    """
    wide = upper - lower
    known = np.isfinite(lower) & np.isfinite(upper) & (wide < WIDEST)
    low, high = np.where(known, lower, 0.0), np.where(known, upper, 0.0)
    p = 0.5 * low + 0.5 * high
    gentle, steep = _slopes(p)
    s, at = 0.5 * (gentle + steep), values(p)[0]
    strays = np.maximum(steep - s, s - gentle) * np.maximum(high - p, p - low)
    below = at - s * p - strays - (16 * UNIT * (at + abs(s * p) + strays) + _LEAST)
    first, last = values(low)[1], values(high)[1]
    chord = np.clip((last - first) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    rests = first - chord * low, last - chord * high
    size = np.maximum(first + abs(chord * low), last + abs(chord * high))
    above = np.maximum(*rests) + (16 * UNIT * size + _LEAST)
    right = ~(lower < 0)  # of NaN, too, where t is no less a bound than 0
    ceiling = np.where(np.isnan(upper), inf, values(np.where(np.isnan(upper), 0.0, upper))[1])
    return (
        np.where(known, s, np.where(right, 1.0, 0.0)),
        np.where(known, below, 0.0),
        np.where(known, chord, 0.0),
        np.where(known, above, ceiling),
    )


def exact_lines(lower: F64, upper: F64) -> tuple[Dyadic, Dyadic, Dyadic, Dyadic]:
    """The same in integers; above an interval without an upper end there is 0, to be taken for nothing."""
    found = [_exact(a, b) for a, b in zip(lower.tolist(), upper.tolist(), strict=True)]
    slopes = [Dyadic(objects([line[place] for line in found]), _SLOPE_BITS) for place in (0, 2)]
    constants = [Dyadic(objects([line[place] for line in found]), _CONSTANT_BITS) for place in (1, 3)]
    return slopes[0], constants[0], slopes[1], constants[1]


def _exact(lower: float, upper: float) -> tuple[int, int, int, int]:
    if not upper - lower < WIDEST:
        ceiling = _value(Fraction(upper), 1) if upper < inf else Fraction(0)
        slope = 0 if lower < 0 else 1 << _SLOPE_BITS
        return slope, 0, 0, -floor(-ceiling * (1 << _CONSTANT_BITS))
    low, high = Fraction(lower), Fraction(upper)
    p = Fraction(0.5 * lower + 0.5 * upper)
    gentle, steep = (
        Fraction(v, 1 << _BITS) for v in smooth.slope(Smooth.SOFTPLUS, p.numerator, p.denominator, _BITS)
    )
    s = Fraction(round(gentle * (1 << _SLOPE_BITS)), 1 << _SLOPE_BITS)
    strays = max(steep - s, s - gentle, Fraction(0)) * max(high - p, p - low)
    below = _value(p, 0) - s * p - strays
    first, last = _value(low, 1), _value(high, 1)
    ratio = (last - first) / (high - low) if high > low else gentle
    chord = Fraction(min(max(round(ratio * (1 << _SLOPE_BITS)), 0), 1 << _SLOPE_BITS), 1 << _SLOPE_BITS)
    above = max(first - chord * low, last - chord * high)
    return (
        int(s * (1 << _SLOPE_BITS)),
        floor(below * (1 << _CONSTANT_BITS)),
        int(chord * (1 << _SLOPE_BITS)),
        -floor(-above * (1 << _CONSTANT_BITS)),
    )


def _value(t: Fraction, side: int) -> Fraction:
    """At most the value with side 0, at least with 1."""
    return Fraction(smooth.value(Smooth.SOFTPLUS, t.numerator, t.denominator, _BITS)[side], 1 << _BITS)


def _slopes(t: F64) -> tuple[F64, F64]:
    """σ from below and from above: `1/(1 + e^−|t|)`, or what that leaves of 1."""
    low, high = exponential(abs(t))
    left = t < 0
    gentle = np.where(left, low, 1.0) / (1 + np.where(left, low, high)) * (1 - 16 * UNIT)
    steep = np.where(left, high, 1.0) / (1 + np.where(left, high, low)) * (1 + 16 * UNIT)
    return gentle, np.minimum(steep, 1.0)
