"""Whatever the multipliers, the bound is never above the true minimum, which is found at a vertex."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.backends._lp.safe import Program, Row, lower_bound, proves_infeasible, short_dyadic

numbers = st.fractions(-4, 4, max_denominator=8)
hostile = st.one_of(
    numbers, st.sampled_from([Fraction(0), Fraction(10**30), Fraction(-1, 2**80), Fraction(-7)])
)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """One or two boxed columns, up to three rows with one side or two."""
    size = draw(st.integers(1, 2))
    rows = []
    for _ in range(draw(st.integers(0, 3))):
        terms = tuple((i, c) for i in range(size) if (c := draw(numbers)))
        ends = sorted((draw(numbers), draw(numbers)))
        rows.append(
            Row(terms, draw(st.sampled_from([ends[0], None])), draw(st.sampled_from([ends[1], None])))
        )
    boxes = [sorted((draw(numbers), draw(numbers))) for _ in range(size)]
    cost = tuple(draw(numbers) for _ in range(size))
    return Program(cost, tuple(rows), tuple(b[0] for b in boxes), tuple(b[1] for b in boxes))


def minimum(program: Program) -> Fraction | None:
    """At the best vertex, or None when there is none; exact."""
    values = [value(program.cost, point) for point in vertices(program) if feasible(program, point)]
    return min(values, default=None)


def value(coefficients: tuple[Fraction, ...], point: tuple[Fraction, ...]) -> Fraction:
    return sum((c * x for c, x in zip(coefficients, point, strict=True)), Fraction(0))


def dense(program: Program, row: Row) -> tuple[Fraction, ...]:
    found = dict(row.terms)
    return tuple(found.get(i, Fraction(0)) for i in range(len(program.cost)))


def feasible(program: Program, point: tuple[Fraction, ...]) -> bool:
    inside = all(
        (low is None or low <= x) and (high is None or x <= high)
        for low, x, high in zip(program.lower, point, program.upper, strict=True)
    )
    activity = [value(dense(program, row), point) for row in program.rows]
    return inside and all(
        (row.lower is None or row.lower <= a) and (row.upper is None or a <= row.upper)
        for row, a in zip(program.rows, activity, strict=True)
    )


def vertices(program: Program) -> Iterator[tuple[Fraction, ...]]:
    size = len(program.cost)
    planes = [(dense(program, row), side) for row in program.rows for side in (row.lower, row.upper)]
    for i in range(size):
        unit = tuple(Fraction(int(i == j)) for j in range(size))
        planes += [(unit, program.lower[i]), (unit, program.upper[i])]
    given_sides = [(a, b) for a, b in planes if b is not None]
    for chosen in combinations(given_sides, size):
        point = solve([[*a, b] for a, b in chosen])
        if point is not None:
            yield point


def solve(matrix: list[list[Fraction]]) -> tuple[Fraction, ...] | None:
    size = len(matrix)
    for column in range(size):
        pivot = next((r for r in range(column, size) if matrix[r][column]), None)
        if pivot is None:
            return None
        matrix[column], matrix[pivot] = matrix[pivot], matrix[column]
        matrix[column] = [v / matrix[column][column] for v in matrix[column]]
        for r in range(size):
            if r != column and matrix[r][column]:
                matrix[r] = [
                    v - matrix[r][column] * w for v, w in zip(matrix[r], matrix[column], strict=True)
                ]
    return tuple(row[size] for row in matrix)


@given(programs(), st.lists(hostile, min_size=3, max_size=3))
@settings(max_examples=100)
def test_no_multipliers_bound_too_high(program: Program, multipliers: list[Fraction]) -> None:
    found = lower_bound(program, multipliers[: len(program.rows)])
    least = minimum(program)
    if least is not None:
        assert found is not None
        assert found <= least


@given(programs(), st.lists(hostile, min_size=3, max_size=3))
@settings(max_examples=100)
def test_what_has_a_point_is_never_proved_infeasible(program: Program, multipliers: list[Fraction]) -> None:
    if minimum(program) is not None:
        assert not proves_infeasible(program, multipliers[: len(program.rows)])


ONE = Fraction(1)


def clashing() -> Program:
    """`x >= 1` and `x <= 1/2` in [0, 2]."""
    rows = (Row(((0, ONE),), ONE, None), Row(((0, ONE),), None, ONE / 2))
    return Program((ONE,), rows, (Fraction(0),), (Fraction(2),))


def test_the_right_multipliers_prove_a_clash() -> None:
    assert proves_infeasible(clashing(), [ONE, -ONE])
    assert not proves_infeasible(clashing(), [-ONE, ONE])


def test_the_best_multipliers_reach_the_minimum() -> None:
    program = Program((ONE,), clashing().rows[:1], (Fraction(0),), (Fraction(2),))
    assert lower_bound(program, [ONE]) == 1


def test_a_column_without_a_bound_gives_none() -> None:
    program = Program((ONE,), (), (None,), (Fraction(1),))
    assert lower_bound(program, []) is None


@pytest.mark.parametrize(
    ("value", "bits", "short"),
    [(0.1, 4, Fraction(13, 128)), (-5.0, 3, Fraction(-5)), (float("nan"), 8, Fraction(0)), (1e300, 1, None)],
)
def test_short_dyadics(value: float, bits: int, short: Fraction | None) -> None:
    found = short_dyadic(value, bits)
    if short is not None:
        assert found == short
    assert found.denominator & (found.denominator - 1) == 0
    assert (
        abs(found.numerator).bit_length() - (abs(found.numerator) & -abs(found.numerator)).bit_length() < bits
    )
