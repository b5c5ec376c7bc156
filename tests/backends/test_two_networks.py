"""Claims about two networks: every backend on the difference graph, against exact enumeration of the two."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from spec_lang.backends.base import Backend
from spec_lang.obligations.differential import differential
from spec_lang.obligations.model import All, Condition, LinearAtom, Obligation, Region
from tests.adversarial.ways import box
from tests.backends.enumeration import Enumeration, counterexample
from tests.differential.examine import Limits, answer
from tests.differential.tally import installed
from tests.graphs import random_chain
from tests.pairs import altered, beside

LIMITS = Limits(seconds=4.0, work=None)
SHARES = (2.0**-10, 0.05, 0.5)  # by which the second network's weights are off
SIZES = ((2, 3, 2), (2, 3, 3, 1), (1, 4, 4, 1))
EVERY = pytest.mark.parametrize("backend", installed(), ids=lambda backend: backend.name)


def pair(number: int) -> Obligation:
    """Nothing is asked yet."""
    sizes = SIZES[number % len(SIZES)]
    first = random_chain(sizes, seed=number)
    graph = beside(first, altered(first, number, SHARES[number % 2]))
    region = Region(box(*[(Fraction(-1), Fraction(1))] * sizes[0]).boxes)
    return Obligation(graph, region, All(()))


def beyond(obligation: Obligation) -> LinearAtom:
    """What the first output of g has beyond that of f."""
    second = obligation.graph.output_size // 2
    return LinearAtom((), ((0, Fraction(-1)), (second, Fraction(1))), Fraction(0), strict=False)


def asked(obligation: Obligation, violation: Condition) -> Obligation:
    return replace(obligation, violation=violation)


@EVERY
@pytest.mark.parametrize("number", range(8))
def test_a_tolerance_about_the_true_difference_is_decided_rightly(number: int, backend: Backend) -> None:
    """`g − f >= −t` for t a little more and a little less than what it takes."""
    plain = pair(number)
    assert differential(plain).graph is not plain.graph
    atom = beyond(plain)
    least = Enumeration(plain.graph, plain.region).infimum(atom)
    assert least is not None
    for share in (Fraction(9, 10), Fraction(11, 10)):
        obligation = asked(plain, replace(atom, constant=-least * share))
        witness = counterexample(obligation)
        found = answer(backend, obligation, witness, LIMITS)
        assert not found.wrong
        if backend.name == "bounds":
            assert found.decided


@EVERY
@pytest.mark.parametrize("number", range(6))
def test_decisions_are_compared_rightly(number: int, backend: Backend) -> None:
    """That the first output of f is the greater one by a margin, and that of g is not."""
    plain = pair(number * len(SIZES))
    one = LinearAtom((), ((0, Fraction(-1)), (1, Fraction(1))), Fraction(1, 10), strict=True)
    other = LinearAtom((), ((2, Fraction(1)), (3, Fraction(-1))), Fraction(0), strict=False)
    obligation = asked(plain, All((one, other)))
    found = answer(backend, obligation, counterexample(obligation), LIMITS)
    assert not found.wrong
    if backend.name == "bounds":
        assert found.decided
