"""Rewriting a network, a region or a claim without changing what it means never turns a verdict around."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest

from spec_lang.kernel.verdict import Status
from spec_lang.obligations.model import LinearAtom, Obligation
from tests.adversarial.reshaping import RESHAPINGS
from tests.adversarial.rewriting import REWRITINGS
from tests.adversarial.ways import Way, box, each_way, status
from tests.backends.enumeration import Enumeration, counterexample
from tests.differential.cases import case
from tests.differential.examine import Limits
from tests.graphs import random_chain

SEED = 7
LIMITS = Limits(seconds=0.5, work=300)
ALL = REWRITINGS | RESHAPINGS
each_rewriting = pytest.mark.parametrize("name", ALL)


def rewritten(name: str, obligation: Obligation, number: int) -> Obligation:
    return ALL[name](obligation, Random(f"{name}/{number}"))  # noqa: S311 - to be repeated


@each_rewriting
def test_a_rewriting_keeps_the_meaning(name: str) -> None:
    """By enumeration, which is how we know that a rewriting is one."""
    changed = 0
    for number in range(60):
        one = case(number, SEED)
        other = rewritten(name, one.obligation, number)
        assert (counterexample(other) is None) is one.holds
        changed += other != one.obligation
    assert changed > 30


@pytest.mark.parametrize("numbers", [range(3), pytest.param(range(3, 40), marks=pytest.mark.long)])
@each_way
@each_rewriting
def test_no_verdict_is_turned_around(name: str, way: Way, numbers: range) -> None:
    for number in numbers:
        one = case(number, SEED)
        before = status(way, one.obligation, LIMITS)
        after = status(way, rewritten(name, one.obligation, number), LIMITS)
        assert {before, after} != {Status.PROVED, Status.REFUTED}, number
        assert {before, after} <= {Status.PROVED if one.holds else Status.REFUTED, Status.UNKNOWN}, number


@each_way
@each_rewriting
def test_what_is_decided_with_room_to_spare_stays_decided(name: str, way: Way) -> None:
    """A claim that is not decided by a hair has the same verdict before and after."""
    graph = random_chain((2, 4, 4, 1), seed=5)
    region = box((Fraction(-1), Fraction(1)), (Fraction(-1), Fraction(1)))
    above = LinearAtom((), ((0, Fraction(-1)),), Fraction(0), strict=True)
    most = -(Enumeration(graph, region).infimum(above) or Fraction(0))
    for limit, expected in ((most + 1, Status.PROVED), (most - 1, Status.REFUTED)):
        obligation = Obligation(graph, region, replace(above, constant=limit))
        assert status(way, obligation) in (expected, Status.UNKNOWN)
        assert status(way, rewritten(name, obligation, 0)) == status(way, obligation)
