"""Every answer of the feasibility check carries its own proof, and the proofs are right."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from spec_lang.kernel.farkas import flaw_in_combination
from spec_lang.kernel.witness import holds
from spec_lang.obligations.feasibility import Clash, Point, decide
from spec_lang.obligations.model import EmptyRegion, LinearAtom

coefficients = st.sampled_from([Fraction(n, d) for n in range(-3, 4) for d in (1, 3) if n])
constants = st.sampled_from([Fraction(n, 2) for n in range(-4, 5)])


@st.composite
def rows(draw: st.DrawFn, variables: int = 3) -> LinearAtom:
    indices = draw(st.lists(st.integers(0, variables - 1), max_size=variables, unique=True))
    terms = tuple((index, draw(coefficients)) for index in sorted(indices))
    return LinearAtom(terms, (), draw(constants), draw(st.booleans()))


def row(constant: Fraction | int, *terms: int, strict: bool = False) -> LinearAtom:
    """`Σ terms[i]·x_i + constant <= 0`."""
    return LinearAtom(
        tuple((i, Fraction(c)) for i, c in enumerate(terms) if c), (), Fraction(constant), strict
    )


def assert_proved(answer: Point | Clash | None, given_rows: list[LinearAtom]) -> None:
    assert answer is not None
    if isinstance(answer, Clash):
        assert flaw_in_combination(EmptyRegion(answer.rows, answer.multipliers)) is None
        assert set(answer.rows) <= set(given_rows)
    else:
        point = [answer.inputs.get(i, Fraction(0)) for i in range(10)]
        assert all(holds(atom, point, ()) for atom in given_rows)


@given(st.lists(rows(), max_size=8))
def test_an_answer_is_a_point_of_all_rows_or_a_contradiction_of_some(given_rows: list[LinearAtom]) -> None:
    assert_proved(decide(given_rows), given_rows)


@given(st.lists(rows(variables=1), max_size=6))
def test_a_box_needs_no_pivot(given_rows: list[LinearAtom]) -> None:
    assert_proved(decide(given_rows), given_rows)


@given(st.lists(rows(), min_size=1, max_size=6), st.lists(constants, min_size=3, max_size=3))
def test_a_system_with_a_known_point_is_feasible(candidates: list[LinearAtom], point: list[Fraction]) -> None:
    kept = [atom for atom in candidates if holds(atom, point, ())]
    assert isinstance(decide(kept), Point)


def test_strict_rows_that_only_touch_clash() -> None:
    touching = [row(-1, 1), row(1, -1)]  # x <= 1, x >= 1
    assert isinstance(decide(touching), Point)
    assert isinstance(decide([row(-1, 1, strict=True), touching[1]]), Clash)
    plane = [row(-1, 1, 1), row(1, -1, -1, strict=True)]  # x + y <= 1, x + y > 1
    assert isinstance(decide(plane), Clash)


def test_strict_rows_leave_room_between_them() -> None:
    answer = decide([row(0, -1, strict=True), row(Fraction(-1, 10**12), 1, strict=True)])
    assert isinstance(answer, Point)
    assert 0 < answer.inputs[0] < Fraction(1, 10**12)


def test_a_cycle_of_three_strict_orders_clashes_by_equal_weights() -> None:
    cycle = [row(0, 1, -1, strict=True), row(0, 0, 1, -1, strict=True), row(0, -1, 0, 1, strict=True)]
    answer = decide(cycle)
    assert isinstance(answer, Clash)
    assert sorted(answer.multipliers) == [1, 1, 1]


def test_outputs_are_variables_of_their_own() -> None:
    above = LinearAtom(((0, Fraction(1)),), ((0, Fraction(-1)),), Fraction(0), True)  # x < y
    answer = decide([above, LinearAtom((), ((0, Fraction(1)),), Fraction(0), False)])  # y <= 0
    assert isinstance(answer, Point)
    assert answer.inputs[0] < answer.outputs[0] <= 0


def test_an_answer_that_would_take_too_long_is_none() -> None:
    chained = [row(1, 1, -1), row(1, 0, 1, -1)]  # x + 1 <= y, y + 1 <= z
    assert decide(chained) is not None
    assert decide(chained, work=-1) is None
    assert decide([row(0, 1), row(1, -1)], work=-1) is not None  # bounds alone cost nothing


def test_a_constant_row_is_decided_by_itself() -> None:
    assert isinstance(decide([row(0)]), Point)
    assert decide([row(0, strict=True)]) == Clash((row(0, strict=True),), (Fraction(1),))
    assert isinstance(decide([row(1)]), Clash)


def test_a_box_of_a_thousand_sides_is_quick() -> None:
    sides = [LinearAtom(((i, Fraction(s)),), (), Fraction(-1), False) for i in range(500) for s in (1, -1)]
    assert isinstance(decide(sides), Point)
    bad = LinearAtom(((499, Fraction(1)),), (), Fraction(2), False)
    answer = decide([*sides, bad])
    assert isinstance(answer, Clash)
    assert set(answer.rows) == {bad, sides[-1]}
