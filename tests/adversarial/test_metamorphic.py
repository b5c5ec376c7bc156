"""Rewriting a network or a region without changing its meaning never turns one verdict into the other."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from spec_lang.backends.bounds import BACKEND
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import Affine, Dense, Floats, Scale, frozen
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import GaveUp, Outcome
from tests.backends.oracle import session
from tests.graphs import random_chain

SIZES = (3, 8, 8, 2)
SEEDS = range(6)


def weights_of(graph: Graph, number: int) -> tuple[Floats, Floats]:
    affine = graph.nodes[number].primitive
    assert isinstance(affine, Affine)
    dense = affine.maps[0]
    assert isinstance(dense, Dense)
    return dense.weight, affine.bias


def with_affine(graph: Graph, number: int, weight: Floats, bias: Floats) -> Graph:
    nodes = list(graph.nodes)
    nodes[number] = replace(nodes[number], primitive=Affine((Dense(frozen(weight)),), frozen(bias)))
    return replace(graph, nodes=tuple(nodes))


def permuted(graph: Graph) -> Graph:
    """The first hidden layer's neurons in another order."""
    order = np.random.default_rng(0).permutation(SIZES[1])
    weight, bias = weights_of(graph, 0)
    following, bias_after = weights_of(graph, 2)
    return with_affine(with_affine(graph, 0, weight[order], bias[order]), 2, following[:, order], bias_after)


def rescaled(graph: Graph) -> Graph:
    """The first hidden layer times 2^k and the second divided by it, neuron by neuron: exact."""
    factor = 2.0 ** np.arange(-4, SIZES[1] - 4)
    weight, bias = weights_of(graph, 0)
    following, bias_after = weights_of(graph, 2)
    return with_affine(
        with_affine(graph, 0, weight * factor[:, None], bias * factor), 2, following / factor, bias_after
    )


def with_identity(graph: Graph) -> Graph:
    """An affine identity in front of everything."""
    size = SIZES[0]
    identity = Affine((Scale(frozen(np.ones(size))),), frozen(np.zeros(size)))
    moved = tuple(replace(n, operands=tuple(o + 1 for o in n.operands)) for n in graph.nodes)
    nodes = (Node(identity, (0,), TensorSpec("same", (size,))), *moved)
    return Graph(graph.inputs, nodes, tuple(o + 1 for o in graph.outputs))


def halved(region: Region) -> Region:
    (whole,) = region.boxes
    upper, lower = list(whole.upper), list(whole.lower)
    upper[0] = lower[0] = Fraction(1, 7)
    return Region((Box(whole.lower, tuple(upper)), Box(tuple(lower), whole.upper)))


def outcome_of(graph: Graph, region: Region, limit: Fraction) -> Outcome:
    above = LinearAtom((), ((0, Fraction(-1)), (1, Fraction(1))), limit, strict=False)
    obligation = Obligation(graph, region, above)
    return BACKEND.run(obligation, session(obligation, work=20_000)).outcome


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rewrite", [permuted, rescaled, with_identity])
def test_a_rewritten_network_has_the_same_verdict(seed: int, rewrite: object) -> None:
    assert callable(rewrite)
    graph = random_chain(SIZES, seed)
    region = Region((Box((Fraction(-1),) * 3, (Fraction(1),) * 3),))
    for limit in (Fraction(-20), Fraction(0), Fraction(5), Fraction(60)):
        before, after = outcome_of(graph, region, limit), outcome_of(rewrite(graph), region, limit)
        assert not isinstance(before, GaveUp)
        assert type(before) is type(after)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_region_in_two_halves_has_the_same_verdict(seed: int) -> None:
    graph = random_chain(SIZES, seed)
    region = Region((Box((Fraction(-1),) * 3, (Fraction(1),) * 3),))
    for limit in (Fraction(-20), Fraction(0), Fraction(5), Fraction(60)):
        before, after = outcome_of(graph, region, limit), outcome_of(graph, halved(region), limit)
        assert not isinstance(before, GaveUp)
        assert type(before) is type(after)
