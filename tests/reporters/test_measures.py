"""Laws of how measures are shown: what is printed is true of the number."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.reporters._bracket_text import bracket_lines, measurement_text, short_text
from spec_lang.reporters.model import Bracket, End, Measurement, Readings
from tests.reporters.example import ASKED_RANGE, MEASURED, REFUTED, REPORT, TRUSTED
from tests.reporters.rendering import rendered
from tests.reporters.test_reporters import problems

numbers = st.fractions(-(10**7), 10**7) | st.fractions(-1, 1)


def between(lower: Fraction | None, upper: Fraction | None) -> Measurement:
    ends = (None if end is None else End(end, TRUSTED) for end in (lower, upper))
    assert MEASURED.measurement is not None
    return replace(MEASURED.measurement, unit=None, brackets=(Bracket("greatest", *ends),))


@given(numbers, st.fractions(Fraction(1, 10**6), 10**4))
def test_printed_ends_are_rounded_outward_and_by_little(lower: Fraction, width: Fraction) -> None:
    upper = lower + width
    text = short_text(between(lower, upper))
    left, _, right = text.removeprefix("in [").removesuffix("]").partition(", ")
    if not right or "~" in text:
        return  # one number, or digits that nobody reads: these are marked
    assert Fraction(left) <= lower
    assert upper <= Fraction(right)
    assert Fraction(right) - Fraction(left) <= width * Fraction(11, 10)


@given(numbers, st.fractions(0, 10**4))
def test_numbers_of_the_document_are_rounded_outward(lower: Fraction, width: Fraction) -> None:
    claim = replace(MEASURED, measurement=between(lower, lower + width))
    document = json.loads(rendered("json", replace(REPORT, claims=(claim,))))
    assert problems(document) == []
    found = document["claims"][0]
    assert Fraction(found["bracket"][0]) <= lower
    assert lower + width <= Fraction(found["bracket"][1])
    (bracket,) = found["measure"]["brackets"]
    for end, value in ((bracket["lower"], lower), (bracket["upper"], lower + width)):
        assert Fraction(end["exact"] or end["value"]) == value


@pytest.mark.parametrize(
    ("lower", "upper", "text"),
    [
        (Fraction("0.41428084"), Fraction("0.433"), "[0.41428, 0.433] to 5 %"),
        (Fraction(3), None, "[3, inf) to 5 %"),
        (None, None, "(-inf, inf) to 5 %"),
        (Fraction(360), Fraction(370000), "[360, 370000] to 5 %"),
        (Fraction(1, 4), Fraction(1, 4), "[0.25] to 5 %"),
    ],
)
def test_a_bracket_has_as_many_digits_as_it_needs(
    lower: Fraction | None, upper: Fraction | None, text: str
) -> None:
    assert measurement_text(between(lower, upper)) == text


def test_a_range_says_where_each_of_its_ends_is() -> None:
    assert list(bracket_lines(ASKED_RANGE)) == ["least in (-inf, -0.1]", "greatest in [2]"]
    assert measurement_text(ASKED_RANGE) == "within (-inf, 2], ends to 1 % (by default)"


def test_each_member_of_a_family_shows_its_bracket() -> None:
    family = tuple(replace(MEASURED, id=f"car.nnspec::worst[{i}]", name=f"worst[{i}]") for i in range(5))
    text = rendered("plain", replace(REPORT, claims=family, diagnostics=()))
    assert text.count("to 5 %") == len(family)


def test_points_that_look_alike_are_told_apart() -> None:
    """At a fold two points with one image may differ in digits that nobody reads."""
    counterexample = REFUTED.counterexample
    assert counterexample is not None
    (x,) = counterexample.points
    first, *others = x.readings
    near = replace(first, problem=first.problem + Fraction(1, 10**15), network=first.network)
    both = x, Readings("y", (near, *others))
    for points, said in ((both, True), ((x, Readings("y", x.readings)), False)):
        claim = replace(REFUTED, counterexample=replace(counterexample, points=points))
        text = rendered("plain", replace(REPORT, claims=(claim,)))
        assert (f"beyond x: {first.name} ~1e-15" in text) is said
