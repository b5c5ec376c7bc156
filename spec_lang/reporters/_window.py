"""What part of a plane a drawing shows, and where in it things are: what text and SVG share.

In: a plane.  Out: places between 0 and 1, to the right and upward.  Points too near to each other to be told
apart are one mark.  Exact, since there are rationals beyond the range of floats.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

from spec_lang._values import dataclass
from spec_lang.reporters._numbers import shown
from spec_lang.reporters.model import Plane, Readings

Place = tuple[float, float]
Exact = tuple[Fraction, Fraction]

_NEAR: Final = Fraction(1, 24)  # points that are closer than this part of the window are one mark
_TICK: Final = 10  # characters; a longer number is rounded
_FEW_DIGITS: Final = Context(prec=5)


@dataclass(frozen=True, slots=True)
class Spot:
    """A mark, with the names of all points that are there, and its number among the marks; `apart` says how
    far from each other these are, where they only look like one."""

    name: str
    at: Place
    number: int
    apart: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The part from `low` to `high`."""

    low: Exact
    high: Exact

    def place(self, at: Exact) -> Exact:
        """`at`, from 0 to 1 within the window."""
        (x, y), (left, bottom), (right, top) = at, self.low, self.high
        return (x - left) / (right - left), (y - bottom) / (top - bottom)


def window(plane: Plane) -> Window:
    """The smallest one with all outlines and points; with some room where these have no extent."""
    corners = (corner for outline in plane.outlines for corner in outline)
    ends: list[tuple[Fraction, Fraction]] = []
    for values in zip(*map(_exact, plane.spots), *corners, strict=True):
        low, high = min(values), max(values)
        room = 0 if low < high else abs(low) / 4 or 1
        ends.append((low - room, high + room))
    (left, right), (bottom, top) = ends
    return Window((left, bottom), (right, top))


def _exact(spot: Readings) -> Exact:
    x, y = (reading.problem for reading in spot.readings)
    return x, y


def spots(plane: Plane, part: Window) -> list[Spot]:
    """The marks, in the order of the points."""
    marks: list[list[Readings]] = []
    for spot in plane.spots:
        x, y = part.place(_exact(spot))
        places = (part.place(_exact(mark[0])) for mark in marks)
        near = (n for n, (a, b) in enumerate(places) if max(abs(a - x), abs(b - y)) < _NEAR)
        found = next(near, None)
        if found is None:
            marks.append([spot])
        else:
            marks[found].append(spot)
    return [_mark(mark, part, number) for number, mark in enumerate(marks)]


def _mark(mark: Sequence[Readings], part: Window, number: int) -> Spot:
    at = _rounded(part.place(_exact(mark[0])))
    names = [spot.name for spot in mark]
    apart: list[str] = []
    for readings in zip(*(spot.readings for spot in mark), strict=True):
        values = [reading.problem for reading in readings]
        if max(values) > min(values):
            unit = readings[0].unit or ""
            apart.append(f"{_tick(max(values) - min(values))} {unit}".rstrip() + f" in {readings[0].name}")
    if not apart:
        return Spot(" = ".join(names), at, number)
    return Spot(", ".join(names), at, number, f"{', '.join(names)}: {', '.join(apart)} apart")


def segments(plane: Plane, part: Window) -> Iterator[tuple[Place, Place]]:
    """The sides of the outlines."""
    for outline in plane.outlines:
        placed = [_rounded(part.place(corner)) for corner in outline]
        yield from zip(placed, [*placed[1:], *placed[:1]], strict=True)


def _rounded(at: Exact) -> Place:
    return float(at[0]), float(at[1])


def axis_texts(plane: Plane, part: Window) -> tuple[str, str]:
    """Each axis: its name, what it reaches from and to, its unit."""
    first, second = (
        f"{reading.name}  {_tick(low)} to {_tick(high)} {reading.unit or ''}".rstrip()
        for reading, low, high in zip(plane.spots[0].readings, part.low, part.high, strict=True)
    )
    return first, second


def _tick(value: Fraction) -> str:
    """`value`, with few digits."""
    if len(text := shown(value)) <= _TICK and not text.startswith("~"):
        return text
    rounded = _FEW_DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator))
    return f"~{rounded.normalize(_FEW_DIGITS):g}"
