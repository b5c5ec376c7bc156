"""Laws of the replay: onnxruntime's outputs in the graph's order, or a note that says why there are none."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from spec_lang.kernel.exact import evaluate_exact
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_import import load_graph
from spec_lang.network.onnx_replay import replay
from tests.tiny_networks import onnx_bytes, perceptron


def loaded(source: Path | bytes) -> Graph:
    graph, problems = load_graph(source, "f")
    assert graph is not None, problems
    return graph


def test_bytes_and_files_give_the_same_outputs_close_to_the_exact_ones(tmp_path: Path) -> None:
    data = perceptron().SerializeToString()
    (tmp_path / "net.onnx").write_bytes(data)
    point = (0.3, -0.7)
    exact = [float(value) for value in evaluate_exact(loaded(data), [Fraction(x) for x in point])]
    from_bytes = replay(data, loaded(data), point)
    assert from_bytes == replay(tmp_path / "net.onnx", loaded(data), point)
    assert from_bytes.note is None
    np.testing.assert_allclose(from_bytes.outputs or (), exact, rtol=1e-5)


def test_several_inputs_and_outputs_stand_in_the_graphs_order() -> None:
    nodes = [helper.make_node("Sub", ["b", "a"], ["d"]), helper.make_node("Neg", ["a"], ["n"])]
    data = onnx_bytes(nodes, {"a": ["N", 1, 2], "b": [1, 2]}, ("n", "d"))
    assert replay(data, loaded(data), (1, 2, 30, 40)).outputs == (-1, -2, 29, 38)


def test_double_precision_inputs_are_kept() -> None:
    model = perceptron()
    del model.graph.node[1:]
    model.graph.node[0].CopyFrom(helper.make_node("Relu", ["x"], ["y"]))
    model.graph.input[0].type.tensor_type.elem_type = 11
    model.graph.output[0].type.tensor_type.elem_type = 11
    data = model.SerializeToString()
    assert replay(data, loaded(data), (0.1, -1.0)).outputs == (0.1, 0.0)


def test_a_hidden_tensor_is_not_replayed() -> None:
    data = perceptron().SerializeToString()
    graph = loaded(data)
    hidden = graph.with_outputs((dict(graph.tensors)["r"],))
    result = replay(data, hidden, (0, 0))
    assert result.outputs is None
    assert result.note == "onnxruntime does not show hidden tensors (`r`)"


def test_a_file_that_has_gone_is_a_note(tmp_path: Path) -> None:
    result = replay(tmp_path / "gone.onnx", loaded(perceptron().SerializeToString()), (0, 0))
    assert result.outputs is None
    assert "onnxruntime could not run the network" in (result.note or "")


def test_outputs_and_points_beyond_float32_are_a_note() -> None:
    weight = np.array([[3e38]], dtype=np.float32)
    data = onnx_bytes([helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [1, 1]}, weights={"w": weight})
    assert "not finite" in (replay(data, loaded(data), (100.0,)).note or "")
    assert "beyond the numbers" in (replay(data, loaded(data), (1e300,)).note or "")


@pytest.mark.data
@pytest.mark.parametrize(
    "file",
    [
        "acasxu/onnx/ACASXU_run2a_1_1_batch_2000.onnx",
        "mnist_fc/onnx/mnist-net_256x6.onnx",
        "rl_benchmarks/onnx/dubinsrejoin.onnx",
        "tllverifybench/onnx/tllBench_n=2_N=M=8_m=1_instance_0_0.onnx",
        "test/onnx/test_small.onnx",
    ],
)
def test_the_benchmark_networks_agree_with_the_exact_evaluation(file: str, data_root: Path) -> None:
    graph = loaded(data_root / file)
    point = np.random.default_rng(7).uniform(-0.5, 0.5, graph.input_size).astype(np.float32).tolist()
    exact = [float(value) for value in evaluate_exact(graph, [Fraction(x) for x in point])]
    result = replay(data_root / file, graph, point)
    np.testing.assert_allclose(result.outputs or (), exact, rtol=1e-3, atol=1e-5)
