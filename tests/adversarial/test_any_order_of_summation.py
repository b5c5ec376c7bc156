"""Under float32 semantics a claim holds in every order of summation: what one order breaks is never proved.

In: sums so short that every order can be tried, in numpy's float32.  Out: nothing but failures.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np
import pytest

from spec_lang.engine import CheckOptions
from spec_lang.kernel.verdict import Status
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, frozen
from spec_lang.obligations.model import Obligation, Region, Semantics
from tests.adversarial.fooling import ONE, SUMS, above, below, layers
from tests.adversarial.onnx_files import checked
from tests.adversarial.ways import WAYS, Way, box, each_way, status

OMEGA = 2.0**24
F32 = np.float32
HALF = Fraction(1, 2)


def narrow(graph: Graph) -> Graph:
    """The graph with float32 weights, which they all are."""
    nodes = []
    for node in graph.nodes:
        affine = node.primitive
        if not isinstance(affine, Affine):
            nodes.append(node)
            continue
        (linear,) = affine.maps
        assert isinstance(linear, Dense)
        weight, bias = linear.weight.astype(F32), affine.bias.astype(F32)
        assert np.array_equal(weight, linear.weight)
        assert np.array_equal(bias, affine.bias)
        nodes.append(Node(Affine((Dense(frozen(weight)),), frozen(bias)), node.operands, node.tensor))
    return Graph(graph.inputs, tuple(nodes), graph.outputs)


def under_float32(way: Way, graph: Graph, region: Region, violation: object) -> Status:
    return status(way, Obligation(graph, region, violation, Semantics.FLOAT32))  # type: ignore[arg-type]


def results(weights: Sequence[float], point: Sequence[float], bias: float) -> frozenset[float]:
    """What some order gives: all trees of additions, products rounded or fused, and the sum rounded once."""
    pairs = [(F32(w), F32(x)) for w, x in zip(weights, point, strict=True)]
    exact = sum((Fraction(float(w)) * Fraction(float(x)) for w, x in pairs), Fraction(bias))

    @cache
    def of(terms: frozenset[int]) -> frozenset[float]:
        """The values that the terms may have together; number −1 is the bias."""
        if len(terms) == 1:
            (i,) = terms
            return frozenset({float(F32(bias)) if i < 0 else float(pairs[i][0] * pairs[i][1])})
        found = set()
        first, *rest = sorted(terms)
        for size in range(len(rest)):
            for others in combinations(rest, size):
                left = frozenset({first, *others})
                right = terms - left
                found |= {float(F32(a) + F32(b)) for a in of(left) for b in of(right)}
                for single, many in ((left, right), (right, left)):
                    if len(single) == 1 and max(single) >= 0:
                        found |= {fused(*pairs[max(single)], b) for b in of(many)}
        return frozenset(found)

    return of(frozenset(range(-1, len(pairs)))) | {nearest(exact)}


def fused(w: np.float32, x: np.float32, b: float) -> float:
    return nearest(Fraction(float(w)) * Fraction(float(x)) + Fraction(b))


def nearest(value: Fraction) -> float:
    """The nearest float32, to even; through float64 it would be rounded twice."""
    guess = F32(float(value))
    around = [np.nextafter(guess, F32(-np.inf)), guess, np.nextafter(guess, F32(np.inf))]
    best = min(around, key=lambda c: (abs(Fraction(float(c)) - value), int(c.view(np.uint32)) & 1))
    return float(best)


def test_the_sums_made_to_fool_have_several_results() -> None:
    assert results([OMEGA, 1.0, -OMEGA], [1.0] * 3, 0.0) >= {0.0, 1.0}
    weights, _ = SUMS["15 of them"]
    assert float(np.cumsum(np.array(weights, dtype=F32))[-1]) == 0.0


@each_way
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.long] * ("spread thin" in name))
        for name in SUMS
        if "float64" not in name
    ],
)
def test_what_an_order_breaks_is_not_proved(way: Way, name: str) -> None:
    """All of them come to 0 in some order, and to their exact value in another."""
    weights, exact = SUMS[name]
    graph, ones = narrow(layers(([weights], [0.0]))), box(*[(ONE, ONE)] * len(weights))
    assert under_float32(way, graph, ones, below(HALF)) is not Status.PROVED
    assert under_float32(way, graph, ones, above(exact - HALF)) is not Status.PROVED
    most = sum(abs(w) for w in weights)
    slack = Fraction(2 * (len(weights) + 8)) * Fraction(most) / 2**24
    for violation in (below(exact - slack), above(exact + slack)):
        assert under_float32(way, graph, ones, violation) in (Status.PROVED, Status.UNKNOWN)
    assert Status.PROVED in {under_float32(w, graph, ones, below(exact - slack)) for w in WAYS}


@each_way
@pytest.mark.parametrize(
    "number", [0, 1, *(pytest.param(number, marks=pytest.mark.long) for number in range(2, 20))]
)
def test_a_verdict_holds_for_every_order(way: Way, number: int) -> None:
    rng = Random(f"order/{number}")  # noqa: S311 - to be repeated
    for _ in range(2):
        size = rng.randint(2, 4)
        weights = [float(F32(rng.choice([-1, 1]) * 10 ** rng.uniform(-3, 8))) for _ in range(size)]
        weights[-1] = rng.choice([-weights[0], weights[-1]])
        point = [float(F32(rng.uniform(-2, 2))) for _ in range(size)]
        point[-1] = rng.choice([point[0], point[-1]])
        bias = float(F32(rng.gauss(0, 1)))
        found = results(weights, point, bias)
        graph = narrow(layers(([weights], [bias])))
        there = box(*[(Fraction(x), Fraction(x)) for x in point])
        for limit in (min(found), max(found)):
            for strict in (False, True):
                for sign, make in ((1, below), (-1, above)):
                    broken = any(sign * v < sign * limit or (v == limit and not strict) for v in found)
                    verdict = under_float32(way, graph, there, make(Fraction(limit), strict))
                    assert verdict is not Status.PROVED or not broken
                    assert verdict is not Status.REFUTED or broken


@each_way
def test_rounding_adds_up_from_layer_to_layer(way: Way) -> None:
    """f(x) = relu(x + 2^24) − 2^24 is x, and 0 for x = 1 in float32: 1 more layer than the bias."""
    nodes = (
        Node(
            Affine((Dense(frozen(np.ones((1, 1), F32))),), frozen(np.array([OMEGA], F32))),
            (0,),
            TensorSpec("z", (1,)),
        ),
        Node(RELU, (1,), TensorSpec("a", (1,))),
        Node(
            Affine((Dense(frozen(np.ones((1, 1), F32))),), frozen(np.array([-OMEGA], F32))),
            (2,),
            TensorSpec("y", (1,)),
        ),
    )
    graph = Graph((TensorSpec("x", (1,)),), nodes, (3,))
    at_one = box((ONE, ONE))
    assert status(way, Obligation(graph, at_one, below(HALF))) in (Status.PROVED, Status.UNKNOWN)
    assert under_float32(way, graph, at_one, below(HALF)) in (Status.REFUTED, Status.UNKNOWN)


@each_way
def test_a_sum_that_may_overflow_is_not_decided_as_if_it_could_not(way: Way) -> None:
    """3e38 + 3e38 − 3e38 is 3e38, or infinite: the claim that it is below 3.1e38 is not proved."""
    graph = narrow(layers(([[float(F32(3e38)), float(F32(3e38)), -float(F32(3e38))]], [0.0])))
    ones = box(*[(ONE, ONE)] * 3)
    assert under_float32(way, graph, ones, above(Fraction(10) ** 38 * 31 / 10)) is not Status.PROVED
    assert under_float32(way, graph, ones, above(Fraction(10) ** 60)) is not Status.PROVED


def test_the_whole_check_tells_the_semantics_apart(tmp_path: Path) -> None:
    weights, exact = SUMS["1 between the giants"]
    graph = layers(([weights], [0.0]))
    claim = f"forall x in box(1, 1): f(x) >= {exact}"
    real = checked(tmp_path, graph, claim, CheckOptions(timeout=10.0))
    assert real.status in (Status.PROVED, Status.UNKNOWN)
    floating = checked(tmp_path, graph, claim, CheckOptions(timeout=10.0, semantics=Semantics.FLOAT32))
    assert floating.status in (Status.REFUTED, Status.UNKNOWN)
