"""Lines below and above what may be any number between −|t| and |t|, over intervals of t.

In: arrays of intervals, whose ends may be infinite.  Out: slopes and constants that hold exactly as they are
stored, in float64 rounded outward and in integers.  Sound because |t| − s·t is convex, hence greatest at an
end, for every s; what is above |t| is, turned over, below −|t|.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang.kernel.exact import Dyadic, objects
from spec_lang.kernel.rounding import UNIT

F64 = NDArray[np.float64]

_LEAST: Final = 1e-300  # more than what products lose that underflow
_SLOPE_BITS: Final = 32


def ends(lower: F64, upper: F64) -> tuple[F64, F64]:
    """What the values lie between; a bound that is no number is none."""
    most = np.maximum(-lower, upper)
    most = np.where(np.isnan(most), np.inf, most)
    return -most, most


def lines(lower: F64, upper: F64) -> tuple[F64, F64, F64, F64]:
    """Slope and constant below, slope and constant above: chords of |t|."""
    known = np.isfinite(lower) & np.isfinite(upper)
    low, high = np.where(known, lower, 0.0), np.where(known, upper, 0.0)
    wide = high - low
    slope = np.clip((abs(high) - abs(low)) / np.where(wide > 0, wide, 1.0), -1.0, 1.0)
    slope = np.where(low >= 0, 1.0, np.where(high <= 0, -1.0, slope))
    rests = abs(low) - slope * low, abs(high) - slope * high
    slack = 4 * UNIT * (abs(low) + abs(high)) + _LEAST
    rest = np.where((low >= 0) | (high <= 0), 0.0, np.maximum(*rests) + slack)
    slope, rest = np.where(known, slope, 0.0), np.where(known, rest, np.inf)
    return -slope, -rest, slope, rest


def exact_lines(lower: F64, upper: F64) -> tuple[Dyadic, Dyadic, Dyadic, Dyadic]:
    """The same in integers; intervals without ends get zeros, which are to be taken for nothing."""
    slopes: list[int] = []
    rests: list[Fraction] = []
    for low, high in zip(lower.tolist(), upper.tolist(), strict=True):
        if not (np.isfinite(low) and np.isfinite(high)):
            slopes.append(0)
            rests.append(Fraction(0))
            continue
        first, last = Fraction(low), Fraction(high)
        if first >= 0 or last <= 0:
            slopes.append((1 if first >= 0 else -1) << _SLOPE_BITS)
            rests.append(Fraction(0))
            continue
        slope = round((abs(last) - abs(first)) / (last - first) * (1 << _SLOPE_BITS))
        s = Fraction(slope, 1 << _SLOPE_BITS)
        slopes.append(slope)
        rests.append(max(abs(first) - s * first, abs(last) - s * last))
    shift = max((rest.denominator.bit_length() - 1 for rest in rests), default=0)
    numbers = objects([int(rest * (1 << shift)) for rest in rests])
    tilted = objects(slopes)
    return (
        Dyadic(-tilted, _SLOPE_BITS),
        Dyadic(-numbers, shift),
        Dyadic(tilted, _SLOPE_BITS),
        Dyadic(numbers, shift),
    )
