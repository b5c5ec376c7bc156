"""Laws of the attack: what it refutes is refuted exactly, and it proves nothing."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest

from spec_lang.backends.falsify import BACKEND
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Refuted
from tests.backends.oracle import session, violates
from tests.conformance.test_backends import obligations
from tests.laws import law
from tests.tiny_networks import relu_network

ONE = Fraction(1)
UNIT = Box((Fraction(0), Fraction(0)), (ONE, ONE))


def below(limit: int) -> LinearAtom:
    """y <= limit"""
    return LinearAtom((), ((0, ONE),), Fraction(-limit), False)


@law(40, 400, obligation=obligations())
def test_an_attack_never_proves(obligation: Obligation) -> None:
    match BACKEND.run(obligation, session(obligation, work=2000)).outcome:
        case Refuted(point):
            assert violates(obligation, point)
        case outcome:
            assert isinstance(outcome, GaveUp)
            assert outcome.detail


@pytest.mark.parametrize("low", [None, Fraction(0)])
@pytest.mark.parametrize("high", [None, Fraction(0)])
def test_an_infinite_side_is_searched_far_out(low: Fraction | None, high: Fraction | None) -> None:
    # x0 <= -50 or x0 >= 50, for the first input alone.
    ends: Condition = Any(
        (LinearAtom(((0, ONE),), (), Fraction(50), False), LinearAtom(((0, -ONE),), (), Fraction(50), False))
    )
    region = Region((Box((low, Fraction(0)), (high, ONE)),))
    obligation = Obligation(relu_network(), region, ends)
    outcome = BACKEND.run(obligation, session(obligation)).outcome
    if low == high == 0:
        assert isinstance(outcome, GaveUp)
    else:
        assert isinstance(outcome, Refuted)
        assert violates(obligation, outcome.point)


def test_a_search_that_finds_nothing_says_so() -> None:
    obligation = Obligation(relu_network(), Region((UNIT,)), below(-1000))
    outcome = BACKEND.run(obligation, session(obligation, work=5000)).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.BUDGET


def test_a_deadline_ends_the_search() -> None:
    obligation = Obligation(relu_network(), Region((UNIT,)), below(-1000))
    outcome = BACKEND.run(obligation, session(obligation, deadline=time.monotonic())).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.TIMEOUT


@pytest.mark.parametrize(
    ("region", "violation"),
    [(Region(()), below(0)), (Region((UNIT,)), Any(())), (Region((UNIT,)), All((Any(()), below(0))))],
)
def test_where_there_is_nothing_to_find_nothing_is_proved(region: Region, violation: Condition) -> None:
    obligation = Obligation(relu_network(), region, violation)
    assert isinstance(BACKEND.run(obligation, session(obligation)).outcome, GaveUp)
