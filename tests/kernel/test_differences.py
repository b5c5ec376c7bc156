"""The planes about `relu(x + δ) − relu(x)` hold everywhere: many points of every phase case, corners
exactly."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.kernel.differences import Plane, chords, joined
from spec_lang.kernel.dyadics import SLOPE_BITS
from spec_lang.kernel.exact_differences import ExactPlane, exact_joined

POINTS = 1_000_000
RANGES = 2_000  # with so many points in all
SIDES = {"dead": (-1, 0), "active": (0, 1), "mixed": (-1, 1)}  # where a range lies, in its ends' signs
CASES = list(product(SIDES, SIDES))
Ends = tuple[np.ndarray, np.ndarray]


def drawn(rng: np.random.Generator, x_side: str, y_side: str) -> tuple[Ends, Ends, Ends]:
    """Ranges of x and y in these phases, and a range of δ that neither contains nor is contained in
    theirs."""
    size = 10.0 ** rng.uniform(-6, 3, RANGES)
    x, y = (tuple(np.sort(_ends(rng, SIDES[side]) * size, axis=0)) for side in (x_side, y_side))
    least, most = y[0] - x[1], y[1] - x[0]  # what y − x may be
    share = np.sort(rng.uniform(0, 1, (2, RANGES)), axis=0)
    lower, upper = least + share[0] * (most - least), least + share[1] * (most - least)
    return (x[0], x[1]), (y[0], y[1]), (lower, upper)


def _ends(rng: np.random.Generator, signs: tuple[int, int]) -> np.ndarray:
    return np.array([sign * rng.uniform(0, 1, RANGES) for sign in signs])


@pytest.mark.parametrize(("x_side", "y_side"), CASES)
def test_they_hold_at_points_of_every_phase_case(x_side: str, y_side: str) -> None:
    rng = np.random.default_rng(CASES.index((x_side, y_side)))
    ranges = drawn(rng, x_side, y_side)
    x, y, delta = ((low[None], high[None]) for low, high in ranges)
    found = joined(x, y, delta)
    met, kept = 0, found.carried
    for _ in range(POINTS // RANGES):
        at = x[0] + rng.uniform(0, 1, RANGES) * (x[1] - x[0])
        more = delta[0] + rng.uniform(0, 1, RANGES) * (delta[1] - delta[0])
        here = (at + more >= y[0]) & (at + more <= y[1])
        met += int(here.sum())
        value = np.maximum(at + more, 0) - np.maximum(at, 0)
        # What this evaluation, in floats, may be off by.
        slack = 1e-14 * (abs(at) + abs(more))[0, kept]
        for plane, sign in ((found.lower, 1.0), (found.upper, -1.0)):
            bound = plane.of_x * at[:, kept] + plane.of_delta * more[:, kept] + plane.intercept
            assert ((sign * (value[:, kept] - bound) >= -slack) | ~here[:, kept]).all()
        rest = np.setdiff1d(np.arange(RANGES), kept)
        assert not (value[0, rest] * here[0, rest]).any()
    assert met > POINTS / 20


numbers = st.one_of(
    st.floats(-4, 4, width=32), st.sampled_from([0.0, -0.0, 1e-30, -1e-30, 5e-324, 0.1, -0.3, 1e6, -1e6])
)


@given(st.lists(numbers, min_size=6, max_size=6))
def test_they_hold_at_every_corner_exactly(ends: list[float]) -> None:
    """Of the polygon of (x, δ) that three ranges leave, cut where x or y is 0: the difference is linear on
    each part, so that what holds at the corners holds between them."""
    x, y, delta = (tuple(sorted(pair)) for pair in (ends[:2], ends[2:4], ends[4:]))
    points = list(corners(x, y, delta))
    arrays = [(np.array([[low]]), np.array([[high]])) for low, high in (x, y, delta)]
    rounded, exact = joined(*arrays), exact_joined(*arrays)
    for at, more in points:
        value = max(at + more, Fraction(0)) - max(at, Fraction(0))
        if len(rounded.carried):
            assert of(rounded.lower, at, more) <= value <= of(rounded.upper, at, more)
        else:
            assert value == 0
        assert of_exact(exact.lower, at, more) <= value <= of_exact(exact.upper, at, more)


def corners(
    x: tuple[float, ...], y: tuple[float, ...], delta: tuple[float, ...]
) -> list[tuple[Fraction, Fraction]]:
    """(x, δ) where two of the lines cross that bound the polygon, or cut it, and that lie in it."""
    xs, ys, more = ([Fraction(end) for end in ends] for ends in (x, y, delta))
    crossings = [(a, d) for a in [*xs, Fraction(0)] for d in more]
    crossings += [(a, b - a) for a in [*xs, Fraction(0)] for b in [*ys, Fraction(0)]]
    crossings += [(b - d, d) for b in [*ys, Fraction(0)] for d in more]
    return [
        (a, d)
        for a, d in crossings
        if xs[0] <= a <= xs[1] and more[0] <= d <= more[1] and ys[0] <= a + d <= ys[1]
    ]


def of(plane: Plane, x: Fraction, delta: Fraction) -> Fraction:
    parts = (Fraction(float(part[0, 0])) for part in (plane.of_x, plane.of_delta, plane.intercept))
    of_x, of_delta, intercept = parts
    return of_x * x + of_delta * delta + intercept


def of_exact(plane: ExactPlane, x: Fraction, delta: Fraction) -> Fraction:
    slopes = (int(plane.of_x[0]) * x + int(plane.of_delta[0]) * delta) / (1 << SLOPE_BITS)
    return slopes + Fraction(int(plane.intercept.numbers[0]), 1 << plane.intercept.shift)


def test_stable_pairs_are_exact() -> None:
    one, two = np.array([[1.0]]), np.array([[2.0]])
    for x, y, slopes in (
        ((one, two), (one, two), (0.0, 1.0)),
        ((-two, -one), (one, two), (1.0, 1.0)),
        ((one, two), (-two, -one), (-1.0, 0.0)),
    ):
        found = joined(x, y, (y[0] - x[1], y[1] - x[0]))
        for plane in (found.lower, found.upper):
            assert (plane.of_x[0, 0], plane.of_delta[0, 0], plane.intercept[0, 0]) == (*slopes, 0.0)
    assert not len(joined((-two, -one), (-two, -one), (-one, one)).carried)


@given(numbers, numbers)
def test_a_chord_is_above_its_relu_at_both_ends(one: float, other: float) -> None:
    lower, upper = sorted((one, other))
    found = chords(np.array([lower]), np.array([upper]))
    for end in (lower, upper):
        line = Fraction(float(found.above[0])) * Fraction(end) + Fraction(float(found.intercept[0]))
        assert line >= max(Fraction(end), Fraction(0))
        assert Fraction(float(found.below[0])) * Fraction(end) <= max(Fraction(end), Fraction(0))
