"""Laws of the end of a report, of quiet reports, and of narrow terminals."""

from __future__ import annotations

import io
import re
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.cli.arguments import parse_arguments
from spec_lang.kernel.verdict import Status
from spec_lang.reporters import plain, terminal
from spec_lang.reporters._layout import text_of
from spec_lang.reporters._summary import summary_lines
from spec_lang.reporters.model import ClaimReport, Report
from tests.reporters.example import FLAW, LUCK, PROVED, REFUTED, REPORT, variant

OUT_OF_BUDGET = "budget: all 100 units are spent"


def at(file: str, claim: ClaimReport, name: str) -> ClaimReport:
    return replace(claim, file=file, name=name, id=f"{file}::{name}")


def report(*claims: ClaimReport) -> Report:
    return replace(REPORT, claims=claims, diagnostics=())


def summary(of: Report, width: int = 0) -> list[str]:
    return [text_of(pieces) for pieces in summary_lines(of, width)]


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def on_terminal(of: Report, width: int, monkeypatch: pytest.MonkeyPatch, *, quiet: bool = False) -> list[str]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    stream = Terminal()
    (terminal.QUIET if quiet else terminal.REPORTER).render(of, stream)
    return re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()).splitlines()


def quietly(of: Report) -> str:
    stream = io.StringIO()
    plain.QUIET.render(of, stream)
    return stream.getvalue()


# -- limits --------------------------------------------------------------------------------------------


def test_what_a_budget_has_left_open_is_named_with_the_command_that_decides_it() -> None:
    claims = (
        PROVED,
        variant("slow", Status.UNKNOWN, reason=OUT_OF_BUDGET),
        variant("most[4]", Status.UNKNOWN, reason=OUT_OF_BUDGET),
    )
    said, how, *_ = summary(report(*claims))
    assert said == "2 claims not decided within the budget: slow, most[4]"
    command = re.fullmatch(r"  to decide them: `(nnspec .*)` without `--budget`, or with a larger one", how)
    assert command is not None
    _, arguments = parse_arguments(shlex.split(command[1])[1:])
    assert (list(map(str, arguments.paths)), arguments.claims) == (["car.nnspec"], ["slow", "most[4]"])


def test_of_many_members_the_family_is_named() -> None:
    claims = [variant(f"p[{i}]", Status.UNKNOWN, reason="timeout: 60 s") for i in range(300)]
    said, how, *_ = summary(report(*claims))
    assert said == "300 claims not decided within the time limit: p"
    assert "`nnspec check car.nnspec --claim p` with a larger `--timeout`" in how


def test_of_many_claims_a_few_are_named() -> None:
    claims = [variant(f"p{i}", Status.UNKNOWN, reason="timeout: 60 s") for i in range(20)]
    said, how, *_ = summary(report(*claims))
    assert said.endswith("p6, p7 and 12 more")
    assert "`nnspec check car.nnspec --claim NAME`" in how


@pytest.mark.parametrize(
    "claim",
    [
        variant("p", Status.UNKNOWN, reason="unsupported: bounds: the region is unbounded"),
        replace(
            variant("p", Status.UNKNOWN, reason=OUT_OF_BUDGET), expected=Status.UNKNOWN, as_expected=True
        ),
        variant("p", Status.ERROR, reason="timeout: it was an error all the same"),
    ],
)
def test_what_more_time_does_not_mend_is_not_proposed(claim: ClaimReport) -> None:
    assert len(summary(report(claim))) == 1


# -- the table -----------------------------------------------------------------------------------------


def test_several_files_get_a_table_on_a_terminal() -> None:
    of = report(
        at("specs/a.nnspec", PROVED, "p"),
        at("specs/a.nnspec", PROVED, "q"),
        at("specs/a.nnspec", REFUTED, "r"),
        at("specs/longer.nnspec", PROVED, "p"),
    )
    assert summary(of, 80) == [
        "                     proved  refuted      time",
        "specs/a.nnspec            2        1    0.75 s",
        "specs/longer.nnspec       1             0.25 s",
        "",
        "3 proved, 1 refuted in 3.50 s",
    ]
    assert len(summary(of)) == 1


def test_one_file_needs_no_table() -> None:
    assert len(summary(report(PROVED, REFUTED), 80)) == 1


def test_of_very_many_files_those_with_something_to_tell_have_a_row() -> None:
    good = [at(f"{i}.nnspec", PROVED, "p") for i in range(100)]
    lines = summary(report(*good, at("bad.nnspec", REFUTED, "p"), at("luck.nnspec", LUCK, "p")), 80)
    assert len(lines) < 30
    assert any(line.startswith("bad.nnspec") for line in lines)
    assert any(line.startswith("luck.nnspec") for line in lines)
    assert "and 78 more files, all as expected" in lines


names = st.text("ab/", min_size=1, max_size=60)
verdicts = st.lists(
    st.tuples(names, st.sampled_from([PROVED, REFUTED, FLAW, LUCK, variant("e", Status.ERROR)])), max_size=6
)


@given(verdicts, st.integers(30, 100))
def test_a_table_is_as_wide_as_the_terminal_at_most(found: list[tuple[str, ClaimReport]], width: int) -> None:
    of = report(*(at(f"{file}{i}", claim, "p") for i, (file, claim) in enumerate(found)))
    *lines, _ = summary(of, width)
    assert max(map(len, lines), default=0) <= width
    assert sum(bool(re.search(r"\d s$", line)) for line in lines) == (len(found) if len(found) > 1 else 0)


# -- quiet ---------------------------------------------------------------------------------------------


def test_a_quiet_report_has_what_is_not_as_expected_and_one_line_that_sums_up() -> None:
    text = quietly(report(PROVED, REFUTED, FLAW, LUCK))
    assert text.splitlines()[1].split()[:2] == ["refuted", "stops"]
    assert "steady" not in text
    assert "flaw" not in text
    assert "proved   luck" in text
    assert "fails   car(x).brake >= 0.5" in text
    assert text.endswith("\n\n2 proved (1 not expected), 2 refuted (1 as expected) in 3.50 s\n")


def test_a_quiet_report_of_what_is_as_expected_is_one_line() -> None:
    assert quietly(report(PROVED, FLAW)) == "1 proved, 1 refuted (as expected) in 3.50 s\n"


def test_a_quiet_report_has_the_diagnostics_and_each_member_of_a_family_that_failed() -> None:
    text = quietly(REPORT)
    assert text.startswith("error[NN117]")
    assert "  unknown  most[4]" in text
    assert "members" not in text
    assert "float32: sums" not in text


# -- narrow terminals ----------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 60])
@pytest.mark.parametrize("quiet", [False, True])
def test_on_a_narrow_terminal_lines_end_between_words(
    monkeypatch: pytest.MonkeyPatch, width: int, quiet: bool
) -> None:
    lines = on_terminal(REPORT, width, monkeypatch, quiet=quiet)
    assert max(map(len, lines)) <= width
    whole = (
        quietly(REPORT) if quiet else "".join(f"{line}\n" for line in on_terminal(REPORT, 500, monkeypatch))
    )
    assert " ".join(lines).split() == whole.split()


def test_the_rest_of_a_line_stands_further_in(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = variant("p", Status.UNKNOWN, reason="unsupported: bounds: the region is unbounded")
    _, first, second, *_ = on_terminal(report(claim), 40, monkeypatch)
    assert first.startswith("  unknown  p")
    assert re.match(r" {6}\S", second)


def test_in_a_file_lines_are_not_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream = io.StringIO()
    terminal.REPORTER.render(REPORT, stream)
    assert max(map(len, stream.getvalue().splitlines())) > 100
