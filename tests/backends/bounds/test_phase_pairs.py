"""Trees of ReLU phases for two nearly equal networks with many inputs: they prove what one box does not, the
kernel accepts it in both arithmetics, and nothing like it for what is false."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from spec_lang.backends._search.problem import prepare
from spec_lang.backends.bounds.split_relu import ReluSplitting
from spec_lang.kernel import proof as kernel
from spec_lang.network.evaluate import evaluate
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Affine, Floats, frozen, numbers_of, with_numbers
from spec_lang.obligations.certificate import PhaseTree, Proof
from spec_lang.obligations.differential import differential
from spec_lang.obligations.model import LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Attestation, Proved
from tests.adversarial.ways import box
from tests.differential.examine import Limits, session
from tests.graphs import random_chain
from tests.pairs import beside

INPUTS = 24
BOTH = pytest.mark.parametrize("products", [0, 10**12], ids=["rounded", "integers"])
LIMITS = Limits(seconds=60.0, work=20_000)


def claimed(graph: Graph, tolerance: Fraction) -> Obligation:
    """That g is nowhere above f by so much."""
    atom = LinearAtom((), ((0, Fraction(1)), (1, Fraction(-1))), tolerance, strict=False)
    region = Region(box(*[(Fraction(-1), Fraction(1))] * INPUTS).boxes)
    return Obligation(graph, region, atom)


def pair(number: int, share: float) -> Graph:
    """Two networks whose weights are that near to each other."""
    first = random_chain((INPUTS, 10, 8, 1), seed=number)
    rng, nodes = np.random.default_rng(number), []
    for node in first.nodes:
        primitive = node.primitive
        if isinstance(primitive, Affine):
            maps = tuple(with_numbers(m, _moved(numbers_of(m), rng, share)) for m in primitive.maps)
            primitive = Affine(maps, primitive.bias)
        nodes.append(replace(node, primitive=primitive))
    return beside(first, replace(first, nodes=tuple(nodes)))


def _moved(numbers: Floats, rng: np.random.Generator, share: float) -> Floats:
    return frozen((numbers * (1 + share * rng.uniform(-1, 1, numbers.shape))).astype(numbers.dtype))


def searched(obligation: Obligation) -> tuple[Proof | None, int]:
    """The proof that trees find, and their nodes."""
    problem = prepare(differential(obligation))
    search = ReluSplitting(problem, session(obligation, LIMITS), Attestation("bounds", "0", "trees"))
    outcome = search.run().outcome
    if not isinstance(outcome, Proved):
        return None, search.done
    assert isinstance(outcome.proof, Proof)
    return outcome.proof, search.done


def reached(graph: Graph) -> Fraction:
    """What g has beyond f at many points, at most."""
    points = np.sign(np.random.default_rng(1).uniform(-1, 1, (5_000, INPUTS)))
    f, g = evaluate(graph, points).T
    return Fraction(float((g - f).max()))


@BOTH
@pytest.mark.parametrize(("share", "times"), [(2.0**-12, Fraction(11, 4)), (0.1, Fraction(11, 4))])
def test_trees_prove_less_than_one_box_does(
    share: float, times: Fraction, products: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = pair(1, share)
    obligation = claimed(graph, reached(graph) * times)
    proof, nodes = searched(obligation)
    assert nodes > 2
    assert proof is not None
    monkeypatch.setattr(kernel, "EXACT_PRODUCTS", products)
    found = kernel.examine(obligation, proof)
    assert found.flaw is None
    assert found.evidence is not None


def mangled(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[PhaseTree], PhaseTree]:
    return lambda tree: replace(tree, slopes=change(tree.slopes).astype(np.float32))


@BOTH
@pytest.mark.parametrize(
    "change",
    [
        lambda slopes: slopes,
        np.zeros_like,
        np.ones_like,
        lambda slopes: np.where(slopes > 0, slopes * np.float32(1e30), 0),
        lambda slopes: slopes[::-1],
    ],
    ids=["same", "none", "ones", "huge", "others"],
)
def test_no_numbers_prove_what_is_false(
    change: Callable[[np.ndarray], np.ndarray], products: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = pair(1, 2.0**-12)
    proof, _ = searched(claimed(graph, reached(graph) * Fraction(11, 4)))
    assert proof is not None
    part = proof.parts[0]
    trees = tuple(map(mangled(change), part.phases[0].trees))
    forged = Proof((replace(part, phases=(replace(part.phases[0], trees=trees),)),))
    below = claimed(graph, reached(graph) * Fraction(999, 1000))
    monkeypatch.setattr(kernel, "EXACT_PRODUCTS", products)
    found = kernel.examine(below, forged)
    assert found.flaw is not None
    assert found.evidence is None
