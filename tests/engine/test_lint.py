"""Laws of linting: what is settled without a backend, once a family, less what the text allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from spec_lang.diagnostics import Severity
from spec_lang.engine.lint import FAILS_ANYWAY, HOLDS_ANYWAY, lint
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.run import check
from spec_lang.kernel.verdict import Status
from spec_lang.semantics.codes import EMPTY_REGION
from tests.engine.specs import EMPTY, FAILS, FAMILY, HOLDS, write

TRIVIAL = "claim trivial: forall x in f.domain: f(x).p <= f(x).p + 1\n"
INSIDE = "claim inside: forall x in f.domain: x.a >= 0 or f(x).p <= 3\n"
OUTSIDE = "claim outside: forall x in f.domain: x.a <= 0.5 and f(x).p <= 3\n"


def codes(folder: Path, *claims: str) -> list[str]:
    return [d.code for d in lint([write(folder, *claims)], CheckOptions()).report.diagnostics]


@pytest.mark.parametrize(
    ("claim", "code"),
    [(TRIVIAL, HOLDS_ANYWAY), (INSIDE, HOLDS_ANYWAY), (OUTSIDE, FAILS_ANYWAY), (EMPTY, EMPTY_REGION)],
)
def test_what_no_backend_is_needed_for_is_said_and_is_what_a_check_says(
    tmp_path: Path, claim: str, code: str
) -> None:
    assert codes(tmp_path, claim) == [code]
    (decided,) = check([write(tmp_path, claim)])
    expected = {HOLDS_ANYWAY: Status.PROVED, FAILS_ANYWAY: Status.REFUTED, EMPTY_REGION: Status.VACUOUS}
    assert decided.status is expected[code]


@pytest.mark.parametrize("claim", [HOLDS, FAILS, FAMILY])
def test_what_only_a_backend_can_decide_is_not_spoken_of(tmp_path: Path, claim: str) -> None:
    assert codes(tmp_path, claim) == []


@pytest.mark.parametrize(
    ("claim", "expected"), [(EMPTY, "vacuous"), (OUTSIDE, "refuted")], ids=["vacuous", "refuted"]
)
def test_what_the_author_expects_is_no_warning(tmp_path: Path, claim: str, expected: str) -> None:
    assert codes(tmp_path, claim.replace(":", f" @expect({expected}):", 1)) == []


def test_a_family_is_warned_of_once(tmp_path: Path) -> None:
    family = "claim every[i in 0..4]: forall x in { x | x.a >= 2 }: f(x).p <= i\n"
    linted = lint([write(tmp_path, family)], CheckOptions())
    (warning,) = linted.report.diagnostics
    assert warning.problem.startswith("`every[0]` and 4 more of its family says nothing")
    assert linted.claims == 5


def test_strict_makes_errors_of_warnings(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS, EMPTY)
    assert lint([path], CheckOptions()).errors == 0
    strict = lint([path], CheckOptions(strict=True))
    assert [d.severity for d in strict.report.diagnostics] == [Severity.ERROR]


def test_a_warning_that_the_text_allows_is_not_given(tmp_path: Path) -> None:
    assert codes(tmp_path, f"# nnspec: allow {EMPTY_REGION}\n", EMPTY) == []


def test_the_lints_are_run_over_files_without_errors_alone(tmp_path: Path) -> None:
    unused = "region unused on f = box(0, 1)\n"
    assert codes(tmp_path, unused, HOLDS) == ["NN603"]
    assert codes(tmp_path, unused, "claim bad: forall x in nowhere: f(x).p <= 1\n") == ["NN102"]


def test_the_warnings_of_a_file_stand_in_the_order_of_its_text(tmp_path: Path) -> None:
    linted = lint([write(tmp_path, EMPTY, "region unused on f = box(0, 1)\n", TRIVIAL)], CheckOptions())
    lines = [d.span.line for d in linted.report.diagnostics if d.span is not None]
    assert len(lines) == 3
    assert lines == sorted(lines)


def test_one_file_with_an_error_does_not_keep_the_others_from_being_linted(tmp_path: Path) -> None:
    bad = write(tmp_path, "claim bad: (\n", name="a.nnspec")
    good = write(tmp_path, EMPTY, name="b.nnspec")
    linted = lint([bad, good], CheckOptions())
    assert (linted.specs, linted.errors, linted.warnings) == (2, 1, 1)


def test_a_claim_that_no_backend_takes_is_warned_of_and_not_lowered(tmp_path: Path) -> None:
    quotient = "claim quotient: forall x in f.domain: f(x).p / f(x).q <= 3\n"
    linted = lint([write(tmp_path, quotient)], CheckOptions())
    assert (linted.errors, linted.warnings) == (0, 1)
