"""Proofs by gradients: what is none is refused, and what is stored comes back."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from spec_lang.kernel.proof import examine, examined_by_parts
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.network.primitives import RELU
from spec_lang.obligations.certificate import Proof
from spec_lang.obligations.mean_value import mean_value
from spec_lang.obligations.mean_value_certificate import MeanValueProof
from spec_lang.obligations.model import Box, Obligation, Region, Semantics
from spec_lang.obligations.outcome import Attestation, Proved
from spec_lang.store.codec import decode, encode
from tests.gradients.cases import Case
from tests.gradients.faces import Region as Where
from tests.mean_value.asking import asked, decided
from tests.tiny_networks import chain, dense

ZERO, ONE = Fraction(0), Fraction(1)
# (relu(x + y), 3·relu(x − y)) where x + y may be of either sign: constants 2 and 6 in the first and second.
BENT = Case(
    chain(2, dense([[1, 1], [1, -1]]), RELU, dense([[1, 0], [0, 3]])),
    Where((-ONE, -ONE), (ONE, ONE)),
    (ZERO, ZERO),
)
CLAIM = "lipschitz(f, on: on, at_most: 6.5)"


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Obligation, MeanValueProof]:
    (obligation,) = asked(BENT, [CLAIM], tmp_path_factory.mktemp("claims"))
    outcome = decided(obligation)
    assert isinstance(outcome, Proved)
    assert isinstance(outcome.proof, MeanValueProof)
    return obligation, outcome.proof


def is_accepted(obligation: Obligation, proof: MeanValueProof) -> bool:
    return examine(obligation, proof).evidence is not None


@pytest.mark.parametrize("exact", [False, True])
def test_a_proof_is_accepted(proved: tuple[Obligation, MeanValueProof], exact: bool) -> None:
    found = examine(*proved, exact=exact)
    assert found.evidence is not None
    assert found.evidence.kind is EvidenceKind.CHECKED


def test_a_proof_has_a_part_for_every_question(proved: tuple[Obligation, MeanValueProof]) -> None:
    obligation, proof = proved
    questions = mean_value(obligation)
    assert questions is not None
    assert len(questions.questions) == len(proof.parts) == 2
    for parts in ((), proof.parts[:1], proof.parts[1:], (*proof.parts, proof.parts[0])):
        assert not is_accepted(obligation, MeanValueProof(parts))


def test_a_part_stands_for_its_own_question(tmp_path: Path) -> None:
    """The second output is three times as steep: what proves the first one's bound does not prove its."""
    (obligation,) = asked(BENT, ["lipschitz(f, on: on, at_most: 5.5)"], tmp_path)
    (first,) = asked(
        BENT, ["forall x in on, y in on: abs(f(x)[0] - f(y)[0]) <= 5.5 * norm(x - y, linf)"], tmp_path
    )
    outcome = decided(first)
    assert isinstance(outcome, Proved)
    assert isinstance(outcome.proof, MeanValueProof)
    (part,) = outcome.proof.parts
    assert not is_accepted(obligation, MeanValueProof((part, part)))
    assert is_accepted(first, outcome.proof)


def test_a_part_without_parts_of_its_own_is_none(proved: tuple[Obligation, MeanValueProof]) -> None:
    obligation, proof = proved
    empty = Proof(())
    for parts in (
        (empty, empty),
        (proof.parts[0], empty),
        (proof.parts[0], replace(proof.parts[1], parts=())),
    ):
        assert not is_accepted(obligation, MeanValueProof(parts))


def changed(obligation: Obligation) -> list[Obligation]:
    """Obligations of which the proof is none: another bound, other domains, more boxes, floats."""
    (box,) = obligation.region.boxes
    wider = Box(tuple(2 * low for low in box.lower if low is not None), box.upper)
    moved = Box((*box.lower[:2], ZERO, ZERO), box.upper)
    return [
        replace(obligation, region=Region((box, box))),
        replace(obligation, region=Region((wider, box))),
        replace(obligation, region=Region((moved,))),
        replace(obligation, semantics=Semantics.FLOAT32),
    ]


def test_a_proof_of_one_obligation_is_none_of_another(
    proved: tuple[Obligation, MeanValueProof], tmp_path: Path
) -> None:
    obligation, proof = proved
    others = asked(BENT, ["lipschitz(f, on: on, at_most: 5.9)", "injective(f, on: on)"], tmp_path)
    for other in (*changed(obligation), *others):
        assert not is_accepted(other, proof)
    steeper = replace(obligation.graph.nodes[-1], operands=(obligation.graph.nodes[-1].operands[0] - 1,))
    graph = replace(obligation.graph, nodes=(*obligation.graph.nodes[:-1], steeper))
    assert not is_accepted(replace(obligation, graph=graph), proof)


def test_an_ordinary_proof_of_a_part_is_none_of_the_whole(proved: tuple[Obligation, MeanValueProof]) -> None:
    obligation, proof = proved
    assert examine(obligation, proof.parts[0]).evidence is None


def test_a_stored_proof_comes_back(proved: tuple[Obligation, MeanValueProof]) -> None:
    obligation, proof = proved
    stamp = Attestation("slopes", "0", "gradients")
    record = encode([Proved(stamp, proof)])
    (decoded,) = decode(record).outcomes
    assert isinstance(decoded, Proved)
    assert isinstance(decoded.proof, MeanValueProof)
    assert encode([decoded]) == record
    assert is_accepted(obligation, decoded.proof)
    assert np.array_equal(decoded.proof.parts[0].parts[0].axis, proof.parts[0].parts[0].axis)


def test_parts_that_were_examined_vouch_for_the_whole(proved: tuple[Obligation, MeanValueProof]) -> None:
    obligation, proof = proved
    found = mean_value(obligation)
    assert found is not None
    first, second = (
        examine(question.obligation, part)
        for question, part in zip(found.questions, proof.parts, strict=True)
    )
    whole = examined_by_parts(obligation, proof, [first, second])
    assert whole is not None
    assert whole.evidence == examine(obligation, proof).evidence
    swapped = replace(first, proof=proof.parts[1])
    unproved = replace(first, evidence=None)
    for known in ((), (first,), (swapped, second), (unproved, second)):
        assert examined_by_parts(obligation, proof, known) is None
    assert examined_by_parts(obligation, proof.parts[0], [first, second]) is None
    assert examined_by_parts(obligation, MeanValueProof(proof.parts[:1]), [first, second]) is None
