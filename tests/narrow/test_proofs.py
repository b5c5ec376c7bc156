"""Proofs behind a narrow layer: what the kernel accepts, refuses, and gets back from the store."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from spec_lang.kernel.proof import examine, examined_by_parts
from spec_lang.kernel.suffix import suffix
from spec_lang.obligations.model import Box, Obligation, Region, Semantics
from spec_lang.obligations.narrow_certificate import Directions, NarrowProof
from spec_lang.obligations.outcome import Proved
from spec_lang.obligations.simplify import FALSE
from spec_lang.store.codec import decode, encode
from tests.narrow.asking import STAMP, decided, random_obligation

SEED, LEVEL = 4, 56  # an output is never less than the other by more, as three directions show

both = pytest.mark.parametrize("exact", [False, True])


@pytest.fixture(scope="module")
def proved() -> tuple[Obligation, NarrowProof]:
    obligation = random_obligation(SEED, level=LEVEL)
    outcome = decided(obligation)
    assert isinstance(outcome, Proved)
    assert isinstance(outcome.proof, NarrowProof)
    return obligation, outcome.proof


def is_accepted(obligation: Obligation, proof: NarrowProof, *, exact: bool = False) -> bool:
    return examine(obligation, proof, exact=exact).evidence is not None


@both
def test_a_proof_is_accepted(proved: tuple[Obligation, NarrowProof], exact: bool) -> None:
    assert is_accepted(*proved, exact=exact)


@both
def test_a_proof_of_one_obligation_is_none_of_another(
    proved: tuple[Obligation, NarrowProof], exact: bool
) -> None:
    obligation, proof = proved
    (box,) = obligation.region.boxes
    far = Box(tuple(64 * low for low in box.lower if low is not None), box.upper)
    open_side = Box((None, *box.lower[1:]), box.upper)
    others = [
        replace(obligation, region=Region((box, box))),
        replace(obligation, region=Region((far,))),
        replace(obligation, region=Region((open_side,))),
        replace(obligation, semantics=Semantics.FLOAT32),
        random_obligation(SEED, level=LEVEL - 1),
        random_obligation(2, level=LEVEL - 2),
    ]
    for other in others:
        assert not is_accepted(other, proof, exact=exact)


@both
def test_forged_proofs_are_refused(proved: tuple[Obligation, NarrowProof], exact: bool) -> None:
    obligation, proof = proved
    weights, multipliers = proof.directions.weights, proof.directions.multipliers
    forged = [
        replace(proof, value=0),
        replace(proof, value=2),
        replace(proof, value=10**9),
        replace(proof, directions=Directions(weights, multipliers[:-1])),
        replace(proof, directions=Directions(weights[:, :1], multipliers)),
        replace(proof, directions=Directions(-weights, multipliers)),
        replace(proof, directions=Directions(0 * weights, multipliers)),
        replace(proof, directions=Directions(weights[:0], multipliers[: -len(weights)])),
        replace(proof, directions=Directions(weights, multipliers - 1.0)),
        replace(proof, proof=replace(proof.proof, parts=())),
        replace(proof, proof=replace(proof.proof, parts=proof.proof.parts * 2)),
        NarrowProof(proof.value, proof.directions, proof),  # type: ignore[arg-type]
    ]
    for one in forged:
        assert not is_accepted(obligation, one, exact=exact)


def test_a_proof_behind_the_layer_is_none_of_the_whole(proved: tuple[Obligation, NarrowProof]) -> None:
    obligation, proof = proved
    assert examine(obligation, proof.proof).evidence is None
    assert not is_accepted(suffix(obligation, proof.value, proof.directions), proof)


def test_a_stored_proof_comes_back(proved: tuple[Obligation, NarrowProof]) -> None:
    obligation, proof = proved
    record = encode([Proved(STAMP, proof)])
    (found,) = decode(record).outcomes
    assert isinstance(found, Proved)
    assert isinstance(found.proof, NarrowProof)
    assert encode([found]) == record
    assert found.proof.value == proof.value
    assert np.array_equal(found.proof.directions.multipliers, proof.directions.multipliers)
    assert is_accepted(obligation, found.proof)


def test_directions_without_numbers_come_back() -> None:
    nothing = Directions(np.zeros((0, 3)), np.zeros((6, 0)))
    proof = decided(random_obligation(SEED, level=LEVEL))
    assert isinstance(proof, Proved)
    assert isinstance(proof.proof, NarrowProof)
    record = encode([Proved(STAMP, replace(proof.proof, directions=nothing))])
    (found,) = decode(record).outcomes
    assert isinstance(found, Proved)
    assert isinstance(found.proof, NarrowProof)
    assert found.proof.directions.weights.shape == (0, 3)
    assert found.proof.directions.multipliers.shape == (6, 0)


def test_a_part_that_was_examined_vouches_for_the_whole(proved: tuple[Obligation, NarrowProof]) -> None:
    obligation, proof = proved
    part = examine(suffix(obligation, proof.value, proof.directions), proof.proof)
    whole = examined_by_parts(obligation, proof, [part])
    assert whole is not None
    assert whole.evidence == examine(obligation, proof).evidence
    elsewhere = replace(part, obligation=replace(part.obligation, violation=FALSE))
    for known in ((), (replace(part, evidence=None),), (elsewhere,)):
        assert examined_by_parts(obligation, proof, known) is None


def test_multipliers_of_premises_may_be_any(proved: tuple[Obligation, NarrowProof]) -> None:
    """They change how far a direction reaches, never what follows from it."""
    obligation, proof = proved
    for factor in (0.0, 0.5, 3.0):
        directions = Directions(proof.directions.weights, factor * proof.directions.multipliers)
        (box,) = suffix(obligation, proof.value, directions).region.boxes
        (best,) = suffix(obligation, proof.value, proof.directions).region.boxes
        near = Fraction(1, 10**6)
        pairs = zip((*box.upper, *best.lower), (*best.upper, *box.lower), strict=True)
        assert all(a is not None and b is not None and a >= b - near for a, b in pairs)
