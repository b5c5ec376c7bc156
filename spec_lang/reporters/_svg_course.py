"""The course of a search, as SVG: how its bound came up, and how a measure's ends came together.

In: a course.  Out: a figure, or nothing where there are too few moments to see anything.  A bound that is
proved on all that is open is below 0 as long as the search goes on; how much is open is the shaded part.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from spec_lang.reporters._html_text import Html, element, number
from spec_lang.reporters._pictures import Course, Ends, Moment

_WIDTH, _HEIGHT = 560, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 548, 12, 138
_FEW: Final = 3  # moments; fewer are no course
_LINEAR: Final = (
    50.0  # times as large as the last bound the first one may be, or only the later ones are seen
)

Points = list[tuple[float, float]]


def course_html(course: Course) -> Html | None:
    """The figures of a course."""
    parts = [_bounds(course), *_brackets(course)]
    shown = [part for part in parts if part is not None]
    return element("div", shown, class_="courses") if shown else None


def _bounds(course: Course) -> Html | None:
    moments = course.moments
    if len(moments) < _FEW:
        return None
    end = max(m.at for m in moments) or 1.0
    most = max(m.open for m in moments) or 1
    bounds = [m.bound for m in moments if m.bound is not None and m.bound < 0]
    floor = max(min(bounds), bounds[-1] * _LINEAR) if bounds else -1.0
    shapes = [element("path", d=_open(moments, end, most), class_="open")]
    if bounds:
        shapes += [_level(_BOTTOM - (_BOTTOM - _TOP) * 0.9, "0"), *_lines(moments, end, floor)]
        shapes.append(_label(_LEFT - 6, _BOTTOM, f"{floor:.3g}", "end"))
    shapes += _time_axis(course.unit, end)
    what = "The proved bound on what is open" if bounds else "How much is open"
    said = f"{what}; shaded: open sub-problems, {most:,} at most."
    if bounds:
        said += (
            f" It comes up from {bounds[0]:.3g} to {bounds[-1]:.3g}; the claim is proved where it passes 0."
        )
    return _figure(said, shapes)


def _open(moments: Sequence[Moment], end: float, most: int) -> str:
    height = (_BOTTOM - _TOP) * 0.9
    steps: Points = [(_at(m.at, end), _BOTTOM - height * m.open / most) for m in moments]
    return f"M{_LEFT} {_BOTTOM}" + "".join(f"L{number(x)} {number(y)}" for x, y in steps) + f"V{_BOTTOM}Z"


def _lines(moments: Sequence[Moment], end: float, floor: float) -> list[Html]:
    """One line for each search."""
    height = (_BOTTOM - _TOP) * 0.9
    found: list[Html] = []
    for _, members in groupby(moments, key=lambda m: m.search):
        known = [(m.at, m.bound) for m in members if m.bound is not None]
        points: Points = [
            (_at(at, end), _BOTTOM - height * (1 - max(min(bound, 0.0), floor) / floor))
            for at, bound in known
        ]
        if len(points) == 1:
            found.append(element("circle", cx=points[0][0], cy=points[0][1], r=2.5, class_="dot"))
        elif points:
            found.append(element("path", d=_steps(points), class_="bound"))
    return found


def _brackets(course: Course) -> list[Html]:
    found = []
    for number_, members in groupby(sorted(course.ends, key=lambda e: e.bracket), key=lambda e: e.bracket):
        figure = _bracket(course.unit, list(members), number_)
        if figure is not None:
            found.append(figure)
    return found


def _bracket(unit: str, ends: Sequence[Ends], place: int) -> Html | None:
    values = [v for e in ends for v in (e.lower, e.upper) if v is not None]
    if len(ends) < 2 or not values:
        return None
    low, high = min(values), max(values)
    room = (high - low) / 20 or abs(high) / 20 or 1.0
    low, high, end = low - room, high + room, max(e.at for e in ends) or 1.0

    def points(side: Sequence[tuple[float, float | None]]) -> Points:
        known = [(at, v) for at, v in side if v is not None]
        return [(_at(at, end), _BOTTOM - (v - low) / (high - low) * (_BOTTOM - _TOP)) for at, v in known]

    lower, upper = points([(e.at, e.lower) for e in ends]), points([(e.at, e.upper) for e in ends])
    shapes = []
    if lower and upper:
        start = max(lower[0][0], upper[0][0])
        shapes.append(element("path", d=_between(lower, upper, start), class_="between"))
    shapes += [
        element("path", d=_steps([*line, (_RIGHT, line[-1][1])]), class_="bound")
        for line in (lower, upper)
        if line
    ]
    shapes += [_label(_LEFT - 6, y, words, "end") for y, words in _ticks(lower, upper, ends[-1])]
    shapes += _time_axis(unit, end)
    which = "" if place == 0 else f" (number {place + 1})"
    return _figure(
        f"What is proved of the measure{which}, from below and from above, as it closed in.", shapes
    )


def _ticks(lower: Points, upper: Points, last: Ends) -> list[tuple[float, str]]:
    """The last ends, at their lines; one of them where they are too near to each other to be read."""
    found = [
        (line[-1][1] + 4, f"{value:.4g}")
        for line, value in ((lower, last.lower), (upper, last.upper))
        if line and value is not None
    ]
    if len(found) > 1 and abs(found[0][0] - found[1][0]) < 13:
        middle = (found[0][0] + found[1][0]) / 2
        return [(middle + 7, found[0][1]), (middle - 7, found[1][1])]
    return found


def _between(lower: Points, upper: Points, start: float) -> str:
    """The part between two lines of steps, from `start` on."""
    below = [(max(x, start), y) for x, y in [*lower, (_RIGHT, lower[-1][1])]]
    above = [(max(x, start), y) for x, y in [*upper, (_RIGHT, upper[-1][1])]]
    return _steps(below) + _reversed(above)


def _reversed(points: Points) -> str:
    x, y = points[-1]
    back = "".join(f"V{number(b)}H{number(a)}" for a, b in points[-2::-1])
    return f"L{number(x)} {number(y)}{back}Z"


def _steps(points: Points) -> str:
    """What is proved stays proved until more is."""
    (x, y), *rest = points
    return f"M{number(x)} {number(y)}" + "".join(f"H{number(a)}V{number(b)}" for a, b in rest)


def _at(at: float, end: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * at / end


def _level(y: float, words: str) -> Html:
    line = element("path", d=f"M{_LEFT} {number(y)}H{_RIGHT}", class_="level")
    return Html(line + _label(_LEFT - 6, y + 4, words, "end"))


def _time_axis(unit: str, end: float) -> list[Html]:
    last = f"{end:.3g} s" if unit == "s" else f"{end:,.0f} {unit}"
    return [
        element("path", d=f"M{_LEFT} {_BOTTOM}H{_RIGHT}", class_="base"),
        _label(_LEFT, _BOTTOM + 18, "0", "start"),
        _label(_RIGHT, _BOTTOM + 18, last, "end"),
    ]


def _label(x: float, y: float, words: str, anchor: str) -> Html:
    return element("text", words, x=x, y=y, text_anchor=anchor, class_="axis")


def _figure(said: str, shapes: Sequence[Html]) -> Html:
    svg = element(
        "svg",
        element("title", said),
        shapes,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT - 8}",
        role="img",
        class_="plot",
    )
    return element("figure", svg, element("figcaption", said), class_="course")
