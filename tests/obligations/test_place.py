"""The bounds that rows over several inputs imply: no point is lost, and a chain of them is followed."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from spec_lang.kernel.witness import holds
from spec_lang.obligations.model import Box, LinearAtom
from spec_lang.obligations.place import Place

small = st.integers(-3, 3).map(lambda n: Fraction(n, 2))
factors = small.filter(bool)
rows = st.builds(
    lambda terms, constant, strict: LinearAtom(tuple(sorted(terms.items())), (), constant, strict),
    st.dictionaries(st.integers(0, 3), factors, min_size=1, max_size=3),
    small,
    st.booleans(),
)


def contains(place: Place, point: list[Fraction]) -> bool:
    region = place.region(4)
    inside = zip(region.boxes[0].lower, point, region.boxes[0].upper, strict=True)
    return all((lo is None or lo <= x) and (hi is None or x <= hi) for lo, x, hi in inside) and all(
        holds(row, point, ()) for row in region.constraints
    )


@given(st.lists(rows, max_size=8), st.lists(st.lists(small, min_size=4, max_size=4), min_size=1, max_size=20))
def test_implied_bounds_lose_no_point_and_add_none(
    found: list[LinearAtom], points: list[list[Fraction]]
) -> None:
    place = Place().cut(found)
    for point in points:
        assert (
            contains(place, point)
            == contains(place.bounded(), point)
            == all(holds(row, point, ()) for row in found)
        )


def test_bounds_pass_from_input_to_input() -> None:
    """0 <= a <= 1, b within 1/2 of a, c = 2 b: all of them are bounded then, and exactly so."""
    one, half = Fraction(1), Fraction(1, 2)
    atoms = [
        LinearAtom(((0, -one),), (), Fraction(0), False),
        LinearAtom(((0, one),), (), -one, False),
        LinearAtom(((0, -one), (1, one)), (), -half, False),
        LinearAtom(((0, one), (1, -one)), (), -half, False),
        LinearAtom(((1, -2 * one), (2, one)), (), Fraction(0), False),
        LinearAtom(((1, 2 * one), (2, -one)), (), Fraction(0), False),
    ]
    box = Place().cut(atoms).bounded().box(3)
    assert box == Box((Fraction(0), -half, -one), (one, 3 * half, 3 * one))
