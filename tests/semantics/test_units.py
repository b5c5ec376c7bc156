"""Units: conversions are exact, go both ways, and refuse what has no rational answer."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.semantics.terms.unit_table import COMMON, KINDS, LONG_NAMES, OFFSET_SCALES, PREFIXES, UNITS
from spec_lang.semantics.terms.units import Unit, UnitProblem, convert, kind_of, parse_unit

SYMBOLS = st.sampled_from([*UNITS, *COMMON])
POWERS = st.integers(-3, 3).filter(bool)


@st.composite
def units(draw: st.DrawFn) -> str:
    factors = draw(st.lists(st.tuples(SYMBOLS, POWERS), min_size=1, max_size=3))
    text = "*".join(symbol if power == 1 else f"{symbol}^{power}" for symbol, power in factors)
    return text if len(text) <= 60 else factors[0][0]


def sized(text: str) -> Unit:
    found = parse_unit(text)
    assert isinstance(found, Unit), found
    return found


def converted(value: Fraction, a: str, b: str) -> Fraction:
    found = convert(value, a, b)
    assert isinstance(found, Fraction), found
    return found


@given(st.fractions(), units(), st.sampled_from([*PREFIXES]))
def test_a_conversion_and_its_way_back_change_nothing(value: Fraction, unit: str, prefix: str) -> None:
    for a, b in ((unit, f"({unit})*{prefix}m/m"), (f"1/({unit})", f"({unit})^-1")):
        if len(a) <= 60 and len(b) <= 60:
            assert converted(converted(value, a, b), b, a) == value


@given(units(), units())
def test_a_product_of_units_is_the_product_of_their_sizes(a: str, b: str) -> None:
    if len(a) + len(b) <= 55:
        product, quotient = sized(f"({a})*({b})"), sized(f"({a})/({b})")
        assert product.factor == sized(a).factor * sized(b).factor
        assert quotient.factor * sized(b).factor == sized(a).factor


@given(st.text(max_size=70))
def test_any_text_is_a_unit_or_a_problem_in_words(text: str) -> None:
    found = parse_unit(text)
    assert isinstance(found, Unit) or found.problem


@given(st.fractions(), st.text(max_size=20))
def test_every_unit_is_itself_whatever_it_is_called(value: Fraction, unit: str) -> None:
    assert convert(value, unit, unit) == value


CONVERSIONS = [
    ("3", "km", "ft", "3750000/381"),
    ("1", "in", "cm", "127/50"),
    ("1", "nmi", "m", "1852"),
    ("36", "km/h", "m/s", "10"),
    ("1", "kn", "ft/s", "463/900 * 1250/381"),
    ("60", "mph", "ft/s", "88"),
    ("9.80665", "m/s^2", "ft/s²", "196133/6096"),
    ("1", "lbf", "lb*m/s^2", "9.80665"),
    ("1", "psi", "lbf/in^2", "1"),
    ("2", "h", "min", "120"),
    ("5", "%", "1", "1/20"),
    ("1", "rev/min", "rpm", "1"),
    ("1", "rpm", "deg/s", "6"),
    ("1", "µm", "nm", "1000"),
    ("1", "kWh", "MJ", "18/5"),
    ("1", "m⁻²", "1/m^2", "1"),
    ("1", "kg/(m s^2)", "Pa", "1"),
    ("1", "mrad", "rad", "1/1000"),
]


@pytest.mark.parametrize(("value", "a", "b", "result"), CONVERSIONS)
def test_sizes_are_the_defined_ones(value: str, a: str, b: str, result: str) -> None:
    expected = Fraction(1)
    for factor in result.split(" * "):
        expected *= Fraction(factor)
    assert converted(Fraction(value), a, b) == expected


PROBLEMS = [
    ("s", "ft", "`s` is a time and `ft` is a length", ""),
    ("km/h", "m/s^2", "`km/h` is a speed and `m/s^2` is an acceleration", ""),
    ("deg", "rad", "a multiple of π, which is not rational", "in `rad`"),
    ("rad/s", "rpm", "a multiple of π", "in `rpm`"),
    ("kg*m", "ft", "measure different things", ""),
    ("°C", "K", "the scale `°C` has a zero of its own", "`°C` is wanted"),
    ("K", "degF", "`K` cannot be converted: the scale `degF`", ""),
    ("metres", "ft", "`metres` is not a unit", "write `m`"),
    ("feet", "m", "`feet` is not a unit", "write `ft`"),
    ("KM", "m", "`KM` is not a unit", "write `km`"),
    ("secs", "s", "`secs` is not a unit", "did you mean `sec`?"),
    ("m", "widgets", "`m` cannot be converted: `widgets` is not a unit", "symbols like"),
    ("", "m", "the unit is empty", ""),
    ("m/", "m", "`m/` is not a unit", "ft/s"),
    ("(m", "m", "`(m` is not a unit", ""),
    ("m^10", "m", "the power in `m^10` is too large", "9"),
    ("m" * 61, "m", "61 characters", ""),
]


@pytest.mark.parametrize(("a", "b", "words", "fix"), PROBLEMS)
def test_what_cannot_be_converted_says_why(a: str, b: str, words: str, fix: str) -> None:
    found = convert(Fraction(1), a, b)
    assert isinstance(found, UnitProblem)
    assert words in found.problem
    assert fix in (found.fix or "")


def test_every_unit_of_the_table_has_a_kind_and_every_proposal_is_a_unit() -> None:
    assert all(kind_of(sized(symbol)) for symbol in UNITS)
    assert set(KINDS.values()) >= {"a length", "a time", "a speed"}
    for symbol in {*LONG_NAMES.values(), *COMMON}:
        assert symbol in OFFSET_SCALES or sized(symbol).factor > 0
