"""Values as JSON: the same after the way there and back, and nothing made of what does not fit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.reporters.model import Report
from spec_lang.store.plain import Unfit, from_plain, to_plain
from tests.reporters.example import REPORT


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Leaf:
    number: Fraction
    text: str | None
    pairs: tuple[tuple[str, int], ...]
    real: float = 0.0
    colour: Colour = Colour.RED
    flag: bool = False


leaves = st.builds(
    Leaf,
    st.fractions(),
    st.none() | st.text(),
    st.lists(st.tuples(st.text(), st.integers())).map(tuple),
    st.floats(allow_nan=False),
    st.just(Colour.RED),
    st.booleans(),
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
)


@given(leaves)
def test_there_and_back(leaf: Leaf) -> None:
    assert from_plain(Leaf, json.loads(json.dumps(to_plain(leaf)))) == leaf


def test_a_whole_report_there_and_back() -> None:
    assert from_plain(Report, json.loads(json.dumps(to_plain(REPORT)))) == REPORT


@given(junk)
def test_what_does_not_fit_is_refused_or_is_a_value_that_writes_back(plain: object) -> None:
    try:
        found = from_plain(Leaf, plain)
    except Unfit:
        return
    assert to_plain(found) == plain


@pytest.mark.parametrize("value", [Ellipsis, {1: 2}, [1], b"bytes", 1j], ids=repr)
def test_what_has_no_form_is_not_written(value: object) -> None:
    with pytest.raises(Unfit):
        to_plain(value)


@pytest.mark.parametrize("number", ["1/0", "1", "x/y", 1, "1/2/3"])
def test_no_fraction_is_guessed(number: object) -> None:
    with pytest.raises(Unfit):
        from_plain(Fraction, number)
