"""Numbers for readers: exact where that is short, marked where it is not.

In: exact rationals.  Out: text; a leading `~` says that the number printed is not the number meant.
"""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from math import inf

_SHORT = 12  # characters; more digits than that are not read
_NINE_DIGITS = Context(prec=9)  # not floats: there are rationals beyond their range


def shown(value: Fraction) -> str:
    """`value` as a decimal: exact when short, otherwise rounded and marked with `~`."""
    if (text := _terminating(value)) is not None and len(text) <= _SHORT:
        return text
    rounded = _NINE_DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator))
    return f"~{rounded.normalize(_NINE_DIGITS):g}"


def as_float(value: Fraction) -> float:
    """The nearest float; infinite beyond the range of floats."""
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def duration(seconds: float) -> str:
    """Seconds, with two digits that mean something."""
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def count_of(number: int, things: str) -> str:
    """`1 box`, `2,000 boxes`."""
    if number == 1:
        things = "box" if things == "boxes" else things.removesuffix("s")
    return f"{number:,} {things}"


def amount(size: int) -> str:
    """Bytes, with two digits that mean something."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if value < 10 and unit != "B" else f"{value:.0f} {unit}"


def _terminating(value: Fraction) -> str | None:
    """The decimal that is exactly `value`, when it has at most nine places."""
    scaled = value * 10**9
    if scaled.denominator != 1:
        return None
    sign = "-" if value < 0 else ""
    whole, places = divmod(abs(scaled.numerator), 10**9)
    digits = f"{places:09d}".rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"
