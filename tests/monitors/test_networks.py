"""Whole exports: networks whose tensors lie in many ways, and random ones, under onnxruntime.

What a monitor says is compared with exact evaluation of the kernel's at every row of a batch.  Weights and
inputs are small multiples of 1/4, so that float32 computes them exactly; where they are not, with the numbers
that onnxruntime itself has computed for the hidden layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import strategies as st
from onnx import helper

from spec_lang.engine.monitor import Exported, monitor
from spec_lang.engine.options import CheckOptions
from spec_lang.kernel.exact import evaluate_exact
from spec_lang.network.onnx_import import load_graph
from tests.cli.running import run
from tests.laws import law
from tests.tiny_networks import onnx_bytes

Array = np.ndarray[Any, Any]

INPUTS, HIDDEN = 3, 4
WEIGHT = np.array([[1, -1, 2, 0], [-2, 1, 1, 1], [1, 0, -1, 3]], np.float32)
BIAS = np.array([0, 1, -1, 2], np.float32)
LAST = np.array([[1, -1], [2, 1], [-1, 1], [0, 1]], np.float32)
SPEC = """language 1
network f = "f.onnx" { layer h = "h" }
invariant one of f on box(-2, 2): pattern(h, on: [0], off: [1]) => output[0] <= 9999
"""


def exported(folder: Path, data: bytes, spec: str) -> Exported:
    (folder / "f.onnx").write_bytes(data)
    (folder / "f.nnspec").write_text(spec)
    return monitor(folder / "f.nnspec", CheckOptions(timeout=None, budget=2000), unproved=True)


def said(model: bytes, name: str, batches: Sequence[Array]) -> list[bool]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0].name
    return [one for batch in batches for one in session.run([name], {entry: batch})[0].tolist()]


def plain(shape: list[int | str], *, turned: bool = False) -> bytes:
    """`relu(x W + b)`, then a linear layer; `h` is what enters the ReLU's successor, `turned` if so."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["p", "b"], ["z"])]
    if turned:
        nodes += [
            helper.make_node("Transpose", ["z"], ["zt"], perm=[1, 0]),
            helper.make_node("Relu", ["zt"], ["h"]),
            helper.make_node("Transpose", ["h"], ["back"], perm=[1, 0]),
            helper.make_node("MatMul", ["back", "v"], ["y"]),
        ]
    else:
        nodes += [helper.make_node("Relu", ["z"], ["h"]), helper.make_node("MatMul", ["h", "v"], ["y"])]
    return onnx_bytes(nodes, {"x": shape}, weights={"w": WEIGHT, "b": BIAS, "v": LAST})


GRID = np.array([[a, b, c] for a in (-2, -0.5, 0, 1) for b in (-1, 0, 2) for c in (-1, 0.25, 2)], np.float32)


def wanted(points: Array) -> list[bool]:
    """`one` at these points, by the definition; exact."""
    hidden = np.maximum(points.astype(float) @ WEIGHT + BIAS, 0)
    found: list[bool] = ((hidden[:, 0] > 0) & (hidden[:, 1] <= 0)).tolist()
    return found


@pytest.mark.parametrize(
    ("shape", "turned", "batches"),
    [
        (["N", INPUTS], False, [GRID]),
        (["N", INPUTS], False, [GRID[:1], GRID[1:3], GRID[3:]]),
        ([1, INPUTS], False, [row[None] for row in GRID]),
        ([1, INPUTS], True, [row[None] for row in GRID]),
        ([INPUTS], False, list(GRID)),
    ],
)
def test_a_monitor_is_right_wherever_the_batch_is(
    tmp_path: Path, shape: list[int | str], turned: bool, batches: list[Array]
) -> None:
    found = exported(tmp_path, plain(shape, turned=turned), SPEC)
    assert found.model is not None, found.diagnostics
    answers = said(found.model, "one", batches)
    assert answers == wanted(GRID)
    assert len(set(answers)) == 2


def test_a_hidden_tensor_with_the_batch_elsewhere_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a matrix of so many rows it would be read as other numbers of other examples."""
    found = exported(tmp_path, plain(["N", INPUTS], turned=True), SPEC)
    assert found.model is None
    (problem,) = found.diagnostics
    assert problem.code == "NN450"
    assert "`h` has no row of its own for each example" in problem.problem
    status, out, _ = run(
        capsys, "monitor", str(tmp_path / "f.nnspec"), "-o", str(tmp_path / "m.onnx"), "--unproved"
    )
    assert status == 2
    assert "error[NN450]" in out
    assert not (tmp_path / "m.onnx").exists()


def test_examples_that_influence_each_other_are_refused(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1),
        helper.make_node("Sub", ["x", "mean"], ["centered"]),
        helper.make_node("Add", ["centered", "x"], ["twice"]),
        helper.make_node("MatMul", ["twice", "w"], ["z"]),
        helper.make_node("Relu", ["z"], ["h"]),
        helper.make_node("MatMul", ["h", "v"], ["y"]),
    ]
    data = onnx_bytes(nodes, {"x": ["N", INPUTS]}, weights={"w": WEIGHT, "v": LAST})
    found = exported(tmp_path, data, SPEC)
    assert found.model is None
    (problem,) = found.diagnostics
    assert problem.code == "NN450"
    assert "no row of its own for each example" in problem.problem


@pytest.mark.parametrize("batch", ["N", 1])
def test_a_convolution_is_read_by_channel_row_and_column(tmp_path: Path, batch: int | str) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["z"], kernel_shape=[2, 2]),
        helper.make_node("Relu", ["z"], ["h"]),
        helper.make_node("Flatten", ["h"], ["flat"]),
        helper.make_node("MatMul", ["flat", "v"], ["y"]),
    ]
    kernel = np.array([[[[1, -1], [2, 1]]], [[[-1, 1], [1, -2]]]], np.float32)
    last = np.arange(-4, 4, dtype=np.float32)[:, None]
    data = onnx_bytes(nodes, {"x": [batch, 1, 3, 3]}, weights={"k": kernel, "v": last})
    spec = SPEC.replace("pattern(h, on: [0], off: [1])", "h[1, 0, 1] > 1 and h[0, 1, 0] <= h[1, 1, 1]")
    found = exported(tmp_path, data, spec)
    assert found.model is not None, found.diagnostics
    random = np.random.default_rng(0)
    points = random.integers(-4, 5, (40, 1, 3, 3)).astype(np.float32) / 2
    batches = [points] if batch == "N" else [point[None] for point in points]
    windows = np.lib.stride_tricks.sliding_window_view(points[:, 0].astype(float), (2, 2), axis=(1, 2))
    hidden = np.maximum(np.einsum("nijab,cab->ncij", windows, kernel[:, 0].astype(float)), 0)
    right = (hidden[:, 1, 0, 1] > 1) & (hidden[:, 0, 1, 0] <= hidden[:, 1, 1, 1])
    assert said(found.model, "one", batches) == right.tolist()
    assert 0 < right.sum() < len(right)


# -- random networks ---------------------------------------------------------------------------------------

QUARTERS = st.integers(-8, 8).map(lambda n: n / 4)


def arrays(*shape: int) -> st.SearchStrategy[Array]:
    size = int(np.prod(shape))
    return st.lists(QUARTERS, min_size=size, max_size=size).map(
        lambda found: np.array(found, np.float32).reshape(shape)
    )


LITERALS = st.sampled_from(["h", "output"]).flatmap(
    lambda word: st.tuples(
        st.just(word),
        st.integers(0, HIDDEN - 1 if word == "h" else 1),
        st.sampled_from(["<=", "<", ">", ">="]),
        QUARTERS,
    )
)
COMPARED = {
    "<=": lambda a, b: a <= b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@law(
    6,
    150,
    weight=arrays(INPUTS, HIDDEN),
    bias=arrays(HIDDEN),
    last=arrays(HIDDEN, 2),
    points=arrays(12, INPUTS),
    literals=st.lists(LITERALS, min_size=1, max_size=3),
    sums=st.lists(QUARTERS, min_size=HIDDEN, max_size=HIDDEN),
    exact=st.booleans(),
)
def test_a_monitor_of_a_random_network_is_true_where_its_left_side_holds_exactly(
    tmp_path_factory: pytest.TempPathFactory,
    weight: Array,
    bias: Array,
    last: Array,
    points: Array,
    literals: list[tuple[str, int, str, float]],
    sums: list[float],
    exact: bool,
) -> None:
    """A limit is a value that is met at the first point, so that some comparison is always a close one."""
    if not exact:  # thirds: float32 rounds every sum
        weight, bias = weight / np.float32(3), bias + np.float32(0.1)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["p"]),
        helper.make_node("Add", ["p", "b"], ["z"]),
        helper.make_node("Relu", ["z"], ["h"]),
        helper.make_node("MatMul", ["h", "v"], ["y"]),
        helper.make_node("Identity", ["h"], ["shown"]),
    ]
    data = onnx_bytes(nodes, {"x": ["N", INPUTS]}, weights={"w": weight, "b": bias, "v": last})
    hidden = run_at(data, points)
    total = " + ".join(f"({Fraction(c)}) * h[{i}]" for i, c in enumerate(sums))
    limit = sum(
        (Fraction(c) * Fraction(float(v)) for c, v in zip(sums, hidden[0][0], strict=True)), Fraction()
    )
    parts = [f"{word}[{index}] {sign} {Fraction(number)}" for word, index, sign, number in literals]
    left = " and ".join([*parts, f"{total} <= {limit}"])
    spec = (
        'language 1\nnetwork f = "f.onnx" { layer h = "h" }\n'
        f"invariant one of f on box(-2, 2): {left} => output[0] <= 9999\n"
    )
    found = exported(tmp_path_factory.mktemp("f"), data, spec)
    if found.model is None:
        assert {d.code for d in found.diagnostics} <= {"NN450"}, found.diagnostics
        return
    answers = said(found.model, "one", [points[:5], points[5:]])
    graph, _ = load_graph(data, "f")
    assert graph is not None
    for point, h, y, one in zip(points, *hidden, answers, strict=True):
        if exact:
            assert [Fraction(float(v)) for v in y] == list(
                evaluate_exact(graph, [Fraction(float(v)) for v in point])
            )
        values = {"h": h, "output": y}
        holds = (
            all(
                COMPARED[sign](Fraction(float(values[word][index])), Fraction(number))
                for word, index, sign, number in literals
            )
            and sum((Fraction(c) * Fraction(float(v)) for c, v in zip(sums, h, strict=True)), Fraction())
            <= limit
        )
        assert holds or not one
        if found.monitors[0].exact:
            assert one == holds


def run_at(data: bytes, points: Array) -> tuple[Array, Array]:
    """The hidden layer and the outputs, as onnxruntime computes them."""
    model = onnx.load_from_string(data)
    model.graph.output.append(helper.make_tensor_value_info("h", onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    hidden, outputs = session.run(["h", "y"], {"x": points})
    return hidden, outputs
