"""What generates a cone, and what stands for an ellipse."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from hypothesis import strategies as st

from spec_lang.obligations.cones import generators, whole
from spec_lang.obligations.ellipses import around_circle, orthogonal, root_above
from spec_lang.obligations.model import Terms
from tests.laws import law

small = st.integers(-2, 2).map(Fraction)
numbers = st.fractions(-3, 3, max_denominator=9)


def inner(a: tuple[Fraction | int, ...] | list[Fraction], b: tuple[Fraction | int, ...]) -> Fraction:
    return sum((Fraction(x * y) for x, y in zip(a, b, strict=True)), Fraction(0))


@law(60, 3000, rows=st.lists(st.tuples(small, small, small), max_size=6), aim=st.tuples(small, small, small))
def test_generators_are_in_the_cone_and_reach_as_far(
    rows: list[tuple[Fraction, ...]], aim: tuple[Fraction, ...]
) -> None:
    """A linear form is positive somewhere on the cone exactly where it is on a generator."""
    found = generators(rows, 3, 1000)
    assert found is not None
    assert all(inner(row, v) <= 0 for row in rows for v in found)
    points = (v for v in product(range(-4, 5), repeat=3) if all(inner(row, v) <= 0 for row in rows))
    if any(inner(aim, v) > 0 for v in points):
        assert any(inner(aim, v) > 0 for v in found)


def test_too_many_generators_are_none() -> None:
    rows = [[Fraction(s * (i == j)) for j in range(4)] + [Fraction(1)] for i in range(4) for s in (1, -1)]
    assert len(generators(rows, 5, 16) or ()) == 16
    assert generators(rows, 5, 15) is None


@law(60, 2000, vector=st.tuples(numbers, numbers))
def test_some_direction_of_the_plane_is_nearly_that_of_any_vector(vector: tuple[Fraction, ...]) -> None:
    directions, beyond = around_circle()
    assert all(inner(u, u) == 1 for u in directions)
    assert beyond < Fraction(102, 100)
    most = max(inner(u, vector) ** 2 for u in directions)
    assert inner(vector, vector) <= beyond * most


@law(60, 2000, number=st.fractions(Fraction(1, 1000), 1000))
def test_roots_are_not_below(number: Fraction) -> None:
    assert number <= root_above(number) ** 2 <= number * Fraction(1000001, 1000000)
    assert root_above(number**2) == number


@law(
    60,
    2000,
    equations=st.lists(st.tuples(small, small, small, small), max_size=3),
    weights=st.tuples(*[st.integers(1, 5).map(Fraction)] * 4),
    form=st.tuples(small, small, small, small),
)
def test_axes_are_orthogonal_solutions_and_as_many_as_there_are(
    equations: list[tuple[Fraction, ...]], weights: tuple[Fraction, ...], form: tuple[Fraction, ...]
) -> None:
    squares: list[tuple[Fraction, Terms]] = [(w, ((i, Fraction(1)),)) for i, w in enumerate(weights)]
    squares.append((Fraction(2), tuple((i, c) for i, c in enumerate(form) if c)))
    rows = [tuple((i, c) for i, c in enumerate(equation) if c) for equation in equations]
    found = orthogonal(range(4), rows, squares)
    assert found is not None
    axes, lengths = found

    def product_of(a: tuple[int, ...], b: tuple[int, ...]) -> Fraction:
        own = sum((w * x * y for w, x, y in zip(weights, a, b, strict=True)), Fraction(0))
        return own + 2 * inner(form, a) * inner(form, b)

    assert all(inner(equation, axis) == 0 for equation in equations for axis in axes)
    for i, a in enumerate(axes):
        assert [product_of(a, b) for b in axes] == [lengths[i] if i == j else 0 for j in range(len(axes))]
    pivots = {whole(list(equation))[0] for equation in equations}
    assert len(axes) >= 4 - len(pivots)


def test_a_square_that_is_zero_on_a_solution_has_no_axes() -> None:
    assert orthogonal(range(2), [], [(Fraction(1), ((0, Fraction(1)),))]) is None
