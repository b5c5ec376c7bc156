"""Laws of `nnspec monitor`: what it writes is true where the invariant applies, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from tests.cli.running import run
from tests.tiny_networks import onnx_bytes

# `y = (relu(x0 - x1), relu(x1 - x0))` of inputs in halves.
WEIGHT = np.array([[1, -1], [-1, 1]], dtype=np.float32)
HEAD = """language 1
network f = "f.onnx" {
    input  a "m", b "m"
    output up, down
    encode x = x / 2
    domain a in [-4, 4], b in [-4, 4]
    layer  h = "hidden"
}
"""
SPEC = (
    HEAD
    + """
invariant rising of f: pattern(h, on: [0]) => output.up >= 0
region low on f = f.domain & { x | x.a <= 1 }
invariant level of f on low: let d = h[0] - h[1]: d <= 0 or input.b >= 3 => output.up >= 0
invariant bounded of f: output.up <= 8
invariant wrong of f: pattern(h, off: [0]) => output.up > 0
invariant not_both of f: not (output.up > 9 and output.down > 9)
claim other: forall x in f.domain: f(x).up >= 0
"""
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["y"]),
    ]
    data = onnx_bytes(nodes, {"x": ["N", 2]}, weights={"w": WEIGHT})
    (tmp_path / "f.onnx").write_bytes(data)
    (tmp_path / "f.nnspec").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def watched(file: str, points: np.ndarray[Any, Any]) -> dict[str, list[bool]]:
    """What the outputs of a monitor say at points of network space."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    values = session.run(names, {"x": points.astype(np.float32)})
    return {name: value.tolist() for name, value in zip(names, values, strict=True) if name != "y"}


@pytest.mark.usefixtures("folder")
def test_every_boolean_is_the_region_and_the_antecedent_in_network_space(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = "rising,level,bounded,not_both"
    status, out, _ = run(capsys, "monitor", "f.nnspec", "--invariant", names, "-o", "m.onnx")
    assert status == 0, out
    points = np.array([[a, b] for a in np.arange(-2.5, 3, 0.25) for b in np.arange(-2.5, 3, 0.25)])
    found = watched("m.onnx", points)
    a, b = 2 * points.T
    domain = (abs(a) <= 4) & (abs(b) <= 4)
    assert found["rising"] == (domain & (a > b)).tolist()
    assert found["level"] == (domain & (a <= 1) & ((a <= b) | (b >= 3))).tolist()
    assert found["bounded"] == found["not_both"] == domain.tolist()
    model = onnx.load("m.onnx")
    about = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(about["nnspec.invariant.rising"])["verdict"] == "proved"
    assert json.loads(about["nnspec.invariant.rising"])["when"] == "pattern(h, on: [0])"
    assert len(about["nnspec.network.sha256"]) == 64


def test_what_is_not_proved_is_exported_on_demand_alone_and_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "monitor", "f.nnspec", "-o", "m.onnx")
    assert status == 2
    assert out.count("error[") == 1
    assert "error[NN451]: `wrong` is not proved, but refuted" in out
    assert not (folder / "m.onnx").exists()
    assert run(capsys, "monitor", "f.nnspec", "-o", "m.onnx", "--unproved")[0] == 0
    metadata = {entry.key: entry.value for entry in onnx.load("m.onnx").metadata_props}
    assert json.loads(metadata["nnspec.invariant.wrong"])["verdict"] == "refuted"


def test_a_stored_proof_is_not_searched_for_again(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    assert run(capsys, "check", "f.nnspec", "--claim", "bounded")[0] == 0

    def never(*_arguments: object) -> object:
        raise AssertionError("a backend was asked")

    monkeypatch.setattr("spec_lang.engine.monitor.check", never)
    assert run(capsys, "monitor", "f.nnspec", "--invariant", "bounded", "-o", "m.onnx")[0] == 0


@pytest.mark.parametrize(
    ("text", "names", "said"),
    [
        ("", ["other"], "error[NN452]: `other` is a claim"),
        ("", ["rysing"], "did you mean `rising`"),
        ("invariant far of f on ball([0, 0], 1, l2): output.up <= 9", ["far"], "error[NN450]"),
        ("invariant bent of f: abs(input.a) <= 1 and max(output) <= 1 => output.up <= 9", ["bent"], ""),
        ("invariant empty of f on everywhere(f): output.up >= 0", ["empty"], "error[NN450]"),
        (
            "invariant two of f: (forall z in f.domain: f(z).up <= 9) => output.up <= 9",
            ["two"],
            "error[",
        ),
    ],
)
def test_an_antecedent_is_exported_or_it_is_said_why_not(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, names: list[str], said: str
) -> None:
    (folder / "g.nnspec").write_text(f"{SPEC}\n{text}\n")
    status, out, _ = run(capsys, "monitor", "g.nnspec", "--invariant", ",".join(names), "-o", "m.onnx")
    assert said in out
    assert status == (2 if said else 0), out


def test_invariants_of_two_networks_are_no_monitor(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "g.onnx").write_bytes((folder / "f.onnx").read_bytes())
    second = HEAD.replace("language 1\n", "").replace("network f", "network g").replace("f.onnx", "g.onnx")
    text = f"{HEAD}{second}invariant one of f: output.up <= 9\ninvariant two of g: output.up <= 9\n"
    (folder / "g.nnspec").write_text(text.replace("output up, down\n", "output up, down\n", 1))
    status, out, _ = run(capsys, "monitor", "g.nnspec", "-o", "m.onnx")
    assert status == 2
    assert "several networks" in out


@pytest.mark.usefixtures("folder")
def test_the_output_is_an_onnx_file_in_a_folder_that_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("m.txt", "nowhere/m.onnx"):
        status, _, err = run(capsys, "monitor", "f.nnspec", "-o", name)
        assert status == 2
        assert "error: `-o" in err
