"""The comparison of the planner with single backends: what its sums say."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.instances import Instance
from benchmarks.measured import Measured
from benchmarks.planner import cell, main, summary

INSTANCE = Instance(Path("n.onnx"), Path("q.vnnlib"), "sat")


def measured(answer: str, seconds: float) -> Measured:
    return Measured(INSTANCE, answer, None, seconds, (), 0)


def test_who_does_not_decide_has_spent_the_limit() -> None:
    rows = [
        {"planner": measured("sat", 2.0), "a": measured("sat", 1.0), "b": measured("unknown", 0.5)},
        {"planner": measured("sat", 4.0), "a": measured("sat", 3.0), "b": measured("sat", 0.1)},
    ]
    *sums, ratio = summary(rows, 10.0)
    assert sums == [
        "planner      2 of 2 decided,      6.0 s with the limit for the rest",
        "a            2 of 2 decided,      4.0 s with the limit for the rest",
        "b            1 of 2 decided,     10.1 s with the limit for the rest",
    ]
    assert ratio == "the planner takes 1.50 times the seconds of a alone"


@pytest.mark.parametrize(("answer", "mark"), [("sat", " "), ("unknown", "?"), ("error", "?"), ("unsat", "!")])
def test_a_cell_marks_what_is_open_and_what_contradicts(answer: str, mark: str) -> None:
    assert cell(measured(answer, 1.5)) == f"     1.50{mark}"


def test_data_that_are_not_there_are_said_to_be_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path / "nowhere")]) == 2
    assert "set NNSPEC_DATA" in capsys.readouterr().err


@pytest.mark.slow
def test_every_backend_has_a_column(data_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--family", "test", "--only", "test_tiny*", "--using", "bounds", "--using", "falsify"]
    assert main(["--data", str(data_root), "--timeout", "5", *options]) == 0
    head, row, *_ = capsys.readouterr().out.splitlines()
    assert head.split() == ["planner", "bounds", "falsify"]
    assert row.endswith("?")
