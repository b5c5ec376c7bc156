"""Laws of coefficients that no float holds, and of nodes that are exact where they are run."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from spec_lang.kernel.exact import evaluate_exact
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_import import load_graph
from spec_lang.network.ops._coefficients import normalisation
from spec_lang.network.primitives import RELU, Affine
from spec_lang.semantics.float32 import float32_obstacle
from tests.tiny_networks import onnx_bytes

numbers = st.floats(-100, 100, width=32)


def loaded(
    operator: str,
    shape: tuple[int, ...],
    weights: Mapping[str, np.ndarray[Any, Any]],
    attributes: Mapping[str, Any],
) -> Graph:
    node = helper.make_node(operator, ["x", *weights], ["y"], **attributes)
    graph, problems = load_graph(onnx_bytes([node], {"x": shape}, weights=weights), "f")
    assert graph is not None, problems
    return graph


def single(value: float) -> np.ndarray[Any, Any]:
    return np.array([value], dtype=np.float32)


@given(numbers, numbers, numbers, st.floats(0, 100, width=32), st.sampled_from([1e-5, 0.001, 2.0**-10]))
def test_a_normalisation_has_the_nearest_coefficients(
    scale: float, shift: float, mean: float, variance: float, epsilon: float
) -> None:
    factor, bias = normalisation(single(scale), single(shift), single(mean), single(variance), epsilon)
    with localcontext() as context:
        context.prec = 400  # enough for every sum of these numbers
        exact = Decimal(scale) / (Decimal(variance) + Decimal(epsilon)).sqrt()
        assert factor[0] == float(exact)
        assert bias[0] == float(Decimal(shift) - Decimal(mean) * exact)


@pytest.mark.parametrize("variance", [-1.0, -(2.0**-10)])
def test_a_variance_without_a_root_is_refused(variance: float) -> None:
    weights = {"s": single(1), "b": single(1), "m": single(0), "v": single(variance)}
    node = helper.make_node("BatchNormalization", ["x", *weights], ["y"], epsilon=2.0**-10)
    graph, (problem,) = load_graph(onnx_bytes([node], {"x": (1, 1)}, weights=weights), "f")
    assert graph is None
    assert "is not positive" in problem.problem


def test_an_average_of_nine_has_the_float64_next_to_a_ninth() -> None:
    graph = loaded("AveragePool", (1, 1, 3, 3), {}, {"kernel_shape": [3, 3]})
    assert evaluate_exact(graph, [Fraction(1)] * 9) == (9 * Fraction(1 / 9),)
    assert float32_obstacle(graph) is not None


def test_an_average_of_four_is_exact_and_has_a_float32_semantics() -> None:
    graph = loaded("AveragePool", (1, 1, 2, 2), {}, {"kernel_shape": [2, 2]})
    assert evaluate_exact(graph, [Fraction(i) for i in (1, 2, 3, 5)]) == (Fraction(11, 4),)
    assert float32_obstacle(graph) is None


@given(st.sampled_from([1e-10, 2.0**-149, 0.01, 0.5, 3.0, -0.1]), st.fractions(-10, 10))
def test_a_leaky_relu_has_the_stored_slope_whatever_it_is(alpha: float, point: Fraction) -> None:
    stored = float(np.float32(alpha))
    graph = loaded("LeakyRelu", (1, 1), {}, {"alpha": alpha})
    assert evaluate_exact(graph, [point]) == (point if point > 0 else Fraction(stored) * point,)
    assert float32_obstacle(graph) is not None


@pytest.mark.parametrize(
    ("operator", "weights", "attributes"),
    [
        ("Abs", {}, {}),
        ("Clip", {"a": single(-1).reshape(()), "b": single(0.1).reshape(())}, {}),
        ("GlobalMaxPool", {}, {}),
        ("Max", {"c": single(0.3)}, {}),
        ("MaxPool", {}, {"kernel_shape": [2, 2], "pads": [1, 0, 0, 0]}),
        ("ReduceMin", {}, {}),
        ("Transpose", {}, {}),
    ],
)
def test_what_selects_and_compares_is_exact_where_it_is_run(
    operator: str, weights: dict[str, np.ndarray[Any, Any]], attributes: dict[str, Any]
) -> None:
    graph = loaded(operator, (1, 2, 3, 3), weights, attributes)
    assert graph.nodes
    assert all(node.glue for node in graph.nodes)
    assert all(node.primitive == RELU or isinstance(node.primitive, Affine) for node in graph.nodes)


def test_windows_of_maxima_share_what_they_have_in_common() -> None:
    graph = loaded("MaxPool", (1, 1, 5, 5), {}, {"kernel_shape": [3, 3]})
    neurons = sum(node.size for node in graph.nodes if node.primitive == RELU)
    assert neurons == 5 * (3 + 3) + 3 * (3 + 3)  # pairs, then each and a third, along either axis
