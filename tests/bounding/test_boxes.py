"""Exact boxes and float boxes: outward on the way in, inside on the way out."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.bounding.boxes import Boxes, exact_candidates, outward
from spec_lang.obligations.model import Box

rationals = st.one_of(
    st.fractions(-10, 10),
    st.sampled_from([Fraction(1, 10), Fraction(1, 10**400), Fraction(-(10**400)), Fraction(10**400)]),
    st.floats(allow_nan=False, allow_infinity=False).map(Fraction),
)


@given(st.lists(st.tuples(rationals, rationals), min_size=1, max_size=3))
def test_an_outward_box_contains_the_exact_one(ends: list[tuple[Fraction, Fraction]]) -> None:
    box = Box(tuple(min(e) for e in ends), tuple(max(e) for e in ends))
    found = outward(box)
    for (a, b), lo, hi in zip(ends, found.lower[0], found.upper[0], strict=True):
        assert lo == -np.inf or Fraction(float(lo)) <= min(a, b)
        assert hi == np.inf or Fraction(float(hi)) >= max(a, b)


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300))
def test_centre_and_radius_cover_the_box(a: float, b: float) -> None:
    boxes = Boxes(np.array([[min(a, b)]]), np.array([[max(a, b)]]))
    center = boxes.center
    middle, radius = Fraction(float(center[0, 0])), Fraction(float(boxes.radius(center)[0, 0]))
    assert middle - radius <= Fraction(min(a, b))
    assert middle + radius >= Fraction(max(a, b))


@given(st.tuples(rationals, rationals), st.floats(-20, 20))
def test_candidates_lie_in_the_exact_box(ends: tuple[Fraction, Fraction], x: float) -> None:
    box = Box((min(ends),), (max(ends),))
    for (candidate,) in exact_candidates(box, np.array([x])):
        assert min(ends) <= candidate <= max(ends)


def test_the_first_candidate_is_one_that_float32_holds() -> None:
    box = Box((Fraction(0),), (Fraction(1),))
    first = next(exact_candidates(box, np.array([0.1])))[0]
    assert first == Fraction(float(np.float32(0.1)))


def test_an_unbounded_side_is_infinite() -> None:
    found = outward(Box((None,), (Fraction(1),)))
    assert found.lower[0, 0] == -np.inf
