"""Laws of the thresholds that a measure tries: the ends only come nearer, and it ends."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.engine.thresholds import Thresholds, Try, short_between
from spec_lang.semantics.model import Precision
from tests.tiny_networks import rationals

widths = st.fractions(Fraction(1, 10**4), Fraction(1, 2))
numbers = rationals | st.fractions(-(10**6), 10**6, max_denominator=10**4)
precisions = st.builds(Precision, widths, st.booleans())


def search(state: Thresholds, truth: Fraction, luck: st.DataObject, hard: Fraction = Fraction(0)) -> int:
    """Answers every threshold as the number `truth` has it, those within `hard` above it not at all; how many
    there were."""
    for count in range(1000):
        attempt = state.next()
        if attempt is None:
            return count
        threshold = attempt.threshold
        assert state.reached is None or threshold >= state.reached
        assert state.proved is None or threshold < state.proved
        if threshold < truth:
            # A point may lie anywhere between the threshold and the greatest value; no share of 0 is near 0.
            state.reach(
                threshold
                + (truth - threshold)
                * (luck.draw(st.sampled_from((Fraction(1, 9), Fraction(1)))) if truth else 1)
            )
        elif attempt.probe or threshold < truth + hard:
            bound = luck.draw(st.none() | st.just(float(truth - threshold) - 3.5))
            state.leave_open(attempt, bound, hopeless=False)
        else:
            state.prove(threshold)
        assert state.reached is None or state.reached <= truth
        assert state.proved is None or state.proved >= truth
    raise AssertionError("the search does not end")


@given(numbers.filter(bool), precisions, st.data())
def test_a_search_ends_with_the_precision_that_was_asked_for(
    truth: Fraction, precision: Precision, luck: st.DataObject
) -> None:
    state = Thresholds(precision)
    search(state, truth, luck)
    assert state.done
    assert state.reached is not None
    assert state.proved is not None
    assert state.proved - state.reached <= state.tolerance()


@given(precisions, st.data())
def test_a_number_that_is_0_is_found_exactly(precision: Precision, luck: st.DataObject) -> None:
    state = Thresholds(precision)
    search(state, Fraction(0), luck)
    assert state.done


@given(numbers, st.fractions(Fraction(1, 100), 10), precisions, st.data())
def test_a_search_with_thresholds_that_nobody_decides_ends_and_keeps_its_ends(
    truth: Fraction, hard: Fraction, precision: Precision, luck: st.DataObject
) -> None:
    state = Thresholds(precision)
    search(state, truth, luck, hard)
    if state.proved is not None and state.reached is not None:
        assert state.reached <= truth <= state.proved


@given(st.fractions(0, 1), st.fractions(1, 100), precisions, st.data())
def test_an_interval_is_not_left(
    start: Fraction, truth: Fraction, precision: Precision, luck: st.DataObject
) -> None:
    interval = (start, start + 50)
    state = Thresholds(precision, interval)
    search(state, truth, luck)
    assert state.settled
    if truth > interval[1]:
        assert state.reached is not None
    elif truth > interval[0]:
        assert state.done


@given(st.fractions(Fraction(1, 100), 3), st.integers(2, 9), st.booleans())
def test_a_radius_whose_best_point_is_found_first_takes_two_claims(
    radius: Fraction, digits: int, relative: bool
) -> None:
    width = Fraction(1, 10**digits)
    state = Thresholds(Precision(width, relative), (Fraction(-3), Fraction(0)))
    first = state.next()
    assert first is not None
    assert first.threshold == -3
    state.reach(-radius)
    beside = state.next()
    assert beside is not None
    state.prove(beside.threshold)
    assert state.done
    assert state.next() is None


@given(st.fractions(Fraction(1, 100), 3))
def test_the_easy_end_is_tried_where_the_best_point_is_not_seen_at_once(radius: Fraction) -> None:
    for again in (False, True):
        state = Thresholds(Precision(Fraction(1, 1000), False), (Fraction(-4), Fraction(0)))
        state.reach(-radius - Fraction(1, 2))
        beside = state.next()
        assert beside is not None
        if again:
            state.reach(beside.threshold)
        else:
            state.leave_open(beside, None, hopeless=False)
        assert state.next() == Try(Fraction(0))


@pytest.mark.parametrize("probe", [False, True])
def test_only_a_first_look_is_not_held_against_a_threshold(probe: bool) -> None:
    state = Thresholds(Precision(Fraction(1, 100), relative=True))
    state.reach(Fraction(3))
    state.leave_open(Try(Fraction(5), probe), None, hopeless=False)
    assert state.stuck == (None if probe else 5)


@given(numbers, st.fractions(Fraction(1, 10**6), 100))
def test_the_shortest_decimal_lies_between(low: Fraction, width: Fraction) -> None:
    found = short_between(low, low + width)
    assert low <= found <= low + width
    power = 10**60
    assert (found * power).denominator == 1


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0.4143, 0.4350, Fraction("0.42")),
        (-91.4, -91.2, Fraction("-91.4")),
        (7.0, 7.0, Fraction(7)),
        (-3, 8, 0),
    ],
)
def test_thresholds_have_few_digits(low: float, high: float, found: Fraction) -> None:
    assert short_between(Fraction(str(low)), Fraction(str(high))) == found
