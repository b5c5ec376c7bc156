"""Sums of roots compare exactly, and as 200 digits of them do."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.diagnostics import InternalError
from spec_lang.semantics.evaluate.surds import Exact, Surd, root

rationals = st.fractions(0, 50, max_denominator=12)
signed = st.fractions(-5, 5, max_denominator=6)


@st.composite
def sums(draw: st.DrawFn) -> Exact:
    """`a + b√r + c√s`, often rational, often with terms that cancel."""
    total: Exact = draw(signed)
    for _ in range(draw(st.integers(0, 2))):
        total = total + root(draw(rationals)) * draw(signed)
    return total


def decimal(value: Exact) -> Decimal:
    terms = value.terms if isinstance(value, Surd) else ((Fraction(1), Fraction(value)),)
    total = Decimal(0)
    for radicand, coefficient in terms:
        number = Decimal(radicand.numerator) / Decimal(radicand.denominator)
        total += number.sqrt() * coefficient.numerator / coefficient.denominator
    return total


@given(sums(), sums())
def test_comparison_agrees_with_many_digits(a: Exact, b: Exact) -> None:
    with localcontext() as context:
        context.prec = 200
        difference = decimal(a) - decimal(b)
        sign = 0 if abs(difference) < Decimal(10) ** -150 else int(difference.copy_sign(1) / difference)
    assert (a == b, a != b) == (sign == 0, sign != 0)
    assert (a < b, a <= b) == (sign < 0, sign <= 0)
    assert (a > b, a >= b) == (sign > 0, sign >= 0)


@given(rationals)
def test_a_root_squares_to_what_it_is_of(value: Fraction) -> None:
    assert root(value) * root(value) == value
    assert root(value * value) == value
    assert root(value) >= 0
    assert isclose(float(root(value)), float(value) ** 0.5)


@given(sums(), sums(), sums())
def test_the_laws_of_a_ring(a: Exact, b: Exact, c: Exact) -> None:
    assert a + b == b + a
    assert a * b == b * a
    assert (a + b) + c == a + (b + c)
    assert a * (b + c) == a * b + a * c
    assert a - a == 0
    assert 0 - (0 - a) == a == -a * -1


@given(rationals, signed, signed)
def test_division_undoes_multiplication(radicand: Fraction, a: Fraction, b: Fraction) -> None:
    if radicand == 0 or b == 0:
        return
    divisor = root(radicand) * b
    assert a / divisor * divisor == a
    assert (root(radicand) * a + 1) / b * b == root(radicand) * a + 1


def test_roots_far_apart_and_close_together() -> None:
    big = 10**40
    assert root(Fraction(big + 1)) - root(Fraction(big)) > 0
    assert root(Fraction(big + 1)) - root(Fraction(big)) < Fraction(1, 10**20)
    assert root(Fraction(2)) + root(Fraction(8)) == root(Fraction(18))
    assert root(Fraction(2)) + root(Fraction(3)) > root(Fraction(5))
    assert root(Fraction(2)) != 1.4142135623730951


@pytest.mark.parametrize("value", [-1, Fraction(-1, 10)])
def test_there_is_no_root_of_a_negative_number(value: Fraction) -> None:
    with pytest.raises(InternalError):
        root(Fraction(value))


def test_what_a_surd_does_not_do() -> None:
    total = root(Fraction(2)) + root(Fraction(3))
    with pytest.raises(InternalError):
        1 / total
    with pytest.raises(TypeError):
        hash(total)
