"""Proofs by squares: pairs of networks that lines leave open, and tolerances that are false by a hair.

In: pairs of networks with one hidden layer, the second with rounded weights.  Out: nothing but failures.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from spec_lang.backends.base import Budget, Session
from spec_lang.backends.bounds import BACKEND
from spec_lang.bounding.squares import prove
from spec_lang.kernel.proof import examine
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.certificate import Flaw, Proof
from spec_lang.obligations.differential import differential
from spec_lang.obligations.model import All, Any, LinearAtom, Obligation
from spec_lang.obligations.outcome import Certificate, GaveUp, Outcome, Proved
from tests.bounding.rounded_pairs import (
    beyond,
    equivalence,
    network,
    obligation,
    pair,
    rounded,
    scene_of,
    squares_of,
    values,
    weights_of,
)

TOLERANCE = 0.13


def proved(claim: Obligation) -> bool:
    """Whether squares show that no conjunction is met anywhere."""
    scene, found = scene_of(claim)
    for number, atoms in enumerate(found.conjunctions):
        mix = np.ones(len(atoms)) / len(atoms)
        tried = prove(scene, atoms, (number, mix), lambda: None)
        if tried.proof is None or not scene.is_excluded(atoms, tried.proof):
            return False
    return True


def least_proved(claim: Callable[[float], Obligation], high: float) -> float:
    low = 0.0
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if proved(claim(middle)) else (middle, high)
    return high


@pytest.mark.parametrize("seed", range(4))
def test_no_tolerance_is_shown_that_a_point_exceeds(seed: int) -> None:
    """Many points and all corners; what is shown is not far from what they reach."""
    inputs, weights = 6, weights_of(6, 8, seed)
    found = least_proved(lambda t: equivalence(pair(6, 8, seed), t), 1.0)
    rng = np.random.default_rng(seed)
    corners = np.array(list(product((-1.0, 1.0), repeat=inputs)))
    points = np.concatenate([corners, rng.uniform(-1, 1, (20_000, inputs))])

    most = float(abs(values(rounded(weights), points) - values(weights, points)).max())
    assert most <= found <= 3 * most


@pytest.mark.parametrize("seed", range(3))
def test_one_network_alone_is_bounded_as_well(seed: int) -> None:
    weights = weights_of(5, 9, seed)
    graph = network(weights)

    def at_least(bound: float) -> Obligation:
        return obligation(graph, LinearAtom((), ((0, Fraction(1)),), Fraction(bound), strict=True))

    found = least_proved(at_least, 10.0)
    rng = np.random.default_rng(seed)
    corners = np.array(list(product((-1.0, 1.0), repeat=5)))
    points = np.concatenate([corners, rng.uniform(-1, 1, (20_000, 5))])
    least = float(values(weights, points).min())
    assert -found <= least
    assert found <= max(2.5 * -least, 0.5)


def test_several_atoms_are_excluded_together() -> None:
    graph = pair(30, 30, 0)
    both = All((beyond(Fraction(1, 50), 1), beyond(Fraction(1, 50), -1)))
    assert proved(obligation(graph, both))


def run(claim: Obligation, *, work: int | None = None) -> Outcome:
    def look(proof: Certificate) -> Flaw | None:
        return examine(claim, proof).flaw

    session = Session(Budget(work=work), lambda _: False, lambda _: None, look)
    return BACKEND.run(differential(claim), session).outcome


@pytest.fixture(scope="module")
def claim() -> Obligation:
    return equivalence(pair(40, 40, 1), TOLERANCE)


@pytest.fixture(scope="module")
def found(claim: Obligation) -> Proof:
    outcome = run(claim, work=1000)
    assert isinstance(outcome, Proved)
    assert isinstance(outcome.proof, Proof)
    return outcome.proof


def test_a_pair_that_lines_leave_open_is_proved(claim: Obligation, found: Proof) -> None:
    scene, of = scene_of(claim)
    assert (scene.atoms(np.zeros(2, dtype=np.intp), np.arange(2)).minimum < 0).all()
    assert len(squares_of(found)) == 2 == len(of.conjunctions)
    assert examine(claim, found).flaw is None


def test_both_arithmetics_accept_it(claim: Obligation, found: Proof) -> None:
    scene, of = scene_of(claim)
    for atoms, square in zip(of.conjunctions, squares_of(found), strict=True):
        assert scene.is_excluded(atoms, square)
    evidence = examine(claim, found, exact=True).evidence
    assert evidence is not None
    assert evidence.kind is EvidenceKind.CHECKED


def test_lines_close_what_they_can(claim: Obligation) -> None:
    """One conjunction of three, of which two have a single atom."""
    far = LinearAtom((), ((0, Fraction(-1)),), Fraction(100), strict=False)
    near = beyond(Fraction(TOLERANCE), 1)
    three = obligation(claim.graph, Any((far, near, All((near, far)))))
    outcome = run(three, work=1000)
    assert isinstance(outcome, Proved)
    assert isinstance(outcome.proof, Proof)
    phases = outcome.proof.parts[0].phases[0]
    assert [tree.conjunction for tree in phases.trees] == [0, 2]
    assert [square.conjunction for square in phases.squares] == [1]
    assert examine(three, outcome.proof).flaw is None


def test_a_look_that_cannot_succeed_is_short(claim: Obligation) -> None:
    scene, of = scene_of(equivalence(claim.graph, 1e-4))
    tried = prove(scene, of.conjunctions[0], (0, np.ones(1)), lambda: None)
    assert tried.proof is None
    assert tried.rounds <= 24


def test_without_room_for_it_in_the_budget_there_is_no_proof(claim: Obligation) -> None:
    assert isinstance(run(claim, work=2), GaveUp)
