"""Laws of the witness check: a point counts only when every part of the obligation says so, exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.kernel.verdict import Witness
from spec_lang.kernel.witness import WitnessChecker, check_witness
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region
from tests.tiny_networks import rationals, relu_network

ONE = Fraction(1)
UNIT = Box((Fraction(0), Fraction(0)), (ONE, ONE))
TINY = Fraction(1, 10**40)


def at_least(bound: Fraction, strict: bool = False) -> LinearAtom:
    """`y >= bound`, or `>`."""
    return LinearAtom((), ((0, -ONE),), bound, strict, f"y >= {bound}")


def obligation(violation: Condition, *boxes: Box, constraints: tuple[LinearAtom, ...] = ()) -> Obligation:
    """About `y = x0 - x1 + 1/4`."""
    return Obligation(relu_network(), Region(boxes or (UNIT,), constraints), violation)


def test_a_counterexample_comes_back_with_exact_outputs_and_the_atoms_that_hold() -> None:
    atom = at_least(ONE)
    point = (ONE, Fraction(1, 4))
    assert Witness(point, (ONE,), (atom,)) == check_witness(obligation(atom), point)


def test_a_strict_violation_does_not_hold_at_its_boundary() -> None:
    point = (ONE, Fraction(1, 4))
    assert check_witness(obligation(at_least(ONE, strict=True)), point) is None
    assert check_witness(obligation(at_least(ONE - TINY, strict=True)), point) is not None


def test_a_point_just_outside_of_the_box_is_none() -> None:
    violation = at_least(Fraction(-10))
    assert check_witness(obligation(violation), (ONE, ONE)) is not None
    assert check_witness(obligation(violation), (ONE + TINY, ONE)) is None
    assert check_witness(obligation(violation), (ONE, -TINY)) is None


def test_one_box_of_a_union_is_enough() -> None:
    far = Box((Fraction(5), Fraction(5)), (Fraction(6), Fraction(6)))
    check = WitnessChecker(obligation(at_least(Fraction(0)), UNIT, far))
    assert check((Fraction(5), Fraction(5))) is not None
    assert check((Fraction(3), Fraction(3))) is None


def test_no_box_contains_nothing() -> None:
    empty = Obligation(relu_network(), Region(()), at_least(Fraction(-10)))
    assert check_witness(empty, (ONE, ONE)) is None


def test_a_bound_of_none_is_no_bound() -> None:
    half = Box((None, Fraction(0)), (None, ONE))
    assert check_witness(obligation(at_least(ONE), half), (Fraction(10**9), ONE)) is not None


def test_a_strict_constraint_of_the_region_excludes_its_boundary() -> None:
    below = LinearAtom(((0, ONE), (1, ONE)), (), -ONE, strict=True)  # x0 + x1 < 1
    check = WitnessChecker(obligation(at_least(Fraction(-10)), constraints=(below,)))
    assert check((Fraction(1, 2), Fraction(1, 2))) is None
    assert check((Fraction(1, 2), Fraction(1, 2) - TINY)) is not None


def test_the_violated_atoms_are_those_of_the_first_true_conjunction() -> None:
    true, also, false = at_least(Fraction(0)), at_least(Fraction(1, 8)), at_least(Fraction(9))
    violation = Any((All((true, false)), All((true, Any((false, also)))), true))
    found = check_witness(obligation(violation), (ONE, ONE))
    assert found is not None
    assert (true, also) == found.violated


def test_an_atom_may_join_inputs_and_outputs() -> None:
    joint = LinearAtom(((0, ONE),), ((0, -ONE),), Fraction(0), strict=False)  # x0 <= y
    assert check_witness(obligation(joint), (Fraction(0), Fraction(1, 4))) is not None
    assert check_witness(obligation(joint), (Fraction(0), Fraction(1, 4) + TINY)) is None


@pytest.mark.parametrize(("violation", "expected"), [(All(()), True), (Any(()), False)])
def test_the_empty_conjunction_is_true_and_the_empty_disjunction_false(
    violation: Condition, expected: bool
) -> None:
    assert expected == (check_witness(obligation(violation), (ONE, ONE)) is not None)


def test_a_point_of_another_length_is_none() -> None:
    assert check_witness(obligation(All(())), (ONE,)) is None
    assert check_witness(obligation(All(())), (ONE, ONE, ONE)) is None


@given(rationals, rationals, rationals, st.booleans())
def test_an_atom_and_its_negation_never_agree(
    x: Fraction, y: Fraction, bound: Fraction, strict: bool
) -> None:
    everywhere = Box((None, None), (None, None))
    atom = at_least(bound, strict)
    here = check_witness(obligation(atom, everywhere), (x, y))
    there = check_witness(obligation(atom.negated(), everywhere), (x, y))
    assert (here is None) != (there is None)
