"""Networks whose float behaviour differs from their real one on purpose: never a wrong verdict.

The constructions are those of Zombori et al. (ICLR 2021, backdoors in verified networks) and Szász et al.
(2025, order of summation); the dropped coefficient is what a MILP solver's defaults do to 5x.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from spec_lang.backends._search.problem import prepare
from spec_lang.backends.bounds.split_input import InputSplitting
from spec_lang.backends.bounds.split_relu import ReluSplitting
from spec_lang.kernel.exact import evaluate_exact
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, frozen
from spec_lang.obligations.model import All, Box, Condition, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Attestation, Outcome, Proved, Refuted
from tests.backends.oracle import session, violates

SEARCHES = [InputSplitting, ReluSplitting]
Search = type[InputSplitting] | type[ReluSplitting]
OMEGAS = [1e3, 1e6, 1e9, 1e13, 1e17]


def layers(*steps: tuple[list[list[float]], list[float]]) -> Graph:
    """`affine relu affine relu … affine` of (weight, bias) pairs."""
    nodes: list[Node] = []
    inputs = len(steps[0][0][0])
    for number, (weight, bias) in enumerate(steps):
        affine = Affine((Dense(frozen(np.array(weight))),), frozen(np.array(bias, dtype=np.float64)))
        nodes.append(Node(affine, (len(nodes),), TensorSpec(f"z{number}", (len(bias),))))
        if number < len(steps) - 1:
            nodes.append(Node(RELU, (len(nodes),), TensorSpec(f"a{number}", (len(bias),))))
    return Graph((TensorSpec("x", (inputs,)),), tuple(nodes), (len(nodes),))


def backdoored(omega: float) -> Graph:
    """Two constant scores, y0 = 2 and y1 = 1, that trade places once the pixel reaches 0.05."""
    return layers(
        ([[-20.0], [0.0]], [1.0, 1.0]),  # h = relu(1 − 20 p), d = relu(1)
        ([[-2.0, 0.0], [0.0, 1.0]], [1.0, 0.0]),  # c = relu(1 − 2 h), d
        ([[omega, -omega]], [1e-3]),  # s = relu(ω c − ω d + 1e-3)
        ([[1000.0], [-2000.0]], [0.0, 1.0]),  # n0 = relu(1000 s), n1 = relu(1 − 2000 s)
        # relu(y_i + 1000 − 2000 n0) and relu(y_{i−1} + 1000 − 2000 n1), i = 0, 1
        (
            [[-2000.0, 0.0], [0.0, -2000.0], [-2000.0, 0.0], [0.0, -2000.0]],
            [1002.0, 1001.0, 1001.0, 1002.0],
        ),
        ([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]], [-1000.0, -1000.0]),
    )


def decide(search: Search, graph: Graph, region: Region, violation: Condition) -> tuple[Obligation, Outcome]:
    obligation = Obligation(graph, region, violation)
    outcome = search(prepare(obligation), session(obligation, work=3000), Attestation("bounds", "", "")).run()
    return obligation, outcome.outcome


def box(*sides: tuple[Fraction, Fraction]) -> Region:
    return Region((Box(tuple(s[0] for s in sides), tuple(s[1] for s in sides)),))


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("omega", OMEGAS)
def test_a_backdoor_is_never_proved_away(search: Search, omega: float) -> None:
    graph = backdoored(omega)
    open_door = evaluate_exact(graph, [Fraction(1, 10)])
    assert open_door[1] > open_door[0]
    overtaken = LinearAtom((), ((0, Fraction(1)), (1, Fraction(-1))), Fraction(0), strict=False)
    obligation, outcome = decide(search, graph, box((Fraction(0), Fraction(1))), overtaken)
    assert not isinstance(outcome, Proved)
    if isinstance(outcome, Refuted):
        assert violates(obligation, outcome.point)


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("omega", OMEGAS)
def test_a_closed_backdoor_is_never_refuted(search: Search, omega: float) -> None:
    overtaken = LinearAtom((), ((0, Fraction(1)), (1, Fraction(-1))), Fraction(0), strict=False)
    _, outcome = decide(search, backdoored(omega), box((Fraction(0), Fraction(1, 50))), overtaken)
    assert not isinstance(outcome, Refuted)


SUMS = {
    "1 between the giants": ([2.0**24, 1.0, -(2.0**24)], 1),
    "15 of them": (([2.0**22] * 4 + [1.0] + [-(2.0**22)] * 4) * 15, 15),
    "2 spread thin": ([2.0 / 512] * 512 + [2.0**24, -(2.0**24)], 2),
    "512 ones": ([1.0] * 512 + [2.0**24, -(2.0**24)], 512),
    "beyond float64, too": ([2.0**60, 1.0, -(2.0**60)], 1),
}


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("name", SUMS)
def test_a_sum_that_floats_lose_is_decided_by_its_real_value(search: Search, name: str) -> None:
    weights, exact = SUMS[name]
    graph = layers(([weights], [0.0]))
    ones = box(*[(Fraction(1), Fraction(1))] * len(weights))
    less = LinearAtom((), ((0, Fraction(1)),), Fraction(1, 2) - exact, strict=True)  # y < exact − 1/2
    more = LinearAtom((), ((0, Fraction(-1)),), exact + Fraction(1, 2), strict=True)  # y > exact + 1/2
    for violation in (less, more):
        assert not isinstance(decide(search, graph, ones, violation)[1], Refuted)
    reached = LinearAtom((), ((0, Fraction(-1)),), Fraction(exact), strict=False)  # y >= exact
    assert not isinstance(decide(search, graph, ones, reached)[1], Proved)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_tiny_coefficient_behind_a_huge_one_counts(search: Search) -> None:
    graph = layers(([[1e10]], [0.0]), ([[5e-10]], [0.0]))
    above = LinearAtom((), ((0, Fraction(-1)),), Fraction(4), strict=True)  # y > 4, and y reaches 5
    obligation, outcome = decide(search, graph, box((Fraction(0), Fraction(1))), above)
    assert isinstance(outcome, Refuted)
    assert violates(obligation, outcome.point)


@pytest.mark.parametrize("search", SEARCHES)
def test_subnormal_weights_are_not_zero(search: Search) -> None:
    graph = layers(([[5e-324]], [0.0]))
    positive = LinearAtom((), ((0, Fraction(-1)),), Fraction(0), strict=True)
    assert not isinstance(decide(search, graph, box((Fraction(0), Fraction(1))), positive)[1], Proved)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_tie_at_zero_violates_a_strict_claim(search: Search) -> None:
    graph = layers(([[1.0], [1.0]], [0.0, 0.0]), ([[1.0, -1.0]], [0.0]))  # always exactly 0
    closed = LinearAtom((), ((0, Fraction(1)),), Fraction(0), strict=False)
    strict = LinearAtom((), ((0, Fraction(1)),), Fraction(0), strict=True)
    region = box((Fraction(-1), Fraction(1)))
    assert isinstance(decide(search, graph, region, closed)[1], Refuted)
    assert not isinstance(decide(search, graph, region, strict)[1], Refuted)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_point_beyond_the_edge_of_the_region_is_no_witness(search: Search) -> None:
    """The nearest float32 to 1/10 lies above it: the edge itself must be found, not its neighbour."""
    graph = layers(([[1.0]], [0.0]))
    edge = LinearAtom((), ((0, Fraction(-1)),), Fraction(1, 10), strict=False)  # y >= 1/10
    obligation, outcome = decide(search, graph, box((Fraction(0), Fraction(1, 10))), edge)
    assert isinstance(outcome, Refuted)
    assert outcome.point == (Fraction(1, 10),)
    assert violates(obligation, outcome.point)
    beyond = LinearAtom((), ((0, Fraction(-1)),), Fraction(1, 10), strict=True)
    assert not isinstance(decide(search, graph, box((Fraction(0), Fraction(1, 10))), beyond)[1], Refuted)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_constraint_cuts_off_what_the_box_allows(search: Search) -> None:
    graph = layers(([[1.0, 1.0]], [0.0]))
    cut = LinearAtom(((0, Fraction(1)), (1, Fraction(1))), (), Fraction(-1), strict=False)  # x0 + x1 <= 1
    region = Region((Box((Fraction(0),) * 2, (Fraction(1),) * 2),), (cut,))
    above = LinearAtom((), ((0, Fraction(-1)),), Fraction(11, 10), strict=False)
    below = LinearAtom((), ((0, Fraction(-1)),), Fraction(9, 10), strict=False)
    assert isinstance(decide(search, graph, region, All((above,)))[1], Proved)
    obligation, outcome = decide(search, graph, region, All((below,)))
    assert isinstance(outcome, Refuted)
    assert violates(obligation, outcome.point)
