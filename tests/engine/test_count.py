"""Counts of linear regions, from a spec to its report: encoded points, evidence, and mistakes."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from spec_lang.engine import CheckOptions, check
from spec_lang.engine.audit import audit
from spec_lang.engine.explain import explain
from spec_lang.engine.lint import lint
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.obligations.model import Semantics
from spec_lang.reporters.json import REPORTER
from spec_lang.reporters.model import ClaimReport
from tests.cli.running import run
from tests.reporters.test_reporters import problems
from tests.tiny_networks import onnx_model

# |x| of a length in network space, so that 2 is a kink in problem space; and its data.
HEAD = """network f = "f.onnx" { input x   output y   encode x = x / 3 - 2/3 }
data lengths = "lengths.npz" { at: real[N, 1]; one: real[1]; wide: real[N, 2]; odd "bad": real[N, 1] }
"""


def write(folder: Path, *measures: str, model: onnx.ModelProto | None = None, head: str = HEAD) -> Path:
    """A spec over |x|, and lengths on both sides of its kink."""
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "w2"], ["y"]),
    ]
    weights = {"w1": np.array([[1, -1]], dtype=np.float32), "w2": np.array([[1], [1]], dtype=np.float32)}
    made = model or onnx_model(nodes, {"x": ["batch", 1]}, weights=weights)
    (folder / "f.onnx").write_bytes(made.SerializeToString())
    at = np.array([[0.5], [1.0], [2.0], [2.5], [7.0]])
    bad = np.where(at == 1, np.nan, at)
    np.savez(folder / "lengths.npz", at=at, one=at[0], wide=np.repeat(at, 2, axis=1), bad=bad)
    path = folder / "f.nnspec"
    path.write_text(head + "".join(f"measure {measure}\n" for measure in measures), encoding="utf-8")
    return path


def ends(claim: ClaimReport) -> tuple[int, int]:
    assert claim.measurement is not None, claim.reason
    lower, upper = claim.measurement.ends
    assert {lower.value.denominator, upper.value.denominator} == {1}
    return int(lower.value), int(upper.value)


def test_points_are_counted_in_the_units_of_the_spec(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "all = regions of f over lengths.at",
        "left = regions of f over lengths.at[0:3]",
        "kink = regions of f over [[2]]",
        "few[i in 0..<3] = regions of f over [lengths.at[i], [1 + 2 * i]]",
    )
    report = check([path])
    found = {claim.name: ends(claim) for claim in report}
    assert found == {
        "all": (2, 2),
        "left": (1, 1),
        "kink": (1, 1),
        "few[0]": (1, 1),
        "few[1]": (2, 2),
        "few[2]": (1, 1),
    }
    assert {claim.status for claim in report} == {Status.PROVED}
    assert report["all"].note == (
        "5 points, 1 of them on facets; lower: maps that differ, upper: activation patterns"
    )
    assert check([path], CheckOptions(jobs=2))["all"].measurement == report["all"].measurement


def test_what_vouches_is_said_and_can_be_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "sides = regions of f over [[0.5], [1]]")
    evidence = check([path])["sides"].evidence
    assert evidence is not None
    assert evidence.kind is EvidenceKind.CHECKED_ROUNDED
    (claim,) = check([path], CheckOptions(evidence=EvidenceKind.CHECKED))
    assert claim.evidence is not None
    assert (claim.evidence.kind, ends(claim)) == (EvidenceKind.CHECKED, (1, 1))
    assert dict(claim.work) == {"points": 2, "points in integers": 2}


def test_an_audit_counts_anew(tmp_path: Path) -> None:
    path = write(tmp_path, "all = regions of f over lengths.at")
    store = tmp_path / "store"
    check([path], CheckOptions(store=store))
    found = audit([path], CheckOptions(store=store, timeout=None))
    assert (found.accepted, found.report["all"].status, ends(found.report["all"])) == (
        0,
        Status.PROVED,
        (2, 2),
    )


def test_a_report_has_the_bracket(tmp_path: Path) -> None:
    path = write(tmp_path, "all = regions of f over lengths.at")
    stream = StringIO()
    REPORTER.render(check([path]), stream)
    document = json.loads(stream.getvalue())
    assert problems(document) == []
    (claim,) = document["claims"]
    assert (claim["verdict"], claim["bracket"]) == ("proved", [2, 2])
    assert claim["measure"]["precision"] is None
    assert (claim["measure"]["asked"], claim["measure"]["of"]) == ("regions", "f over lengths.at")


def test_the_command_line_shows_whole_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # One ReLU is read with weight 0: two patterns, and one map.
    nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node("Mul", ["r", "w"], ["y"])]
    unread = onnx_model(nodes, {"x": ["batch", 1]}, weights={"w": np.zeros(1, dtype=np.float32)})
    path = write(tmp_path, "all = regions of f over lengths.at", model=unread)
    status, out, _ = run(capsys, "check", path, "--output-format", "plain")
    assert status == 0
    assert "[1, 2] regions" in out
    status, out, _ = run(capsys, "plan", path)
    assert (status, "the kernel counts by itself: no backend is asked" in out) == (0, True)
    status, out, _ = run(capsys, "fmt", path, "--diff")
    assert "regions of f over lengths.at" not in [line[1:] for line in out.splitlines() if line[:1] == "-"]


def test_an_explanation_says_what_is_counted(tmp_path: Path) -> None:
    text, _ = explain([write(tmp_path, "all = regions of f over lengths.at")], CheckOptions())
    assert "complete linear regions" in text
    assert "size: 5 points of 1 inputs, 1 layers of ReLUs" in text


def test_a_count_that_has_no_time_is_unknown(tmp_path: Path) -> None:
    (claim,) = check([write(tmp_path, "all = regions of f over lengths.at")], CheckOptions(timeout=0))
    assert (claim.status, claim.reason) == (Status.UNKNOWN, "timeout: the points were not all looked at")


def test_nothing_is_wrong_with_a_count(tmp_path: Path) -> None:
    path = write(tmp_path, "all = regions of f over lengths.at")
    assert lint([path], CheckOptions()).report.diagnostics == ()


@pytest.mark.parametrize(
    ("measure", "code", "problem"),
    [
        ("m = regions of f over lengths.one", "NN119", "what regions are counted over has shape [N, 1]"),
        ("m = regions of f over lengths.wide", "NN119", "what regions are counted over has shape [N, 1]"),
        ("m = regions of f over 3", "NN119", "what regions are counted over has shape [N, 1]"),
        ("m = regions of f over lengths", "NN118", ""),
        ("m = regions of f over lengths.there", "NN117", ""),
        ("m = regions of f over lengths.odd", "NN150", ""),
        ("m = regions of f over missing.at", "NN102", ""),
        ("m = regions of f over f.domain", "NN118", ""),
        ("m = regions of missing over lengths.at", "NN102", ""),
        ("m = regions of lengths over lengths.at", "NN162", "linear regions are those of a network"),
        ("m = regions of softmax(f) over lengths.at", "NN162", "linear regions are those of a network"),
        ("m = regions of f[0] over lengths.at", "NN162", "linear regions are those of a network"),
        ("m @using(bounds) = regions of f over lengths.at", "NN111", "no backend takes part"),
        ("m @expect(refuted) = regions of f over lengths.at", "NN111", "a count is not refuted"),
        ("m @semantics(float32) = regions of f over lengths.at", "NN143", "a network that rounds has none"),
        ("m = regions of f over lengths.at\nclaim few: m <= 3", "NN161", "`m` counts linear regions"),
        ("m = regions of f over lengths.at\nclaim few: forall i in {1}: m + i <= 3", "NN160", ""),
    ],
)
def test_mistakes_are_diagnosed(tmp_path: Path, measure: str, code: str, problem: str) -> None:
    found = check([write(tmp_path, measure)]).diagnostics
    assert [diagnostic.code for diagnostic in found] == [code]
    assert problem in found[0].problem


@pytest.mark.parametrize("operator", ["Sigmoid", "Tanh"])
def test_a_smooth_network_has_no_regions(tmp_path: Path, operator: str) -> None:
    model = onnx_model([helper.make_node(operator, ["x"], ["y"])], {"x": ["batch", 1]})
    found = check([write(tmp_path, "m = regions of f over lengths.at", model=model)]).diagnostics
    assert [diagnostic.code for diagnostic in found] == ["NN162"]
    assert "is not piecewise linear" in found[0].problem


def test_a_network_with_two_inputs_has_no_rows_of_data(tmp_path: Path) -> None:
    model = onnx_model([helper.make_node("Add", ["a", "b"], ["y"])], {"a": [1, 1], "b": [1, 1]})
    head = 'network f = "f.onnx"\n'
    found = check([write(tmp_path, "m = regions of f over [[1, 2]]", model=model, head=head)]).diagnostics
    assert [diagnostic.code for diagnostic in found] == ["NN162"]
    assert "several inputs" in found[0].problem


def test_a_run_in_float32_counts_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "m = regions of f over lengths.at")
    found = check([path], CheckOptions(semantics=Semantics.FLOAT32)).diagnostics
    assert [diagnostic.code for diagnostic in found] == ["NN143"]


def test_images_may_be_tensors_or_vectors_of_as_many_numbers(tmp_path: Path) -> None:
    weight = np.array([[[[1, -1], [2, 0]]], [[[-1, 1], [0, 3]]]], dtype=np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["y"], kernel_shape=[2, 2]),
    ]
    model = onnx_model(nodes, {"x": ["batch", 1, 3, 3]}, weights={"w": weight})
    images = np.random.default_rng(0).integers(-9, 9, (40, 1, 3, 3)).astype(np.float64)
    np.savez(tmp_path / "images.npz", whole=images, flat=images.reshape(40, 9))
    head = 'network f = "f.onnx"\ndata images = "images.npz" { whole: real[N, 1, 3, 3]; flat: real[N, 9] }\n'
    path = write(
        tmp_path,
        "whole = regions of f over images.whole",
        "flat = regions of f over images.flat",
        model=model,
        head=head,
    )
    whole, flat = check([path])
    assert ends(whole) == ends(flat)
    assert 1 < ends(whole)[0] <= ends(whole)[1] <= 40
