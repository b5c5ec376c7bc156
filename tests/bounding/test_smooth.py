"""What the bounds engine says of smooth steps holds, and is little worse than what there is to say."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spec_lang.backends._search.attack import input_gradient
from spec_lang.backends._search.halving import bounds_of
from spec_lang.backends._search.problem import prepare
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.linear import lower_bounds
from spec_lang.bounding.objectives import Objectives, fresh_rows
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.plain import Plain
from spec_lang.bounding.program import compile_graph
from spec_lang.bounding.propagate import propagate
from spec_lang.bounding.relax.smooth import lines
from spec_lang.bounding.unstable import Unstable
from spec_lang.network.evaluate import Evaluator, evaluate
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Primitive, Smooth
from spec_lang.obligations.model import All, Box, LinearAtom, Obligation, Region
from tests.bounding.samples import float_boxes, points_of, share_lists
from tests.kernel.scenes import value_of
from tests.laws import law
from tests.smooth_nets import (
    ERROR,
    ends,
    functions,
    near_values,
    off,
    random_net,
    smooth_dags,
    smooth_value,
    squares,
)

KINDS = pytest.mark.parametrize("kinds", [[Smooth.TANH], [RELU, Smooth.SIGMOID], [Smooth.TANH, RELU]])


@law(100, 1000, function=functions, a=ends, b=ends, shares=st.lists(st.fractions(0, 1), max_size=3))
def test_lines_contain_the_function(function: Smooth, a: float, b: float, shares: list[Fraction]) -> None:
    lower, upper = Fraction(min(a, b)), Fraction(max(a, b))
    found = lines(function, np.array([[min(a, b)]]), np.array([[max(a, b)]]))
    below, shift, above, lift = (
        Fraction(float(part[0, 0]))
        for part in (found.lower_slope, found.lower_intercept, found.upper_slope, found.upper_intercept)
    )
    points = [lower, upper, *(lower + share * (upper - lower) for share in shares)]
    for t in (*points, *(min(max(Fraction(t), lower), upper) for t in (-9, -4, -1, 0, 1, 4, 9))):
        value = smooth_value(function, t)
        assert below * t + shift <= value + ERROR
        assert value - ERROR <= above * t + lift


Situation = tuple[Graph, Boxes, list[list[Fraction]]]


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    graph = draw(st.one_of(smooth_dags(), smooth_dags(4, squares)))
    return graph, draw(float_boxes(graph.input_size)), draw(share_lists(graph.input_size))


@law(50, 400, situation=situations(), data=st.data())
def test_ranges_and_rows_hold_at_every_point(situation: Situation, data: st.DataObject) -> None:
    graph, boxes, shares = situation
    context, known = propagate(compile_graph(graph), boxes)
    rows, coefficient = len(boxes), st.sampled_from([0.0, 1.0, -1.0, 0.1, -3e3, 1e-300])
    start: dict[int, np.ndarray] = {}
    for value in dict.fromkeys((*graph.outputs, 0)):
        size = graph.value(value).size
        numbers = data.draw(st.lists(coefficient, min_size=rows * size, max_size=rows * size))
        start[value] = np.array(numbers).reshape(rows, size)
    carried = {value: context.carried(value, part) for value, part in start.items()}
    bounds = lower_bounds(context, carried, np.zeros(rows), np.arange(rows))
    slack = off(graph)
    for index in range(rows):
        for point in points_of(boxes, index, shares):
            values = near_values(graph, point)
            for value, ranges in known.items():
                sides = ranges.lower[index].tolist(), ranges.upper[index].tolist()
                for exact, low, high in zip(values[value], *sides, strict=True):
                    assert Fraction(low) <= exact + slack
                    assert exact - slack <= Fraction(high)
            row = sum(
                Fraction(float(c)) * v
                for value, part in start.items()
                for c, v in zip(part[index], values[value], strict=True)
            )
            affine = zip(bounds.coefficients[index].tolist(), point, strict=True)
            linear = Fraction(float(bounds.constant[index])) + sum(Fraction(a) * x for a, x in affine)
            assert Fraction(float(bounds.minimum[index])) <= linear <= row + 10**5 * slack


def unit_box(size: int, radius: float) -> Boxes:
    return Boxes(np.full((1, size), -radius), np.full((1, size), radius))


@KINDS
def test_bounds_are_nearly_those_of_the_samples_on_a_small_box(kinds: list[Primitive]) -> None:
    graph = random_net([3, 8, 8, 1], kinds, 0)
    box = unit_box(3, 0.01)
    context, _ = propagate(compile_graph(graph), box)
    row = {graph.outputs[0]: np.array([[1.0], [-1.0]])}
    low, high = lower_bounds(context, row, np.zeros(2), np.zeros(2, dtype=np.intp)).minimum * [1, -1]
    values = evaluate(graph, np.random.default_rng(0).uniform(-0.01, 0.01, (4000, 3)))
    assert low <= values.min()
    assert values.max() <= high
    assert high - low <= 1.5 * (values.max() - values.min())


@KINDS
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_plain_passes_are_the_networks_own(kinds: list[Primitive], kind: type) -> None:
    """Values, gradients by differences, and the same from the attack's gradients."""
    graph = random_net([3, 6, 6, 2], kinds, 1)
    program, box = compile_graph(graph), unit_box(3, 0.4)
    context, _ = propagate(program, box)
    plain = Plain(context, Unstable(context), kind)
    points = np.random.default_rng(0).uniform(-0.4, 0.4, (5, 3))
    masks: dict[int, tuple[np.ndarray, ...]] = {}
    tolerance = 1e-9 if kind is np.float64 else 1e-4
    outputs = plain.outputs(plain.values(points.astype(kind), masks))
    np.testing.assert_allclose(outputs, evaluate(graph, points), rtol=tolerance, atol=tolerance)
    seed = np.tile([1.0, -2.0], (5, 1))
    gradient = plain.gradient(masks, {graph.outputs[0]: seed.astype(kind)})
    other = input_gradient(program, Evaluator(graph).values(points), seed, {})
    np.testing.assert_allclose(gradient, other, rtol=10 * tolerance, atol=10 * tolerance)
    step = 1e-6
    for axis in range(3):
        shift = step * np.eye(3)[axis]
        change = (evaluate(graph, points + shift) - evaluate(graph, points - shift)) @ seed[0]
        np.testing.assert_allclose(other[:, axis], change / (2 * step), atol=1e-5)


@given(smooth_dags(), st.data())
@settings(max_examples=60)
def test_optimised_rows_are_never_above_the_network(graph: Graph, data: st.DataObject) -> None:
    """The passes over ReLU phases take smooth steps as they are."""
    box = data.draw(float_boxes(graph.input_size, batch=1))
    context, _ = propagate(compile_graph(graph), box)
    assume(context.usable().all())
    output = graph.outputs[0]
    row = context.carried(output, np.ones((1, graph.value(output).size)))
    optimiser = Optimiser(context)
    rows = fresh_rows(
        Objectives({output: row[:, None]}, np.zeros((1, 1))), optimiser.unstable, np.zeros(1, dtype=np.intp)
    )
    with np.errstate(all="ignore"):
        bound, best, _ = optimiser.optimise(rows, 5)
        again = optimiser.bounds(best).minimum
    assert bound[0] == again[0] or not np.isfinite(again[0])
    for point in points_of(box, 0, data.draw(share_lists(graph.input_size))):
        total = sum(near_values(graph, point)[output])
        assert bound[0] == -np.inf or Fraction(float(bound[0])) <= total + 12 * off(graph)


@given(situations(), st.data())
@settings(max_examples=60)
def test_raised_combinations_hold_at_every_point(situation: Situation, data: st.DataObject) -> None:
    graph, boxes, shares = situation
    sign = st.sampled_from([Fraction(1), Fraction(-1), Fraction(1, 3)])
    output = st.integers(0, graph.output_size - 1)
    pairs = data.draw(st.lists(st.tuples(output, sign), min_size=1, max_size=3))
    atoms = tuple(LinearAtom((), ((j, c),), Fraction(n, 7), strict=False) for n, (j, c) in enumerate(pairs))
    whole = Box(*(tuple(map(Fraction, side)) for side in (boxes.lower[0].tolist(), boxes.upper[0].tolist())))
    problem = prepare(Obligation(graph, Region((whole,)), All(atoms)))
    assume(len(problem.rows.member))
    with np.errstate(all="ignore"):
        context, _ = propagate(problem.program, boxes)
        found = bounds_of(problem, context, np.ones((len(boxes), 1), dtype=np.bool_))
    if found.combined is None:
        return
    raised = found.combined.raised
    for row, box in enumerate(raised.owner.tolist()):
        if not np.isfinite(raised.bounds.minimum[row]):
            continue
        for point in points_of(boxes, box, shares):
            values = near_values(graph, point)
            outputs = [number for value in graph.outputs for number in values[value]]
            mixed = Fraction(0)
            for place in dict.fromkeys(problem.rows.positions[0]):
                atom = atoms[problem.rows.positions[0].index(place)]
                mixed += int(raised.weights[row, place]) * value_of(atom, point, outputs)
            products = zip(raised.bounds.coefficients[row].tolist(), point, strict=True)
            affine = Fraction(raised.bounds.constant[row]) + sum(Fraction(a) * x for a, x in products)
            assert Fraction(raised.bounds.minimum[row]) <= affine <= mixed + 10**4 * off(graph)
