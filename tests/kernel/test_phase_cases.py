"""The planes about `relu(x + δ) − relu(x)` where phases of x and y are fixed: many points of every case, and
corners exactly."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.kernel.differences import by_case, case_of, chords, planes_by_case
from spec_lang.kernel.dyadics import SLOPE_BITS
from spec_lang.kernel.exact_differences import exact_beside, exact_joined_by_case
from tests.kernel.test_differences import corners, numbers, of

PHASES = list(product((-1, 0, 1), repeat=2))
POINTS, RANGES = 1_000_000, 20_000
Ends = tuple[np.ndarray, np.ndarray]


def ranges(rng: np.random.Generator) -> tuple[Ends, Ends, Ends]:
    """Of which most are on both sides of 0, with δ from as small as 1e-6 of x to as large."""
    size = 10.0 ** rng.uniform(-3, 3, (1, RANGES))
    x = np.sort(rng.uniform(-1, 1, (2, 1, RANGES)), axis=0) * size
    more = (
        np.sort(rng.uniform(-1, 1, (2, 1, RANGES)), axis=0) * size * 10.0 ** rng.uniform(-6, 0, (1, RANGES))
    )
    return (x[0], x[1]), (x[0] + more[0], x[1] + more[1]), (more[0], more[1])


@pytest.mark.parametrize(("x_phase", "y_phase"), PHASES)
def test_they_hold_at_points_where_the_phases_do(x_phase: int, y_phase: int) -> None:
    rng = np.random.default_rng(PHASES.index((x_phase, y_phase)))
    x, y, delta = ranges(rng)
    case = int(case_of(np.array(x_phase, dtype=np.int8), np.array(y_phase, dtype=np.int8)))
    low, high = planes_by_case(x, y, delta)
    above = chords(*by_case(x, y, delta)[0])
    met = 0
    for _ in range(POINTS // RANGES):
        more = (delta[0] + rng.uniform(0, 1, RANGES) * (delta[1] - delta[0]))[0]
        # Near where x or y changes its phase as often as anywhere.
        anywhere = (x[0] + rng.uniform(0, 1, RANGES) * (x[1] - x[0]))[0]
        at = np.where(rng.random(RANGES) < 0.5, anywhere, -more * rng.uniform(-0.5, 1.5, RANGES))
        here = (at >= x[0][0]) & (at <= x[1][0]) & (at * x_phase >= 0) & ((at + more) * y_phase >= 0)
        met += int(here.sum())
        value, slack = np.maximum(at + more, 0) - np.maximum(at, 0), 1e-14 * (abs(at) + abs(more))
        for plane, sign in ((low, 1.0), (high, -1.0)):
            bound = plane.of_x[case] * at + plane.of_delta[case] * more + plane.intercept[case]
            assert ((sign * (value - bound) >= -slack) | ~here).all()
        if x_phase == 0:
            line = above.above[case] * at + above.intercept[case]
            assert ((line - np.maximum(at, 0) >= -slack) | ~here).all()
    assert met > POINTS / 100


@given(st.lists(numbers, min_size=6, max_size=6))
def test_they_hold_at_every_corner_of_what_phases_leave_exactly(ends: list[float]) -> None:
    x, y, delta = (tuple(sorted(pair)) for pair in (ends[:2], ends[2:4], ends[4:]))
    points = list(corners(x, y, delta))
    arrays = tuple((np.array([[low]]), np.array([[high]])) for low, high in (x, y, delta))
    low, high = planes_by_case(*arrays)
    cases = np.arange(9, dtype=np.intp)[:, None]
    exact = exact_joined_by_case((arrays[0], arrays[1], arrays[2]), cases)
    slopes, intercepts = exact_beside((arrays[0], arrays[1], arrays[2]), np.array([[-1], [0], [1]], np.int8))
    for number, (x_phase, y_phase) in enumerate(PHASES):
        here = np.array([[number]])
        for at, more in points:
            if at * x_phase < 0 or (at + more) * y_phase < 0:
                continue
            value = max(at + more, Fraction(0)) - max(at, Fraction(0))
            assert of(low.each(here), at, more) <= value <= of(high.each(here), at, more)
            sides = [
                (int(p.of_x[number, 0]) * at + int(p.of_delta[number, 0]) * more) / (1 << SLOPE_BITS)
                + Fraction(int(p.intercept.numbers[number, 0]), 1 << p.intercept.shift)
                for p in (exact.lower, exact.upper)
            ]
            assert sides[0] <= value <= sides[1]
            if x_phase == 0:
                line = Fraction(int(slopes[number % 3, 0]), 1 << SLOPE_BITS) * at
                line += Fraction(int(intercepts.numbers[number % 3, 0]), 1 << intercepts.shift)
                assert line >= max(at, Fraction(0))


def test_one_phase_makes_one_side_exact() -> None:
    """Where x is active D >= δ, where it is not D >= 0; where y is active D <= δ, where it is not D <= 0."""
    x, delta = (np.array([[-1.0]]), np.array([[2.0]])), (np.array([[-1e-3]]), np.array([[2e-3]]))
    low, high = planes_by_case(x, (x[0] + delta[0], x[1] + delta[1]), delta)
    for number, (x_phase, y_phase) in enumerate(PHASES):
        for plane, phase in ((low, x_phase), (high, y_phase)):
            if phase:
                found = plane.of_x[number, 0], plane.of_delta[number, 0], plane.intercept[number, 0]
                assert found == (0.0, float(phase > 0), 0.0)
