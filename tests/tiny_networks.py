"""Small networks for tests: as graphs of primitives, as ONNX bytes, and drawn at random.

In: arrays and node lists, or Hypothesis.  Out: `Graph` values and serialised models.  What is drawn comes
from nasty pools: signed zeros, subnormals, ties, weights of very different size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import (
    RELU,
    Affine,
    Dense,
    Floats,
    LinearMap,
    PiecewiseLinear,
    Scale,
    frozen,
)
from spec_lang.semantics.evaluate import Hidden, Network, Number, Port
from spec_lang.syntax import ast
from tests.maps import applied, rows_of

NASTY_FLOATS = (0.0, -0.0, 1.0, -1.0, 0.1, -2.5, 1e-30, 3e30, -7e-12, 5e-324, 2.0**-149, 1 / 3, 65504.0)
ABS_LIKE = PiecewiseLinear(knots=(-1.0, 0.5), slopes=(-1.0, 0.25, 3.0), anchor=2.0)


def dense(weight: Sequence[Sequence[float]], bias: Sequence[float] | None = None) -> Affine:
    """`weight @ x + bias`, in float32."""
    array = np.array(weight, dtype=np.float32)
    return Affine((Dense(frozen(array)),), frozen(np.array(bias or [0] * len(array), dtype=np.float32)))


def chain(inputs: int, *steps: Affine | PiecewiseLinear) -> Graph:
    """A graph that applies `steps` one after the other."""
    nodes: list[Node] = []
    size = inputs
    for number, step in enumerate(steps):
        size = step.bias.shape[0] if isinstance(step, Affine) else size
        nodes.append(Node(step, (number,), TensorSpec(f"t{number}", (size,))))
    return Graph((TensorSpec("x", (inputs,)),), tuple(nodes), (len(steps),))


def relu_network() -> Graph:
    """`y = relu(x0 - x1) - relu(x1 - x0) + 1/4 = x0 - x1 + 1/4`."""
    return chain(2, dense([[1, -1], [-1, 1]]), RELU, dense([[1, -1]], [0.25]))


def onnx_bytes(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Sequence[int | str | None]],
    outputs: Sequence[str] = ("y",),
    weights: Mapping[str, np.ndarray[Any, Any]] | None = None,
    opset: int = 17,
) -> bytes:
    """A serialised model."""
    return bytes(onnx_model(nodes, inputs, outputs, weights, opset).SerializeToString())


def onnx_model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Sequence[int | str | None]],
    outputs: Sequence[str] = ("y",),
    weights: Mapping[str, np.ndarray[Any, Any]] | None = None,
    opset: int = 17,
) -> onnx.ModelProto:
    """A model of float32 inputs and outputs; the outputs' shapes are left open."""
    graph = helper.make_graph(
        list(nodes),
        "tiny",
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
            for name, shape in inputs.items()
        ],
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def perceptron() -> onnx.ModelProto:
    """2 inputs, 3 hidden ReLUs, 2 outputs: what a small exporter writes."""
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"], name="gemm_1", transB=1),
        helper.make_node("Relu", ["h"], ["r"], name="relu_1"),
        helper.make_node("MatMul", ["r", "w2"], ["m"], name="matmul_2"),
        helper.make_node("Add", ["m", "b2"], ["y"], name="add_2"),
    ]
    weights = {
        "w1": np.array([[1, 2], [3, -4], [0.5, 0.1]], dtype=np.float32),
        "b1": np.array([0.1, -0.2, 0.3], dtype=np.float32),
        "w2": np.array([[1, -1], [2, 0], [0.3, 0.7]], dtype=np.float32),
        "b2": np.array([0.01, -1], dtype=np.float32),
    }
    return onnx_model(nodes, {"x": ["batch", 2]}, weights=weights)


floats = st.sampled_from(NASTY_FLOATS) | st.floats(-100, 100)
rationals = st.fractions(-10, 10, max_denominator=10**6) | st.sampled_from(
    [Fraction(0), Fraction(1, 3), Fraction(1, 2**60), Fraction(-7, 10**12), Fraction(1)]
)


@st.composite
def arrays(draw: st.DrawFn, *shape: int) -> Floats:
    """A read-only array of nasty floats, float32 or float64 (overflow to float32 becomes 0)."""
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    size = int(np.prod(shape))
    values = draw(st.lists(floats, min_size=size, max_size=size))
    return frozen(np.array(values, dtype=np.float64).astype(dtype).reshape(shape))


@st.composite
def piecewise(draw: st.DrawFn) -> PiecewiseLinear:
    """RELU, or a function with up to three knots."""
    if draw(st.booleans()):
        return RELU
    knots = sorted(draw(st.sets(st.integers(-8, 8), min_size=1, max_size=3)))
    slopes = draw(st.lists(floats, min_size=len(knots) + 1, max_size=len(knots) + 1))
    return PiecewiseLinear(tuple(k / 4 for k in knots), tuple(slopes), draw(floats))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A directed acyclic graph of up to five nodes over one or two inputs, with one or two outputs."""
    inputs = tuple(TensorSpec(f"x{i}", (draw(st.integers(1, 3)),)) for i in range(draw(st.integers(1, 2))))
    sizes = [spec.size for spec in inputs]
    nodes: list[Node] = []
    for number in range(draw(st.integers(1, 5))):
        operands: tuple[int, ...]
        if draw(st.booleans()):
            operand = draw(st.integers(0, len(sizes) - 1))
            size, operands = sizes[operand], (operand,)
            primitive: Affine | PiecewiseLinear = draw(piecewise())
        else:
            size = draw(st.integers(1, 3))
            operands = tuple(draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=2)))
            maps = tuple(draw(_linear_map(sizes[operand], size)) for operand in operands)
            primitive = Affine(maps, draw(arrays(size)))
        nodes.append(Node(primitive, operands, TensorSpec(f"t{number}", (size,))))
        sizes.append(size)
    outputs = tuple(draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=2)))
    return Graph(inputs, tuple(nodes), outputs)


@st.composite
def _linear_map(draw: st.DrawFn, size: int, result: int) -> LinearMap:
    if size == result and draw(st.booleans()):
        return Scale(draw(arrays(size)))
    return Dense(draw(arrays(result, size)))


def reference(graph: Graph, point: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """The meaning of a graph, written down as directly as possible."""
    values = reference_values(graph, point)
    return tuple(value for output in graph.outputs for value in values[output])


def reference_values(graph: Graph, point: Sequence[Fraction]) -> list[list[Fraction]]:
    """Every value of a graph, inputs first."""
    values: list[list[Fraction]] = []
    rest = list(point)
    for spec in graph.inputs:
        values.append(rest[: spec.size])
        rest = rest[spec.size :]
    for node in graph.nodes:
        operands = [values[operand] for operand in node.operands]
        if isinstance(node.primitive, PiecewiseLinear):
            values.append([_piece(node.primitive, t) for t in operands[0]])
            continue
        assert isinstance(node.primitive, Affine), "smooth functions have no exact values"
        total = [Fraction(float(b)) for b in node.primitive.bias]
        for linear, operand in zip(node.primitive.maps, operands, strict=True):
            total = [t + s for t, s in zip(total, applied(linear, operand), strict=True)]
        values.append(total)
    return values


def _piece(function: PiecewiseLinear, t: Fraction) -> Fraction:
    knots = [Fraction(knot) for knot in function.knots]
    slopes = [Fraction(slope) for slope in function.slopes]
    if t <= knots[0]:
        return Fraction(function.anchor) + slopes[0] * (t - knots[0])
    value = Fraction(function.anchor)
    for i, knot in enumerate(knots):
        end = min(t, knots[i + 1]) if i + 1 < len(knots) else t
        value += slopes[i + 1] * max(end - knot, Fraction(0))
    return value


def reference_jacobian(graph: Graph, point: Sequence[Fraction]) -> list[list[Fraction]] | None:
    """The derivative of every flat output by every flat input, forward; None where a knot is hit."""
    size = sum(spec.size for spec in graph.inputs)
    identity = [[Fraction(i == j) for j in range(size)] for i in range(size)]
    values = reference_values(graph, point)
    rows = [[identity.pop(0) for _ in range(spec.size)] for spec in graph.inputs]
    for node in graph.nodes:
        if isinstance(node.primitive, PiecewiseLinear):
            (operand,) = node.operands
            slopes = [_slope(node.primitive, t) for t in values[operand]]
            if None in slopes:
                return None
            pairs = zip(slopes, rows[operand], strict=True)
            rows.append([[(slope or Fraction(0)) * d for d in row] for slope, row in pairs])
            continue
        assert isinstance(node.primitive, Affine), "smooth functions have no exact values"
        result = [[Fraction(0)] * size for _ in node.primitive.bias]
        for linear, operand in zip(node.primitive.maps, node.operands, strict=True):
            for row, weights in zip(result, rows_of(linear), strict=True):
                for column, weight in weights.items():
                    inner = rows[operand][column]
                    row[:] = [total + Fraction(weight) * d for total, d in zip(row, inner, strict=True)]
        rows.append(result)
    return [row for output in graph.outputs for row in rows[output]]


def _slope(function: PiecewiseLinear, t: Fraction) -> Fraction | None:
    if t in [Fraction(knot) for knot in function.knots]:
        return None
    return Fraction(function.slopes[sum(t > Fraction(knot) for knot in function.knots)])


def runnable(graph: Graph, declaration: ast.NetworkDecl, number: type[Number] = Fraction) -> Network:
    """The graph as the reference semantics takes it, exact; floats in and out when `number` is `float`."""

    def exact(x: Sequence[Number]) -> list[Fraction]:
        return [Fraction(e) for e in x]

    def values_at(x: Sequence[Number], chosen: Sequence[int]) -> list[Number]:
        values = reference_values(graph, exact(x))
        return [number(e) for value in chosen for e in values[value]]

    def jacobian(x: Sequence[Number]) -> list[list[Number]] | None:
        rows = reference_jacobian(graph, exact(x))
        return None if rows is None else [[number(e) for e in row] for row in rows]

    numbers = dict(graph.tensors)
    layers = [item for item in declaration.items if isinstance(item, ast.Layer)]
    layers = [item for item in layers if item.tensor.value in numbers]
    knots = [node.operands[0] for node in graph.nodes if isinstance(node.primitive, PiecewiseLinear)]
    return Network(
        declaration,
        tuple(Port(spec.name, spec.shape) for spec in graph.inputs),
        tuple(Port(graph.value(output).name, graph.value(output).shape) for output in graph.outputs),
        lambda x: values_at(x, graph.outputs),
        {
            item.name.text: Hidden(
                graph.value(numbers[item.tensor.value]).shape,
                partial(values_at, chosen=(numbers[item.tensor.value],)),
            )
            for item in layers
        },
        partial(values_at, chosen=knots),
        jacobian,
    )
