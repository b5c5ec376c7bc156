"""Laws of a claim's portfolio: who is asked after whom, and what is made of the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from spec_lang.backends.base import Capabilities, Run, Session
from spec_lang.engine import CheckOptions, check, decide
from spec_lang.kernel.proof import examine
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.obligations.certificate import CLOSED, BoxProof, Proof
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Proved, Refuted, Work
from spec_lang.reporters.model import ClaimReport
from tests.engine.fakes import PROVED, Behaviour, Fake, giving_up
from tests.engine.specs import HOLDS, write

SECOND = Capabilities(neurons=100)
EXACT = Capabilities(neurons=50, exact=True)
Decide = Callable[..., ClaimReport]


@pytest.fixture
def decided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Decide:
    """The report of the claim `holds`, decided by these backends."""

    def one(*fakes: Fake, **options: object) -> ClaimReport:
        monkeypatch.setattr(decide, "installed_backends", lambda: fakes)
        return check([write(tmp_path, HOLDS)], replace(CheckOptions(), **options))["holds"]  # type: ignore[arg-type]

    return one


def proof_of(obligation: Obligation) -> Proof:
    """One leaf a box, which the bounds alone must close."""
    atoms = 0  # of conjunctions with several: `HOLDS` has none
    return Proof(
        tuple(
            BoxProof(number, np.array([CLOSED], np.int32), np.zeros(0), np.zeros((1, atoms), np.uint8))
            for number in range(len(obligation.region.boxes))
        )
    )


def proving(obligation: Obligation, _: Session) -> Run:
    return Run(Proved(Attestation("able", "2", "by bounds"), proof_of(obligation)), Work())


def unproving(obligation: Obligation, _: Session) -> Run:
    """With a proof of something else."""
    proof = Proof((*proof_of(obligation).parts, *proof_of(obligation).parts))
    return Run(Proved(Attestation("able", "2", "by bounds"), proof), Work())


# -- going on ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reason", [r for r in GaveUpReason if r not in (GaveUpReason.INTERRUPTED, GaveUpReason.KINK)]
)
def test_who_gives_up_is_followed_by_the_next(decided: Decide, reason: GaveUpReason) -> None:
    claim = decided(Fake(giving_up(reason), "first"), Fake(lambda _o, _s: PROVED, "second", SECOND))
    assert (claim.status, claim.backend) == (Status.PROVED, "second")
    assert [(step.backend, step.outcomes) for step in claim.plan] == [
        ("first", ((reason.value, 1),)),
        ("second", (("proved", 1),)),
    ]


def test_nobody_is_asked_after_a_failure_at_kinks_alone(decided: Decide) -> None:
    claim = decided(
        Fake(giving_up(GaveUpReason.TIMEOUT, "3 open"), "first"),
        Fake(giving_up(GaveUpReason.KINK, "it fails with one slope"), "second", SECOND),
        Fake(_unasked, "third", EXACT),
    )
    assert (claim.status, claim.reason) == (Status.UNKNOWN, "kink: it fails with one slope")
    assert [step.backend for step in claim.plan] == ["first", "second"]


def test_nobody_is_asked_after_an_answer(decided: Decide) -> None:
    claim = decided(Fake(lambda _o, _s: PROVED, "first"), Fake(_unasked, "second", SECOND))
    assert (claim.status, [step.backend for step in claim.plan]) == (Status.PROVED, ["first"])


def _unasked(_: Obligation, __: Session) -> Run:
    raise AssertionError("asked")


def test_what_all_of_them_say_is_reported_with_the_tightest_bound(decided: Decide) -> None:
    claim = decided(
        Fake(giving_up(GaveUpReason.NUMERICAL, "a tie", -0.5), "first"),
        Fake(giving_up(GaveUpReason.TIMEOUT, "3 open", -2.0), "second", SECOND),
        Fake(giving_up(GaveUpReason.UNSUPPORTED, "too bent"), "third", EXACT),
    )
    assert claim.reason == ("timeout: second: 3 open; first: numerical: a tie; third: unsupported: too bent")
    assert claim.bound == -0.5


def test_the_shares_of_the_time_are_deadlines(decided: Decide) -> None:
    seen: dict[str, float] = {}

    def note(name: str) -> Behaviour:
        def behave(_: Obligation, session: Session) -> Run:
            assert session.budget.deadline is not None
            seen[name] = session.budget.deadline - time.monotonic()
            return Run(GaveUp(GaveUpReason.TIMEOUT, ""), Work())

        return behave

    decided(Fake(note("first"), "first"), Fake(note("second"), "second", SECOND), timeout=100.0)
    # The first leaves nearly all of its share to the second.
    assert {name: round(left) for name, left in seen.items()} == {"first": 70, "second": 100}


def test_a_second_round_asks_only_those_who_ran_out_of_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def note(name: str, reason: GaveUpReason) -> Behaviour:
        def behave(_: Obligation, __: Session) -> Run:
            asked.append(name)
            return Run(GaveUp(reason, ""), Work())

        return behave

    fakes = (
        Fake(note("first", GaveUpReason.NUMERICAL), "first"),
        Fake(note("second", GaveUpReason.TIMEOUT), "second", SECOND),
    )
    monkeypatch.setattr(decide, "installed_backends", lambda: fakes)
    halves = "(x.a <= 0.5 => f(x).p >= -100) and (x.a >= 0.5 => f(x).q >= -100)"
    two = f"claim two: forall x in f.domain: {halves}\n"
    report = check([write(tmp_path, two)])
    assert report["two"].status is Status.UNKNOWN
    assert asked == ["first", "second", "first", "second", "second", "second"]


# -- proofs and points ---------------------------------------------------------------------------------


def test_a_proof_is_examined_once_and_its_evidence_reported(
    decided: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Proof] = []
    real = examine

    def counting(obligation: Obligation, proof: Proof, **options: object) -> object:
        calls.append(proof)
        return real(obligation, proof, **options)  # type: ignore[arg-type]

    def asking_first(obligation: Obligation, session: Session) -> Run:
        run = proving(obligation, session)
        assert session.examine is not None
        assert isinstance(run.outcome, Proved)
        assert run.outcome.proof is not None
        assert session.examine(run.outcome.proof) is None
        return run

    monkeypatch.setattr("spec_lang.engine.checking.examine", counting)
    monkeypatch.setattr("spec_lang.kernel.judge.examine", counting)
    claim = decided(Fake(asking_first))
    assert (claim.status, str(claim.evidence), len(calls)) == (Status.PROVED, "checked", 1)


def test_a_proof_that_is_none_proves_nothing_and_another_is_asked(decided: Decide) -> None:
    claim = decided(Fake(unproving, "first"), Fake(lambda _o, _s: PROVED, "second", SECOND))
    assert (claim.status, claim.backend) == (Status.PROVED, "second")
    alone = decided(Fake(unproving, "first"))
    assert alone.status is Status.UNKNOWN
    assert (alone.reason or "").startswith("numerical: the kernel does not accept the proof")


def test_a_mere_word_is_unknown_where_a_checked_proof_was_asked_for(decided: Decide) -> None:
    wish = {"evidence": EvidenceKind.CHECKED_ROUNDED}
    able = replace(SECOND, evidence=EvidenceKind.CHECKED)
    word = Fake(lambda _o, _s: PROVED, capabilities=able)
    claim = decided(word, **wish)
    assert (claim.status, claim.evidence) == (Status.UNKNOWN, None)
    assert "trusted(fake 1, by fiat)" in (claim.reason or "")
    both = decided(replace(word, name="first"), Fake(proving, "second", able), **wish)
    assert (both.status, both.backend, str(both.evidence)) == (Status.PROVED, "second", "checked")


def test_a_point_that_does_not_replay_is_followed_by_the_next(decided: Decide) -> None:
    wrong = Run(Refuted((Fraction(0), Fraction(0))), Work())
    claim = decided(Fake(lambda _o, _s: wrong, "first"), Fake(lambda _o, _s: PROVED, "second", SECOND))
    assert claim.status is Status.PROVED
    assert claim.plan[0].outcomes == (("numerical", 1),)


def test_a_check_that_takes_too_long_is_a_timeout(decided: Decide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spec_lang.engine.checking._LEAST", -1.0)
    claim = decided(Fake(proving), timeout=1e-9)
    assert (claim.status, claim.reason) == (
        Status.UNKNOWN,
        "timeout: the time for checking the proof has run out",
    )


# -- the store -----------------------------------------------------------------------------------------


def test_a_proof_is_kept_and_named_in_the_report(decided: Decide, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    claim = decided(Fake(proving), store=folder)
    assert (claim.certificate or "").startswith("sha256:")
    (record,) = folder.rglob("*.proof")
    assert 0 < (claim.proof_bytes or 0) <= record.stat().st_size
    word = decided(Fake(lambda _o, _s: PROVED), store=tmp_path / "empty")
    assert (word.certificate, word.proof_bytes, word.note) == (None, None, None)


def test_a_store_that_cannot_be_written_costs_a_note_and_no_verdict(decided: Decide, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file in its place")
    claim = decided(Fake(proving), store=tmp_path / "store")
    assert (claim.status, claim.certificate) == (Status.PROVED, None)
    assert (claim.note or "").startswith("the proof is not stored")


def test_nothing_is_kept_where_no_store_is_named(decided: Decide) -> None:
    claim = decided(Fake(proving))
    assert (claim.status, claim.certificate, claim.note) == (Status.PROVED, None, None)
