"""Counterexamples to be drawn: two points of a square, or of what else, that have one image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from spec_lang.reporters.model import Plane, Reading, Readings, Report
from tests.reporters.example import COUNTEREXAMPLE, REFUTED, REPORT

Point = tuple[Fraction, Fraction]


def spot(name: str, at: Point, axes: tuple[str, str] = ("u", "v"), unit: str | None = None) -> Readings:
    readings = (Reading(axis, unit, value, value) for axis, value in zip(axes, at, strict=True))
    return Readings(name, tuple(readings))


def box(low: Point, high: Point) -> tuple[Point, ...]:
    return (low, (high[0], low[1]), high, (low[0], high[1]))


def pair(first: Point, second: Point, outlines: Sequence[tuple[Point, ...]]) -> tuple[Plane, ...]:
    """The planes of two points x and y with the image (1/2, 0)."""
    image = (Fraction(1, 2), Fraction(0))
    points = (spot("x", first, unit="mol"), spot("y", second, unit="mol"))
    images = (spot("f(x)", image, ("u_next", "v_next")), spot("f(y)", image, ("u_next", "v_next")))
    return (Plane(points, tuple(outlines)), Plane(images))


SQUARE = box((Fraction(0), Fraction(1)), (Fraction(2), Fraction(3)))
DIAMOND = tuple((Fraction(x), Fraction(y)) for x, y in ((1, 1), (2, 2), (1, 3), (0, 2)))
APART = pair((Fraction(1, 2), Fraction(2)), (Fraction(3, 2), Fraction(5, 2)), [SQUARE])
NEAR = pair(
    (Fraction(6, 5), Fraction(2)), (Fraction(6, 5) + Fraction(1, 10**13), Fraction(2)), [SQUARE, DIAMOND]
)


def with_planes(planes: tuple[Plane, ...]) -> Report:
    """A report of one refuted claim."""
    claim = replace(REFUTED, counterexample=replace(COUNTEREXAMPLE, planes=planes))
    return replace(REPORT, claims=(claim,), diagnostics=())
