"""Trees of ReLU phases: accepted by the kernel where the claim holds, never where it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.backends._lp.pieces import with_relus
from spec_lang.backends._lp.prove import assembled, prove_by_phases
from spec_lang.backends._search.problem import prepare
from spec_lang.backends.base import Session
from spec_lang.kernel.proof import examine
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine
from spec_lang.obligations.certificate import Flaw
from spec_lang.obligations.model import Any, Box, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Certificate, GaveUp, GaveUpReason, Refuted
from tests.backends.enumeration import counterexample
from tests.backends.oracle import session, violates
from tests.graphs import random_chain
from tests.tiny_networks import graphs, rationals, reference


def claim(sizes: list[int], seed: int, threshold: Fraction, *, strict: bool = False) -> Obligation:
    """The first output stays above `threshold` on a cube."""
    cube = Box((Fraction(-1),) * sizes[0], (Fraction(1),) * sizes[0])
    low = LinearAtom((), ((0, Fraction(1)),), -threshold, strict)
    return Obligation(random_chain(sizes, seed), Region((cube,)), low)


def limits(obligation: Obligation, work: int | None = None) -> Session:
    return replace(session(obligation, work=work), examine=checker(obligation))


def checker(obligation: Obligation) -> Callable[[Certificate], Flaw | None]:
    return lambda proof: examine(obligation, proof).flaw


@given(st.integers(0, 10_000), st.fractions(-6, 3, max_denominator=64), st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_tree_agrees_with_the_exact_truth(seed: int, threshold: Fraction, strict: bool) -> None:
    obligation = claim([2, 4, 3, 1], seed, threshold, strict=strict)
    problem = prepare(obligation)
    found = prove_by_phases(problem, limits(obligation))
    if isinstance(found, Refuted):
        assert violates(obligation, found.point)
    elif isinstance(found, GaveUp):
        assert found.reason is GaveUpReason.NUMERICAL
    else:
        assert counterexample(obligation) is None
        assert examine(obligation, assembled(problem, found)).evidence is not None


@pytest.mark.parametrize("seed", range(4))
def test_a_deep_tree_is_checked_exactly(seed: int) -> None:
    """Just below the true minimum, so that phases have to be split."""
    sizes = [2, 8, 8, 1]
    obligation = claim(sizes, seed, Fraction(0))
    points = np.random.default_rng(0).uniform(-1, 1, (20_000, 2))
    low = float(prepare(obligation).evaluator(points).min())
    obligation = claim(sizes, seed, Fraction(low - 0.05 * (1 + abs(low))))
    problem = prepare(obligation)
    found = prove_by_phases(problem, limits(obligation))
    assert isinstance(found, tuple)
    proof = assembled(problem, found)
    evidence = examine(obligation, proof, exact=True).evidence
    assert evidence is not None
    assert evidence.kind is EvidenceKind.CHECKED


def test_a_budget_ends_the_search_with_a_bound() -> None:
    obligation = claim([6, 30, 30, 1], 1, Fraction(-100))
    found = prove_by_phases(prepare(obligation), limits(obligation, work=3))
    assert isinstance(found, GaveUp)
    assert found.reason is GaveUpReason.BUDGET
    assert found.bound is not None


@given(graphs(), st.lists(rationals, min_size=9, max_size=9))
@settings(max_examples=60)
def test_pieces_as_relus_are_the_same_function(graph: Graph, point: list[Fraction]) -> None:
    region = Region((Box((None,) * graph.input_size, (None,) * graph.input_size),))
    same = with_relus(Obligation(graph, region, Any(()))).graph
    assert all(isinstance(node.primitive, Affine) or node.primitive == RELU for node in same.nodes)
    x = point[: graph.input_size]
    assert reference(same, x) == reference(graph, x)
