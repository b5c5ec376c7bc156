"""Which semantics a claim has, who has none in float32, and where it ends up in obligations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper

from spec_lang.diagnostics import DiagnosticLog, Severity
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.onnx_import import load_graph
from spec_lang.network.primitives import RELU, Affine, Dense, Smooth, frozen
from spec_lang.obligations.lower import lower, lower_condition
from spec_lang.obligations.model import All, Axis, Frame, Semantics
from spec_lang.semantics.float32 import check_semantics, float32_obstacle
from tests.semantics.worlds import accepted, check, network
from tests.smooth_nets import S_SHAPED
from tests.tiny_networks import ABS_LIKE, chain, dense, onnx_model

REAL, FLOAT32 = Semantics.REAL, Semantics.FLOAT32
FILE = """
network f = "f.onnx" {
    input a, b, c
    output p, q
}
network g[i in 1..3] = "g_{i}.onnx" {
    input a, b, c
    output p, q
}
"""
PLAIN = "claim c: forall x in box(0, 1): f(x).p <= 0"
SAYS_REAL = "claim c @semantics(real): forall x in box(0, 1): f(x).p <= 0"
SAYS_FLOAT32 = "claim c @semantics(float32): forall x in box(0, 1): f(x).p <= 0"


def double() -> Graph:
    """`network()`, with the last layer in float64."""
    graph = network()
    last = Affine((Dense(frozen(np.full((2, 3), 0.1))),), frozen(np.zeros(2, dtype=np.float32)))
    *nodes, end = graph.nodes
    return Graph(graph.inputs, (*nodes, Node(last, end.operands, end.tensor)), graph.outputs, graph.tensors)


@pytest.mark.parametrize(
    ("text", "run", "meant"),
    [
        (PLAIN, REAL, REAL),
        (PLAIN, FLOAT32, FLOAT32),
        (SAYS_REAL, FLOAT32, REAL),
        (SAYS_FLOAT32, REAL, FLOAT32),
        (SAYS_FLOAT32, FLOAT32, FLOAT32),
    ],
)
def test_what_a_claim_says_wins_over_what_the_run_says(text: str, run: Semantics, meant: Semantics) -> None:
    goal = lower(accepted(FILE + text)["c"], run)
    assert {obligation.semantics for obligation in goal.obligations} == {meant}


def test_every_obligation_has_the_semantics_also_of_an_empty_region_and_of_several_cases() -> None:
    for body in ("{ x | x.a < 0 and x.a > 1 }: f(x).p <= 0", "box(0, 1): f(x).p <= 0 and f(x).q <= x.a"):
        goal = lower(accepted(f"{FILE}claim c: forall x in {body}")["c"], FLOAT32)
        assert {obligation.semantics for obligation in goal.obligations} == {FLOAT32}


def test_a_query_has_the_semantics_of_the_run() -> None:
    frame = Frame("f", "x", tuple(map(Axis, "abc")), tuple(map(Axis, "pq")))
    for semantics in Semantics:
        goal = lower_condition(network(), All(()), frame, "query", semantics)
        assert [obligation.semantics for obligation in goal.obligations] == [semantics]
    assert lower_condition(network(), All(()), frame, "query").obligations[0].semantics is REAL


# -- networks that are not run in float32 ---------------------------------------------------------------


def problems(text: str, graphs: dict[str, Graph], run: Semantics = REAL) -> list[tuple[str, str]]:
    checked = accepted(FILE + text, graphs)
    log = DiagnosticLog()
    check_semantics(checked.spec.claims, checked.graphs, run, log)
    return [(problem.code, problem.problem) for problem in log]


def known(**graphs: Graph) -> dict[str, Graph]:
    return {"f": network(), **{f"g[{i}]": network() for i in (1, 2, 3)}, **graphs}


def test_float32_of_a_double_network_is_a_mistake_wherever_it_is_said() -> None:
    graphs = known(f=double())
    problem = "`t2` is computed with numbers that are not stored as float32"
    expected = [("NN143", f"network `f` has no float32 semantics: {problem}")]
    assert problems(SAYS_FLOAT32, graphs) == expected
    assert problems(PLAIN, graphs, FLOAT32) == expected
    assert problems(PLAIN, graphs) == []
    assert problems(SAYS_REAL, graphs, FLOAT32) == []
    assert problems(SAYS_FLOAT32, known()) == []


def test_it_is_said_once_a_family() -> None:
    text = "claim c[i] @semantics(float32): forall x in box(0, 1): g[i](x).p <= 0"
    graphs = known() | {f"g[{i}]": double() for i in (1, 2, 3)}
    assert [code for code, _ in problems(text, graphs)] == ["NN143"]


def test_glue_may_have_any_numbers() -> None:
    shift = Affine((Dense(frozen(np.array([[0.1]]))),), frozen(np.array([0.3])))
    spec = TensorSpec("y", (1,))
    nodes = Node(shift, (0,), spec, glue=True), Node(dense([[1.0]]), (1,), spec), Node(RELU, (2,), spec)
    assert float32_obstacle(Graph((TensorSpec("x", (1,)),), nodes, (3,))) is None
    assert float32_obstacle(chain(1, shift)) is not None


@pytest.mark.parametrize("function", S_SHAPED)
def test_a_smooth_function_is_approximated_by_every_runtime_in_its_own_way(function: Smooth) -> None:
    graph = network()
    nodes = (graph.nodes[0], replace(graph.nodes[1], primitive=function), graph.nodes[2])
    smooth = known(f=Graph(graph.inputs, nodes, graph.outputs, graph.tensors))
    problem = f"each runtime approximates `t1`, a {function.value}, in its own way"
    expected = [("NN143", f"network `f` has no float32 semantics: {problem}")]
    assert problems(SAYS_FLOAT32, smooth) == expected
    assert problems(PLAIN, smooth) == []


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("grad(f.p, x).a <= 9", "a gradient"),
        ("grad(f.p, [1, 2, 3]).a <= f(x).p", "a gradient"),
        ("softmax(f)(x).p <= 1", "a probability"),
        ("norm(grad(softmax(f).p, x), l2) <= 9", "a gradient"),
    ],
)
def test_what_no_run_computes_has_no_float32_semantics(body: str, what: str) -> None:
    claim = f"claim c: forall x in box(0, 1): {body}"
    said = f"{what} has no float32 semantics: running the network does not compute it"
    assert problems(claim, known(), FLOAT32) == [("NN143", said)]
    assert problems(claim, known()) == []


@pytest.mark.parametrize("function", S_SHAPED)
def test_a_smooth_network_has_no_phases(function: Smooth) -> None:
    graph = network()
    nodes = (*graph.nodes, Node(function, (3,), graph.nodes[2].tensor))
    smooth = Graph(graph.inputs, nodes, (4,), graph.tensors)
    claim = "claim c: one_activation_region(f, on: box(0, 1))"
    found = check(FILE + claim, known(f=smooth)).problems
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    assert [error.code for error in errors] == ["NN118"]
    assert "no phases" in errors[0].problem
    assert errors[0].fix is not None
    assert "layer" in errors[0].fix


def test_a_function_that_rounds_in_a_way_of_its_own_has_none() -> None:
    assert float32_obstacle(chain(1, dense([[1.0]]), RELU)) is None
    assert float32_obstacle(chain(1, dense([[1.0]]), ABS_LIKE)) is not None


@pytest.mark.parametrize("kind", [TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16])
def test_a_network_of_another_precision_has_none(kind: int) -> None:
    model = onnx_model([helper.make_node("Relu", ["x"], ["y"])], {"x": [1, 2]})
    assert obstacle_of(model) is None
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = kind
    assert "numbers" in (obstacle_of(model) or "")


def obstacle_of(model: ModelProto) -> str | None:
    graph, problems = load_graph(model.SerializeToString(), "f")
    assert graph is not None, problems
    hidden = graph.with_outputs(graph.outputs)
    assert float32_obstacle(hidden) == float32_obstacle(graph)
    return float32_obstacle(graph)


@pytest.mark.parametrize(
    ("operator", "constant", "is_single"),
    [
        ("Div", 4.0, True),
        ("Mul", 0.1, True),
        ("Add", 0.1, True),
        ("Sub", 0.1, True),
        ("Div", 2.0**-130, False),
    ],
)
def test_an_operator_with_a_stored_constant_rounds_once(
    operator: str, constant: float, is_single: bool
) -> None:
    nodes = [helper.make_node(operator, ["x", "c"], ["y"])]
    weights = {"c": np.array([constant], dtype=np.float32)}
    assert (obstacle_of(onnx_model(nodes, {"x": [1, 2]}, weights=weights)) is None) is is_single


@pytest.mark.parametrize("operator", ["Mul", "Add"])
def test_constants_that_a_runtime_would_combine_have_none(operator: str) -> None:
    nodes = [helper.make_node(operator, ["c", "c"], ["d"]), helper.make_node("Mul", ["x", "d"], ["y"])]
    weights = {"c": np.array([0.1], dtype=np.float32)}
    assert obstacle_of(onnx_model(nodes, {"x": [1, 2]}, weights=weights)) is not None


@pytest.mark.parametrize(
    ("alpha", "beta", "is_single"), [(1.0, 1.0, True), (0.5, 1.0, False), (1.0, 0.3, False)]
)
def test_a_gemm_without_factors_is_one_sum(alpha: float, beta: float, is_single: bool) -> None:
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["y"], alpha=alpha, beta=beta)]
    weights = {"w": np.ones((2, 2), dtype=np.float32), "b": np.ones(2, dtype=np.float32)}
    assert (obstacle_of(onnx_model(nodes, {"x": [1, 2]}, weights=weights)) is None) is is_single


def test_a_bias_in_float64_is_one_that_a_runtime_would_round() -> None:
    weight = frozen(np.ones((1, 1), dtype=np.float32))
    assert float32_obstacle(chain(1, Affine((Dense(weight),), frozen(np.array([0.1]))))) is not None
