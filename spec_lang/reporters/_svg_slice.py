"""A slice of a region through a counterexample, as SVG.

In: a slice.  Out: a figure: the region's outline, where the claim is broken, and the point.  The border of
what is broken is drawn between the points of the grid by interpolation, which the caption says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from spec_lang.reporters._contours import loops
from spec_lang.reporters._html_text import Html, element, number
from spec_lang.reporters._pictures import Side, Slice

_WIDTH, _HEIGHT = 440, 336
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 426, 28, 286  # where the plane is drawn
_NEAR: Final = 90  # pixels from the right edge, from where a label stands to the left

BROKEN: Final = "the claim is broken"
_TAG: Final = {BROKEN: "counterexample"}

Spot = tuple[float, float]


def slice_html(found: Slice, broken: str = BROKEN) -> Html:
    """The figure, with what is shown and what is not in its caption."""
    return element(
        "figure", _svg(found, broken), element("figcaption", _caption(found, broken)), class_="slice"
    )


def _svg(found: Slice, broken: str) -> Html:
    outline = [(_x(x, found), _y(y, found)) for x, y in found.outline]
    x, y = _x(found.across.at, found), _y(found.up.at, found)
    turned = x > _RIGHT - _NEAR
    place, anchor = (x - 10, "end") if turned else (x + 10, "start")
    frame = f"M{_LEFT} {_TOP}H{_RIGHT}V{_BOTTOM}H{_LEFT}Z"
    shapes = [
        element("rect", x=_LEFT, y=_TOP, width=_RIGHT - _LEFT, height=_BOTTOM - _TOP, class_="ground"),
        element("path", d=_area(found), class_="broken", fill_rule="evenodd"),
        element("path", d=frame + _path(outline), class_="outside", fill_rule="evenodd"),
        element("path", d=_path(outline), class_="outline"),
        element("path", d=f"M{number(x - 6)} {number(y - 6)}l12 12m0 -12l-12 12", class_="halo"),
        element("path", d=f"M{number(x - 6)} {number(y - 6)}l12 12m0 -12l-12 12", class_="cross"),
        element("text", _TAG.get(broken, "the point"), x=place, y=y - 9, text_anchor=anchor, class_="tag"),
        *_axes(found, outline),
    ]
    title = f"Where {broken} in the plane of {found.across.name} and {found.up.name}"
    return element(
        "svg",
        element("title", title),
        shapes,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        class_="plot",
    )


def _caption(found: Slice, broken: str) -> list[Html | str]:
    side = len(found.margins)
    fixed = {0: "", 1: " The other input keeps the value that it has there."}.get(
        found.fixed, f" The other {found.fixed:,} inputs keep the values that they have there."
    )
    tied = (
        f" With them {', '.join(found.follow[:6])} change, which the claim ties to them."
        if found.follow
        else ""
    )
    grid = f" The network was evaluated in floats at {side} by {side} points: a picture, no proof."
    return [
        element("span", class_="key broken"),
        f" {broken}  ",
        element("span", class_="key inside"),
        " the region of the claim  ",
        element("span", "×", class_="key cross"),
        " the point." + fixed + tied + grid,
    ]


def _axes(found: Slice, outline: Sequence[Spot]) -> Iterator[Html]:
    """The names of both axes, and where the region begins and ends on them."""
    xs, ys = zip(*found.outline, strict=True)
    left, right = min(x for x, _ in outline), max(x for x, _ in outline)
    top, bottom = min(y for _, y in outline), max(y for _, y in outline)
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    yield _words(_tick(min(xs), width), left, _BOTTOM + 17, "middle")
    yield _words(_tick(max(xs), width), right, _BOTTOM + 17, "middle")
    yield _words(_tick(max(ys), height), _LEFT - 6, top + 4, "end")
    yield _words(_tick(min(ys), height), _LEFT - 6, bottom + 4, "end")
    yield element(
        "text", f"{_axis(found.across)} →", x=_RIGHT, y=_BOTTOM + 38, text_anchor="end", class_="axis"
    )
    yield element("text", f"↑ {_axis(found.up)}", x=_LEFT, y=_TOP - 11, class_="axis")


def _tick(value: float, extent: float) -> str:
    """What rounding alone makes of 0 is 0."""
    return "0" if abs(value) < 1e-9 * extent else f"{value:.4g}"


def _words(words: str, x: float, y: float, anchor: str) -> Html:
    return element("text", words, x=x, y=y, text_anchor=anchor, class_="axis")


def _axis(side: Side) -> str:
    return f"{side.name}, {side.unit}" if side.unit else side.name


def _x(value: float, found: Slice) -> float:
    return _LEFT + (value - found.across.low) / (found.across.high - found.across.low) * (_RIGHT - _LEFT)


def _y(value: float, found: Slice) -> float:
    return _BOTTOM - (value - found.up.low) / (found.up.high - found.up.low) * (_BOTTOM - _TOP)


def _path(corners: Sequence[Spot]) -> str:
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in corners) + "Z"


def _area(found: Slice) -> str:
    """Around what is broken, from cell to cell of the grid."""
    steps = len(found.margins) - 1
    across, up = (_RIGHT - _LEFT) / steps, (_BOTTOM - _TOP) / steps
    spots = ([(_LEFT + x * across, _BOTTOM - y * up) for x, y in loop] for loop in loops(found.margins))
    return "".join(map(_path, spots))
