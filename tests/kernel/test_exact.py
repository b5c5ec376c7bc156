"""Laws of the exact evaluation: the graph's meaning in rationals, for every float that a file can hold."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import helper
from onnx.reference import ReferenceEvaluator

from spec_lang.diagnostics import InternalError
from spec_lang.kernel.exact import ExactNetwork, evaluate_exact
from spec_lang.network.evaluate import evaluate
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_import import load_graph
from spec_lang.network.primitives import Affine, Convolution, Dense, PiecewiseLinear, frozen
from tests.graphs import exact_outputs
from tests.kernel.nets import nets
from tests.tiny_networks import (
    ABS_LIKE,
    chain,
    dense,
    graphs,
    onnx_model,
    rationals,
    reference,
    relu_network,
)


@given(st.data(), graphs())
def test_exact_evaluation_equals_the_fraction_computation(data: st.DataObject, graph: Graph) -> None:
    network = ExactNetwork(graph)
    for _ in range(2):  # the same network, another point: nothing of the first may stay behind
        size = graph.input_size
        point = data.draw(st.lists(rationals, min_size=size, max_size=size))
        assert reference(graph, point) == network(point)


@given(st.data(), nets())
def test_convolutions_and_shortcuts_are_evaluated_exactly(data: st.DataObject, graph: Graph) -> None:
    point = data.draw(st.lists(rationals, min_size=graph.input_size, max_size=graph.input_size))
    assert tuple(exact_outputs(graph, point)) == evaluate_exact(graph, point)


Sides = tuple[int, ...]


@pytest.mark.parametrize("adjoint", [False, True])
@given(st.data())
@settings(max_examples=40)
def test_a_convolution_is_onnxs(adjoint: bool, data: st.DataObject) -> None:
    def sides(low: int, high: int) -> Sides:
        return data.draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    kernel, strides, dilations, before, after = (
        sides(1, 3),
        sides(1, 3),
        sides(1, 2),
        sides(0, 2),
        sides(0, 2),
    )
    axes = list(zip(kernel, strides, dilations, before, after, strict=True))
    if adjoint:
        result = sides(1, 4)
        size = tuple(
            (r - 1) * s + (k - 1) * d + 1 - b - a for r, (k, s, d, b, a) in zip(result, axes, strict=True)
        )
    else:
        size = sides(1, 6)
        result = tuple(
            (n + b + a - (k - 1) * d - 1) // s + 1 for n, (k, s, d, b, a) in zip(size, axes, strict=True)
        )
    assume(min(*size, *result) >= 1)
    others, channels = (data.draw(st.integers(1, 2)) for _ in range(2))
    groups = 1 if adjoint else data.draw(st.integers(1, 2))  # the reference cannot transpose groups
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    weight = frozen(rng.standard_normal((groups * others, channels, *kernel)).astype(np.float32))
    linear = Convolution(weight, groups, size, result, strides, dilations, before, adjoint)
    taken, given_out = linear.sizes
    shape = (1, groups * others, *result) if adjoint else (1, groups * channels, *size)
    node = helper.make_node(
        "ConvTranspose" if adjoint else "Conv",
        ["x", "w"],
        ["y"],
        strides=strides,
        dilations=dilations,
        pads=(*before, *after),
        group=groups,
    )
    x = rng.standard_normal(shape).astype(np.float32)
    (expected,) = ReferenceEvaluator(onnx_model([node], {"x": shape}, weights={"w": weight})).run(
        None, {"x": x}
    )
    graph = chain(taken, Affine((linear,), frozen(np.zeros(given_out, dtype=np.float32))))
    found = evaluate_exact(graph, [Fraction(float(v)) for v in x.ravel()])
    assert np.allclose([float(v) for v in found], np.ravel(expected), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("t", ["-5", "-1", "-1/3", "1/2", "1/7", "4"])
def test_a_piecewise_function_is_exact_on_every_piece_and_knot(t: str) -> None:
    graph = chain(1, ABS_LIKE)
    point = (Fraction(t),)
    assert reference(graph, point) == evaluate_exact(graph, point)


def test_weights_far_apart_keep_every_bit() -> None:
    graph = chain(2, Affine((Dense(frozen(np.array([[1e300, 5e-324]]))),), frozen(np.array([-0.0]))))
    expected = Fraction(1e300) / 3 + Fraction(5e-324) / 7
    assert (expected,) == evaluate_exact(graph, (Fraction(1, 3), Fraction(1, 7)))


def test_a_float_sum_that_loses_its_one_is_exact_here() -> None:
    omega = 2.0**24
    graph = chain(3, dense([[omega, 1, -omega]]))
    assert (Fraction(1),) == evaluate_exact(graph, (Fraction(1),) * 3)


def test_a_dropped_coefficient_is_not_dropped() -> None:
    graph = chain(1, dense([[1e10]]), dense([[5e-10]]))
    expected = Fraction(float(np.float32(1e10))) * Fraction(float(np.float32(5e-10))) / 3
    assert (expected,) == evaluate_exact(graph, (Fraction(1, 3),))


def test_a_relu_is_zero_at_zero() -> None:
    assert (Fraction(1, 4),) == evaluate_exact(relu_network(), (Fraction(1, 3), Fraction(1, 3)))


def test_a_point_of_another_length_is_a_broken_invariant() -> None:
    with pytest.raises(InternalError):
        evaluate_exact(relu_network(), (Fraction(1),))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_weight_that_is_no_number_is_never_evaluated(bad: float) -> None:
    with pytest.raises(InternalError):
        ExactNetwork(chain(1, dense([[bad]])))


def test_knots_out_of_order_are_a_broken_invariant() -> None:
    with pytest.raises(InternalError):
        ExactNetwork(chain(1, PiecewiseLinear((1.0, 0.0), (0.0, 1.0, 2.0), 0.0)))


@pytest.mark.data
def test_half_a_million_weights_are_evaluated_exactly(data_root: Path) -> None:
    graph, problems = load_graph(data_root / "mnist_fc" / "onnx" / "mnist-net_256x6.onnx", "mnist")
    assert graph is not None, problems
    point = [Fraction(i, 1024) for i in range(graph.input_size)]
    outputs = [float(v) for v in evaluate_exact(graph, point)]
    near = evaluate(graph, np.array([[float(v) for v in point]]))[0]
    assert np.allclose(outputs, near, rtol=1e-9, atol=1e-9)
