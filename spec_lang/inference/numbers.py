"""Numbers as a spec writes them: short decimals next to a number, on the side that is asked for.

In: exact rationals or floats.  Out: decimals as text.  Exact: what is below is never above, since the decimal
is compared as a rational.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor, log10

DIGITS = 8


def decimal(value: Fraction, *, up: bool, digits: int = DIGITS) -> str:
    """The least decimal of so many digits that is at least `value`, or the greatest that is at most."""
    if value == 0:
        return "0"
    step = Fraction(10) ** (floor(log10(abs(value))) - digits + 1)
    count = -floor(-value / step) if up else floor(value / step)
    return plain(count * step)


def plain(value: Fraction) -> str:
    """A number whose denominator divides a power of ten, written out or with an exponent."""
    exponent, whole = 0, value
    while whole.denominator != 1:
        whole, exponent = whole * 10, exponent + 1
    digits = str(abs(whole.numerator))
    sign = "-" if value < 0 else ""
    if exponent > 2 * DIGITS + len(digits):
        return f"{sign}{digits}e-{exponent}"
    if not exponent:
        return sign + digits
    digits = digits.rjust(exponent + 1, "0")
    shown = f"{digits[:-exponent]}.{digits[-exponent:]}".rstrip("0").rstrip(".")
    return sign + shown
