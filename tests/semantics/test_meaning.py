"""A typed claim, and its lowered goal, say at every point what the formula says there."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.kernel.exact import evaluate_exact
from spec_lang.obligations.lower import lower
from tests.semantics.formulas import HEADER, bodies, points, regions
from tests.semantics.worlds import (
    accepted,
    is_true,
    is_violated,
    loose,
    meaning,
    network,
    network_point,
    stated,
)

seeds = st.integers(0, 20)


@given(regions, bodies, seeds, st.lists(points, min_size=1, max_size=6))
@settings(max_examples=200)
def test_condition_and_goal_agree_with_the_reference_meaning(
    region: str, body: str, seed: int, candidates: list[tuple[Fraction, ...]]
) -> None:
    text = f"{HEADER}\nclaim c: forall x in {region}: {body}\n"
    checked = accepted(text, {"f": network(seed=seed)})
    claim = checked["c"]
    goal = lower(claim)
    for point in candidates:
        expected = meaning(checked, claim, point)
        inside = network_point(claim, point)
        outputs = evaluate_exact(stated(claim).graph, inside)
        assert expected.in_region == is_true(stated(claim).region, inside, outputs)
        assert expected.body != is_true(stated(claim).violation, inside, outputs)
        assert (expected.in_region and not expected.body) == is_violated(goal, inside, loose(claim))


GRID = [Fraction(n, 2) for n in range(-4, 5)]


@pytest.mark.parametrize(
    "region",
    [
        "f.domain",
        "near",
        "slab[0]",
        "box(-1, 1)",
        "box(corner - 1, corner + 1) & slab[2]",
        "ball([0, 1/2, 0], 3/2, l1)",
        "ball([0, 1/2, 0], 3/2, l1) & ball(corner, 1, linf)",
        "{ x | not (x.a < 0 or x.b > 1/2) and x.c != 1 }",
        "{ x | (x in near) <=> (x.b > 0) }",
    ],
)
def test_every_kind_of_region_contains_the_points_that_it_says(region: str) -> None:
    checked = accepted(f"{HEADER}\nclaim c: forall x in {region}: f(x).p < f(x).p\n")
    claim = checked["c"]
    goal = lower(claim)
    found = 0
    for point in product(GRID, repeat=3):
        expected = meaning(checked, claim, point).in_region
        assert expected == is_violated(goal, network_point(claim, point), loose(claim))
        found += expected
    assert 0 < found < len(GRID) ** 3


def test_a_region_may_speak_of_outputs() -> None:
    checked = accepted(f"{HEADER}\nclaim c: forall x in {{ x | f(x).p >= 0 }}: x.a < 1\n")
    claim = checked["c"]
    goal = lower(claim)
    for point in product(GRID, repeat=3):
        expected = meaning(checked, claim, point)
        violated = is_violated(goal, network_point(claim, point), loose(claim))
        assert (expected.in_region and not expected.body) == violated
