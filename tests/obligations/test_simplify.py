"""Simplification keeps the meaning, and finds what can be seen."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.diagnostics import InternalError
from spec_lang.kernel.witness import holds
from spec_lang.obligations import simplify as simplification
from spec_lang.obligations.feasibility import Clash, decide
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


@given(st.lists(atoms(), min_size=1, max_size=4), st.lists(atoms(), max_size=3))
def test_a_conjunction_is_dropped_only_where_it_clashes_with_its_context(
    parts: list[LinearAtom], context: list[LinearAtom]
) -> None:
    """With every row that mentions a variable of the others there is nothing that the context adds."""
    condition = simplify(All(tuple(parts)))
    if condition == FALSE or isinstance(decide(context), Clash):
        return
    dropped = prune(condition, context) == FALSE
    clashes = isinstance(decide((*parts, *context)), Clash)
    assert clashes or not dropped
    linked = all(len(row.inputs) in (0, 2) and len(row.outputs) in (0, 2) for row in (*parts, *context))
    if linked and all(row.inputs and row.outputs for row in parts):
        assert dropped == clashes


@given(conditions, st.lists(atoms(), max_size=3))
def test_what_is_left_is_as_simple_as_before(condition: Condition, context: list[LinearAtom]) -> None:
    left = prune(simplify(condition), context)
    assert simplify(left) == left


def changes(inputs: int, outputs: int) -> Any:
    """That some output changes by more than every input does, as a bound on how fast it changes says it."""

    def more(j: int, i: int, sign: int) -> Condition:
        sides = tuple(((2 * i, Fraction(s)), (2 * i + 1, Fraction(-s))) for s in (1, -1))
        change = ((2 * j, Fraction(sign)), (2 * j + 1, Fraction(-sign)))
        return All(tuple(LinearAtom(side, change, Fraction(0), True) for side in sides))

    return Any(
        tuple(All(tuple(Any((more(j, i, 1), more(j, i, -1))) for i in range(inputs))) for j in range(outputs))
    )


def test_what_an_output_alone_can_satisfy_takes_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise InternalError("a search")

    monkeypatch.setattr(simplification, "decide", never)
    condition = simplify(changes(5, 3))
    total = tuple((index, Fraction(1)) for index in range(10))
    context = [
        LinearAtom(total, (), Fraction(-1), False),
        LinearAtom(total, ((8, Fraction(2)),), Fraction(0), False),
    ]
    assert prune(condition, context) == condition


def test_numbers_that_differ_below_the_line_alone_are_two() -> None:
    half, third = (LinearAtom(((0, Fraction(1, d)),), (), Fraction(0), False) for d in (2, 3))
    other = LinearAtom(((1, Fraction(1)),), (), Fraction(0), False)
    both = Any((All((other, half)), All((other, third))))
    assert simplify(All((half, third))) == All((half, third))
    assert simplify(both) == both


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
