"""The comparison with NeuroDiff: a line a task, sums, and a contradiction that is shouted."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from benchmarks.equivalence import main
from tests.tiny_networks import onnx_model

COLUMNS = (
    *("task_id", "family", "net_a", "net_b", "bounds_key", "outputs", "epsilon", "expected", "origin"),
    *("pub_neurodiff_verdict", "pub_neurodiff_time_s", "local_neurodiff_verdict", "local_neurodiff_time_s"),
    *("neurodiff_root_lower", "neurodiff_root_upper"),
    *("neurodiff_extravars_root_lower", "neurodiff_extravars_root_upper"),
)


def write_network(path: Path, shift: float) -> None:
    """`y = relu(x) − relu(−x) + shift`"""
    weights = {"w": np.array([[1, -1]]), "v": np.array([[1], [-1]]), "b": np.array([shift])}
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["z"]),
        helper.make_node("Relu", ["z"], ["h"]),
        helper.make_node("Gemm", ["h", "v", "b"], ["y"]),
    ]
    arrays = {name: array.astype(np.float32) for name, array in weights.items()}
    path.write_bytes(onnx_model(nodes, {"x": [1, 1]}, ["y"], weights=arrays).SerializeToString())


def folder_of_tasks(folder: Path, expected: str = "violated") -> Path:
    """Two tasks about `y = x` and `y = x + 1/4`: within 1 they agree, within 1/8 they do not."""
    (folder / "differential" / "nets").mkdir(parents=True)
    write_network(folder / "differential" / "nets" / "a.onnx", 0.0)
    write_network(folder / "differential" / "nets" / "b.onnx", 0.25)
    rows = [
        {"task_id": "wide", "epsilon": "1", "expected": "holds", "neurodiff_root_lower": "-0.5"},
        {"task_id": "narrow", "epsilon": "0.125", "expected": expected, "neurodiff_root_lower": "-1"},
    ]
    common = {
        "family": "acas",
        "net_a": "a.onnx",
        "net_b": "b.onnx",
        "bounds_key": "k",
        "outputs": "0",
        "origin": "published",
        "neurodiff_root_upper": "0.5",
        "local_neurodiff_verdict": "proved",
        "local_neurodiff_time_s": "2.0",
        "pub_neurodiff_verdict": "undetermined",
    }
    with (folder / "differential" / "tasks.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows({**common, **row} for row in rows)
    np.savez(folder / "differential" / "bounds.npz", k__lo=np.array([-1.0]), k__hi=np.array([1.0]))
    return folder


def test_a_line_a_task_and_sums(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(folder_of_tasks(tmp_path)), "--jobs", "1"]) == 0
    out = capsys.readouterr().out
    assert "wide    proved    proved" in out
    assert "narrow  refuted   refuted" in out
    assert "acas published 1" in out
    assert "NeuroDiff, local:" in out
    assert "NeuroDiff, published" not in out
    assert out.endswith("0 wrong\n")


def test_a_contradiction_is_shouted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = folder_of_tasks(tmp_path, expected="holds")
    assert main(["--data", str(data), "--jobs", "1", "--only", "narrow"]) == 1
    assert "WRONG" in capsys.readouterr().out


def test_the_bounds_of_the_whole_box_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(folder_of_tasks(tmp_path)), "--roots"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[:2]] == ["0.500×", "0.250×"]
    assert lines[2].startswith("acas: the worst 0.500×")


def test_data_that_are_not_there_are_said_to_be_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path)]) == 2
    assert "no task in" in capsys.readouterr().err
