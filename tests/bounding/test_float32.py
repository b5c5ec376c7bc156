"""Bounds under float32 semantics hold for every execution, and cost little where nothing is close."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from onnx import helper

from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.float32 import LARGEST32, rounding_of, single_candidate
from spec_lang.bounding.linear import lower_bounds
from spec_lang.bounding.objectives import Objectives, Rows
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.program import compile_graph
from spec_lang.bounding.propagate import propagate
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.onnx_import import load_graph
from spec_lang.network.onnx_replay import replay
from spec_lang.network.primitives import RELU, Affine, Dense, Floats, frozen
from spec_lang.obligations.model import Box, Semantics
from tests.float32_runs import LEFT_TO_RIGHT, Overflow, Style, nearest, networks, run, styles
from tests.graphs import random_chain
from tests.laws import law
from tests.tiny_networks import onnx_bytes

FLOAT32 = Semantics.FLOAT32
OMEGA = 2.0**24


@st.composite
def situations(draw: st.DrawFn) -> tuple[Graph, Boxes, list[Fraction]]:
    """A network, a box, and a float32 point in it."""
    graph = draw(networks())
    ends = [sorted((draw(_inputs), draw(_inputs))) for _ in range(graph.input_size)]
    boxes = Boxes(np.array([[low for low, _ in ends]]), np.array([[high for _, high in ends]]))
    shares = [draw(st.sampled_from([0.0, 0.5, 1.0, 0.3])) for _ in ends]
    point = [np.float32(low + s * (high - low)) for (low, high), s in zip(ends, shares, strict=True)]
    inside = [min(max(float(x), low), high) for x, (low, high) in zip(point, ends, strict=True)]
    return graph, boxes, [Fraction(x) for x in inside]


_inputs = st.one_of(st.floats(-4, 4, width=32), st.sampled_from([0.0, 1.0, 2.0**-120, 1e3, 0.1 + 2.0**-30]))
_inputs = _inputs.map(lambda x: float(np.float32(x)))


@law(100, 1000, situation=situations(), style=styles, choice=st.randoms(use_true_random=False))
def test_every_execution_stays_within_the_bounds(
    situation: tuple[Graph, Boxes, list[Fraction]], style: Style, choice: random.Random
) -> None:
    graph, boxes, point = situation
    context, known = propagate(compile_graph(graph, FLOAT32), boxes)
    assume(context.usable().all())
    values = run(graph, point, style, choice)
    for value, ranges in known.items():
        for found, low, high in zip(values[value], ranges.lower[0], ranges.upper[0], strict=True):
            assert Fraction(float(low)) <= found <= Fraction(float(high))
    for output in dict.fromkeys(graph.outputs):
        for sign in (1.0, -1.0):
            rows = sign * np.eye(graph.value(output).size)
            start = {output: context.carried(output, rows)}
            bounds = lower_bounds(context, start, np.zeros(len(rows)), np.zeros(len(rows), dtype=np.intp))
            for found, minimum in zip(values[output], bounds.minimum, strict=True):
                assert Fraction(float(minimum)) <= int(sign) * found


@law(
    50,
    400,
    situation=situations(),
    style=styles,
    choice=st.randoms(use_true_random=False),
    steps=st.integers(0, 3),
)
def test_optimised_bounds_hold_for_every_execution(
    situation: tuple[Graph, Boxes, list[Fraction]], style: Style, choice: random.Random, steps: int
) -> None:
    graph, boxes, point = situation
    context, _ = propagate(compile_graph(graph, FLOAT32), boxes)
    assume(context.usable().all())
    values = run(graph, point, style, choice)
    optimiser = Optimiser(context)
    output = graph.outputs[0]
    size = graph.value(output).size
    start = {output: context.carried(output, np.eye(size))[:, None, :]}
    phases = np.zeros((size, optimiser.unstable.count), dtype=np.int8)
    slopes = np.full((size, optimiser.unstable.count), 0.5)
    node = np.arange(size)
    rows = Rows(Objectives(start, np.zeros((size, 1))), node, np.ones((size, 1)), phases, slopes, node)
    best, _, _ = optimiser.optimise(rows, steps, goal=np.inf)
    for found, minimum in zip(values[output], best, strict=True):
        assert Fraction(float(minimum)) <= found


@given(networks(), st.data())
def test_real_bounds_are_those_of_a_program_without_semantics(graph: Graph, data: st.DataObject) -> None:
    side = [data.draw(_inputs) for _ in range(graph.input_size)]
    boxes = Boxes(np.array([side]), np.array([side]) + 1)
    _, plain = propagate(compile_graph(graph), boxes)
    real, known = propagate(compile_graph(graph, Semantics.REAL), boxes)
    assert not real.errors
    for value, ranges in plain.items():
        assert np.array_equal(ranges.lower, known[value].lower)
        assert np.array_equal(ranges.upper, known[value].upper)


# -- networks whose answer depends on the order -----------------------------------------------------------

ORDERS = {
    "cancelled": ([OMEGA, 1.0, -OMEGA], 1, 0),
    "fifteen": (([OMEGA / 4] * 4 + [1.0] + [-OMEGA / 4] * 4) * 15, 15, 0),
    "small first": ([2 / 512] * 512 + [OMEGA, -OMEGA], 2, 2),
    "ones first": ([1.0] * 512 + [OMEGA, -OMEGA], 512, 512),
}


def linear(weights: list[float]) -> Graph:
    array = frozen(np.array([weights], dtype=np.float32))
    affine = Affine((Dense(array),), frozen(np.zeros(1, dtype=np.float32)))
    spec = TensorSpec("x", (len(weights),))
    return Graph((spec,), (Node(affine, (0,), TensorSpec("y", (1,))),), (1,))


@pytest.mark.parametrize(("weights", "exact", "left_to_right"), ORDERS.values(), ids=ORDERS)
def test_the_networks_of_szasz_are_bounded_around_every_order(
    weights: list[float], exact: int, left_to_right: int
) -> None:
    graph = linear(weights)
    ones = np.ones((1, len(weights)))
    point = [Fraction(1)] * len(weights)
    (found,) = run(graph, point, LEFT_TO_RIGHT, random.Random(0))[1]  # noqa: S311
    assert found == left_to_right
    context, _ = propagate(compile_graph(graph, FLOAT32), Boxes(ones, ones))
    rows = np.array([[1.0], [-1.0]])
    bounds = lower_bounds(context, {1: rows}, np.zeros(2), np.zeros(2, dtype=np.intp))
    low, high = bounds.minimum[0], -bounds.minimum[1]
    assert low <= min(0, exact) and max(exact, left_to_right) <= high
    choice = random.Random(1)  # noqa: S311
    style = Style(shuffled=True)
    assert all(low <= run(graph, point, style, choice)[1][0] <= high for _ in range(20))
    shown, _ = propagate(compile_graph(graph), Boxes(ones, ones))
    real = lower_bounds(shown, {1: rows}, np.zeros(2), np.zeros(2, dtype=np.intp)).minimum
    assert abs(real[0] - exact) < 1e-3


# -- larger networks, as they are run -----------------------------------------------------------------------


def test_what_onnxruntime_and_numpy_compute_stays_within_the_bounds() -> None:
    rng = np.random.default_rng(7)
    sizes = (30, 60, 60, 5)
    weights: dict[str, Floats] = {}
    nodes = []
    for layer in range(3):
        shape = sizes[layer + 1], sizes[layer]
        weights[f"w{layer}"] = rng.standard_normal(shape).astype(np.float32)
        weights[f"b{layer}"] = rng.standard_normal(shape[0]).astype(np.float32)
        result = "y" if layer == 2 else f"z{layer}"
        operand = "x" if layer == 0 else f"a{layer - 1}"
        nodes.append(helper.make_node("Gemm", [operand, f"w{layer}", f"b{layer}"], [result], transB=1))
        if layer < 2:
            nodes.append(helper.make_node("Relu", [result], [f"a{layer}"]))
    data = onnx_bytes(nodes, {"x": [1, 30]}, weights=weights)
    graph, problems = load_graph(data, "f")
    assert graph is not None, problems
    program = compile_graph(graph, FLOAT32)
    for _ in range(20):
        x = rng.standard_normal(30).astype(np.float32)
        point = x.astype(np.float64)[None]
        context, _ = propagate(program, Boxes(point, point))
        rows = np.concatenate([np.eye(5), -np.eye(5)])
        bounds = lower_bounds(
            context, {graph.outputs[0]: rows}, np.zeros(10), np.zeros(10, dtype=np.intp)
        ).minimum
        run_by_runtime = replay(data, graph, x.astype(np.float64).tolist()).outputs
        assert run_by_runtime is not None
        orders = [np.array(run_by_runtime)]
        orders += [_in_order(weights, x, rng) for _ in range(5)]
        for found in orders:
            assert (bounds[:5] <= found).all() and (found <= -bounds[5:]).all()
        assert (-bounds[5:] - bounds[:5]).max() < 0.1  # and they are of some use


def _in_order(weights: dict[str, Floats], x: Floats, rng: np.random.Generator) -> Floats:
    """Running sums in float32, in a random order, layer by layer."""
    value = x
    for layer in range(3):
        total = np.zeros(len(weights[f"b{layer}"]), dtype=np.float32)
        for column in rng.permutation(len(value)):
            total = total + weights[f"w{layer}"][:, column] * value[column]
        value = total + weights[f"b{layer}"]
        value = value if layer == 2 else np.maximum(value, np.float32(0))
    return value.astype(np.float64)


# -- limits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [[3e38, 3e38], [3e38, 3e38, -3e38]])
def test_where_a_sum_may_overflow_nothing_is_bounded(weights: list[float]) -> None:
    graph = linear(weights)
    ones = np.ones((1, len(weights)))
    context, _ = propagate(compile_graph(graph, FLOAT32), Boxes(ones, ones))
    assert not context.usable().any()
    near, _ = propagate(compile_graph(graph, FLOAT32), Boxes(0.1 * ones, 0.1 * ones))
    assert near.usable().all()


def test_the_largest_float32_is_the_largest() -> None:
    assert float(np.finfo(np.float32).max) == LARGEST32
    assert nearest(Fraction(LARGEST32)) == Fraction(LARGEST32)
    with pytest.raises(Overflow):
        nearest(Fraction(2**128))


def test_glue_is_exact() -> None:
    graph = linear([0.1, 0.7])
    glued = Graph(
        graph.inputs, tuple(Node(n.primitive, n.operands, n.tensor, True) for n in graph.nodes), (1,)
    )
    ones = np.ones((1, 2))
    context, _ = propagate(compile_graph(glued, FLOAT32), Boxes(ones, ones))
    assert not context.errors


@pytest.mark.parametrize("terms", [1, 3, 50, 4096, 10**6])
def test_the_error_of_a_sum_is_at_least_what_higham_counts(terms: int) -> None:
    k, u = terms + 4, Fraction(1, 2**24)
    gamma = k * u / (1 - k * u)
    magnitude = 3.7
    exact = gamma * Fraction(magnitude) + (2 * terms + 1) * Fraction(1, 2**126)
    found = float(rounding_of(terms).error(np.array([magnitude]))[0])
    assert exact <= Fraction(found) <= exact * Fraction(1001, 1000)


def test_a_sum_of_too_many_terms_has_no_bound() -> None:
    assert np.isinf(rounding_of(2**24).error(np.array([1.0]))).all()


def test_a_row_that_starts_at_a_step_does_not_forget_its_error() -> None:
    """The pre-activation of one neuron, whose step is behind another ReLU, is off by that step's rounding."""
    shape = random_chain((2, 3, 1), seed=3)
    nodes = []
    for node in shape.nodes:
        primitive = node.primitive
        if isinstance(primitive, Affine):
            (only,) = primitive.maps
            assert isinstance(only, Dense)
            primitive = Affine(
                (Dense(frozen(only.weight.astype(np.float32))),), frozen(primitive.bias.astype(np.float32))
            )
        nodes.append(Node(primitive, node.operands, node.tensor))
    last = len(nodes)
    nodes.append(Node(RELU, (last,), TensorSpec("r", (1,))))
    graph = Graph(shape.inputs, tuple(nodes), (last + 1,))
    boxes = Boxes(-np.ones((1, 2)), np.ones((1, 2)))
    exact = propagate(compile_graph(graph), boxes)[1][last]
    context, known = propagate(compile_graph(graph, FLOAT32), boxes)
    error = context.errors[last]
    assert (known[last].lower <= exact.lower - 0.99 * error).all()
    assert (known[last].upper >= exact.upper + 0.99 * error).all()


# -- points that float32 holds ----------------------------------------------------------------------------

_ends = st.one_of(st.fractions(-5, 5), st.floats(-5, 5, width=32).map(Fraction), st.none())


@given(st.lists(st.tuples(_ends, _ends, st.floats(-1e39, 1e39)), min_size=1, max_size=4))
def test_a_candidate_lies_in_the_box_and_is_a_float32_number_where_there_is_one(
    sides: list[tuple[Fraction | None, Fraction | None, float]],
) -> None:
    ends = [sorted(e for e in (low, high) if e is not None) for low, high, _ in sides]
    lower = tuple(e[0] if low is not None else None for e, (low, _, _) in zip(ends, sides, strict=True))
    upper = tuple(e[-1] if high is not None else None for e, (_, high, _) in zip(ends, sides, strict=True))
    found = single_candidate(Box(lower, upper), np.array([x for _, _, x in sides]))
    for value, low, high in zip(found, lower, upper, strict=True):
        assert (low is None or low <= value) and (high is None or value <= high)
        if nearest(value) != value:  # then no float32 number is between the ends
            assert low is not None and high is not None and value in (low, high)
            assert high - low < Fraction(1, 2**20)
            middle = nearest((low + high) / 2)
            assert not low <= middle <= high


@pytest.mark.parametrize("x", [0.09, 0.1, 0.3, 1e39, -1e39])
def test_a_side_that_float32_does_not_hold_is_rounded_inward(x: float) -> None:
    box = Box((Fraction(1, 10),), (Fraction(1, 5),))
    (value,) = single_candidate(box, np.array([x]))
    assert Fraction(1, 10) <= value <= Fraction(1, 5)
    assert nearest(value) == value
