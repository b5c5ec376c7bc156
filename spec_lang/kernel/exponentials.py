"""`e^−a` and `ln(1 + u)` in float64, from below and from above, by operations of IEEE 754 alone.

In: arrays of a >= 0, or of u in [0, 1].  Out: two arrays each.  Nothing depends on the library's functions,
of which no standard says how they are rounded.
"""

from __future__ import annotations

from math import factorial
from typing import Final

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

_GREATEST: Final = 700.0  # of an exponent: e^-700 is a normal number
_LN2_HIGH: Final = 762123384785.0 / 2.0**40  # 40 bits: times a whole number below 2^13 it is exact
_LN2_LOW: Final = 7.371002565167799e-13  # the rest of ln 2, to 2^-94
_COEFFICIENTS: Final = tuple(1.0 / factorial(k) for k in range(13, -1, -1))
# With |r| <= 0.35: r is off by less than 2^-52, the 14 terms leave out 2^-57, and Horner's rule with rounded
# coefficients loses γ_28 e^|r|, less than 2^-47 of e^r.  This is twice as much as all of it.
_EXPONENTIAL: Final = 2.0**-45
_ODD: Final = tuple(1.0 / (2 * k + 1) for k in range(17, -1, -1))
# With s <= 1/3 and s² off by less than 2^-51: 18 terms leave out less than 9^-18 of the sum, all terms are
# positive, and Horner's rule loses γ_40 of it, less than 2^-47.
_LOGARITHM: Final = 2.0**-45


def exponential(a: F64) -> tuple[F64, F64]:
    """`e^−a` for a >= 0."""
    x = -np.minimum(a, _GREATEST)
    k = np.rint(x * 1.4426950408889634)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    found = np.full(x.shape, _COEFFICIENTS[0])
    for coefficient in _COEFFICIENTS[1:]:
        found *= r
        found += coefficient
    found *= ((k.astype(np.int64) + 1023) << 52).view(np.float64)  # 2^k, a normal number
    low = np.where(a > _GREATEST, 0.0, found * (1 - _EXPONENTIAL))
    return low, np.minimum(found * (1 + _EXPONENTIAL), 1.0)


def logarithm(u: F64) -> tuple[F64, F64]:
    """`ln(1 + u)` for u in [0, 1]: `2·artanh(s)` with `s = u/(2 + u)`, by its series in s²."""
    s = u / (2 + u)
    square = s * s
    found = np.full(u.shape, _ODD[0])
    for coefficient in _ODD[1:]:
        found *= square
        found += coefficient
    found *= 2 * s
    # A product that is no normal number has lost more than its share, but no more than this.
    tiny = np.where(u > 0, 1e-300, 0.0)
    return np.maximum(found * (1 - _LOGARITHM) - tiny, 0.0), found * (1 + _LOGARITHM) + tiny
