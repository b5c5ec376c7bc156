"""Laws of the reporters, on one report that has everything in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.kernel.verdict import Status
from spec_lang.reporters._diagnostic_text import diagnostic_lines
from spec_lang.reporters._documents import schema_text
from spec_lang.reporters._layout import text_of
from spec_lang.reporters._numbers import shown
from spec_lang.reporters.model import Reading, Readings, Replay, Report
from tests.reporters.example import COUNTEREXAMPLE, ERROR, FILE, REFUTED, REPORT, SOURCE, variant
from tests.reporters.rendering import recorded, rendered

SCHEMA = json.loads(schema_text())


def problems(document: object) -> list[str]:
    return [f"{e.json_path}: {e.message}" for e in Draft202012Validator(SCHEMA).iter_errors(document)]


def with_counterexample(**changes: object) -> Report:
    found = replace(COUNTEREXAMPLE, **changes)  # type: ignore[arg-type]
    return replace(REPORT, claims=(replace(REFUTED, counterexample=found),))


@pytest.mark.parametrize(
    ("module", "name"), [("plain", "report.txt"), ("json", "report.json"), ("vnnlib", "report.vnnlib.txt")]
)
def test_a_reporter_writes_what_is_recorded(module: str, name: str) -> None:
    assert rendered(module, REPORT) == recorded(name)


def test_rich_writes_the_plain_text_where_there_is_no_terminal() -> None:
    assert rendered("terminal", REPORT) == rendered("plain", REPORT)


def test_rich_writes_the_plain_text_in_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = rendered("terminal", REPORT)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == rendered("plain", REPORT)


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in rendered("terminal", REPORT)  # 30 to 37: the colours


def test_markup_of_rich_in_a_claim_is_only_text() -> None:
    report = replace(REPORT, claims=(variant("p[1,2]", Status.UNKNOWN, reason="[red]no[/red] [/]"),))
    assert "[red]no[/red] [/]" in rendered("terminal", report)


def test_control_characters_of_a_file_do_not_reach_the_terminal() -> None:
    report = replace(REPORT, claims=(variant("p", Status.UNKNOWN, reason="a\x1b[2Jb\u202ec"),))
    assert "a [2Jb c" in rendered("plain", report)


# -- JSON ----------------------------------------------------------------------------------------------


def test_the_json_report_follows_its_schema() -> None:
    assert problems(json.loads(rendered("json", REPORT))) == []


def test_the_schema_refuses_what_is_not_a_report() -> None:
    document = json.loads(rendered("json", REPORT))
    document["claims"][0]["verdict"] = "true"
    document["claims"][1]["counterexample"]["extra"] = 1
    assert len(problems(document)) == 2


@given(st.fractions(), st.fractions())
def test_json_keeps_the_exact_value_of_every_number(problem: Fraction, network: Fraction) -> None:
    report = with_counterexample(points=(Readings("x", (Reading("x", None, problem, network),)),))
    document = json.loads(rendered("json", report))
    assert problems(document) == []
    found = document["claims"][0]["counterexample"]
    for place, value in ((found, problem), (found["network_space"], network)):
        (number,), (exact,) = place["inputs"]["x"], place["exact"]["inputs"]["x"]
        assert Fraction(exact if exact is not None else number) == value


def test_json_is_json_where_numbers_are_beyond_floats() -> None:
    huge = Fraction(10) ** 400
    report = with_counterexample(
        points=(Readings("x", (Reading("x", None, huge, -huge),)),),
        replay=Replay(True, False, (float("inf"),), "overflow"),
    )
    document = json.loads(rendered("json", report), parse_constant=pytest.fail)
    assert problems(document) == []
    found = document["claims"][0]["counterexample"]
    assert (found["inputs"]["x"], found["exact"]["inputs"]["x"]) == ([None], [str(huge)])


def test_json_has_every_reading_where_text_cuts() -> None:
    many = tuple(Reading(f"x[{i}]", None, Fraction(i), Fraction(i)) for i in range(784))
    report = with_counterexample(points=(Readings("x", many),))
    assert len(json.loads(rendered("json", report))["claims"][0]["counterexample"]["inputs"]["x"]) == 784
    text = rendered("plain", report)
    assert "… and 768 more" in text
    assert text.count("\n") < 60


# -- VNN-LIB -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reason", "answer"),
    [
        (Status.PROVED, None, "unsat"),
        (Status.VACUOUS, "empty", "unsat"),
        (Status.UNKNOWN, "timeout: 10 s", "timeout"),
        (Status.UNKNOWN, "numerical: a timeout", "unknown"),
        (Status.ERROR, "crash", "error"),
    ],
)
def test_every_verdict_has_an_answer_in_the_competitions_words(
    status: Status, reason: str | None, answer: str
) -> None:
    report = replace(REPORT, claims=(variant("query", status, reason=reason),))
    assert rendered("vnnlib", report) == f"{answer}\n"


def test_without_a_claim_the_answer_is_an_error() -> None:
    assert rendered("vnnlib", replace(REPORT, claims=())) == "error\n"


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=4))
def test_a_witness_reads_back_as_the_same_numbers(values: list[float]) -> None:
    inputs = tuple(Reading(f"X_{i}", None, Fraction(0), Fraction(v)) for i, v in enumerate(values))
    lines = rendered("vnnlib", with_counterexample(points=(Readings("x", inputs),))).splitlines()[1:]
    pairs = [line.strip(" ()").split() for line in lines]
    assert [name for name, _ in pairs] == [*(f"X_{i}" for i in range(len(values))), "Y_0"]
    assert [float(text) for _, text in pairs[:-1]] == values


def test_the_outputs_of_a_witness_are_the_kernels_where_onnxruntime_has_none() -> None:
    report = with_counterexample(replay=Replay(True, None, None, "not installed"))
    assert "(Y_0 -0.1)" in rendered("vnnlib", report)


# -- numbers and diagnostics ---------------------------------------------------------------------------


@given(st.fractions() | st.floats(allow_nan=False, allow_infinity=False).map(Fraction))
def test_a_number_without_a_mark_is_exact_and_one_with_a_mark_is_close(value: Fraction) -> None:
    text = shown(value)
    if text.startswith("~"):
        assert abs(Fraction(text[1:]) - value) <= abs(value) / 10**8
    else:
        assert Fraction(text) == value
    assert len(text) < 20


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 10), "0.1"),
        (Fraction(0.1), "~0.1"),
        (Fraction(-3), "-3"),
        (Fraction(1, 8), "0.125"),
        (Fraction(2) ** -60, "~8.67361738e-19"),
        (Fraction(10) ** 400, "~1e+400"),
    ],
)
def test_numbers_are_printed_for_readers(value: Fraction, text: str) -> None:
    assert shown(value) == text


def caret_lines(diagnostic: Diagnostic, text: str) -> list[str]:
    return [text_of(pieces) for pieces in diagnostic_lines(diagnostic, {FILE: text})]


def test_carets_stand_below_what_they_mean() -> None:
    _, _, row, carets, *_ = caret_lines(ERROR, SOURCE)
    start = carets.index("^")
    assert row[start : start + carets.count("^")] == "brake"


def test_carets_stand_below_what_they_mean_in_a_long_line() -> None:
    text = "x" * 5000 + "WRONG" + "y" * 90_000
    diagnostic = Diagnostic("NN001", "wrong", Span(FILE, 1, 5001, 1, 5006))
    _, _, row, carets = caret_lines(diagnostic, text)
    start = carets.index("^")
    assert row[start : start + carets.count("^")] == "WRONG"
    assert len(row) < 200


@given(st.text(max_size=40), st.integers(1, 9), st.integers(1, 60), st.integers(1, 9), st.integers(1, 60))
def test_no_span_breaks_the_rendering(text: str, line: int, column: int, end: int, end_column: int) -> None:
    span = Span(FILE, line, column, max(line, end), end_column)
    first, place, *_ = caret_lines(Diagnostic("NN001", "wrong", span), text)
    assert (first, place) == ("error[NN001]: wrong", f"  at {FILE}:{line}:{column}")


def test_a_notebook_shows_claims_in_which_everything_is_escaped() -> None:
    hostile = "<script>alert(1)</script>"
    report = replace(
        REPORT, claims=(replace(REFUTED, title=hostile), variant("p", Status.ERROR, reason=hostile))
    )
    html = report._repr_html_()
    assert (html.count("<summary>"), html.count("<script>"), html.count("&lt;script&gt;")) == (2, 0, 2)
    assert "12.5 m" in report["stops"]._repr_html_()


def test_outputs_that_are_enclosed_are_not_said_to_be_exact() -> None:
    report = with_counterexample(error=Fraction(1, 2**80))
    assert "replay  rational enclosures: confirmed" in rendered("plain", report)
    document = json.loads(rendered("json", report))
    assert problems(document) == []
    assert document["claims"][0]["counterexample"]["replay"]["outputs_within"] == 2.0**-80
