"""Bounds of hidden neurons by linear programs: true where the conjunction holds, and worth their price."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.backends._lp.setting import Tally
from spec_lang.backends._lp.tightening import Allowance, Tightened, tightened
from spec_lang.backends._search.problem import Problem, prepare
from spec_lang.backends.milp import search as searching
from spec_lang.backends.milp.engine import MilpBackend
from spec_lang.bounding.hidden import Bounded, bounded
from spec_lang.bounding.output_constraint import constrained
from spec_lang.bounding.rows import Conjunction
from spec_lang.kernel.proof import examine
from spec_lang.network.evaluate import Evaluator
from spec_lang.network.graph import Graph
from spec_lang.obligations.certificate import PhaseTree, Proof
from spec_lang.obligations.model import All, Box, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import GaveUp, Proved, Refuted
from tests.backends.enumeration import counterexample
from tests.backends.oracle import session, violates
from tests.graphs import exact_values, random_chain
from tests.laws import law

NO_LIMIT = Allowance(None, None)
SIZES = [3, 5, 5, 3]


def together(graph: Graph, share: float) -> Obligation:
    """All outputs are at most what this share of the inputs has each of them at most: a pattern's rows, which
    hold together nowhere, or seldom."""
    size = graph.input_size
    points = np.random.default_rng(0).uniform(-1, 1, (500, size))
    limits = np.quantile(Evaluator(graph)(points), share, axis=0)
    one = Fraction(1)
    rows = [
        LinearAtom((), ((i, one),), -Fraction(float(limit)), strict=False) for i, limit in enumerate(limits)
    ]
    return Obligation(graph, Region((Box((-one,) * size, (one,) * size),)), All(tuple(rows)))


def start(obligation: Obligation) -> tuple[Problem, Bounded, Conjunction]:
    problem = prepare(obligation)
    known = bounded(problem.program, problem.roots[0], None, lambda: False, raised=True)
    return problem, known, Conjunction(problem.rows, 0)


def width(bounds: Bounded) -> float:
    return sum(float((ranges.upper - ranges.lower).sum()) for ranges in bounds.known.values())


@law(25, 600, seed=st.integers(0, 10_000), share=st.sampled_from([0.02, 0.1, 0.3]))
def test_the_ranges_hold_where_the_conjunction_does(seed: int, share: float) -> None:
    obligation = together(random_chain(SIZES, seed), share)
    _, known, of = start(obligation)
    found = tightened(known, of, Tally(), NO_LIMIT)
    if found is None:
        return
    if found.closed:
        assert counterexample(obligation) is None
        return
    points = np.random.default_rng(1).uniform(-1, 1, (200, SIZES[0])).tolist()
    inside = counterexample(obligation)
    for point in [*points, *([] if inside is None else [inside])]:
        exact = [Fraction(number) for number in point]
        if not violates(obligation, tuple(exact)):
            continue
        values = exact_values(obligation.graph, exact)
        for value, ranges in found.bounds.known.items():
            for low, z, high in zip(ranges.lower[0], values[value], ranges.upper[0], strict=True):
                assert Fraction(float(low)) <= z <= Fraction(float(high))


@pytest.mark.parametrize("seed", range(3))
def test_programs_leave_less_than_steps_of_a_gradient(seed: int) -> None:
    """For several atoms together, over several layers."""
    _, known, of = start(together(random_chain([12, 6, 6, 6, 6, 5], seed), 0.3))
    steps, programs = constrained(known, of), tightened(known, of, Tally(), NO_LIMIT)
    assert isinstance(programs, Tightened)
    by_steps = replace(known, known=steps.known)
    assert programs.closed or width(programs.bounds) < 0.95 * width(by_steps) < 0.95 * width(known)


def test_an_allowance_ends_it() -> None:
    _, known, of = start(together(random_chain(SIZES, 1), 0.1))
    tally = Tally()
    tightened(known, of, tally, Allowance(None, 3))
    assert tally.programs == 3
    tally = Tally()
    tightened(known, of, tally, Allowance(-1.0, None))
    assert tally.programs == 0


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trees end before programs are asked, and boxes are not cut."""
    monkeypatch.setattr(searching, "QUICK_NODES", 1)
    monkeypatch.setattr(searching, "FEW_INPUTS", 0)


def decided(obligation: Obligation) -> Proved | Refuted | GaveUp:
    examined = replace(
        session(obligation, work=3000), examine=lambda proof: examine(obligation, proof, exact=True).flaw
    )
    return MilpBackend().run(obligation, examined).outcome


@pytest.mark.usefixtures("impatient")
@law(25, 400, seed=st.integers(0, 10_000), share=st.sampled_from([0.02, 0.05, 0.1]))
def test_what_is_decided_is_true_and_proofs_are_of_nothing_else(seed: int, share: float) -> None:
    """A proof of an obligation is none of one that fails: with the same network, and rows that hold."""
    graph = random_chain(SIZES, seed)
    obligation = together(graph, share)
    found = decided(obligation)
    if isinstance(found, Refuted):
        assert violates(obligation, found.point)
    if not isinstance(found, Proved) or found.proof is None:
        return
    assert counterexample(obligation) is None
    proof = found.proof
    assert isinstance(proof, Proof)
    false = together(graph, 1.0)
    assert violates(false, (Fraction(0),) * SIZES[0]) or counterexample(false) is not None
    for exact in (False, True):
        assert examine(false, proof, exact=exact).flaw is not None


@pytest.mark.usefixtures("impatient")
def test_lemmas_split_their_own_neuron() -> None:
    """Of those that close a conjunction by themselves, some do: otherwise nothing here is tested."""
    split = closed = 0
    for seed in range(12):
        found = decided(together(random_chain(SIZES, seed), 0.02))
        if isinstance(found, Proved) and isinstance(found.proof, Proof):
            trees = [tree for part in found.proof.parts for proof in part.phases for tree in proof.trees]
            split += sum(_splits_its_own(tree) for tree in trees)
            closed += sum(bool(tree.lemmas) and len(tree.neuron) == 1 for tree in trees)
    assert split
    assert closed


def _splits_its_own(tree: PhaseTree) -> bool:
    return any(
        set(lemma.tree[lemma.tree >= 0].tolist()) <= set(lemma.neuron.tolist()) for lemma in tree.lemmas
    )
