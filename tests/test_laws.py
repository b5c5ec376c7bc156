"""The laws of the tests are tried, as often as they say, and fail when they do not hold."""

from __future__ import annotations

import inspect

import pytest
from hypothesis import strategies as st

from tests.laws import law


def test_a_law_is_tried_as_often_as_it_says_with_what_pytest_gives() -> None:
    met: list[tuple[str, int]] = []

    @law(20, 200, number=st.integers())
    def of_numbers(given_name: str, number: int) -> None:
        met.append((given_name, number))

    assert list(inspect.signature(of_numbers).parameters) == ["given_name", "cases"]
    of_numbers(given_name="a", cases=20)
    assert len(met) == 20
    assert {name for name, _ in met} == {"a"}
    assert len(set(met)) > 10


def test_a_law_that_does_not_hold_fails() -> None:
    @law(20, 200, number=st.integers())
    def all_are_small(number: int) -> None:
        assert number < 2

    with pytest.raises(AssertionError):
        all_are_small(cases=100)
