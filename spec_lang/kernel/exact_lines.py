"""Lines below and above smooth functions over intervals, in integers: see `lines` for why they are.

In: a function, and the intervals of one box.  Out: slopes of few bits, and the constants that they need.
Floats choose slopes and points alone.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor, inf
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel import lines, parabola, smooth, softplus, spread
from spec_lang.kernel.dyadics import Objects
from spec_lang.kernel.exact import Dyadic, objects
from spec_lang.kernel.network import F64
from spec_lang.network.primitives import Smooth

SLOPE_BITS: Final = 32
CONSTANT_BITS: Final = 64
_BITS: Final = 96  # of enclosures


@dataclass(frozen=True, slots=True)
class ExactLines:
    """Slopes and constants, element by element."""

    below: Dyadic
    below_constant: Dyadic
    above: Dyadic
    above_constant: Dyadic


def exact_lines(function: Smooth, lower: F64, upper: F64) -> ExactLines:
    """Lines over `lower <= t <= upper` (n,), whose ends are numbers or infinite."""
    if function is Smooth.SQUARE:
        return ExactLines(*parabola.exact_lines(lower, upper))
    if function is Smooth.SOFTPLUS:
        return ExactLines(*softplus.exact_lines(lower, upper))
    if function is Smooth.SPREAD:
        return ExactLines(*spread.exact_lines(lower, upper))
    below, constant = _all_below(function, lower, upper)
    above, mirrored = _all_below(function, -upper, -lower)
    turned = (function.turned << CONSTANT_BITS) - mirrored
    slopes = Dyadic(below, SLOPE_BITS), Dyadic(above, SLOPE_BITS)
    return ExactLines(slopes[0], Dyadic(constant, CONSTANT_BITS), slopes[1], Dyadic(turned, CONSTANT_BITS))


def _all_below(function: Smooth, lower: F64, upper: F64) -> tuple[Objects, Objects]:
    points, slopes = lines.touching(function, lower, upper)
    short = np.floor(np.nan_to_num(slopes) * 2.0**SLOPE_BITS).astype(np.int64)
    constants = [
        floor(_constant(function, ends, p, Fraction(s, 1 << SLOPE_BITS)) * (1 << CONSTANT_BITS))
        for *ends, p, s in zip(lower.tolist(), upper.tolist(), points.tolist(), short.tolist(), strict=True)
    ]
    return short.astype(object), objects(constants)


def _constant(function: Smooth, ends: list[float], point: float, slope: Fraction) -> Fraction:
    """The constant of a line below with that slope."""
    if ends[0] == -inf:
        return Fraction(function.ends[0] or 0)
    low = Fraction(ends[0])
    if not slope:
        return _value(function, low)
    high, p = Fraction(ends[1]), Fraction(point)
    at_end = _value(function, high) - slope * high
    if low >= 0:
        return min(_value(function, low) - slope * low, at_end)
    gentle, steep = (
        Fraction(v, 1 << _BITS) for v in smooth.slope(function, p.numerator, p.denominator, _BITS)
    )
    right, left = min(high, Fraction(0)) - p, p - low
    lost = max(slope - gentle, Fraction(0)) * right + max(steep - slope, Fraction(0)) * left
    tangent = _value(function, p) - slope * p - lost
    return min(tangent, at_end) if high > 0 else tangent


def _value(function: Smooth, t: Fraction) -> Fraction:
    """At most the function's value."""
    return Fraction(smooth.value(function, t.numerator, t.denominator, _BITS)[0], 1 << _BITS)
