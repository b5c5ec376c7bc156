"""Plain float32 bounds what float64 bounds, nearly; a search that goes by it is put right by the kernel.

In: random pairs of networks, and boxes.  Out: nothing but failures.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.backends._search.halving import QUICK_MARGIN, bounds_of
from spec_lang.backends._search.problem import Problem, prepare
from spec_lang.backends.base import Budget, Session
from spec_lang.backends.bounds.split_input import InputSplitting
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import compile_graph
from spec_lang.bounding.propagate import propagate
from spec_lang.bounding.quick import is_quick
from spec_lang.bounding.raising import Raising
from spec_lang.kernel.proof import examine
from spec_lang.kernel.witness import WitnessChecker
from spec_lang.network.evaluate import evaluate
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Smooth
from spec_lang.obligations.certificate import Flaw, Proof, Unclosed
from spec_lang.obligations.differential import differential
from spec_lang.obligations.model import Any, Box, LinearAtom, Obligation, Region, Semantics
from spec_lang.obligations.outcome import Attestation, Certificate, Proved
from tests.pairs import altered, beside
from tests.tiny_networks import chain, dense

STAMP = Attestation("bounds", "0", "test")


def network(seed: int) -> Graph:
    rng = np.random.default_rng(seed)
    first, second, last = (rng.normal(size=shape) / 2 for shape in ((9, 3), (8, 9), (2, 8)))
    return chain(3, dense(first.tolist()), RELU, dense(second.tolist()), RELU, dense(last.tolist()))


def obligation(seed: int) -> Obligation:
    """`|f(x)[0] − g(x)[0]| < t` on a box, t a little more than what many points make of it."""
    graph = network(seed)
    pair = beside(graph, altered(graph, seed, 2.0**-9))
    outputs = evaluate(pair, np.random.default_rng(seed).uniform(-1, 1, (4000, 3)))
    tolerance = 1.3 * abs(outputs[:, 0] - outputs[:, 2]).max()
    box = Box((Fraction(-1),) * 3, (Fraction(1),) * 3)
    atoms = tuple(
        LinearAtom((), ((0, Fraction(side)), (2, Fraction(-side))), Fraction(tolerance), strict=False)
        for side in (1, -1)
    )
    return Obligation(pair, Region((box,)), Any(atoms))


def problem(seed: int) -> Problem:
    return prepare(differential(obligation(seed)))


def some(root: Boxes, seed: int, count: int = 5) -> Boxes:
    rng = np.random.default_rng(seed)
    ends = root.lower + (root.upper - root.lower) * rng.random((2, count, root.lower.shape[1]))
    return Boxes(ends.min(axis=0), ends.max(axis=0))


@given(seed=st.integers(0, 500))
@settings(max_examples=60)
def test_the_same_bounds_to_the_digits_of_float32(seed: int) -> None:
    found = problem(seed)
    boxes = some(found.roots[0], seed)
    assert found.program.deltas
    assert is_quick(found.program)
    context, ranges = propagate(found.program, boxes)
    quick, quickly = propagate(found.program, boxes, quick=True)
    for value, known in ranges.items():
        width = (known.upper - known.lower).max() + 1e-12
        assert np.allclose(known.lower, quickly[value].lower, rtol=0, atol=1e-4 * width)
        assert np.allclose(known.upper, quickly[value].upper, rtol=0, atol=1e-4 * width)
    alive = np.ones((len(boxes), 2), dtype=np.bool_)
    rigorous, plain = bounds_of(found, context, alive), bounds_of(found, quick, alive, quick=True)
    both = np.isfinite(rigorous.minimum)
    size = abs(rigorous.minimum[both]).max(initial=0.01)
    # It is lowered, so that the kernel closes what it closes.
    raised = plain.minimum + QUICK_MARGIN * abs(found.rows.constant)
    assert (plain.minimum[both] < rigorous.minimum[both]).all()
    assert np.allclose(raised[both], rigorous.minimum[both], rtol=0, atol=1e-4 * size)


@given(seed=st.integers(0, 500))
@settings(max_examples=40)
def test_rows_arrive_at_differences_as_combinations_do(seed: int) -> None:
    found = problem(seed)
    boxes = some(found.roots[0], seed)
    context, _ = propagate(found.program, boxes, quick=True)
    alive = np.ones((len(boxes), 2), dtype=np.bool_)
    plain = bounds_of(found, context, alive, quick=True)
    assert plain.arriving is not None
    owner, row = plain.arriving.owner, plain.arriving.row
    expected = Raising(found.rows, context, owner, found.rows.member[row], plain.bounds).arriving()
    for value, rows in plain.arriving.coefficients.items():
        assert np.allclose(rows, expected[value], rtol=1e-4, atol=1e-4)


def test_who_is_not_made_of_what_these_passes_know() -> None:
    graph = network(0)
    assert is_quick(compile_graph(graph))
    assert not is_quick(compile_graph(graph, Semantics.FLOAT32))
    nodes = (replace(n, primitive=Smooth.TANH) if n.primitive == RELU else n for n in graph.nodes)
    assert not is_quick(compile_graph(replace(graph, nodes=tuple(nodes))))


class Kernel:
    """Hears of proofs; of the first one it says that a leaf is open, if it is asked to."""

    def __init__(self, of: Obligation, refused: int = 0) -> None:
        self.of, self.refused = of, refused
        self.told: list[Proof] = []

    def examine(self, proof: Certificate) -> Flaw | None:
        assert isinstance(proof, Proof)
        self.told.append(proof)
        if len(self.told) <= self.refused:
            return Flaw("a leaf is open", (Unclosed(0, _leaf(proof)),))
        return examine(self.of, proof).flaw

    def search(self) -> InputSplitting:
        seen, confirmed = differential(self.of), WitnessChecker(self.of)
        session = Session(
            Budget(work=3000), lambda point: confirmed(point) is not None, lambda _: None, self.examine
        )
        return InputSplitting(prepare(seen), session, STAMP)


def _leaf(proof: Proof) -> int:
    return int(np.flatnonzero(proof.parts[0].axis < 0)[0])


@pytest.mark.parametrize("seed", range(6))
def test_what_a_quick_search_closes_the_kernel_closes(seed: int) -> None:
    of = obligation(seed)
    kernel = Kernel(of)
    search = kernel.search()
    outcome = search.run().outcome
    assert isinstance(outcome, Proved)
    assert outcome.proof is not None
    assert search.quick
    assert len(kernel.told) == 1
    assert examine(of, outcome.proof).evidence is not None


def test_nobody_goes_by_float32_unless_the_kernel_answers() -> None:
    session = Session(Budget(), lambda _: False, lambda _: None, None)
    assert not InputSplitting(problem(0), session, STAMP).quick


def test_after_a_leaf_that_the_kernel_leaves_open_bounds_are_rigorous() -> None:
    kernel = Kernel(obligation(1), refused=1)
    search = kernel.search()
    assert isinstance(search.run().outcome, Proved)
    assert len(kernel.told) == 2
    assert not search.quick
