"""Measures for people: a bracket in as many digits as it needs, rounded outward.

In: a measurement.  Out: text.  What is printed without `~` is true of the printed numbers: a lower end is
rounded down, an upper one up.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from spec_lang.reporters._numbers import shown
from spec_lang.reporters.model import Counterexample, End, Measurement

_WITHIN: Final = 200  # what rounding adds to a bracket is at most one part of so many
_DIGITS: Final = 10**9


def measurement_text(found: Measurement) -> str:
    """`[0.41428, 0.433] to 5 %`; of a range, the values that all lie between; of a count, whole numbers."""
    if found.precision is None:
        return _whole(found)
    precision = _precision(found.precision, found)
    if len(found.brackets) == 1:
        return f"{_ends(found.lower, found.upper, found)} {precision}"
    return f"within {_ends(found.lower, found.upper, found)}, ends {precision}"


def bracket_lines(found: Measurement) -> Iterator[str]:
    """A line for each end of a range."""
    if len(found.brackets) > 1:
        for bracket in found.brackets:
            yield f"{bracket.name} in {_ends(bracket.lower, bracket.upper, found)}"


def short_text(found: Measurement) -> str:
    """For the progress of a run."""
    return f"in {_ends(found.lower, found.upper, found)}"


def reached(found: Measurement, end: End, point: Counterexample) -> tuple[str, str]:
    """What a point shows: that a value is reached, or that the claim fails with a number."""
    unit = f" {found.unit}" if found.unit else ""
    if found.of_points:
        return "reaches", f"{shown(end.value)}{unit}: {found.words}"
    return "fails", f"with {found.words} = {shown(end.value)}: {point.violates}"


def _ends(lower: End | None, upper: End | None, found: Measurement) -> str:
    unit = f" {found.unit}" if found.unit else ""
    if lower is not None and upper is not None:
        if lower.value == upper.value:
            return f"[{shown(lower.value)}]{unit}"
        width = upper.value - lower.value
        low, high = (_rounding(min(width, abs(end.value) or width)) for end in (lower, upper))
        return f"[{_down(lower.value, low)}, {_up(upper.value, high)}]{unit}"
    left = "(-inf" if lower is None else f"[{_down(lower.value, _rounding(abs(lower.value)))}"
    right = "inf)" if upper is None else f"{_up(upper.value, _rounding(abs(upper.value)))}]"
    return f"{left}, {right}{unit}"


def _whole(found: Measurement) -> str:
    ends = dict.fromkeys(str(end.value) for end in found.ends)
    return f"[{', '.join(ends)}] {found.asked}"


def _precision(precision: Fraction, found: Measurement) -> str:
    width = f"{shown(precision * 100)} %" if found.relative else shown(precision)
    return f"to {width}" + ("" if found.said else " (by default)")


def _rounding(width: Fraction) -> Fraction:
    """A power of ten that is small beside a width."""
    unit = Fraction(1)
    while unit * _WITHIN > width and unit * _DIGITS > 1:
        unit /= 10
    while width and unit * _WITHIN * 10 <= width:
        unit *= 10
    return unit


def _down(value: Fraction, unit: Fraction) -> str:
    return shown(value // unit * unit)


def _up(value: Fraction, unit: Fraction) -> str:
    return shown(-(-value // unit) * unit)
