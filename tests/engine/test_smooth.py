"""Claims about networks with Sigmoid and Tanh, from ONNX file and text to verdict."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from spec_lang.engine import CheckOptions, check
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.reporters.model import ClaimReport
from tests.tiny_networks import onnx_model

HEAD = """
network f = "f.onnx" { input a, b  output p, q  layer h = "h" }
network g = "g.onnx" { input a, b  output p, q }
region near on f = box(-0.5, 0.5)
"""


def save(folder: Path, name: str, shift: float) -> None:
    """Gemm, Tanh, Gemm, Relu, Gemm, Sigmoid."""
    rng = np.random.default_rng(5)
    weights = {
        f"w{i}": rng.standard_normal(shape).astype(np.float32)
        for i, shape in enumerate([(4, 2), (4, 4), (2, 4)])
    }
    weights |= {f"b{i}": np.full(size, 0.1 * i + shift, np.float32) for i, size in enumerate([4, 4, 2])}
    nodes, value = [], "x"
    for i, (operator, result) in enumerate([("Tanh", "h"), ("Relu", "r"), ("Sigmoid", "y")]):
        nodes.append(helper.make_node("Gemm", [value, f"w{i}", f"b{i}"], [f"z{i}"], transB=1))
        nodes.append(helper.make_node(operator, [f"z{i}"], [result]))
        value = result
    model = onnx_model(nodes, {"x": [1, 2]}, ["y"], weights=weights)
    (folder / name).write_bytes(model.SerializeToString())


def only(folder: Path, claim: str, **options: object) -> ClaimReport:
    save(folder, "f.onnx", 0.0)
    save(folder, "g.onnx", 1e-4)
    spec = folder / "spec.nnspec"
    spec.write_text(f"{HEAD}\n{claim}\n")
    report = check([spec], CheckOptions(timeout=20, jobs=1, **options))  # type: ignore[arg-type]
    assert not [d for d in report.diagnostics if d.is_error], report.diagnostics
    return report.claims[0]


@pytest.mark.parametrize(
    "claim",
    [
        "forall x in box(-1e9, 1e9): f(x).p > 0 and f(x).q < 1",
        "forall x in box(-1e9, 1e9), j: abs(f.h(x)[j]) <= 1",
        "forall x in near: abs(f(x).p - g(x).p) <= 0.01",
        "forall x in near: f.h(x)[0] < 0.9999",
        "exists x in near: f(x).p > f(x).q or f(x).q > f(x).p",
    ],
)
def test_true_claims_are_proved_and_the_proofs_checked(tmp_path: Path, claim: str) -> None:
    found = only(tmp_path, f"claim c: {claim}")
    assert found.status is Status.PROVED, found.reason
    assert found.evidence is not None
    assert found.evidence.kind in (EvidenceKind.CHECKED, EvidenceKind.CHECKED_ROUNDED)


@pytest.mark.parametrize("claim", ["f(x).p >= 0.9999", "f.h(x)[1] >= 0.5", "abs(f(x).p - g(x).p) <= 1e-9"])
def test_false_claims_are_refuted_and_onnxruntime_agrees(tmp_path: Path, claim: str) -> None:
    found = only(tmp_path, f"claim c: forall x in near: {claim}")
    assert found.status is Status.REFUTED, found.reason
    assert found.counterexample is not None
    assert found.counterexample.replay.exact
    assert found.counterexample.replay.onnxruntime is not False
    assert all(-1 < reading.problem < 1 for reading in found.counterexample.outputs)


def test_outputs_of_a_counterexample_are_those_of_the_network(tmp_path: Path) -> None:
    found = only(tmp_path, "claim c: forall x in near: f(x).p >= 0.9999").counterexample
    assert found is not None
    outputs = found.replay.onnxruntime_outputs
    assert outputs is not None
    for reading, near in zip(found.outputs, outputs, strict=True):
        assert abs(reading.network - Fraction(near)) <= Fraction(1, 10**5)
