"""Linear bounds hold in exact arithmetic, whatever the weights, the boxes and the shape of the graph."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.linear import lower_bounds
from spec_lang.bounding.program import AffineStep, compile_graph
from spec_lang.bounding.propagate import propagate
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.operators import Sparse
from spec_lang.network.primitives import RELU, Affine, Dense, frozen
from tests.bounding.samples import float_boxes, points_of, share_lists
from tests.graphs import chains, dags, exact_values
from tests.laws import law
from tests.pairs import differences


@st.composite
def situations(draw: st.DrawFn) -> tuple[Graph, Boxes, list[list[Fraction]]]:
    graph = draw(st.one_of(chains(), dags(), differences()))
    boxes = draw(float_boxes(graph.input_size))
    return graph, boxes, draw(share_lists(graph.input_size))


@law(50, 400, situation=situations())
def test_pre_activation_bounds_contain_every_exact_value(
    situation: tuple[Graph, Boxes, list[list[Fraction]]],
) -> None:
    graph, boxes, shares = situation
    _, known = propagate(compile_graph(graph), boxes)
    for index in range(len(boxes)):
        for point in points_of(boxes, index, shares):
            values = exact_values(graph, point)
            for value, ranges in known.items():
                for exact, lo, hi in zip(
                    values[value], ranges.lower[index], ranges.upper[index], strict=True
                ):
                    assert Fraction(float(lo)) <= exact <= Fraction(float(hi))


@law(50, 400, situation=situations(), data=st.data())
def test_a_row_lies_above_its_linear_bound_and_above_the_minimum(
    situation: tuple[Graph, Boxes, list[list[Fraction]]], data: st.DataObject
) -> None:
    graph, boxes, shares = situation
    program = compile_graph(graph)
    context, _ = propagate(program, boxes)
    coefficient = st.sampled_from([0.0, 1.0, -1.0, 0.1, -3e3, 1e-300])
    rows = len(boxes)
    start: dict[int, np.ndarray] = {}
    for value in dict.fromkeys((*graph.outputs, 0)):
        size = graph.value(value).size
        numbers = data.draw(st.lists(coefficient, min_size=rows * size, max_size=rows * size))
        start[value] = np.array(numbers).reshape(rows, size)
    constant = np.array(data.draw(st.lists(coefficient, min_size=rows, max_size=rows)))
    carried = {value: context.carried(value, part) for value, part in start.items()}
    bounds = lower_bounds(context, carried, constant, np.arange(rows))
    for index in range(rows):
        for point in points_of(boxes, index, shares):
            values = exact_values(graph, point)
            row = Fraction(float(constant[index])) + sum(
                Fraction(float(c)) * v
                for value, part in start.items()
                for c, v in zip(part[index], values[value], strict=True)
            )
            linear = Fraction(float(bounds.constant[index])) + sum(
                Fraction(float(a)) * x for a, x in zip(bounds.coefficients[index], point, strict=True)
            )
            assert Fraction(float(bounds.minimum[index])) <= linear <= row


@given(situations())
@settings(max_examples=60)
def test_bounds_known_for_a_box_serve_every_smaller_one(
    situation: tuple[Graph, Boxes, list[list[Fraction]]],
) -> None:
    graph, boxes, shares = situation
    program = compile_graph(graph)
    _, parents = propagate(program, boxes)
    halves = Boxes(boxes.lower, boxes.center)
    _, known = propagate(program, halves, parents)
    for index in range(len(halves)):
        for point in points_of(halves, index, shares):
            values = exact_values(graph, point)
            for value, ranges in known.items():
                assert (ranges.lower[index] >= parents[value].lower[index]).all()
                for exact, lo, hi in zip(
                    values[value], ranges.lower[index], ranges.upper[index], strict=True
                ):
                    assert Fraction(float(lo)) <= exact <= Fraction(float(hi))


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_bounds_are_tight_where_nothing_is_relaxed(scale: float) -> None:
    """The rounding terms must not cost more than a relative 1e-12 on an affine network."""
    rng = np.random.default_rng(1)
    weight = rng.standard_normal((3, 40)) * scale
    affine = Affine((Dense(frozen(weight)),), frozen(np.zeros(3)))
    graph = Graph((TensorSpec("x", (40,)),), (Node(affine, (0,), TensorSpec("y", (3,))),), (1,))
    boxes = Boxes(-np.ones((1, 40)), np.ones((1, 40)))
    context, _ = propagate(compile_graph(graph), boxes)
    bounds = lower_bounds(context, {1: np.eye(3)}, np.zeros(3), np.zeros(3, dtype=np.intp))
    exact = -abs(weight).sum(axis=1)
    assert (bounds.minimum <= exact).all()
    assert np.allclose(bounds.minimum, exact, rtol=1e-12, atol=0)


def test_bounds_through_sparse_layers_contain_every_exact_value() -> None:
    """A lattice network: the least of 64 affine functions, pair by pair, in layers of few entries."""
    rng = np.random.default_rng(5)
    nodes: list[Node] = []

    def affine(weight: np.ndarray, bias: np.ndarray) -> None:
        step = Affine((Dense(frozen(weight)),), frozen(bias))
        nodes.append(Node(step, (len(nodes),), TensorSpec(f"t{len(nodes)}", (len(bias),))))

    affine(rng.standard_normal((64, 2)), rng.standard_normal(64))
    affine(np.eye(256, 64) + np.eye(256, 64, k=-128), np.zeros(256))  # each one twice, and zeros
    size = 256
    while size > 32:
        pairs = size // 2
        kinks = np.kron(np.eye(pairs), np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]]))
        affine(kinks, np.zeros(4 * pairs))
        nodes.append(Node(RELU, (len(nodes),), TensorSpec(f"r{pairs}", (4 * pairs,))))
        affine(np.kron(np.eye(pairs), np.array([[0.5, -0.5, -0.5, -0.5]])), np.zeros(pairs))
        size = pairs
    graph = Graph((TensorSpec("x", (2,)),), tuple(nodes), (len(nodes),))
    program = compile_graph(graph)
    steps = [step for step in program.steps if isinstance(step, AffineStep)]
    assert any(isinstance(m, Sparse) for step in steps for m in step.maps)
    boxes = Boxes(np.array([[-1.0, -1.0], [0.1, 0.2]]), np.array([[1.0, 1.0], [0.3, 0.2]]))
    context, known = propagate(program, boxes)
    rows = np.arange(64) % 32
    owner = np.repeat(np.arange(2), 32)
    bounds = lower_bounds(context, {graph.outputs[0]: np.eye(32)[rows]}, np.zeros(64), owner)
    for index in range(2):
        for share in (Fraction(0), Fraction(1, 3), Fraction(1)):
            (point,) = points_of(boxes, index, [[share, 1 - share]])
            values = exact_values(graph, point)
            for value, ranges in known.items():
                for exact, lo, hi in zip(
                    values[value], ranges.lower[index], ranges.upper[index], strict=True
                ):
                    assert Fraction(float(lo)) <= exact <= Fraction(float(hi))
            for row in np.flatnonzero(owner == index):
                assert Fraction(float(bounds.minimum[row])) <= values[graph.outputs[0]][rows[row]]
