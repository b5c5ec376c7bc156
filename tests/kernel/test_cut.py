"""Proofs by a case split: both cases prove the whole, forged ones are refused, stored ones come back."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import strategies as st

from spec_lang.backends.base import Budget, Session
from spec_lang.backends.bounds import BACKEND
from spec_lang.kernel.proof import Examined, examine, examined_by_parts
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.kernel.witness import check_witness
from spec_lang.network.primitives import RELU
from spec_lang.obligations.certificate import Proof
from spec_lang.obligations.cut import cases_of
from spec_lang.obligations.cut_certificate import CutProof
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Attestation, Proved
from spec_lang.store.codec import decode, encode
from spec_lang.store.columns import BadRecord, Unkeepable
from tests.kernel.test_holding import conditions
from tests.laws import law
from tests.tiny_networks import chain, dense

ONE = Fraction(1)
# y0 = |x0 + x1| and y1 = x0: |x0 + x1| <= 2 on the unit box, and the cut is by the sign of x0.
GRAPH = chain(
    2,
    dense([[1, 1], [-1, -1], [1, 0], [-1, 0]]),
    RELU,
    dense([[1, 1, 0, 0], [0, 0, 1, -1]]),
)
WHERE = Region((Box((-ONE, -ONE), (ONE, ONE)),))
TOO_HIGH = LinearAtom((), ((0, -ONE),), Fraction(9, 4), False)
CUT = All((LinearAtom((), ((1, -ONE),), Fraction(0), True), LinearAtom((), ((1, ONE),), -ONE, False)))


def obligation(violation: Condition = TOO_HIGH) -> Obligation:
    return Obligation(GRAPH, WHERE, violation)


def proof_of(case: Obligation) -> Proof:
    found = Session(Budget(work=2_000), lambda _point: False, lambda _progress: None)
    outcome = BACKEND.run(case, found).outcome
    assert isinstance(outcome, Proved)
    assert isinstance(outcome.proof, Proof)
    return outcome.proof


@pytest.fixture(scope="module")
def proof() -> CutProof:
    failing, holding = cases_of(obligation(), CUT)
    return CutProof(CUT, (proof_of(failing), proof_of(holding)))


def is_accepted(found: Examined) -> bool:
    return found.evidence is not None


@pytest.mark.parametrize("exact", [False, True])
def test_both_cases_prove_the_whole(proof: CutProof, exact: bool) -> None:
    found = examine(obligation(), proof, exact=exact)
    assert found.evidence is not None
    assert found.evidence.kind is EvidenceKind.CHECKED


def test_a_case_does_not_stand_for_the_other() -> None:
    """y0 <= 1 holds where x0 is 0 or less and x1 in [0, 1]; elsewhere it does not."""
    half = Obligation(
        GRAPH, Region((Box((-ONE, Fraction(0)), (ONE, ONE)),)), replace(TOO_HIGH, constant=ONE * 9 / 8)
    )
    below = LinearAtom((), ((1, ONE),), Fraction(0), False)
    _, holding = cases_of(half, below)
    part = proof_of(holding)
    assert not is_accepted(examine(half, CutProof(below, (part, part))))
    assert not is_accepted(examine(half, CutProof(below, (Proof(()), part))))
    assert not is_accepted(examine(half, part))


def test_a_proof_of_another_cut_or_obligation_is_none(proof: CutProof) -> None:
    tight = obligation(replace(TOO_HIGH, constant=Fraction(2)))  # y0 = 2 is reached
    assert not is_accepted(examine(tight, proof))
    assert not is_accepted(examine(replace(obligation(), region=Region((*WHERE.boxes, *WHERE.boxes))), proof))
    assert not is_accepted(examine(tight, CutProof(Any(()), proof.parts)))
    assert not is_accepted(examine(tight, CutProof(All(()), proof.parts)))


@pytest.mark.parametrize(
    "atom",
    [
        LinearAtom((), ((2, ONE),), ONE, False),
        LinearAtom(((2, ONE),), (), ONE, False),
        LinearAtom(((-1, ONE),), (), ONE, False),
        LinearAtom((), ((1, ONE), (0, ONE)), ONE, False),
        LinearAtom((), ((1, ONE), (1, ONE)), ONE, False),
        LinearAtom((), ((1, Fraction(0)),), ONE, False),
        LinearAtom((), ((1, 1.0),), ONE, False),  # type: ignore[arg-type]
        LinearAtom((), ((1, ONE),), 0.5, False),  # type: ignore[arg-type]
    ],
)
def test_a_condition_that_is_none_is_refused(proof: CutProof, atom: LinearAtom) -> None:
    for condition in (atom, All((CUT, atom)), Any((CUT, All((atom,))))):
        found = examine(obligation(), CutProof(condition, proof.parts))
        assert found.evidence is None
        assert found.flaw is not None
        assert "condition of the proof" in found.flaw.problem


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_proof_has_a_part_for_either_case(proof: CutProof, count: int) -> None:
    parts = (proof.parts * 2)[:count]
    assert not is_accepted(examine(obligation(), CutProof(CUT, parts)))  # type: ignore[arg-type]
    nested = (proof.parts[0], proof)
    assert not is_accepted(examine(obligation(), CutProof(CUT, nested)))


def test_cases_that_were_examined_vouch_for_the_whole(proof: CutProof) -> None:
    cases = cases_of(obligation(), CUT)
    known = [examine(case, part) for case, part in zip(cases, proof.parts, strict=True)]
    asked = known[0].obligation
    whole = replace(obligation(), graph=asked.graph)
    found = examined_by_parts(whole, proof, known)
    assert found is not None
    assert is_accepted(found)
    assert examined_by_parts(whole, proof, known[:1]) is None
    other = replace(whole, violation=replace(TOO_HIGH, constant=Fraction(2)))
    assert examined_by_parts(other, proof, known) is None


def test_a_stored_proof_comes_back(proof: CutProof) -> None:
    record = encode([Proved(Attestation("bounds", "0", "cut"), proof)])
    (decoded,) = decode(record).outcomes
    assert isinstance(decoded, Proved)
    assert isinstance(decoded.proof, CutProof)
    assert encode([decoded]) == record
    assert is_accepted(examine(obligation(), decoded.proof))
    assert [a.strict for a in decoded.proof.condition.parts] == [True, False]  # type: ignore[union-attr]


def test_a_condition_that_is_too_deep_is_neither_kept_nor_read(proof: CutProof) -> None:
    deep: Condition = CUT
    for _ in range(200):
        deep = All((deep,))
    with pytest.raises(Unkeepable):
        encode([Proved(Attestation("bounds", "0", "cut"), CutProof(deep, proof.parts))])


def test_a_record_that_is_changed_is_none(proof: CutProof) -> None:
    record = encode([Proved(Attestation("bounds", "0", "cut"), proof)])
    for place in range(len(record) // 2, len(record), 7):
        with pytest.raises(BadRecord):
            decode(record[:place] + bytes([record[place] ^ 1]) + record[place + 1 :])


_PART = st.fractions(-1, 1, max_denominator=5)


@law(40, 4_000, condition=conditions(2, 2), x=_PART, y=_PART)
def test_what_breaks_the_whole_breaks_one_case(condition: Condition, x: Fraction, y: Fraction) -> None:
    whole = obligation(replace(TOO_HIGH, constant=Fraction(1)))
    broken = [check_witness(case, (x, y)) is not None for case in cases_of(whole, condition)]
    assert sum(broken) == (check_witness(whole, (x, y)) is not None)
