"""Pairs of networks with one hidden layer, the second with rounded weights, and their proofs by squares.

In: sizes and seeds.  Out: graphs, obligations about how far the two are apart on the box of ±1, proofs.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from spec_lang.bounding.squares import prove
from spec_lang.kernel.network import compiled
from spec_lang.kernel.proof import examine
from spec_lang.kernel.ranges import propagate
from spec_lang.kernel.rounded import Rounded, RoundedScene
from spec_lang.kernel.rows import Alternatives, alternatives
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU
from spec_lang.obligations.certificate import BY_PHASES, BoxProof, PhaseProof, Proof, SquareProof
from spec_lang.obligations.differential import differential
from spec_lang.obligations.model import Any, Box, Condition, LinearAtom, Obligation, Region
from tests.pairs import beside
from tests.tiny_networks import chain, dense

Weights = list[np.ndarray]


def weights_of(inputs: int, hidden: int, seed: int) -> Weights:
    rng = np.random.default_rng(seed)
    first = rng.normal(size=(hidden, inputs)) / np.sqrt(inputs)
    return [first, rng.normal(size=hidden) * 0.3, rng.normal(size=(1, hidden)) / np.sqrt(hidden)]


def network(weights: Weights) -> Graph:
    first, bias, last = weights
    return chain(first.shape[1], dense(first.tolist(), bias.tolist()), RELU, dense(last.tolist()))


def rounded(weights: Weights, unit: float = 2.0**-7) -> Weights:
    return [np.round(part / unit) * unit for part in weights]


def values(of: Weights, points: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.maximum(points @ of[0].T + of[1], 0) @ of[2][0]
    return found


def pair(inputs: int, hidden: int, seed: int) -> Graph:
    weights = weights_of(inputs, hidden, seed)
    return beside(network(weights), network(rounded(weights)))


def beyond(tolerance: Fraction, sign: int) -> LinearAtom:
    """sign·(g − f) >= tolerance, as at most 0."""
    return LinearAtom((), ((0, Fraction(sign)), (1, Fraction(-sign))), tolerance, strict=False)


def obligation(graph: Graph, violation: Condition) -> Obligation:
    ones = (Fraction(1),) * graph.input_size
    return Obligation(graph, Region((Box(tuple(-v for v in ones), ones),)), violation)


def equivalence(graph: Graph, tolerance: float) -> Obligation:
    exact = Fraction(tolerance)
    return obligation(graph, Any((beyond(exact, 1), beyond(exact, -1))))


def scene_of(claim: Obligation) -> tuple[RoundedScene, Alternatives]:
    seen = differential(claim)
    compiled_network = compiled(seen.graph)
    found = alternatives(seen, compiled_network)
    ends = np.ones((1, seen.graph.input_size))
    scene = Rounded(compiled_network, found, seen.semantics).scene(-ends, ends)
    propagate(scene, {})
    return scene, found


def proof_of(claim: Obligation) -> Proof:
    scene, found = scene_of(claim)
    tried = (prove(scene, atoms, (k, np.ones(1)), lambda: None) for k, atoms in enumerate(found.conjunctions))
    squares = tuple(each.proof for each in tried if each.proof is not None)
    assert len(squares) == len(found.conjunctions)
    axis, weights = np.array([BY_PHASES], dtype=np.int32), np.zeros((1, 0), dtype=np.uint8)
    proof = Proof((BoxProof(0, axis, np.zeros(0), weights, (PhaseProof((), (), squares),)),))
    assert examine(claim, proof).flaw is None
    return proof


def squares_of(proof: Proof) -> tuple[SquareProof, ...]:
    return proof.parts[0].phases[0].squares
