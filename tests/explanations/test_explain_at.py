"""Explanations of decisions of small networks, whose minimal sets are known, and of what is refused."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from onnx import helper

from spec_lang.diagnostics import Diagnostic
from spec_lang.engine import CheckOptions
from spec_lang.engine.decision import Asked, Maker
from spec_lang.engine.explain_at import explain_at
from spec_lang.engine.prepare import parse_source
from spec_lang.engine.sources import Source
from spec_lang.explanations.model import Explained
from tests.cli.running import run
from tests.laws import law
from tests.tiny_networks import onnx_bytes

SPEC = """language 1
network f = "f.onnx" {
    encode x = x / 10
    layer h = "hidden"
    layer r = "active"
}
claim big: forall x in box(0, 10): f(x)[0] > 0
claim pair: forall x in box(0, 10), z in box(0, 10): f(x)[0] >= f(z)[0]
measure top = max f(x)[0] for x in box(0, 10)
"""


def network(weight: np.ndarray[Any, Any], bias: float) -> bytes:
    """`y = Σ relu(w x) + bias`, `w` one number for each input."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("MatMul", ["active", "ones"], ["sum"]),
        helper.make_node("Add", ["sum", "b"], ["y"]),
    ]
    size = len(weight)
    weights = {
        "w": np.diag(weight).astype(np.float32),
        "ones": np.ones((size, 1), np.float32),
        "b": np.array([bias], np.float32),
    }
    return onnx_bytes(nodes, {"x": [1, size]}, weights=weights)


def explained(
    folder: Path, data: bytes, at: str, layer: str | None = None, within: str | None = None
) -> Explained | Diagnostic:
    (folder / "f.onnx").write_bytes(data)
    spec = parse_source(Source("f.nnspec", SPEC, folder))
    maker = Maker(spec, Asked("big", at, within, layer), CheckOptions(timeout=None, budget=20_000))
    decision = maker.make()
    assert decision is not None, list(maker.problems)
    return explain_at(decision, maker.options)


@law(
    2,
    60,
    weights=st.lists(st.integers(0, 4), min_size=4, max_size=6),
    point=st.lists(st.integers(0, 2), min_size=6, max_size=6),
    bias=st.sampled_from([-0.5, -1.5, -2.5]),
)
def test_the_inputs_found_are_a_minimal_set_of_all_subsets(
    tmp_path_factory: pytest.TempPathFactory, weights: list[int], point: list[int], bias: float
) -> None:
    """With the others at 0, where each matters least, `Σ w x / 2` of what is kept has to exceed `-bias`."""
    here = [value * 5 for value in point[: len(weights)]]
    reached = [w * value / 2 for w, value in zip(weights, point, strict=False)]
    found = explained(tmp_path_factory.mktemp("f"), network(np.array(weights), bias), str(here))
    if sum(reached) + bias <= 0:
        assert isinstance(found, Diagnostic)
        assert found.code == "NN461"
        return
    assert isinstance(found, Explained)
    kept = {one.element for one in found.stayed}
    assert sum(reached[i] for i in kept) + bias > 0
    for fewer in combinations(sorted(kept), max(0, len(kept) - 1)):
        assert not kept or sum(reached[i] for i in fewer) + bias <= 0
    assert found.minimal
    for one in found.stayed:  # the counterexample changes this element, and none other that stayed
        names = {change.name for change in one.changes}
        assert found.elements[one.element].name in names
        assert names.isdisjoint(found.elements[other].name for other in kept - {one.element})


@pytest.mark.parametrize("layer", ["h", "r", "hidden"])
def test_the_neurons_found_are_a_minimal_set(tmp_path: Path, layer: str) -> None:
    """`y = 1/2 - 2 relu(x0 - x1) + relu(x1 - x0)`, and a third neuron that does not matter."""
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "v", "c"], ["y"]),
    ]
    weights = {
        "w": np.array([[1, -1, 1], [-1, 1, 1]], np.float32),
        "b": np.array([0, 0, 1], np.float32),
        "v": np.array([[-2], [1], [0]], np.float32),
        "c": np.array([0.5], np.float32),
    }
    found = explained(tmp_path, onnx_bytes(nodes, {"x": [1, 2]}, weights=weights), "[0, 10]", layer)
    assert isinstance(found, Explained), found
    (stayed,) = found.stayed  # that relu(x0 - x1) is off, or that relu(x1 - x0) is on: each implies the other
    assert (stayed.element, stayed.changes[0].before) in ((0, "off"), (1, "on"))
    assert found.what == f"neurons of {layer}"
    assert found.minimal


def test_phases_that_do_not_imply_a_decision_are_shown_to_fail(tmp_path: Path) -> None:
    """`y = relu(x0) + relu(x1) - 3/2`: at (1, 9/10) both are on, and so they are at (1, 1/10)."""
    found = explained(tmp_path, network(np.array([1, 1]), -1.5), "[10, 9]", "h")
    assert isinstance(found, Diagnostic)
    assert found.code == "NN462"
    (note,) = found.notes
    assert "no neuron changes its phase" in note.text
    assert "→" in note.text
    assert "fails: f(x)[0] > 0" in note.text
    assert found.fix is not None
    match = re.search(r"`--within` less than ([0-9.]+);", found.fix)
    assert match is not None
    assert 2 <= float(match[1]) <= 10
    nearer = explained(tmp_path, network(np.array([1, 1]), -1.5), "[10, 9]", "h", within="1")
    assert isinstance(nearer, Explained)


def test_what_is_free_stays_near_the_point_where_that_is_asked(tmp_path: Path) -> None:
    data = network(np.array([1, 1]), -1.5)
    everywhere = explained(tmp_path, data, "[9, 9]")
    near = explained(tmp_path, data, "[9, 9]", within="1/2")
    assert isinstance(everywhere, Explained)
    assert isinstance(near, Explained)
    assert len(everywhere.stayed) == 2
    assert near.stayed == ()


def test_without_time_everything_stays_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "f.onnx").write_bytes(network(np.array([1, 2, 3]), -2.5))
    spec = parse_source(Source("f.nnspec", SPEC, tmp_path))
    maker = Maker(spec, Asked("big", "[10, 10, 10]"), CheckOptions(timeout=None, budget=1))
    decision = maker.make()
    assert decision is not None
    found = explain_at(decision, maker.options)
    if isinstance(found, Explained):
        assert all(one.reason or one.changes for one in found.stayed)
        assert found.minimal is not any(one.reason for one in found.stayed)
    else:
        assert "not decided" in found.problem


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "f.onnx").write_bytes(network(np.array([1, 1, 1]), -1.5))
    (tmp_path / "f.nnspec").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["f.nnspec::pair", "--at", "[1, 1, 1]"], "error[NN460]"),
        (["f.nnspec::top", "--at", "[1, 1, 1]"], "error[NN460]"),
        (["f.nnspec::big", "--at", "[0, 0, 0]"], "error[NN461]: `big` does not hold at this point"),
        (["f.nnspec::big", "--at", "[99, 9, 9]"], "error[NN461]: the point is not in the region"),
        (
            ["f.nnspec::big", "--at", "[9, 9]"],
            "error[NN461]: `[9, 9]` has 2 numbers, and the network 3 inputs",
        ),
        (["f.nnspec::big", "--at", "[9]"], "error[NN461]: `[9]` has 1 number, and the network 3 inputs"),
        (["f.nnspec::big", "--at", "p.npy"], "error[NN461]: `p.npy` is a file, and no point of the spec's"),
        (["f.nnspec::big", "--at", "[9, 9, 9]", "--within", "-1"], "error[NN461]: nothing is within `-1`"),
        (["f.nnspec::big", "--at", "[9, 9, 9"], "error[NN"),
        (["f.nnspec::big", "--at", "[9, 9, 9]", "--neurons", "none"], "error[NN"),
        (["f.nnspec::big", "--at", "[10, 9, 0]", "--neurons", "h"], "error[NN462]"),
        (["f.nnspec::big", "--within", "1"], "`--within` is for an explanation at a point"),
        (["f.onnx", "--at", "[1, 1]", "--within", "1"], "error[NN461]: `[1, 1]` has 2 numbers"),
        (["f.onnx", "--at", "[1, 1, 1]", "--within", "-0.5"], "error[NN461]: nothing is within `-0.5`"),
        (["f.onnx", "--at", "[1, 1, 1]"], "does not say where its inputs may be"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_cannot_be_explained_is_said(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    status, out, err = run(capsys, "explain", *arguments)
    assert status == 2
    assert said in out + err


def test_a_model_of_several_inputs_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = onnx_bytes([helper.make_node("Add", ["u", "v"], ["y"])], {"u": [1, 2], "v": [1, 2]})
    (folder / "two.onnx").write_bytes(data)
    status, out, err = run(capsys, "explain", "two.onnx", "--at", "[1, 1]", "--within", "1")
    assert status == 2
    assert "error[NN460]: `two.onnx` has 2 inputs" in out + err


def test_a_model_is_explained_at_a_file_or_an_expression_alike(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(folder / "p.npy", np.array([1.0, 0.75, 0.5]))
    found = []
    for at in ("p.npy", "[1, 3/4, 1/2]"):
        command = ("explain", "f.onnx", "--at", at, "--within", "0.5", "--output-format", "json")
        status, out, _ = run(capsys, *command)
        assert status == 0, out
        found.append(json.loads(out)["explanation"])
    assert found[0]["enough"] == found[1]["enough"]
    assert found[0]["implied"] == "f(x)[0] > 0"
    assert found[0]["minimal"] is True


def test_people_are_shown_what_stays_and_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "explain", "f.nnspec::big", "--at", "[10, 10, 10]")
    assert (status, folder.exists()) == (0, True)
    assert "2 of 3 inputs are enough" in out
    assert "minimal: each of the 2 has a counterexample" in out
    assert out.count("else x[") == 2
