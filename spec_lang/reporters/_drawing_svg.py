"""Two points and the image that they share, as SVG for notebooks.

In: the planes of a counterexample.  Out: one `svg` element a plane, in the colour of the text around it;
everything that comes from a user is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from spec_lang.reporters._html_text import text
from spec_lang.reporters._window import Place, Spot, axis_texts, segments, spots, window
from spec_lang.reporters.model import Plane

_WIDTH, _HEIGHT = 320, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 12, 308, 24, 216  # where the plane is drawn
_LINE: Final = 14  # the height of a line of text
_MIDDLE: Final = (_LEFT + _RIGHT) / 2


def drawing_svg(planes: Sequence[Plane]) -> str:
    """The planes, one beside the other."""
    return "".join(map(_plane, planes))


def _plane(plane: Plane) -> str:
    part = window(plane)
    across, up = axis_texts(plane, part)
    found = spots(plane, part)
    notes = [spot.apart for spot in found if spot.apart]
    height = _HEIGHT + _LINE * len(notes)
    shapes = [
        f'<path d="M{_LEFT} {_TOP}V{_BOTTOM}H{_RIGHT}" fill="none" stroke="currentColor" opacity="0.4"/>',
        *(_segment(first, second) for first, second in segments(plane, part)),
        *(_mark(spot) for spot in found),
        *(_label(spot, found) for spot in found),
        _text(_LEFT, _TOP - 10, f"↑ {up}", "start"),
        _text(_LEFT, _BOTTOM + 16, f"→ {across}", "start"),
        *(_text(_LEFT, _HEIGHT + 6 + _LINE * number, note, "start") for number, note in enumerate(notes)),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" font-family="sans-serif" font-size="11">{"".join(shapes)}</svg>'
    )


def _at(place: Place) -> tuple[float, float]:
    return _LEFT + place[0] * (_RIGHT - _LEFT), _BOTTOM - place[1] * (_BOTTOM - _TOP)


def _segment(first: Place, second: Place) -> str:
    (x1, y1), (x2, y2) = _at(first), _at(second)
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="currentColor" opacity="0.7"/>'


def _mark(spot: Spot) -> str:
    """Full and hollow in turn, so that two can be told apart without colours."""
    x, y = _at(spot.at)
    fill = "none" if spot.number % 2 else "#c05621"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" stroke="#c05621" stroke-width="2"/>'


def _label(spot: Spot, found: Sequence[Spot]) -> str:
    """Away from the nearer side; below its mark where a mark before it is close, else above."""
    x, y = _at(spot.at)
    before = [_at(other.at) for other in found[: spot.number]]
    close = any(abs(x - a) < _WIDTH / 4 and abs(y - b) < 20 for a, b in before)
    below = (close and y < _BOTTOM - 20) or y < _TOP + 16
    return _text(x, y + 17 if below else y - 8, spot.name, "start" if x < _MIDDLE else "end")


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="currentColor">{text(words)}</text>'
