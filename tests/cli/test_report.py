"""`nnspec report`, and the page as an output of `nnspec check`."""

from __future__ import annotations

from pathlib import Path

import pytest

from spec_lang import check
from tests.cli.running import run
from tests.engine.specs import FAILS, HOLDS, write


def test_report_writes_the_page_beside_the_usual_report_and_says_where_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page with blanks.html"
    status, out, err = run(capsys, "report", write(tmp_path, HOLDS, FAILS), "--html", page, "--jobs", "1")
    assert status == 1
    assert "1 proved, 1 refuted" in out
    assert err == f"the page is {page.as_uri()}\n"
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "claim fails: forall x in f.domain" in text  # the source of a claim
    assert 'class="slice"' in text
    assert "<h2>Networks</h2>" in text


def test_report_takes_the_options_of_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    options = ("--claim", "holds", "--output-format", "json", "--no-cache", "--jobs", "1")
    status, out, _ = run(capsys, "report", write(tmp_path, HOLDS, FAILS), "--html", page, *options)
    assert status == 0
    assert out.startswith("{")
    assert "fails</bdi>" not in page.read_text(encoding="utf-8")


def test_report_without_a_place_for_the_page_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(capsys, "report", write(tmp_path, HOLDS))
    assert status == 2
    assert "--html" in err


def test_the_page_is_an_output_of_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    spec = write(tmp_path, FAILS)
    status, out, _ = run(
        capsys, "check", spec, "--jobs", "1", "--output-format", "html", "--output-file", page,
        "--output-format", "plain",
    )  # fmt: skip
    assert status == 1
    assert "1 refuted" in out
    assert 'class="slice"' in page.read_text(encoding="utf-8")


def test_a_check_whose_report_is_only_read_computes_no_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spec_lang.engine.decide.pictured", lambda *_: pytest.fail("a picture"))
    assert run(capsys, "check", write(tmp_path, FAILS), "--jobs", "1")[0] == 1


def test_a_report_of_python_has_pictures_unless_they_are_not_wanted(tmp_path: Path) -> None:
    spec = write(tmp_path, FAILS)
    seen, unseen = check(spec), check(spec, pictures=False)
    assert 'class="slice"' in seen._repr_html_()
    assert 'class="slice"' in seen["fails"]._repr_html_()
    assert 'class="slice"' in seen.html()
    assert 'class="slice"' not in unseen.html()
