"""Laws of GitHub's annotations, and of the summary in Markdown."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import unquote

import pytest

from spec_lang.kernel.verdict import Status
from spec_lang.reporters._invocation import Invocation
from spec_lang.reporters.model import Report
from tests.reporters.example import ERROR, PROVED, REFUTED, REPORT, WARNING, span, variant
from tests.reporters.odd import HOSTILE, NOT_TEXT, REPORTS, many
from tests.reporters.rendering import recorded, rendered

COMMAND = re.compile(r"::(?P<level>error|warning) (?P<properties>[^:]*)::(?P<text>.*)")


def shown_by_github(report: Report) -> list[tuple[str, dict[str, str], str]]:
    """Level, properties and text of every command, read as GitHub's runner does; the last line sums up."""
    *commands, last, end = rendered("github", report).split("\n")
    assert end == ""
    assert last.startswith("nnspec: ")
    found = [COMMAND.fullmatch(command) for command in commands]
    return [
        (
            match["level"],
            dict(_pair(part) for part in match["properties"].split(",")),
            unquote(match["text"]),
        )
        for match in found
        if match is not None
    ]


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, unquote(value)


@pytest.mark.parametrize(("module", "name"), [("github", "report.github.txt"), ("markdown", "report.md")])
def test_it_writes_what_is_recorded(module: str, name: str) -> None:
    assert rendered(module, REPORT) == recorded(name)


@pytest.mark.parametrize("name", REPORTS)
def test_every_line_but_the_last_is_a_command(name: str) -> None:
    lines = rendered("github", REPORTS[name]).split("\n")
    assert len(shown_by_github(REPORTS[name])) == len(lines) - 2  # the line that sums up, and the end of it


def test_an_annotation_stands_at_the_claim_with_its_counterexample() -> None:
    ((level, properties, text),) = shown_by_github(replace(REPORT, claims=(REFUTED,), diagnostics=()))
    assert level == "error"
    assert properties == {
        "file": "car.nnspec",
        "line": "3",
        "endLine": "3",
        "col": "1",
        "endColumn": "12",
        "title": "nnspec: stops refuted",
    }
    assert text.startswith("`stops` is refuted: ")
    assert "gap    12.5 m" in text


def test_columns_are_said_of_one_line_alone() -> None:
    claim = replace(REFUTED, span=replace(span(3, 1, 12), end_line=5))
    ((_, properties, _),) = shown_by_github(replace(REPORT, claims=(claim,), diagnostics=()))
    assert (properties["line"], properties["endLine"]) == ("3", "5")
    assert not {"col", "endColumn"} & set(properties)


def test_no_name_is_a_command_or_a_property_of_its_own() -> None:
    """The names come back as they are, but for characters that steer a terminal."""
    found = shown_by_github(REPORTS["hostile"])
    assert {level for level, _, _ in found} == {"error"}
    assert all(set(p) <= {"file", "line", "endLine", "col", "endColumn", "title"} for _, p, _ in found)
    assert found[0][1]["file"] == f"{HOSTILE[0]}.nnspec"


def test_a_name_with_bytes_that_are_no_text_is_escaped() -> None:
    claim = replace(REFUTED, file=NOT_TEXT)
    ((_, properties, _),) = shown_by_github(replace(REPORT, claims=(claim,), diagnostics=()))
    assert properties["file"] == "sub dir/sp\\udcffc#?%ü,:.nnspec"


def test_the_worst_ten_are_shown_and_the_last_names_the_rest() -> None:
    found = shown_by_github(many(15))
    titles = [properties["title"] for _, properties, _ in found]
    assert titles == [*(f"nnspec: r[{i}] refuted" for i in range(9)), "nnspec: 21 more errors"]
    assert found[-1][2].startswith("and 21 more errors, which GitHub has no room for: r[9], r[10]")


def test_ten_are_shown_without_a_rest() -> None:
    found = shown_by_github(replace(many(5), diagnostics=(WARNING,)))
    assert [level for level, _, _ in found] == ["error"] * 10 + ["warning"]


def test_an_unknown_that_is_only_warned_of_is_a_warning() -> None:
    report = replace(REPORT, claims=(variant("slow", Status.UNKNOWN),), diagnostics=())
    assert [level for level, _, _ in shown_by_github(report)] == ["error"]
    asked = replace(report, invocation=Invocation(unknown_fails=False))
    assert [level for level, _, _ in shown_by_github(asked)] == ["warning"]


@pytest.mark.parametrize(
    ("file", "named"), [("a.nnspec", "sub/a.nnspec"), ("../a.nnspec", "a.nnspec"), ("/else/a.nnspec", None)]
)
def test_a_file_is_named_from_the_root_of_the_repository(file: str, named: str | None) -> None:
    report = replace(REPORT, claims=(replace(REFUTED, file=file),), diagnostics=())
    asked = Invocation(folder="/repo/sub", root="/repo")
    ((_, properties, _),) = shown_by_github(replace(report, invocation=asked))
    assert properties.get("file") == named


def test_a_run_that_decides_nothing_is_summed_up_by_what_it_has_found() -> None:
    report = replace(REPORT, claims=(), diagnostics=(ERROR, WARNING))
    assert rendered("github", report).splitlines()[-1] == "nnspec: 1 error, 1 warning"


# -- the summary ---------------------------------------------------------------------------------------


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize("name", REPORTS)
def test_every_row_of_the_table_has_its_five_cells_and_no_name_is_markup(name: str) -> None:
    text = rendered("markdown", REPORTS[name])
    assert {row.count("|") for row in rows(text)} <= {6}
    outside = re.sub(r"^(`{3,})text$.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    tags = set(re.findall(r"<[^>]*>", outside))
    assert tags <= {"<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>"}
    assert outside.count("<details>") == outside.count("</details>")


def test_a_family_has_one_row_a_verdict() -> None:
    members = [replace(PROVED, name=f"p[{i}]") for i in range(4)]
    report = replace(REPORT, claims=(*members, replace(REFUTED, name="p[4]")), diagnostics=())
    first, second = rows(rendered("markdown", report))[1:]
    assert "<code>p</code>, 4 members" in first
    assert second.startswith("| **refuted** |")


def test_a_summary_fits_into_what_github_takes() -> None:
    text = rendered("markdown", many(5000))
    assert len(text.encode()) < 2**20
    assert "for which there is no room here" in text
