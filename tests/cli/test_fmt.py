"""Laws of `nnspec fmt` as a command: what it writes, prints, and exits with."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from spec_lang.cli import main
from tests.cli.running import run

UGLY = "language 1\nparam   a=1  # one\nclaim c:forall x in box(0,1):x[0]<=a\n"
WRONG = "claim c: (\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ugly.nnspec").write_text(UGLY)
    (tmp_path / "zneat.nnspec").write_text(laid_out(UGLY, tmp_path))
    return tmp_path


def laid_out(text: str, folder: Path) -> str:
    """`text` as the command writes it."""
    path = folder / "laid_out.nnspec"
    path.write_text(text)
    assert main(["fmt", str(path)]) == 0
    result = path.read_text()
    path.unlink()
    return result


def through_stdin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, *options: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    return run(capsys, "fmt", *options, "-")


def test_files_are_written_and_those_that_changed_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    neat = (folder / "zneat.nnspec").read_text()
    capsys.readouterr()
    status, out, err = run(capsys, "fmt", folder)
    assert (status, err) == (0, "")
    assert out == f"changed  {folder / 'ugly.nnspec'}\n1 of 2 files changed\n"
    assert (folder / "ugly.nnspec").read_text() == neat != UGLY
    assert run(capsys, "fmt", folder) == (0, "0 of 2 files changed\n", "")


def test_check_writes_nothing_and_exits_with_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    status, out, err = run(capsys, "fmt", "--check", folder)
    assert (status, err) == (1, "")
    assert out == f"would change  {folder / 'ugly.nnspec'}\n1 of 2 files would change\n"
    assert (folder / "ugly.nnspec").read_text() == UGLY
    assert run(capsys, "fmt", "--check", folder / "zneat.nnspec")[0] == 0


def test_diff_shows_what_would_change(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    status, out, err = run(capsys, "fmt", "--diff", folder)
    assert (status, err) == (1, "")
    lines = out.splitlines()
    assert lines[0] == f"--- {folder / 'ugly.nnspec'}"
    assert "-claim c:forall x in box(0,1):x[0]<=a" in lines
    assert (folder / "ugly.nnspec").read_text() == UGLY
    assert run(capsys, "fmt", "--diff", folder / "zneat.nnspec") == (0, "", "")


def test_diff_and_check_together_show_and_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    status, out, _ = run(capsys, "fmt", "--diff", "--check", folder)
    assert status == 1
    assert out.startswith("--- ")
    assert out.endswith("1 of 2 files would change\n")


def test_a_file_with_a_mistake_is_left_and_the_others_are_laid_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = folder / "wrong.nnspec"
    wrong.write_text(WRONG)
    capsys.readouterr()
    status, out, err = run(capsys, "fmt", folder)
    assert status == 2
    assert "error[NN012]" in err
    assert "1 | claim c: (" in err
    assert out.endswith("1 of 2 files changed\n")
    assert wrong.read_text() == WRONG


@pytest.mark.parametrize(
    ("options", "status"), [((), 0), (("--check",), 1), (("--diff",), 1)], ids=["write", "check", "diff"]
)
def test_stdin_is_laid_out_to_stdout(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    status: int,
) -> None:
    expected = laid_out(UGLY, tmp_path)
    capsys.readouterr()
    found, out, err = through_stdin(monkeypatch, capsys, UGLY, *options)
    assert (found, err) == (status, "")
    starts = {(): expected, ("--check",): "would change  <stdin>\n", ("--diff",): "--- <stdin>\n"}
    assert out.startswith(starts[options])


def test_what_is_wrong_on_stdin_is_said_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = through_stdin(monkeypatch, capsys, WRONG)
    assert (status, out) == (2, "")
    assert "error[NN012]" in err
    assert "1 | claim c: (" in err


def test_stdin_stands_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    status, out, err = run(capsys, "fmt", "-", folder)
    assert (status, out) == (2, "")
    assert "`-` is stdin, and stands alone" in err


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "fmt", tmp_path / "nothing.nnspec")
    assert status == 2
    assert "error[NN401]" in err


@pytest.mark.parametrize("example", ["braking", "compression", "digits", "moons"])
def test_the_examples_are_laid_out(checkout: Path, capsys: pytest.CaptureFixture[str], example: str) -> None:
    assert run(capsys, "fmt", "--check", checkout / "examples" / example)[0] == 0
