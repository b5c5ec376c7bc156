"""Every ONNX operator against the ONNX reference evaluator, over random shapes and attributes.

In: the registry of operators, and for each a strategy that draws models of one node.  Out: agreement of the
exact and of the float evaluation with the reference.  The numbers drawn are quarters, so that the reference's
float32 arithmetic is itself exact and agreement means equality.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from spec_lang.kernel.enclosed import EnclosedNetwork
from spec_lang.kernel.exact import evaluate_exact
from spec_lang.network.evaluate import evaluate
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_import import load_graph
from spec_lang.network.onnx_lower import NEWEST_OPSET, operators
from tests.conformance.cases import Case, Shape, Weights, broadcast_pair, quarters, shapes
from tests.conformance.function_cases import FUNCTION_CASES
from tests.conformance.tensor_cases import TENSOR_CASES
from tests.conformance.window_cases import WINDOW_CASES
from tests.tiny_networks import onnx_model


def elementwise(operator: str, *, two_values: bool, divisors: bool = False) -> st.SearchStrategy[Case]:
    @st.composite
    def cases(draw: st.DrawFn) -> Case:
        left, right = draw(broadcast_pair())
        forms = ["value-constant"] + ([] if divisors else ["constant-value"])
        forms += ["two values", "twice the same"] if two_values else []
        form = draw(st.sampled_from(forms))
        opset = draw(st.sampled_from([7, 13, 17, 22]))
        if form == "two values":
            return Case(operator, ["x", "z"], {"x": left, "z": right}, opset=opset)
        if form == "twice the same":
            return Case(operator, ["x", "x"], {"x": left}, opset=opset)
        value, constant = (left, right) if form == "value-constant" else (right, left)
        powers = (0.25, -0.5, 1.0, -2.0, 8.0) if divisors else None
        weights = {"c": draw(quarters(constant, powers))}
        operands = ["x", "c"] if form == "value-constant" else ["c", "x"]
        return Case(operator, operands, {"x": value}, weights, opset=opset)

    return cases()


def unary(operator: str, oldest: int) -> st.SearchStrategy[Case]:
    opsets = st.sampled_from([oldest, 13, 17, 22])
    return st.builds(lambda shape, opset: Case(operator, ["x"], {"x": shape}, opset=opset), shapes, opsets)


@st.composite
def matmul(draw: st.DrawFn) -> Case:
    inner, other = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    batch: Shape = tuple(draw(st.lists(st.integers(1, 2), max_size=2)))
    extra = (1,) * draw(st.integers(0, 2))
    vector, matrix = draw(st.booleans()), draw(st.booleans())
    value: Shape = (*batch, draw(st.integers(1, 3)), inner) if batch or matrix else (inner,)
    if draw(st.booleans()):
        constant: Shape = (inner,) if vector else (*extra, inner, other)
        return Case("MatMul", ["x", "c"], {"x": value}, {"c": draw(quarters(constant))})
    rows = (*value[:-2], value[-1], value[-2]) if len(value) > 1 else value
    constant = (inner,) if vector else (*extra, other, inner)
    return Case("MatMul", ["c", "x"], {"x": rows}, {"c": draw(quarters(constant))})


@st.composite
def gemm(draw: st.DrawFn) -> Case:
    rows, inner, columns = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    turn_a, turn_b = draw(st.integers(0, 1)), draw(st.integers(0, 1))
    a = (inner, rows) if turn_a else (rows, inner)
    b = (columns, inner) if turn_b else (inner, columns)
    attributes: dict[str, Any] = {"transA": turn_a, "transB": turn_b}
    for name in draw(st.sets(st.sampled_from(["alpha", "beta"]))):
        attributes[name] = draw(st.sampled_from([0.0, 0.5, -2.0, 1.0, 3.0]))
    constant_first = draw(st.booleans())
    inputs: dict[str, Shape] = {"x": b if constant_first else a}
    weights = {"w": draw(quarters(a if constant_first else b))}
    operands = ["w", "x"] if constant_first else ["x", "w"]
    c = draw(st.sampled_from([None, (), (1,), (columns,), (rows, 1), (1, columns), (rows, columns)]))
    if c is not None and draw(st.booleans()) and c != ():
        inputs["z"] = c
        operands.append("z")
    elif c is not None:
        weights["c"] = draw(quarters(c))
        operands.append("c")
    return Case("Gemm", operands, inputs, weights, attributes, draw(st.sampled_from([11, 13, 17])))


@st.composite
def flatten(draw: st.DrawFn) -> Case:
    shape = draw(shapes)
    axis = draw(st.integers(-len(shape), len(shape)))
    attributes = {} if draw(st.booleans()) else {"axis": axis}
    return Case(
        "Flatten", ["x"], {"x": shape}, attributes=attributes, opset=draw(st.sampled_from([11, 13, 24]))
    )


@st.composite
def reshape(draw: st.DrawFn) -> Case:
    shape = draw(shapes)
    target = draw(st.permutations(shape)) + [1] * draw(st.integers(0, 2))
    for axis, size in enumerate(shape):
        if target[axis] == size and draw(st.booleans()):
            target[axis] = 0
    if draw(st.booleans()):
        target[draw(st.integers(0, len(target) - 1))] = -1
    weights: Weights = {"s": np.array(target, dtype=np.int64)}
    return Case(
        "Reshape", ["x", "s"], {"x": shape}, weights, opset=draw(st.sampled_from([5, 13, 14, 19, 24]))
    )


@st.composite
def squeeze(draw: st.DrawFn) -> Case:
    shape = draw(shapes)
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    opset = draw(st.sampled_from([11, 12, 13, 17, 24]))
    # The reference mistakes negative axes of the older operator sets when there are several.
    turns = [0] if opset < 13 else [0, len(shape)]
    axes = [axis - draw(st.sampled_from(turns)) for axis in ones if draw(st.booleans())]
    if not axes:
        return Case("Squeeze", ["x"], {"x": shape}, opset=opset)
    return with_axes("Squeeze", shape, axes, opset)


@st.composite
def unsqueeze(draw: st.DrawFn) -> Case:
    shape = draw(shapes)
    rank = len(shape) + draw(st.integers(1, 2))
    chosen = draw(st.sets(st.integers(0, rank - 1), min_size=rank - len(shape), max_size=rank - len(shape)))
    opset = draw(st.sampled_from([11, 12, 13, 17, 24]))
    turns = [0] if opset < 13 else [0, rank]  # as for Squeeze
    axes = [axis - draw(st.sampled_from(turns)) for axis in sorted(chosen)]
    return with_axes("Unsqueeze", shape, axes, opset)


def with_axes(operator: str, shape: Shape, axes: list[int], opset: int) -> Case:
    if opset < 13:
        return Case(operator, ["x"], {"x": shape}, attributes={"axes": axes}, opset=opset)
    weights: Weights = {"axes": np.array(axes, dtype=np.int64)}
    return Case(operator, ["x", "axes"], {"x": shape}, weights, opset=opset)


@st.composite
def constant(draw: st.DrawFn) -> Case:
    shape = draw(shapes)
    value = draw(quarters(shape))
    attributes: dict[str, Any] = draw(
        st.sampled_from(
            [
                {"value": numpy_helper.from_array(value)},
                {"value": numpy_helper.from_array(value.astype(np.float64).astype(np.float32))},
                {"value_float": float(value.flat[0])},
                {"value_floats": [float(v) for v in value.flat]},
            ]
        )
    )
    return Case("Constant", [], {}, attributes=attributes)


@st.composite
def dropout(draw: st.DrawFn) -> Case:
    shape, opset = draw(shapes), draw(st.sampled_from([10, 12, 13, 17]))
    if opset < 12:
        return Case("Dropout", ["x"], {"x": shape}, attributes={"ratio": 0.5}, opset=opset)
    weights: Weights = {"ratio": np.array(0.5, dtype=np.float32), "training": np.array(False)}
    operands = ["x", "ratio", "training"][: draw(st.integers(1, 3))]
    return Case(
        "Dropout", operands, {"x": shape}, {k: v for k, v in weights.items() if k in operands}, opset=opset
    )


CASES: dict[str, st.SearchStrategy[Case]] = {
    "Add": elementwise("Add", two_values=True),
    "Constant": constant(),
    "Div": elementwise("Div", two_values=False, divisors=True),
    "Dropout": dropout(),
    "Flatten": flatten(),
    "Gemm": gemm(),
    "Identity": unary("Identity", 1),
    "MatMul": matmul(),
    "Mul": elementwise("Mul", two_values=False),
    "Neg": unary("Neg", 6),
    "Relu": unary("Relu", 6),
    "Reshape": reshape(),
    "Squeeze": squeeze(),
    "Sub": elementwise("Sub", two_values=True),
    "Unsqueeze": unsqueeze(),
    **FUNCTION_CASES,
    **TENSOR_CASES,
    **WINDOW_CASES,
}


def test_every_operator_has_a_case() -> None:
    assert sorted(CASES) == sorted(operators())


@pytest.mark.parametrize("name", sorted(CASES))
@settings(max_examples=60)
@given(data=st.data())
def test_exact_and_float_evaluation_agree_with_the_reference(name: str, data: st.DataObject) -> None:
    case = data.draw(CASES[name])
    results = ["r"] if not case.inputs else ["y", *(f"y{i}" for i in range(1, case.results))]
    nodes = [helper.make_node(case.operator, case.operands, results, name="n", **case.attributes)]
    inputs, outputs = dict(case.inputs), results
    if not inputs:  # a constant alone is no network
        nodes.append(helper.make_node("Cast", ["r"], ["f"], to=1))
        nodes.append(helper.make_node("Add", ["x", "f"], ["y"]))
        inputs, outputs = {"x": (1,)}, ["y"]
    model = onnx_model(nodes, inputs, outputs, weights=case.weights, opset=case.opset)
    feed = {key: data.draw(quarters(shape)) for key, shape in inputs.items()}
    found = _by_runtime(model, feed) if case.runtime else ReferenceEvaluator(model).run(None, feed)
    expected = np.concatenate([np.asarray(result).ravel() for result in found])
    graph, problems = load_graph(model.SerializeToString(), "f")
    assert graph is not None, problems
    point = np.concatenate([feed[spec.name].ravel() for spec in graph.inputs]).astype(np.float64)
    exact = _exact(graph, [Fraction(value) for value in point.tolist()])
    if case.rounded:
        np.testing.assert_allclose([float(value) for value in exact], expected, rtol=1e-5, atol=1e-5)
        expected = np.array([float(value) for value in exact])
    else:
        assert [Fraction(value) for value in expected.tolist()] == list(exact)
    np.testing.assert_allclose(evaluate(graph, point[np.newaxis])[0], expected, rtol=1e-12, atol=1e-12)


def _exact(graph: Graph, point: list[Fraction]) -> tuple[Fraction, ...]:
    """The outputs; of smooth graphs the middles of enclosures that are too narrow to matter."""
    if not graph.smooth:
        return evaluate_exact(graph, point)
    found = EnclosedNetwork(graph)(point, 96)
    assert all(0 <= high - low < 2**-80 for low, high in found)
    return tuple((low + high) / 2 for low, high in found)


def _by_runtime(model: onnx.ModelProto, feed: Mapping[str, np.ndarray[Any, Any]]) -> list[Any]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return list(session.run(None, dict(feed)))


@pytest.mark.parametrize("name", sorted(CASES))
def test_an_operator_names_its_page_and_its_oldest_operator_set(name: str) -> None:
    operator = operators()[name]
    assert f"https://onnx.ai/onnx/operators/onnx__{name}.html" == operator.documentation
    assert 1 <= operator.since <= NEWEST_OPSET
