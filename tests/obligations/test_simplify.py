"""Simplification keeps the meaning, and finds what can be seen."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from spec_lang.kernel.witness import holds
from spec_lang.obligations.model import All, Any, Condition, LinearAtom
from spec_lang.obligations.simplify import FALSE, TRUE, prune, simplify
from tests.semantics.worlds import is_true

small = st.sampled_from([Fraction(n, 2) for n in range(-2, 3)])


@st.composite
def atoms(draw: st.DrawFn) -> LinearAtom:
    inputs = tuple((i, c) for i in range(2) if (c := draw(small)))
    outputs = tuple((i, c) for i in range(2) if (c := draw(small)))
    return LinearAtom(inputs, outputs, draw(small), draw(st.booleans()))


def junctions(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, max_size=3).map(tuple)
    return st.builds(All, several) | st.builds(Any, several)


conditions: st.SearchStrategy[Condition] = st.recursive(atoms(), junctions, max_leaves=8)
places = st.tuples(small, small)


@given(conditions, places, places)
def test_a_simplified_condition_is_true_at_the_same_points(
    condition: Condition, x: tuple[Fraction, Fraction], y: tuple[Fraction, Fraction]
) -> None:
    assert is_true(condition, x, y) == is_true(simplify(condition), x, y)


@given(conditions, st.lists(atoms(), max_size=3), places, places)
def test_a_pruned_condition_is_true_at_the_same_points_of_its_context(
    condition: Condition, context: list[LinearAtom], x: tuple[Fraction, ...], y: tuple[Fraction, ...]
) -> None:
    if all(holds(atom, x, y) for atom in context):
        assert is_true(condition, x, y) == is_true(prune(simplify(condition), context), x, y)


def output_atom(a: int, b: int, *, strict: bool, source: str = "") -> LinearAtom:
    """`a·y0 + b·y1 <= 0`."""
    return LinearAtom((), ((0, Fraction(a)), (1, Fraction(b))), Fraction(0), strict, source)


def test_opposite_strict_orders_cannot_both_hold() -> None:
    both = All((output_atom(1, -1, strict=True), output_atom(-1, 1, strict=True)))
    assert prune(simplify(both), ()) == FALSE


def test_what_is_impossible_below_a_disjunction_is_dropped() -> None:
    one, other = output_atom(1, -1, strict=True), output_atom(-1, 1, strict=True)
    third = output_atom(1, 0, strict=False)
    condition = All((one, Any((other, third))))
    assert prune(simplify(condition), ()) == All((one, third))


def test_duplicates_are_merged_whatever_their_source() -> None:
    first, second = output_atom(1, 1, strict=False, source="a"), output_atom(1, 1, strict=False, source="b")
    assert simplify(All((first, Any((second, second))))) == first


def test_constants_decide_what_they_can() -> None:
    true = LinearAtom((), (), Fraction(0), False)
    false = LinearAtom((), (), Fraction(0), True)
    atom = output_atom(1, 1, strict=False)
    assert simplify(All((true, atom))) == atom
    assert simplify(Any((false, atom))) == atom
    assert simplify(Any((true, atom))) == TRUE
    assert simplify(All((atom, false))) == FALSE
