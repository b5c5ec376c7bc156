"""The benchmark of injectivity: a line a question, one a random series, mistakes that are shouted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import invertibility
from benchmarks.invertibility import QUESTIONS, main
from spec_lang.kernel.verdict import Status
from tests.invertibility.brusselator import FOLDER


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Steppers of the recorded form that stay where they are."""
    for name in ("para_dep_bru", "ts_dep_bru"):
        folder = tmp_path / FOLDER / name
        folder.mkdir(parents=True)
        for number, (rows, bias) in enumerate([(3, 10), (2, 0), (2, -10)], 1):
            np.savetxt(folder / f"w{number}.txt", np.eye(rows, 2))
            np.savetxt(folder / f"b{number}.txt", np.full(2, bias))
    return tmp_path


def test_a_line_a_question(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(data), "--only", "para_300", "--random", "0"]) == 0
    line, total = capsys.readouterr().out.splitlines()
    assert line.startswith("para_300  proved    proved  ")
    assert "audit" in line
    assert total.startswith("1 of 1 decided, 0 wrong")


def test_a_contradiction_is_shouted(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (question,) = (q for q in QUESTIONS if q.name == "para_300")
    monkeypatch.setattr(invertibility, "QUESTIONS", [replace(question, expected=Status.REFUTED)])
    assert main(["--data", str(data), "--random", "0"]) == 1
    assert "WRONG" in capsys.readouterr().out


def test_a_line_for_each_random_series(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "random/no_other_preimage*", "--random", "2", "--timeout", "1"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("random/no_other_preimage 2-8-8-2")
    assert " of 2; " in line
    assert "WRONG" not in line


def test_data_that_are_not_there_are_said_to_be_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path), "--only", "para*"]) == 2
    assert "set NNSPEC_DATA" in capsys.readouterr().err
