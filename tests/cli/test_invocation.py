"""Reports that are read elsewhere: the repository's root, the exit status, the summary of a job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.cli.running import run
from tests.engine.specs import FAILS, HOLDS, write

SLOW = "claim slow @timeout(0.001): forall x in f.domain: f(x).p * f(x).p <= 1e9\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Git keeps, of whose folder `specs` the commands are run; this is no step of a job."""
    for name in ("GITHUB_WORKSPACE", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".git").mkdir()
    specs = tmp_path / "specs"
    specs.mkdir()
    write(specs, HOLDS, FAILS)
    monkeypatch.chdir(specs)
    return tmp_path


def sarif(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    status, out, _ = run(capsys, "check", "--no-cache", "--output-format", "sarif", *arguments)
    return status, json.loads(out)["runs"][0]


def artifact(result: dict[str, Any]) -> str:
    return str(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


def test_files_are_named_from_the_folder_that_git_keeps(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = sarif(capsys)
    assert [artifact(result) for result in found["results"]] == ["specs/f.nnspec"]
    assert found["originalUriBaseIds"]["%SRCROOT%"]["uri"] == repository.as_uri() + "/"
    assert found["invocations"][0]["exitCode"] == status == 1


def test_files_are_named_from_githubs_workspace_where_the_run_is_in_it(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(repository.parent))
    assert artifact(sarif(capsys)[1]["results"][0]) == f"{repository.name}/specs/f.nnspec"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(repository / "elsewhere"))
    assert artifact(sarif(capsys)[1]["results"][0]) == "specs/f.nnspec"


def test_an_unknown_is_what_the_option_says(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(repository / "specs", SLOW)
    status, found = sarif(capsys)
    assert (status, found["results"][0]["kind"]) == (3, "fail")
    status, found = sarif(capsys, "--unknown", "warn")
    assert (status, found["results"][0]["kind"], found["invocations"][0]["exitCode"]) == (0, "open", 0)


def test_a_summary_of_the_job_goes_with_annotations_and_with_nothing_else(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = repository / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    run(capsys, "check", "--no-cache")
    assert not summary.exists()
    status, out, _ = run(capsys, "check", "--no-cache", "--output-format", "github")
    assert (status, out.count("::error file=specs/f.nnspec,")) == (1, 1)
    run(capsys, "lint", "--output-format", "github")
    headings = [line for line in summary.read_text().splitlines() if line.startswith("## ")]
    assert [heading.partition(" in ")[0] for heading in headings] == [
        "## nnspec: 1 proved, 1 refuted",
        "## nnspec: 0 errors, 0 warnings",
    ]


def test_a_summary_that_cannot_be_written_is_said(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(repository))
    status, _, err = run(capsys, "check", "--no-cache", "--output-format", "github")
    assert status == 2
    assert "the job's summary" in err


def test_a_mistake_in_a_spec_is_an_annotation_of_lint(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(repository / "specs", "claim bad: forall x in f.domain: f(x).z >= 0\n")
    status, out, _ = run(capsys, "lint", "--output-format", "github")
    assert status == 2
    assert out.startswith("::error file=specs/f.nnspec,line=6,endLine=6,col=")


def test_the_schema_of_the_report_is_printed(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    status, out, _ = run(capsys, "explain", "schema")
    assert status == 0
    schema = json.loads(out)
    Draft202012Validator.check_schema(schema)
    _, report, _ = run(capsys, "check", str(repository / "specs"), "--output-format", "json")
    Draft202012Validator(schema).validate(json.loads(report))


def test_several_formats_are_written_by_one_run(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["json", "sarif", "junit", "github", "markdown"]
    options = [part for name in wanted for part in ("--output-format", name, "--output-file", f"r.{name}")]
    run(capsys, "check", "--no-cache", *options)
    assert all((repository / "specs" / f"r.{name}").stat().st_size > 100 for name in wanted)
