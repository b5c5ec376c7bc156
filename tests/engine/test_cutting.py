"""Claims `@via` an invariant: which proofs their cases are put together from, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from spec_lang.backends.base import Run, Session
from spec_lang.backends.bounds import BACKEND
from spec_lang.engine import CheckOptions, check, decide
from spec_lang.engine.audit import audit
from spec_lang.engine.earlier import Earlier
from spec_lang.engine.prepare import prepare
from spec_lang.kernel.proof import examine
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.obligations.cut import cases_of
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Attestation, Proved
from spec_lang.reporters._cut import CutCourse
from spec_lang.reporters.model import ClaimReport, Report
from tests.engine.fakes import Fake
from tests.engine.test_invariants import BUDGET, document, plain, write

# With a in [0, 1] and b in [0, 1] the second neuron, 3a/2 − 2b − 1/5 of the network's inputs, is on and off.
CORE = "invariant core of f: r[1] <= 0 => output.p <= 8\n"
SMALL = "claim small @via(core): forall x in box(0, 1): f(x).p <= 8\n"
# With a in [0, 0.1] and b in [1, 2] it is off.
INSIDE = "region low on f = box([0, 1], [0.1, 2])\nclaim inside @via(core): forall x in low: f(x).p <= 8\n"


def course_of(report: Report | ClaimReport, name: str = "small") -> CutCourse:
    claim = report[name] if isinstance(report, Report) else report
    assert claim.cut is not None
    return claim.cut


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_proof_of_an_invariant_serves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], jobs: int
) -> None:
    store = tmp_path / "store"
    path = write(tmp_path, SMALL, CORE)  # whichever is written first
    report = check([path], replace(BUDGET, jobs=jobs, store=store))
    assert {claim.status for claim in report} == {Status.PROVED}
    course = course_of(report)
    assert (course.used, course.alone, course.holding) == (True, False, ())
    assert course.reused is not None
    assert course.reused.work == report["core"].work
    assert course.reused.nodes > 0
    via = document(report)["small"]["via"]  # type: ignore[index]
    assert via["reused"]["work"] == dict(report["core"].work)
    for evidence in (EvidenceKind.CHECKED_ROUNDED, EvidenceKind.CHECKED):
        audited = audit([path], CheckOptions(store=store, timeout=None, evidence=evidence)).report
        assert audited["small"].status is Status.PROVED
        assert audited["small"].certificate == report["small"].certificate
    assert "none where it does, by the proof of core (" in plain(tmp_path, capsys)


def test_without_the_invariant_its_case_is_decided_anew(tmp_path: Path) -> None:
    report = check([write(tmp_path, CORE, SMALL)], replace(BUDGET, claims=("small",)))
    course = course_of(report)
    assert report["small"].status is Status.PROVED
    assert (course.used, course.reused) == (True, None)
    assert course.holding


@pytest.mark.parametrize(
    "invariant",
    [
        CORE.replace("of f:", "of f on box(0, 0.9):"),  # the claim is about more
        CORE.replace(":", " @using(falsify):", 1),  # which proves nothing
    ],
)
def test_a_proof_of_something_else_does_not_serve(tmp_path: Path, invariant: str) -> None:
    report = check([write(tmp_path, invariant, SMALL)], BUDGET)
    assert course_of(report).reused is None
    assert report["small"].status is Status.PROVED


def test_a_refuted_invariant_proves_nothing(tmp_path: Path) -> None:
    lines = (line.replace("<= 8", "<= 1") for line in (CORE, SMALL))
    report = check([write(tmp_path, *lines)], BUDGET)
    assert {claim.status for claim in report} == {Status.REFUTED}


def test_the_layers_up_to_the_invariant_are_asked_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, CORE, INSIDE)
    course = course_of(check([path], BUDGET), "inside")
    assert (course.used, course.alone, course.reused is None) == (True, True, False)
    assert "where it says nothing, by the layers up to it alone" in plain(tmp_path, capsys)
    anew = check([path], replace(BUDGET, claims=("inside",)))
    assert anew["inside"].status is Status.PROVED
    assert (course_of(anew, "inside").alone, course_of(anew, "inside").reused) == (True, None)


def by_word(obligation: Obligation, session: Session) -> Run:
    """As `bounds` says, without a proof."""
    run = BACKEND.run(obligation, session)
    if not isinstance(run.outcome, Proved):
        return run
    return Run(Proved(Attestation("fake", "1", "by fiat")), run.work)


def test_a_case_without_a_proof_makes_the_whole_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, CORE, SMALL)
    options = replace(BUDGET, claims=("small",), evidence=EvidenceKind.TRUSTED)
    monkeypatch.setattr(decide, "installed_backends", lambda: (Fake(by_word),))
    claim = check([path], options)["small"]
    assert claim.status is Status.PROVED
    assert claim.evidence is not None
    assert claim.evidence.kind is EvidenceKind.TRUSTED
    assert "where it" in str(claim.evidence)
    assert claim.certificate is None
    checked = check([path], replace(options, evidence=EvidenceKind.CHECKED_ROUNDED))["small"]
    assert checked.status is Status.UNKNOWN


def test_only_the_record_that_the_kernel_has_accepted_serves(tmp_path: Path) -> None:
    path, store = write(tmp_path, CORE, SMALL, INSIDE), tmp_path / "store"
    report = check([path], replace(BUDGET, store=store, claims=("core",)))["core"]
    core, small, inside = prepare([path], BUDGET)[0].tasks
    assert report.certificate is not None
    assert report.evidence is not None
    assert small.cut is not None
    _, holding = cases_of(small.goal().obligations[0], small.cut.holds)
    earlier = Earlier(core.goal, report.evidence, (), 0.0, store, report.certificate)
    (serving,) = earlier.serving(holding)
    assert examine(holding, serving.proof).evidence == report.evidence
    for other in (
        replace(earlier, digest="sha256:" + "0" * 64),
        replace(earlier, goal=inside.goal),
        replace(earlier, folder=tmp_path),
    ):
        assert list(other.serving(holding)) == []
    # What the invariant says less of than is asked.
    for region in (Box((None, None), (None, None)), Box((Fraction(0),) * 2, (Fraction(3),) * 2)):
        assert list(earlier.serving(replace(holding, region=Region((region,))))) == []
    assert list(earlier.serving(replace(holding, violation=LinearAtom((), (), Fraction(0), False)))) == []
    (record,) = store.rglob("*.proof")
    record.write_bytes(record.read_bytes()[:-1])
    assert list(earlier.serving(holding)) == []
