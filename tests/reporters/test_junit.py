"""Laws of the JUnit document: what `junit-10.xsd` of Jenkins has, and that it reads back."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.kernel.verdict import Status
from spec_lang.reporters._invocation import Invocation
from spec_lang.reporters.model import Report
from tests.reporters.example import ERROR, FLAW, PROVED, REFUTED, REPORT, WARNING, variant
from tests.reporters.odd import HOSTILE, REPORTS
from tests.reporters.rendering import recorded, rendered

# Elements, each with its attributes (the first of them are required) and children, as that schema has them.
RESULT = ({"type", "message"}, set[str](), set[str]())
SCHEMA = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, set[str](), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "skipped", "file"},
        {"name", "tests", "failures", "errors"},
        {"testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name", "time", "classname"},
        {"name"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": RESULT,
    "error": RESULT,
    "skipped": RESULT,
    "system-out": (set[str](), set[str](), set[str]()),
    "system-err": (set[str](), set[str](), set[str]()),
}
TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


def parsed(report: Report) -> ElementTree.Element:
    """The document's root, every element of which is as the schema wants it."""
    root = ElementTree.fromstring(rendered("junit", report))  # noqa: S314 - our own
    assert root.tag == "testsuites"
    for element in root.iter():
        attributes, required, children = SCHEMA[element.tag]
        assert required <= set(element.attrib) <= attributes
        assert {child.tag for child in element} <= children
        assert TIME.fullmatch(element.get("time", "0.0"))
    for suite in root:
        for results, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[results]) == len(suite.findall(f"testcase/{tag}"))
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
    for name in ("tests", "failures", "errors"):
        assert int(root.attrib[name]) == sum(int(suite.attrib[name]) for suite in root)
    return root


def only(report: Report) -> ElementTree.Element:
    """The one test case."""
    (case,) = parsed(report).iter("testcase")
    return case


def test_it_writes_what_is_recorded() -> None:
    assert rendered("junit", REPORT) == recorded("report.junit.xml")


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_a_document_by_the_schema(name: str) -> None:
    report = REPORTS[name]
    root = parsed(report)
    errors = sum(diagnostic.is_error for diagnostic in report.diagnostics)
    assert int(root.attrib["tests"]) == len(report.claims) + errors


@pytest.mark.parametrize(
    ("status", "unknown_fails", "result"),
    [
        (Status.REFUTED, True, "failure"),
        (Status.UNKNOWN, True, "failure"),
        (Status.UNKNOWN, False, "skipped"),
        (Status.ERROR, False, "error"),
    ],
)
def test_a_verdict_has_a_result(status: Status, unknown_fails: bool, result: str) -> None:
    report = replace(REPORT, claims=(variant("c", status, reason="why\nmore"),), diagnostics=())
    case = only(replace(report, invocation=Invocation(unknown_fails)))
    (found,) = case
    assert (found.tag, found.get("type")) == (result, status.value)
    assert found.get("message", "").endswith("why")
    assert found.text is not None
    assert "more" in found.text


@pytest.mark.parametrize("claim", [PROVED, FLAW])
def test_what_is_as_expected_passes(claim: object) -> None:
    case = only(replace(REPORT, claims=(claim,), diagnostics=()))  # type: ignore[arg-type]
    assert {child.tag for child in case} <= {"system-out"}


def test_a_failure_has_the_counterexample() -> None:
    (failure,) = only(replace(REPORT, claims=(REFUTED,), diagnostics=()))
    assert "gap    12.5 m" in (failure.text or "")
    assert "onnxruntime: agrees" in (failure.text or "")


def test_an_error_in_a_spec_is_a_case_and_a_warning_is_output() -> None:
    root = parsed(replace(REPORT, claims=(PROVED,), diagnostics=(ERROR, WARNING)))
    of_file, loose = root
    assert [case.attrib["name"] for case in of_file.iter("testcase")] == ["NN117 line 4", "steady"]
    assert [case.attrib["classname"] for case in of_file.iter("testcase")] == ["car", "car"]
    assert loose.attrib["name"] == "nnspec"
    assert "NN501" in (loose.findtext("system-err") or "")


def test_a_suite_is_a_file_and_its_cases_are_grouped_by_folder() -> None:
    claims = [replace(PROVED, file=f"/repo/{name}/a.nnspec") for name in ("one", "two")]
    asked = Invocation(folder="/repo/one", root="/repo")
    root = parsed(replace(REPORT, claims=tuple(claims), diagnostics=(), invocation=asked))
    assert [suite.attrib["name"] for suite in root] == ["one/a.nnspec", "two/a.nnspec"]
    assert [case.attrib["classname"] for case in root.iter("testcase")] == ["one.a", "two.a"]


def test_hostile_names_read_back_as_far_as_xml_can_hold_them() -> None:
    names = {case.attrib["name"] for case in parsed(REPORTS["hostile"]).iter("testcase")}
    whole = [name for name in HOSTILE if "\x00" not in name]
    assert set(whole) <= names
    assert "\ufffd\ufffd\ufffd\ufffd[2J\x7f\ufffd" in names


@given(st.text(st.characters(codec=None)))
def test_any_name_gives_a_document(name: str) -> None:
    report = replace(REPORT, claims=(replace(REFUTED, name=name, title=name),), diagnostics=())
    only(report)
