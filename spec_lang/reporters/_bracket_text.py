"""Measures for people: a bracket in as many digits as it needs, rounded outward.

In: a measurement.  Out: text.  What is printed without `~` is true of the printed numbers: a lower end is
rounded down, an upper one up.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from spec_lang.reporters._counts import DataCount, ShareCount
from spec_lang.reporters._cut import CutCourse
from spec_lang.reporters._numbers import count_of, duration, shown
from spec_lang.reporters.model import Counterexample, End, Measurement

_WITHIN: Final = 200  # what rounding adds to a bracket is at most one part of so many
_DIGITS: Final = 10**9
_MOST_NAMES: Final = 8


def measurement_text(found: Measurement) -> str:
    """`[0.41428, 0.433] to 5 %`; of a range, the values that all lie between; of a count, whole numbers."""
    if found.share is not None:
        return _share(found, found.share)
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


def _share(found: Measurement, share: ShareCount) -> str:
    """`41,022 of 100,000 points (41.022 %)`; `from … to …` where it is not one number."""
    ends = dict.fromkeys(end.value for end in found.ends)
    counts = " to ".join(f"{int(value * share.points):,}" for value in ends)
    parts = " to ".join(percent(value) for value in ends)
    return f"{counts} of {share.points:,} points ({parts})"


def percent(share: Fraction) -> str:
    """A part of 1 in percent: exact where that is short, else to three digits."""
    exact = shown(share * 100)
    return f"{exact} %" if not exact.startswith("~") else f"~{float(share * 100):.3g} %"


def data_lines(found: DataCount) -> Iterator[str]:
    """What was counted of an invariant at its data."""
    part = percent(Fraction(found.support, found.points))
    where = "" if found.inside == found.support else f", {found.inside:,} of them in the region"
    yield f"data    speaks of {found.support:,} of {found.points:,} points of {found.data} ({part}){where}"
    if found.support:
        holds = "all" if found.holding == found.support else f"{found.holding:,}"
        yield f"        holds at {holds} of these"
    if found.broken_inside:
        yield f"        broken at {found.broken_inside:,} in the region"
    if found.broken_outside:
        yield f"        broken at {found.broken_outside:,} outside of the region, which refute nothing"
    if found.undecided:
        yield f"        not decided at {found.undecided:,}"


def share_lines(found: Measurement) -> Iterator[str]:
    """By which invariants points are covered, the largest parts first."""
    share = found.share
    if share is None or not share.verdicts:
        return
    proved = {i for i, verdict in enumerate(share.verdicts) if verdict in ("proved", "vacuous")}
    yield f"covered by one of {len(share.names)} invariants: {share.covered:,}; proved: {share.of(proved):,}"
    alone = sorted(range(len(share.names)), key=lambda i: -share.of((i,)))
    for i in alone[:_MOST_NAMES]:
        yield f"  {share.names[i]}: {share.of((i,)):,}, {share.verdicts[i]}"
    if len(alone) > _MOST_NAMES:
        yield f"  … and {len(alone) - _MOST_NAMES} more (all in `--output-format json`)"


def cut_lines(found: CutCourse) -> Iterator[str]:
    """What came of a cut."""
    if not found.used:
        yield f"via     {found.invariant} did not lead to it: {found.problem}; decided without"
        return
    alone = ", by the layers up to it alone" if found.alone else ""
    yield f"via     {found.invariant}: {_work(found.failing)} where it says nothing{alone},"
    if found.reused is None:
        yield f"        {_work(found.holding)} where it does; what it takes without is not known"
        return
    took = f"{_work(found.reused.work)} in {duration(found.reused.seconds)}"
    yield f"        none where it does, by the proof of {found.invariant} ({took})"


def _work(units: tuple[tuple[str, int], ...]) -> str:
    return ", ".join(count_of(count, unit) for unit, count in units if count) or "no work"


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
