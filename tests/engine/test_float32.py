"""Claims under float32 semantics, from the text to the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from spec_lang.engine import check
from spec_lang.engine.options import CheckOptions
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.model import Semantics
from spec_lang.reporters.model import ClaimReport
from tests.tiny_networks import onnx_bytes, perceptron

OMEGA = 2.0**24
FLOAT32 = Semantics.FLOAT32


def summing(weights: list[float]) -> bytes:
    """One linear neuron, `y = w·x`."""
    array = np.array(weights, dtype=np.float32)[:, None]
    return onnx_bytes(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [1, len(array)]}, weights={"w": array}
    )


def decided(
    folder: Path, model: bytes, claim: str, run: Semantics = Semantics.REAL, timeout: float = 20.0
) -> ClaimReport:
    (folder / "f.onnx").write_bytes(model)
    (folder / "spec.nnspec").write_text(f'network f = "f.onnx"\nclaim c {claim}\n')
    options = CheckOptions(timeout=timeout, semantics=run)
    (report,) = check([folder / "spec.nnspec"], options).claims
    return report


CANCELLED = summing([OMEGA, 1.0, -OMEGA])  # on ones: 1 in reals, 0 from left to right
AT_LEAST = "forall x in box(1, 1): f(x)[0] >= 1/2"
AT_MOST = "forall x in box(1, 1): f(x)[0] <= 100"


def test_a_claim_that_holds_in_reals_is_refuted_by_an_order_of_summation(tmp_path: Path) -> None:
    assert decided(tmp_path, CANCELLED, f": {AT_LEAST}").status is Status.PROVED
    report = decided(tmp_path, CANCELLED, f"@semantics(float32): {AT_LEAST}")
    assert (report.status, report.semantics) == (Status.REFUTED, "float32")
    assert report.counterexample is not None
    assert [reading.network for reading in report.counterexample.outputs] == [0]
    assert "from left to right" in (report.counterexample.replay.note or "")


def test_a_claim_with_a_margin_is_proved_in_float32_too(tmp_path: Path) -> None:
    report = decided(tmp_path, CANCELLED, f": {AT_MOST}", FLOAT32)
    assert (report.status, report.semantics) == (Status.PROVED, "float32")


def test_what_no_order_is_known_to_break_and_some_may_is_unknown(tmp_path: Path) -> None:
    """From left to right it is 0; summed otherwise it may be more, or less."""
    report = decided(tmp_path, CANCELLED, "@semantics(float32): forall x in box(1, 1): f(x)[0] <= 1/2")
    assert report.status is Status.UNKNOWN


def test_the_claim_wins_over_the_run(tmp_path: Path) -> None:
    report = decided(tmp_path, CANCELLED, f"@semantics(real): {AT_LEAST}", FLOAT32)
    assert (report.status, report.semantics) == (Status.PROVED, "real")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("exists x in box(1, 1): f(x)[0] <= 1/2", Status.UNKNOWN),  # in one order alone
        ("exists x in box(1, 1): f(x)[0] <= 1000", Status.PROVED),
        ("exists x in box(1, 1): f(x)[0] >= 1000", Status.REFUTED),
    ],
)
def test_exists_is_proved_by_a_point_where_every_order_agrees(
    tmp_path: Path, body: str, status: Status
) -> None:
    assert decided(tmp_path, CANCELLED, f"@semantics(float32): {body}").status is status


def test_a_counterexample_with_a_margin_is_one_in_every_order(tmp_path: Path) -> None:
    model = perceptron().SerializeToString()
    report = decided(tmp_path, model, "@semantics(float32): forall x in box(-1, 1): f(x)[0] <= 1")
    assert report.status is Status.REFUTED
    assert report.counterexample is not None
    assert "whatever the order" in (report.counterexample.replay.note or "")
    assert report.counterexample.replay.onnxruntime is True


def test_an_input_that_float32_does_not_hold_refutes_nothing(tmp_path: Path) -> None:
    """No float32 number is 0.1: the claim holds of all there are, and nobody proves that."""
    model = perceptron().SerializeToString()
    claim = "forall x in box(0.1, 0.1): f(x)[0] <= 0"
    assert decided(tmp_path, model, f": {claim}").status is Status.REFUTED
    assert decided(tmp_path, model, f"@semantics(float32): {claim}").status is Status.UNKNOWN


def test_a_network_that_may_overflow_is_never_proved(tmp_path: Path) -> None:
    model = summing([3e38, 3e38])
    claim = "forall x in box(0, 1): f(x)[0] >= -100000000000000000000000000000000000"
    assert decided(tmp_path, model, f": {claim}").status is Status.PROVED
    assert decided(tmp_path, model, f"@semantics(float32): {claim}", timeout=3.0).status is Status.UNKNOWN


def test_what_relu_makes_certain_is_not_certain_where_it_may_overflow(tmp_path: Path) -> None:
    """A sum of infinities is not a number, and ReLU of it is not at least 0."""
    array = np.array([[3e38], [3e38], [-3e38], [-3e38]], dtype=np.float32)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["z"]), helper.make_node("Relu", ["z"], ["y"])]
    model = onnx_bytes(nodes, {"x": [1, 4]}, weights={"w": array})
    claim = "forall x in box(0, 1): f(x)[0] >= 0"
    assert decided(tmp_path, model, f": {claim}").status is Status.PROVED
    assert decided(tmp_path, model, f"@semantics(float32): {claim}").status is Status.UNKNOWN


def test_a_double_network_has_no_float32_semantics(tmp_path: Path) -> None:
    model = onnx_bytes(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [1, 1]}, weights={"w": np.array([[0.1]])}
    )
    (tmp_path / "f.onnx").write_bytes(model)
    spec = tmp_path / "spec.nnspec"
    spec.write_text('network f = "f.onnx"\nclaim c: forall x in box(0, 1): f(x)[0] <= 1\n')
    report = check([spec], CheckOptions(semantics=FLOAT32))
    assert [d.code for d in report.diagnostics] == ["NN143"]
    assert not report.claims


def test_what_relu_makes_certain_holds_where_nothing_overflows(tmp_path: Path) -> None:
    array = np.array([[3.0], [-3.0]], dtype=np.float32)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["z"]), helper.make_node("Relu", ["z"], ["y"])]
    model = onnx_bytes(nodes, {"x": [1, 2]}, weights={"w": array})
    report = decided(tmp_path, model, "@semantics(float32): forall x in box(0, 1): f(x)[0] >= 0")
    assert report.status is Status.PROVED
