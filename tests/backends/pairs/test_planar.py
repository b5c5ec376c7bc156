"""What is decided in the line and in the plane: proofs by degree, pairs, other preimages, and limits."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from spec_lang.backends.base import Budget
from spec_lang.backends.pairs import BACKEND
from spec_lang.backends.pairs.weights import first_weights, fitted
from spec_lang.bounding.determinants import determinants
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Proved, Refuted
from spec_lang.obligations.pair_certificate import DegreeProof
from tests.backends.pairs.asking import obligations, pair_of, run
from tests.invertibility.cases import length
from tests.invertibility.networks import (
    CURVE,
    FOLD,
    HINGE,
    LIFTED,
    PLANE_FOLD,
    SQUARE,
    TWINS,
    few_bits,
    gaussian,
    layers_of,
    shears,
)
from tests.invertibility.oracle import preimages
from tests.invertibility.pieces import Layers
from tests.invertibility.polygons import box

SUM = layers_of(([[1, 0], [0, 1]], [9, 9]), ([[1, 2]], [0]))  # two inputs, one output


@pytest.mark.parametrize(
    ("layers", "claim"),
    [
        (TWINS, "injective(f, on: box([-1], [1]))"),  # from several copies of one kink
        (CURVE, "injective(f, on: box([-1], [1]))"),  # more rows than inputs
        (LIFTED, "injective(f, on: box([-1, -2], [1, 2]))"),
        (LIFTED, "injective(f, on: ball([0, 0], 3, l1))"),
        (
            PLANE_FOLD,
            "injective(f, on: { x | x.a >= 0 and x.a + x.b <= 1 and x.b >= -1 and x.a <= 3 and x.b <= 3 })",
        ),
        (SQUARE, "injective(f, on: ball([1, 1/3], 9/10, l2))"),
        (SQUARE, "injective(f, on: ball([1, 1], 1, linf))"),
        (HINGE, "injective(f, on: box([0], [1]))"),
        (SQUARE, "no_other_preimage(f, of: [1, 1], on: ball([1, 1], 1/2, linf))"),
    ],
)
def test_a_proof_by_degree(layers: Layers, claim: str, tmp_path: Path) -> None:
    (obligation,) = obligations([layers], [claim], tmp_path)
    outcome = run(obligation).outcome
    assert isinstance(outcome, Proved)
    assert isinstance(outcome.proof, DegreeProof)


@pytest.mark.parametrize("norm", ["linf", "l1", "l2"])
def test_shears_are_injective_on_every_ball(norm: str, tmp_path: Path) -> None:
    layers = shears(np.random.default_rng(2))
    (obligation,) = obligations([layers], [f"injective(f, on: ball([1/3, 0], 1, {norm}))"], tmp_path)
    assert isinstance(run(obligation).outcome, Proved)


@pytest.mark.parametrize("centre", ["[0, 0]", "[1/5, 1/7]"])
def test_one_sign_alone_is_no_proof(centre: str, tmp_path: Path) -> None:
    """All determinants are positive, and the boundary's image goes twice around."""
    (obligation,) = obligations([SQUARE], [f"injective(f, on: ball({centre}, 1, linf))"], tmp_path)
    assert isinstance(run(obligation).outcome, Refuted)


def test_where_a_boundary_meets_itself_the_pair_is_as_near_as_there_is_one(tmp_path: Path) -> None:
    """z and −z: both lie in the ball from radius 1/5 on."""
    (obligation,) = obligations([SQUARE], ["injective(f, on: ball([1/5, 1/7], 1, linf))"], tmp_path)
    outcome = run(obligation).outcome
    assert isinstance(outcome, Refuted)
    centre = Fraction(1, 5), Fraction(1, 7)
    far = max(length(point, centre, "linf") for point in pair_of(obligation, outcome))
    assert Fraction(1, 5) <= far <= Fraction(1, 5) + Fraction(1, 10**6)


def test_with_fewer_rows_than_inputs_a_pair_is_next_to_the_centre(tmp_path: Path) -> None:
    (obligation,) = obligations([SUM], ["injective(f, on: ball([0, 0], 1, linf))"], tmp_path)
    outcome = run(obligation).outcome
    assert isinstance(outcome, Refuted)
    assert max(abs(e) for point in pair_of(obligation, outcome) for e in point) < Fraction(1, 10**6)


def test_what_another_function_tells_apart(tmp_path: Path) -> None:
    claims = ["determines(f, g, on: box([-1], [1]))", "determines(g, f, on: box([0], [1]))"]
    broken, holds = obligations([FOLD, HINGE], claims, tmp_path)
    assert isinstance(run(broken).outcome, Refuted)
    assert isinstance(run(holds).outcome, Proved)


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("sizes", [(1, 8, 8, 1), (2, 5, 5, 2)])
def test_the_nearest_other_preimage(number: int, sizes: tuple[int, ...], tmp_path: Path) -> None:
    draw = few_bits if number % 2 else gaussian
    layers = draw(np.random.default_rng(number), sizes)
    centre = (Fraction(3, 7), Fraction(2, 7))[: sizes[0]]
    text = f"[{', '.join(map(str, centre))}]"
    claim = f"no_other_preimage(f, of: {text}, on: ball({text}, 2, linf))"
    (obligation,) = obligations([layers], [claim], tmp_path)
    others = preimages(layers, centre, box([c - 2 for c in centre], [c + 2 for c in centre])) - {centre}
    outcome = run(obligation).outcome
    if not others:
        assert isinstance(outcome, Proved)
        return
    assert isinstance(outcome, Refuted)
    x, _ = pair_of(obligation, outcome)
    if len(others) == 1:
        assert {x} == others


def test_a_flat_piece_has_other_preimages(tmp_path: Path) -> None:
    claims = [
        "no_other_preimage(f, of: [0], on: box([-1], [0]))",
        "no_other_preimage(f, of: [0], on: box([0], [1]))",
    ]
    flat, steep = obligations([HINGE], claims, tmp_path)
    assert isinstance(run(flat).outcome, Refuted)
    assert isinstance(run(steep).outcome, Proved)


def test_limits(tmp_path: Path) -> None:
    layers = gaussian(np.random.default_rng(0), (2, 8, 8, 2))
    claims = [
        "injective(f, on: ball([0, 0], 2, linf))",
        "no_other_preimage(f, of: [0, 0], on: ball([0, 0], 2, linf))",
    ]
    for obligation in obligations([layers], claims, tmp_path):
        for budget, reason in (
            (Budget(work=1), GaveUpReason.BUDGET),
            (Budget(deadline=time.monotonic() - 1), GaveUpReason.TIMEOUT),
        ):
            found = run(obligation, budget)
            assert isinstance(found.outcome, GaveUp)
            assert found.outcome.reason is reason
            assert found.work.spent <= 1


def test_it_takes_nothing_but_two_points_of_one_function(tmp_path: Path) -> None:
    (obligation,) = obligations([FOLD], ["forall x in box([-1], [1]): f(x) >= 0"], tmp_path)
    assert BACKEND.supports(obligation) is not None


def test_weights_for_more_rows_than_inputs() -> None:
    rng = np.random.default_rng(0)
    hidden = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]])
    matrices = rng.normal(size=(400, 3, 2))
    matrices = matrices[determinants(hidden @ matrices) > 0.2]
    starts = list(first_weights(matrices[0]))
    assert all(weights.shape == (2, 3) for weights in starts)
    found = [weights for start in starts if (weights := fitted(start, matrices)) is not None]
    assert found
    assert all((determinants(weights @ matrices) > 0).all() for weights in found)
    assert fitted(np.eye(2), np.stack([np.eye(2), np.diag([1.0, -1.0])])) is None
