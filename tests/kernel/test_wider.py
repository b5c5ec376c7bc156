"""Proofs of more than was asked: what breaks the one breaks the other, and less than that is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import strategies as st

from spec_lang.backends.base import Budget, Session
from spec_lang.backends.bounds import BACKEND
from spec_lang.kernel.network import Unchecked
from spec_lang.kernel.proof import examine
from spec_lang.kernel.wider import wider
from spec_lang.kernel.witness import check_witness
from spec_lang.network.primitives import RELU
from spec_lang.obligations.certificate import Proof
from spec_lang.obligations.cut import cases_of, up_to, without_condition
from spec_lang.obligations.cut_certificate import CutProof, Wider, WiderProof
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Attestation, Proved
from spec_lang.store.codec import decode, encode
from spec_lang.store.columns import Unkeepable
from tests.kernel.test_holding import conditions
from tests.laws import law
from tests.tiny_networks import chain, dense

ONE, HALF = Fraction(1), Fraction(1, 2)
# r = relu(x0 + x1, −x0 − x1, x0), and y = r0 + r1 − r2 / 2 behind it; both are given out.
PLAIN = chain(2, dense([[1, 1], [-1, -1], [1, 0]]), RELU, dense([[1, 1, -0.5]]))
GRAPH = replace(PLAIN, outputs=(2, 3))
WIDE = Region((Box((-ONE, -ONE), (ONE, ONE)),))
SMALL = Region((Box((-HALF, -HALF), (HALF, HALF)), Box((HALF, -ONE), (ONE, HALF))))
HIGH = LinearAtom((), ((3, -ONE),), Fraction(9, 4), False)  # y >= 9/4: nowhere
RIGHT = LinearAtom((), ((2, -ONE),), Fraction(1, 8), True)  # r2 > 1/8
LEFT = LinearAtom(((0, ONE),), (), Fraction(0), False)  # x0 <= 0


def asked(violation: Condition = HIGH, region: Region = SMALL) -> Obligation:
    return Obligation(GRAPH, region, violation)


def proof_of(obligation: Obligation) -> Proof:
    run = BACKEND.run(obligation, Session(Budget(work=2_000), lambda _point: False, lambda _progress: None))
    assert isinstance(run.outcome, Proved)
    assert isinstance(run.outcome.proof, Proof)
    return run.outcome.proof


SAID = Wider(WIDE, (3,), replace(HIGH, outputs=((0, -ONE),)))


@pytest.fixture(scope="module")
def proof() -> WiderProof:
    return WiderProof(SAID, proof_of(wider(asked(), SAID)))


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(
    "obligation",
    [
        asked(),
        asked(region=WIDE),
        asked(All((RIGHT, HIGH))),
        asked(All((All((LEFT, HIGH)), RIGHT))),
        asked(Any((HIGH, All((RIGHT, HIGH))))),
        asked(replace(HIGH, constant=Fraction(3))),
        asked(replace(HIGH, strict=True)),
        asked(region=Region(WIDE.boxes, (LEFT,))),
    ],
)
def test_more_than_was_asked_is_enough(proof: WiderProof, obligation: Obligation, exact: bool) -> None:
    assert examine(obligation, proof, exact=exact).evidence is not None


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(
    "obligation",
    [
        asked(replace(HIGH, constant=Fraction(2))),
        asked(RIGHT),
        asked(Any((HIGH, RIGHT))),
        asked(replace(HIGH, outputs=((2, -ONE),))),
        asked(region=Region((Box((-ONE, -ONE), (ONE, Fraction(2))),))),
        asked(region=Region((*SMALL.boxes, Box((-ONE, None), (ONE, ONE))))),
        replace(asked(), graph=replace(GRAPH, outputs=(3, 2))),  # whose output 3 is no y
    ],
)
def test_less_than_was_asked_is_not(proof: WiderProof, obligation: Obligation, exact: bool) -> None:
    assert examine(obligation, proof, exact=exact).evidence is None


@pytest.mark.parametrize(
    "said",
    [
        replace(SAID, outputs=(2,)),
        replace(SAID, outputs=(1,)),
        replace(SAID, outputs=(0,)),
        replace(SAID, outputs=(-1,)),
        replace(SAID, outputs=(3, 3)),
        replace(SAID, outputs=()),
        replace(SAID, region=SMALL),  # of which the whole is not asked below
        replace(SAID, region=Region(())),
        replace(SAID, region=Region(WIDE.boxes, (LEFT,))),
        replace(SAID, region=Region((Box((-ONE,), (ONE,)),))),
        replace(SAID, region=Region((Box((-1.0, -1.0), (1.0, 1.0)),))),  # type: ignore[arg-type]
        replace(SAID, violation=All((SAID.violation, replace(RIGHT, outputs=((0, ONE),))))),
        replace(SAID, violation=Any(())),
        replace(SAID, violation=replace(HIGH, outputs=((0, -1.0),))),  # type: ignore[arg-type]
        replace(SAID, violation=replace(HIGH, outputs=((0, -ONE),), strict=True)),
    ],
)
def test_what_says_less_is_refused(proof: WiderProof, said: Wider) -> None:
    with pytest.raises(Unchecked):
        wider(asked(region=WIDE), said)
    assert examine(asked(region=WIDE), replace(proof, said=said)).evidence is None


def test_a_forged_part_is_refused(proof: WiderProof) -> None:
    tight = replace(SAID, violation=replace(HIGH, outputs=((0, -ONE),), constant=ONE))
    assert examine(asked(replace(HIGH, constant=ONE)), WiderProof(tight, proof.proof)).evidence is None
    assert examine(asked(), WiderProof(SAID, Proof(()))).evidence is None
    assert examine(asked(), proof.proof).evidence is None


def test_proofs_within_proofs_end_somewhere(proof: WiderProof) -> None:
    same = Wider(SMALL, (2, 3), HIGH)
    deep, record = proof, b""
    for _ in range(7):
        deep = WiderProof(same, deep)
        record = encode([Proved(Attestation("bounds", "0", "x"), deep)])
        assert examine(asked(), deep).evidence is not None
    assert record == encode(decode(record).outcomes)
    deeper = WiderProof(same, WiderProof(same, deep))
    assert examine(asked(), deeper).evidence is None
    with pytest.raises(Unkeepable):
        encode([Proved(Attestation("bounds", "0", "x"), deeper)])


def test_a_stored_proof_comes_back(proof: WiderProof) -> None:
    said = Wider(Region((Box((None, -ONE), (ONE, None)),), (LEFT,)), (3,), SAID.violation)
    for one in (proof, WiderProof(said, proof.proof), CutProof(RIGHT, (proof, proof))):
        record = encode([Proved(Attestation("bounds", "0", "x"), one)])
        (decoded,) = decode(record).outcomes
        assert isinstance(decoded, Proved)
        assert encode([decoded]) == record
        again = decoded.proof
        assert isinstance(again, type(one))
        assert (examine(asked(), again).evidence is None) == (examine(asked(), one).evidence is None)


def test_a_case_may_be_proved_by_more_than_it_says() -> None:
    whole = asked(HIGH, WIDE)
    cut = LinearAtom((), ((0, ONE),), Fraction(-3), False)  # r0 <= 3, as everywhere here
    failing, holding = cases_of(whole, cut)
    first, second = up_to(failing), without_condition(holding)
    assert first is not None
    assert second is not None
    assert len(wider(failing, first).graph.nodes) < len(GRAPH.nodes)
    parts = [WiderProof(s, proof_of(wider(c, s))) for c, s in ((failing, first), (holding, second))]
    assert examine(whole, CutProof(cut, (parts[0], parts[1]))).evidence is not None
    assert examine(whole, CutProof(cut, (parts[1], parts[0]))).evidence is None


_PART = st.fractions(-1, 1, max_denominator=5)


@law(20, 4_000, one=conditions(2, 4), cut=conditions(2, 4), x=_PART, y=_PART)
def test_what_breaks_a_case_breaks_what_says_more(
    one: Condition, cut: Condition, x: Fraction, y: Fraction
) -> None:
    for case in cases_of(asked(one, WIDE), cut):
        for said in (up_to(case), without_condition(case)):
            if said is not None and check_witness(case, (x, y)) is not None:
                assert check_witness(wider(case, said), (x, y)) is not None


@law(20, 4_000, one=conditions(2, 4), other=conditions(2, 4), x=_PART, y=_PART)
def test_what_is_accepted_follows(one: Condition, other: Condition, x: Fraction, y: Fraction) -> None:
    for violation in (other, Any((other, one)), All((other,)), one):
        try:
            said = wider(asked(one, WIDE), Wider(WIDE, (2, 3), violation))
        except Unchecked:
            continue
        if check_witness(asked(one, WIDE), (x, y)) is not None:
            assert check_witness(said, (x, y)) is not None
