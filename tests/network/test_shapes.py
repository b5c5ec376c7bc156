"""Chains of constants as exporters write them: shapes that are computed, and become constants."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from spec_lang.kernel.exact import evaluate_exact
from spec_lang.network.onnx_import import load_graph
from spec_lang.network.primitives import RELU, Affine, Dense
from tests.tiny_networks import onnx_bytes

Weights = dict[str, np.ndarray[Any, Any]]


def nodes_of(*nodes: onnx.NodeProto, shape: list[int | str | None], weights: Weights) -> tuple[Any, Any]:
    graph, problems = load_graph(onnx_bytes(nodes, {"x": shape}, weights=weights), "f")
    assert graph is not None, problems
    return graph, [node.primitive for node in graph.nodes]


def test_a_view_by_the_batch_size_is_a_reshape() -> None:
    """`x.view(x.size(0), -1)`"""
    graph, primitives = nodes_of(
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("Shape", ["r"], ["s"]),
        helper.make_node("Gather", ["s", "zero"], ["n"], axis=0),
        helper.make_node("Unsqueeze", ["n", "first"], ["u"]),
        helper.make_node("Concat", ["u", "rest"], ["to"], axis=0),
        helper.make_node("Reshape", ["r", "to"], ["y"]),
        shape=["batch", 2, 3],
        weights={"zero": np.array(0), "rest": np.array([-1]), "first": np.array([0])},
    )
    assert primitives == [RELU]
    assert graph.value(graph.outputs[0]).shape == (6,)


def test_sizes_are_computed_with_as_integers() -> None:
    """Half of the channels: `x[:, : x.size(1) // 2]`."""
    graph, _ = nodes_of(
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Slice", ["s", "one", "two"], ["channels"]),
        helper.make_node("Add", ["channels", "one"], ["more"]),
        helper.make_node("Cast", ["more"], ["whole"], to=onnx.TensorProto.INT64),
        helper.make_node("Div", ["whole", "two"], ["half"]),
        helper.make_node("Mul", ["half", "one"], ["end"]),
        helper.make_node("Slice", ["x", "none", "end", "one"], ["y"]),
        shape=[1, 5, 1],
        weights={"one": np.array([1]), "two": np.array([2]), "none": np.array([0])},
    )
    point = tuple(map(Fraction, range(5)))
    assert evaluate_exact(graph, point) == point[:3]


@pytest.mark.parametrize(("left", "right", "expected"), [(7, 2, 3), (-7, 2, -3), (7, -2, -3), (-6, -2, 3)])
def test_integers_are_divided_towards_zero(left: int, right: int, expected: int) -> None:
    graph, _ = nodes_of(
        helper.make_node("Div", ["a", "b"], ["q"]),
        helper.make_node("Cast", ["q"], ["f"], to=1),
        helper.make_node("Add", ["x", "f"], ["y"]),
        shape=[1, 1],
        weights={"a": np.array([left]), "b": np.array([right])},
    )
    assert evaluate_exact(graph, (Fraction(0),)) == (Fraction(expected),)


def test_elements_that_are_moved_twice_are_moved_once() -> None:
    graph, primitives = nodes_of(
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
        helper.make_node("Slice", ["t", "one", "end", "one"], ["s"]),
        helper.make_node("Concat", ["s", "s"], ["y"], axis=2),
        shape=[1, 2, 3],
        weights={"one": np.array([1]), "end": np.array([9])},
    )
    assert len(primitives) == 2  # `s` is read twice, as one operand each time
    assert graph.nodes[0].glue
    point = tuple(map(Fraction, range(6)))
    assert evaluate_exact(graph, point) == tuple(map(Fraction, (1, 4, 1, 4, 2, 5, 2, 5)))


def test_a_matrix_behind_a_transposition_has_its_columns_moved() -> None:
    weight = np.arange(12, dtype=np.float32).reshape(6, 2)
    graph, primitives = nodes_of(
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("Transpose", ["r"], ["t"], perm=[0, 2, 1]),
        helper.make_node("Flatten", ["t"], ["f"]),
        helper.make_node("MatMul", ["f", "w"], ["y"]),
        shape=[1, 2, 3],
        weights={"w": weight},
    )
    assert len(primitives) == 2
    assert isinstance(primitives[1], Affine)
    assert isinstance(primitives[1].maps[0], Dense)
    point = np.arange(6).reshape(2, 3)
    assert evaluate_exact(graph, [Fraction(int(i)) for i in point.ravel()]) == tuple(
        map(Fraction, (point.T.ravel() @ weight).tolist())
    )


def test_a_transposition_that_moves_nothing_and_a_padding_of_nothing_are_no_nodes() -> None:
    _, primitives = nodes_of(
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 3, 1]),
        helper.make_node("Pad", ["t", "none"], ["p"]),
        helper.make_node("Relu", ["p"], ["y"]),
        shape=[1, 1, 2, 3],
        weights={"none": np.zeros(8, dtype=np.int64)},
    )
    assert primitives == [RELU]
