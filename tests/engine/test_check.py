"""Laws of `check`: what is reported, for whom, in which order, whatever goes wrong on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import onnx
import pytest

import spec_lang as nn
from spec_lang.backends.base import Progress, Run, Session
from spec_lang.diagnostics import InternalError
from spec_lang.engine import CheckOptions, check, decide
from spec_lang.engine.lift import undecided
from spec_lang.engine.prepare import prepare as prepare_all
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Refuted, Work
from spec_lang.reporters.model import ClaimReport, Report
from spec_lang.syntax.words import MAX_SPEC_BYTES
from tests.engine.fakes import PROVED, Behaviour, Fake, threshold
from tests.engine.specs import EMPTY, FAILS, FAMILY, FLAW, HEAD, HOLDS, LUCK, write
from tests.tiny_networks import perceptron

Install = Callable[[Behaviour], None]


def statuses(report: Report) -> dict[str, Status]:
    return {claim.name: claim.status for claim in report}


def codes(report: Report) -> list[str]:
    return [diagnostic.code for diagnostic in report.diagnostics]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts one behaviour in the place of all backends."""

    def install(behaviour: Behaviour) -> None:
        monkeypatch.setattr(decide, "installed_backends", lambda: (Fake(behaviour),))

    return install


# -- what is decided -----------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_claim_gets_a_report_in_the_order_of_the_file(tmp_path: Path, jobs: int) -> None:
    path = write(tmp_path, FAILS, FAMILY, FLAW, HOLDS)
    report = check([path], CheckOptions(jobs=jobs))
    family = {f"every[{i}]": Status.PROVED for i in range(4)}
    expected = {"fails": Status.REFUTED, **family, "flaw": Status.REFUTED, "holds": Status.PROVED}
    assert list(statuses(report).items()) == list(expected.items())
    assert [claim.as_expected for claim in report] == [False, *[True] * 6]
    assert codes(report) == []


def test_a_counterexample_is_in_the_users_words_and_replayed_twice(tmp_path: Path) -> None:
    found = check([write(tmp_path, FAILS)])["fails"].counterexample
    assert found is not None
    assert [(reading.name, reading.unit) for reading in found.inputs] == [("a", "m"), ("b", None)]
    assert all(0 <= reading.problem <= 1 for reading in found.inputs)
    assert (found.results[0].name, found.points[0].name, found.violates) == ("f", "x", "f(x).p <= -100")
    assert (found.replay.exact, found.replay.onnxruntime, found.replay.note) == (True, True, None)


def test_encode_and_decode_are_undone_in_a_counterexample(tmp_path: Path) -> None:
    items = "input a, b\n output p, q\n encode x = (x - 10) / 4\n decode y = 3 - 2 * y\n"
    head = f'network f = "f.onnx" {{ {items} }}\n'
    claim = "claim c: forall x in box(10, 14): f(x).p >= 1000\n"
    found = check([write(tmp_path, claim, head=head)])["c"].counterexample
    assert found is not None
    assert all(r.problem == 4 * r.network + 10 for r in found.inputs)
    assert all(r.problem == 3 - 2 * r.network for r in found.outputs)


def test_an_empty_region_is_vacuous_a_warning_and_with_strict_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, EMPTY)
    report = check([path])
    assert (report["empty"].status, report["empty"].as_expected) == (Status.VACUOUS, True)
    (warning,) = report.diagnostics
    assert (warning.code, warning.is_error) == ("NN501", False)
    assert "x.a >= 2" in warning.problem
    (error,) = check([path], CheckOptions(strict=True)).diagnostics
    assert error.is_error


def test_an_expected_vacuity_is_not_reported(tmp_path: Path) -> None:
    report = check([write(tmp_path, EMPTY.replace(":", " @expect(vacuous):", 1))], CheckOptions(strict=True))
    assert (codes(report), report["empty"].as_expected) == ([], True)


def test_an_unexpected_proof_is_said(tmp_path: Path) -> None:
    claim = check([write(tmp_path, LUCK)])["luck"]
    assert (claim.status, claim.expected, claim.as_expected) == (Status.PROVED, Status.REFUTED, False)


# -- what backends do ----------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_crash_of_a_backend_is_an_error_of_its_claim_alone(
    tmp_path: Path, backend: Install, jobs: int
) -> None:
    def crash_on_second(obligation: Obligation, _: Session) -> Run:
        if threshold(obligation) == 101:
            raise ZeroDivisionError("oops")
        return PROVED

    backend(crash_on_second)
    report = check([write(tmp_path, FAMILY)], CheckOptions(jobs=jobs))
    assert [c.status for c in report] == [Status.PROVED, Status.ERROR, Status.PROVED, Status.PROVED]
    assert report["every[1]"].reason == "internal error, please report: ZeroDivisionError: oops"


def test_a_point_that_does_not_replay_never_refutes(tmp_path: Path, backend: Install) -> None:
    backend(lambda _o, _s: Run(Refuted((Fraction(0), Fraction(0))), Work()))
    claim = check([write(tmp_path, HOLDS)])["holds"]
    assert (claim.status, claim.counterexample) == (Status.UNKNOWN, None)
    assert (claim.reason or "").startswith("numerical: ")


def test_what_a_backend_says_without_a_run_proves_nothing(tmp_path: Path, backend: Install) -> None:
    backend(lambda _o, _s: PROVED.outcome)  # type: ignore[arg-type,return-value]
    assert check([write(tmp_path, HOLDS)])["holds"].status is Status.ERROR


def test_the_deadline_of_a_claim_is_its_own(tmp_path: Path, backend: Install) -> None:
    def remaining(_: Obligation, session: Session) -> Run:
        deadline = session.budget.deadline
        left = "none" if deadline is None else f"{deadline - time.monotonic():.0f}"
        return Run(GaveUp(GaveUpReason.TIMEOUT, left), Work())

    backend(remaining)
    path = write(tmp_path, HOLDS, HOLDS.replace("holds:", "slow @timeout(2 min):"))
    limited = check([path], CheckOptions(timeout=7.0))
    assert [claim.reason for claim in limited] == ["timeout: 7", "timeout: 120"]
    unlimited = check([path], CheckOptions(timeout=None))
    assert [claim.reason for claim in unlimited] == ["timeout: none", "timeout: 120"]


def test_the_report_says_what_was_tried_and_what_it_cost(tmp_path: Path, backend: Install) -> None:
    backend(lambda _o, _s: PROVED)
    claim = check([write(tmp_path, HOLDS)])["holds"]
    assert ([step.backend for step in claim.plan], claim.backend) == (["fake"], "fake")
    assert claim.work == (("boxes", 3),)
    assert str(claim.evidence) == "trusted(fake 1, by fiat)"


def test_a_backend_that_was_not_asked_for_is_not_used(tmp_path: Path, backend: Install) -> None:
    def second(_: Obligation, __: Session) -> Run:
        raise AssertionError("used")

    backend(second)
    report = check([write(tmp_path, HOLDS)], CheckOptions(using="fak"))
    assert (codes(report), len(report)) == (["NN409"], 0)
    assert report.diagnostics[0].fix == "did you mean `fake`?"


def test_an_unknown_backend_of_an_attribute_is_reported_where_it_is_named(tmp_path: Path) -> None:
    report = check([write(tmp_path, HOLDS.replace("holds:", "holds @using(bound):"))])
    (error,) = report.diagnostics
    assert (error.code, error.fix, len(report)) == ("NN409", "did you mean `bounds`?", 0)
    assert error.span is not None
    assert error.span.line == 6


@pytest.mark.parametrize("status", [Status.PROVED, Status.REFUTED, Status.VACUOUS])
def test_no_report_decides_a_claim_without_a_verdict(tmp_path: Path, status: Status) -> None:
    preparation, _ = prepare_all([write(tmp_path, HOLDS)], CheckOptions())
    (task,) = preparation.tasks
    with pytest.raises(InternalError):
        undecided(task, status, "because")


# -- interrupts ----------------------------------------------------------------------------------------


class Interrupter:
    """An observer that presses Ctrl-C after so many claims."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.closed = 0

    def start(self, claims: int) -> None:
        assert claims == 4

    def began(self, claim: str) -> None:
        assert "::every" in claim

    def progress(self, claim: str, progress: Progress) -> None:
        assert (progress.done, progress.backend) == (0, "fake"), claim

    def narrowed(self, report: ClaimReport) -> None:
        """Nothing is measured here."""

    def decided(self, report: ClaimReport) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt(report.name)

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupt_keeps_what_was_decided(tmp_path: Path, backend: Install, jobs: int) -> None:
    backend(lambda _o, _s: PROVED)
    observer = Interrupter(after=2)
    report = check([write(tmp_path, FAMILY)], CheckOptions(jobs=jobs), observer)
    assert report.interrupted
    assert [c.status for c in report].count(Status.PROVED) == 2
    assert {c.reason for c in report if c.status is Status.UNKNOWN} == {"interrupted"}
    assert observer.closed == 1


# -- paths, selections, networks ------------------------------------------------------------------------


def test_an_error_in_a_file_decides_nothing_of_it_and_all_of_the_others(tmp_path: Path) -> None:
    write(tmp_path, HOLDS, "claim bad: forall x in f.domain: f(x).r <= 1\n", name="a.nnspec")
    write(tmp_path, HOLDS, name="b.nnspec")
    report = check([tmp_path])
    assert [claim.file for claim in report] == [(tmp_path / "b.nnspec").as_posix()]
    assert [d.span.file for d in report.diagnostics if d.span] == [(tmp_path / "a.nnspec").as_posix()]


def test_all_errors_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    bad = "claim one: forall x in f.domain: f(x).r <= 1\nclaim two: forall x in f.domian: f(x).p <= 1\n"
    write(tmp_path, bad, name="a.nnspec")
    write(tmp_path, bad, 'network g = "missing.onnx"\n', name="b.nnspec")
    report = check([tmp_path, tmp_path / "nowhere.nnspec"])
    assert len(report) == 0
    assert len([d for d in report.diagnostics if d.is_error]) == 6


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("missing.nnspec", None, "NN401"),
        ("model.onnx", b"x", "NN403"),
        ("huge.nnspec", b" " * (MAX_SPEC_BYTES + 1), "NN404"),
        ("query.vnnlib", b"(assert (<= X_0 1))", "NN408"),
    ],
)
def test_what_cannot_be_checked_is_a_diagnostic(
    tmp_path: Path, name: str, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert codes(check([tmp_path / name])) == [code]


def test_a_spec_that_is_no_text_says_where(tmp_path: Path) -> None:
    (tmp_path / "binary.nnspec").write_bytes(b"claim a\n\xff")
    (error,) = check([tmp_path]).diagnostics
    assert error.span is not None
    assert (error.is_error, error.span.line, error.span.column) == (True, 2, 1)


def test_a_file_that_cannot_be_read_is_a_diagnostic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path, HOLDS)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    (error,) = check([path]).diagnostics
    assert (error.code, "Permission denied" in error.problem) == ("NN405", True)


def test_a_folder_without_specs_is_an_error(tmp_path: Path) -> None:
    assert codes(check([tmp_path])) == ["NN402"]


def test_a_file_that_is_named_twice_is_checked_once(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS)
    assert len(check([path, tmp_path, path])) == 1


@pytest.mark.parametrize(
    ("glob", "names"),
    [
        ("every[1]", ["every[1]"]),
        ("every", ["every[0]", "every[1]", "every[2]", "every[3]"]),
        ("every[*]", ["every[0]", "every[1]", "every[2]", "every[3]"]),
        ("*ol?s", ["holds"]),
        ("*::holds", ["holds"]),
    ],
)
def test_a_glob_selects_members_families_and_ids(tmp_path: Path, glob: str, names: list[str]) -> None:
    report = check([write(tmp_path, FAMILY, HOLDS, FAILS)], CheckOptions(claims=(glob,)))
    assert (list(statuses(report)), codes(report)) == (names, [])


def test_a_glob_that_selects_nothing_is_an_error(tmp_path: Path) -> None:
    report = check([write(tmp_path, HOLDS)], CheckOptions(claims=("hold", "holds")))
    assert [(d.code, d.fix) for d in report.diagnostics] == [("NN406", "did you mean `holds`?")]


def test_a_parameter_reaches_the_files_that_declare_it(tmp_path: Path) -> None:
    claim = "claim c: forall x in f.domain: f(x).p >= limit\n"
    write(tmp_path, "param limit = -100\n", claim, name="a.nnspec")
    write(tmp_path, HOLDS, name="b.nnspec")
    report = check([tmp_path], CheckOptions(parameters=(("limit", "1e6"),)))
    assert statuses(report) == {"c": Status.REFUTED, "holds": Status.PROVED}


def test_a_parameter_that_no_file_declares_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "param limit = 1\n", HOLDS)
    report = check([tmp_path], CheckOptions(parameters=(("limt", "1"),)))
    (error,) = report.diagnostics
    assert (error.is_error, error.fix) == (True, "did you mean `limit`?")


def test_a_network_is_replaced_by_name_and_a_wrong_name_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS)
    (tmp_path / "f.onnx").rename(tmp_path / "g.onnx")
    assert len(check([path]).diagnostics) == 1
    for name in ("f", ""):
        report = check([path], CheckOptions(networks=((name, tmp_path / "g.onnx"),)))
        assert statuses(report) == {"holds": Status.PROVED}
    networks = (("f", tmp_path / "g.onnx"), ("ff", tmp_path / "g.onnx"))
    (error,) = check([path], CheckOptions(networks=networks)).diagnostics
    assert (error.code, error.fix) == ("NN407", "did you mean `f`?")


QUERY = """
(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real) (declare-const Y_1 Real)
(assert (>= X_0 0)) (assert (<= X_0 1)) (assert (>= X_1 0)) (assert (<= X_1 1)) (assert (<= Y_0 {bound}))
"""


@pytest.mark.parametrize(("bound", "status"), [("-100", Status.PROVED), ("100", Status.REFUTED)])
def test_a_query_is_decided_like_a_claim(tmp_path: Path, bound: str, status: Status) -> None:
    write(tmp_path)
    path = tmp_path / "q.vnnlib"
    path.write_text(QUERY.format(bound=bound))
    report = check([path], CheckOptions(networks=(("", tmp_path / "f.onnx"),)))
    assert statuses(report) == {"query": status}
    assert report["query"].kind == "query"


# -- the Python interface ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["proto", "bytes", "path", "str"])
def test_a_model_in_memory_or_on_disk_can_stand_in_for_a_file(tmp_path: Path, kind: str) -> None:
    model: onnx.ModelProto = perceptron()
    file = tmp_path / "other.onnx"
    file.write_bytes(model.SerializeToString())
    given = {"proto": model, "bytes": model.SerializeToString(), "path": file, "str": str(file)}[kind]
    report = nn.check(nn.parse(HEAD + HOLDS + FAILS), networks={"f": given})
    assert statuses(report) == {"holds": Status.PROVED, "fails": Status.REFUTED}
    replay = report["fails"].counterexample
    assert replay is not None
    assert replay.replay.onnxruntime is True


def test_parsing_collects_syntax_errors_and_checking_reports_them() -> None:
    spec = nn.parse("claim a: forall x in f.domain f(x) && 1\n")
    assert spec.diagnostics
    report = nn.check(spec)
    assert (len(report), set(spec.diagnostics) <= set(report.diagnostics)) == (0, True)


def test_options_of_the_python_interface_are_those_of_the_command(tmp_path: Path) -> None:
    path = write(tmp_path, "param limit = 0\nclaim c: forall x in f.domain: f(x).p >= limit\n", HOLDS)
    report = nn.check([path], parameters={"limit": 1e6}, claims=["c"], timeout=5, jobs=2, using="bounds")
    assert statuses(report) == {"c": Status.REFUTED}
