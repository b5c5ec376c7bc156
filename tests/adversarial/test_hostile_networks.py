"""A model made to do harm ends in a diagnostic: no traceback, no verdict, and nothing else is opened."""

from __future__ import annotations

import gzip
import os
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from spec_lang.engine import CheckOptions, check
from spec_lang.kernel.verdict import Status
from spec_lang.network.onnx_import import load_graph
from spec_lang.reporters.model import Report
from tests.adversarial import hostile_operators
from tests.adversarial.hostile_models import models
from tests.adversarial.onnx_files import only_claim, write_spec
from tests.cli.running import run
from tests.tiny_networks import onnx_bytes, onnx_model, perceptron

ALWAYS = "claim c: forall x in box(0, 1): f(x)[0] <= 1e9"
OPTIONS = CheckOptions(timeout=10.0)
GOOD = perceptron().SerializeToString()


def report_on(folder: Path, model: bytes) -> Report:
    return check([write_spec(folder, model, ALWAYS)], OPTIONS)


def assert_refused(report: Report) -> None:
    """An error with a code, a place and a fix, and no claim is decided."""
    errors = [diagnostic for diagnostic in report.diagnostics if diagnostic.is_error]
    assert errors
    for diagnostic in errors:
        assert diagnostic.code.startswith("NN")
        assert diagnostic.span is not None
        assert diagnostic.fix
    assert not [claim for claim in report.claims if claim.status in (Status.PROVED, Status.REFUTED)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inner = tmp_path / "inner"
    inner.mkdir()
    return inner


def test_a_hostile_model_is_refused_with_a_reason(folder: Path) -> None:
    seen = 0
    for name, model in models(folder):
        report = report_on(folder, model.SerializeToString())
        try:
            assert_refused(report)
        except AssertionError as error:
            raise AssertionError(name) from error
        seen += 1
    assert seen > 70


OPERATORS = dict(hostile_operators.models())


@pytest.mark.parametrize("name", OPERATORS)
def test_an_absurd_node_is_refused_with_a_reason_and_takes_no_memory(name: str, folder: Path) -> None:
    model = OPERATORS[name].SerializeToString()
    tracemalloc.start()
    try:
        graph, _ = load_graph(model, "f")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert graph is None
    assert peak < 16 << 20
    assert_refused(report_on(folder, model))


def test_what_a_model_is_called_does_not_steer_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = dict(models(folder))["a name that steers a terminal"]
    spec = write_spec(folder, hostile.SerializeToString(), ALWAYS)
    code, out, err = run(capsys, "check", spec)
    assert code != 0
    assert "Evil" in out + err
    assert not {"\x1b", "\x07"} & set(out + err)


@pytest.mark.parametrize("part", range(1, 12))
def test_a_model_that_is_cut_off_is_refused(part: int, folder: Path) -> None:
    assert_refused(report_on(folder, GOOD[: len(GOOD) * part // 12]))


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 10_000, gzip.compress(GOOD), pickle.dumps({"w": 1}), GOOD[::-1], b"\x08\x08" * 5000],
    ids=["nothing", "zeros", "compressed", "pickled", "backwards", "the start, repeated"],
)
def test_bytes_that_are_no_model_are_refused(data: bytes, folder: Path) -> None:
    assert_refused(report_on(folder, data))


def test_a_message_in_a_message_in_a_message_is_refused(folder: Path) -> None:
    """Subgraphs nested 400 deep, written byte by byte: onnx itself does not make them."""

    def field(tag: int, payload: bytes) -> bytes:
        size, length = b"", len(payload)
        while length > 0x7F:
            size += bytes([length & 0x7F | 0x80])
            length >>= 7
        return bytes([tag << 3 | 2]) + size + bytes([length]) + payload

    inner = b""
    for _ in range(400):  # GraphProto.node = 1, NodeProto.attribute = 5, AttributeProto.g = 6
        inner = field(1, field(5, field(6, inner)))
    assert_refused(report_on(folder, GOOD + field(7, inner)))  # ModelProto.graph = 7


def test_a_link_that_leads_back_to_itself_is_refused(folder: Path) -> None:
    spec = write_spec(folder, GOOD, ALWAYS)
    (folder / "f.onnx").unlink()
    (folder / "f.onnx").symlink_to(folder / "f.onnx")
    assert_refused(check([spec], OPTIONS))


def test_a_pipe_in_the_place_of_a_model_is_not_waited_for(folder: Path) -> None:
    spec = write_spec(folder, GOOD, ALWAYS)
    (folder / "f.onnx").unlink()
    os.mkfifo(folder / "f.onnx")
    assert_refused(check([spec], OPTIONS))


def test_one_hostile_model_costs_its_own_claims_alone(folder: Path) -> None:
    bad = write_spec(folder, GOOD[: len(GOOD) // 2], ALWAYS)
    other = folder.parent / "other"
    other.mkdir()
    report = check([bad, write_spec(other, GOOD, ALWAYS)], OPTIONS)
    assert [claim.status for claim in report.claims] == [Status.PROVED]
    assert [diagnostic for diagnostic in report.diagnostics if diagnostic.is_error]


# -- what is strange and yet a network: the verdict is right -------------------------------------------


@pytest.mark.parametrize("end", [np.finfo(np.float32).min, -np.inf])
def test_a_clip_from_above_at_the_least_number_is_not_taken_for_none(end: float, folder: Path) -> None:
    """min(x, −3.4e38) is −3.4e38."""
    node = helper.make_node("Clip", ["x", "", "high"], ["y"])
    data = onnx_bytes([node], {"x": [1, 1]}, weights={"high": np.array(end, dtype=np.float32)})
    claims = [f"claim c{i}: forall x in box(0, 1): f(x) {c}" for i, c in enumerate(("< -1e30", ">= 0"))]
    report = check([write_spec(folder, data, *claims)], OPTIONS)
    below, above = [claim.status for claim in report.claims] or [Status.UNKNOWN] * 2
    assert below is not Status.REFUTED
    assert above is not Status.PROVED


def test_a_deep_model_is_read_and_decided(folder: Path) -> None:
    steps = [helper.make_node("Identity", [f"t{i}"], [f"t{i + 1}"]) for i in range(3000)]
    nodes = [helper.make_node("Relu", ["x"], ["t0"]), *steps, helper.make_node("Relu", ["t3000"], ["y"])]
    claim = only_claim(report_on(folder, onnx_bytes(nodes, {"x": [1, 2]})))
    assert claim.status is Status.PROVED


def test_a_model_with_many_layers_is_no_traceback(folder: Path) -> None:
    nodes, weights = [], {}
    weight = np.array([[1.0, -0.5], [0.25, 1.0]], dtype=np.float32)
    value = "x"
    for layer in range(200):
        weights[f"w{layer}"] = weight
        nodes.append(helper.make_node("MatMul", [value, f"w{layer}"], [f"z{layer}"]))
        nodes.append(helper.make_node("Relu", [f"z{layer}"], [f"a{layer}"]))
        value = f"a{layer}"
    nodes.append(helper.make_node("Neg", [value], ["y"]))
    claim = only_claim(report_on(folder, onnx_bytes(nodes, {"x": [1, 2]}, weights=weights)))
    assert claim.status in (Status.PROVED, Status.UNKNOWN)  # −relu(…) <= 1e9


@pytest.mark.parametrize(
    ("kind", "bits", "exact"),
    [(TensorProto.FLOAT16, 0x3555, "0.333251953125"), (TensorProto.BFLOAT16, 0x3EAB, "0.333984375")],
)
def test_narrow_weights_count_exactly(kind: int, bits: int, exact: str, folder: Path) -> None:
    """1/3 in half precision is 0.333251953125, in bfloat16 it is 0.333984375."""
    model = onnx_model([helper.make_node("Mul", ["x", "w"], ["y"])], {"x": [1, 1]})
    raw = np.array([bits], dtype=np.uint16).tobytes()
    model.graph.initializer.append(TensorProto(name="w", data_type=kind, dims=[1], raw_data=raw))
    below = f"claim below: forall x in box(1, 1): f(x) <= {exact}"
    reached = f"claim reached: forall x in box(1, 1): f(x) < {exact}"
    report = check([write_spec(folder, model.SerializeToString(), below, reached)], OPTIONS)
    found = {claim.name: claim.status for claim in report.claims}
    assert found["reached"] is Status.REFUTED
    assert found["below"] in (Status.PROVED, Status.UNKNOWN)


def test_names_that_are_strange_are_names(folder: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["../../etc/passwd"], name="; rm -rf /"),
        helper.make_node("Relu", ["../../etc/passwd"], ["y"], name="ünïcödé\u202e"),
    ]
    claim = only_claim(report_on(folder, onnx_bytes(nodes, {"x": [1, 2]})))
    assert claim.status is Status.PROVED
