"""Bounds of gradients hold at every point, whatever gates do where z is 0, in every engine.

In: random networks with gradients, at kinks on purpose, products, boxes and rows.  Out: nothing but failures;
the meaning is that of fractions.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np
from hypothesis import strategies as st

from spec_lang.backends._search.attack import input_gradient, softened
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Context
from spec_lang.bounding.gates import scores
from spec_lang.bounding.linear import lower_bounds
from spec_lang.bounding.objectives import Objectives, fresh_rows
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.program import BinaryStep, Program, ReluStep, compile_graph
from spec_lang.bounding.propagate import Known, propagate
from spec_lang.bounding.quick import Quick, is_quick
from spec_lang.bounding.relax.binary import crossed
from spec_lang.bounding.unstable import Unstable
from spec_lang.network.evaluate import Evaluator
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Binary
from spec_lang.network.transform.gradient import with_gradient
from tests.bounding.samples import float_boxes, points_of, share_lists
from tests.graphs import random_chain
from tests.kernel.gradient_nets import CHOICES, Choice, gradient_graphs, product_graphs, values_at
from tests.laws import law

Point = list[Fraction]
Values = list[list[Fraction]]
Sample = tuple[Graph, Boxes, list[list[Fraction]]]


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """A graph, two boxes, and shares of them as points."""
    graph = draw(st.one_of(gradient_graphs(), product_graphs()))
    size = graph.input_size
    return graph, draw(float_boxes(size)), draw(share_lists(size))


def cases(sample: Sample, box: int) -> Iterator[tuple[Point, Values, Choice]]:
    """Points of a box, and all values there for several choices at kinks."""
    graph, boxes, shares = sample
    for point, choice in product(points_of(boxes, box, shares), CHOICES):
        yield point, values_at(graph, point, choice), choice


def relaxed(sample: Sample) -> tuple[Program, Context, Known]:
    program = compile_graph(sample[0])
    with np.errstate(all="ignore"):
        context, known = propagate(program, sample[1])
    return program, context, known


@law(30, 1500, sample=samples())
def test_ranges_contain_every_value(sample: Sample) -> None:
    _, context, known = relaxed(sample)
    good = context.usable()
    for box in np.flatnonzero(good).tolist():
        for _, values, _ in cases(sample, box):
            for value, ranges in known.items():
                ends = zip(values[value], ranges.lower[box].tolist(), ranges.upper[box].tolist(), strict=True)
                assert all(low <= number <= high for number, low, high in ends)
            for value, found in context.crossed.items():
                ends = zip(values[value], *(end[box].tolist() for end in found.ends), strict=True)
                assert all(low <= number <= high for number, low, high in ends)
                assert not any(np.delete(np.array(values[value]), found.columns))


@law(30, 1500, sample=samples(), seed=st.integers(0, 9))
def test_rows_are_bounded_at_every_point(sample: Sample, seed: int) -> None:
    program, context, _ = relaxed(sample)
    graph = sample[0]
    rng = np.random.default_rng(seed)
    weights = {v: rng.integers(-2, 3, (4, program.sizes[v])).astype(np.float64) for v in graph.outputs}
    constant, owner = rng.integers(-1, 2, 4).astype(np.float64), np.array([0, 1, 0, 1])
    with np.errstate(all="ignore"):
        start = {v: context.carried(v, rows) for v, rows in weights.items()}
        found = lower_bounds(context, start, constant, owner)
    good = context.usable()[owner] & np.isfinite(found.minimum)
    for row in np.flatnonzero(good).tolist():
        for point, values, _ in cases(sample, int(owner[row])):
            exact = Fraction(constant[row])
            exact += sum(
                Fraction(w) * e
                for v in weights
                for w, e in zip(weights[v][row].tolist(), values[v], strict=True)
            )
            line = Fraction(found.constant[row]) + sum(
                Fraction(a) * x for a, x in zip(found.coefficients[row].tolist(), point, strict=True)
            )
            assert Fraction(found.minimum[row]) <= line <= exact


@law(30, 1500, sample=samples(), seed=st.integers(0, 9))
def test_rows_are_bounded_where_phases_hold(sample: Sample, seed: int) -> None:
    """Optimised ones too; at z = 0 the choice belongs to the phase."""
    graph, boxes, shares = sample
    one = graph, Boxes(boxes.lower[:1], boxes.upper[:1]), shares
    program, context, _ = relaxed(one)
    if not context.usable().all():
        return
    optimiser, rng = Optimiser(context), np.random.default_rng(seed)
    weights = {v: rng.integers(-2, 3, (3, program.sizes[v])).astype(np.float64) for v in graph.outputs}
    start = {v: context.carried(v, rows)[:, None] for v, rows in weights.items()}
    rows = fresh_rows(Objectives(start, np.zeros((3, 1))), optimiser.unstable, np.arange(3))
    rows.phases = rng.integers(-1, 2, rows.phases.shape).astype(np.int8)
    rows.phases[0] = 0
    rows.parameters = rng.integers(0, 3, rows.phases.shape) / 2.0
    with np.errstate(all="ignore"):
        plain = optimiser.bounds(rows).minimum
        best, better, _ = optimiser.optimise(rows, 3, goal=np.inf)
    np.testing.assert_array_equal(better.phases, rows.phases)
    for _, values, choice in cases(one, 0):
        for row in range(3):
            if not _hold(context, optimiser.unstable, rows.phases[row], (values, choice)):
                continue
            exact = sum(
                Fraction(w) * e
                for v in weights
                for w, e in zip(weights[v][row].tolist(), values[v], strict=True)
            )
            assert not np.isfinite(plain[row]) or Fraction(plain[row]) <= exact
            assert not np.isfinite(best[row]) or Fraction(best[row]) <= exact


def _hold(context: Context, unstable: Unstable, phases: np.ndarray, at: tuple[Values, Choice]) -> bool:
    values, choice = at
    for step in context.program.steps:
        if not isinstance(step, ReluStep):
            continue
        layout, where = context.layouts[step.value], unstable.slices[step.value]
        for place, phase in zip(layout.columns[: layout.mixed].tolist(), phases[where].tolist(), strict=True):
            z = values[step.operand][place]
            if phase and (z > 0 or (z == 0 and choice(step.operand, place))) != (phase > 0):
                return False
    return True


def network(seed: int = 0) -> Graph:
    """Three inputs, two hidden layers, and the gradient of one output."""
    found = with_gradient(random_chain([3, 12, 12, 2], seed), 1)
    return found.graph.with_outputs(found.by_input)


def some_boxes(count: int, radius: float) -> Boxes:
    center = np.random.default_rng(0).uniform(-1, 1, (count, 3))
    return Boxes(center - radius, center + radius)


def test_plain_float32_is_near_what_is_rigorous() -> None:
    program = compile_graph(network())
    assert is_quick(program)
    context, _ = propagate(program, some_boxes(8, 0.2))
    owner = np.repeat(np.arange(8), 2)
    start = {program.outputs[0]: np.tile([[1.0, -2.0, 0.5], [-1.0, 0.0, 1.0]], (8, 1))}
    exact = lower_bounds(context, start, np.ones(16), owner)
    quick = Quick(context)
    found = quick.bounds(start, np.ones(16), owner)
    np.testing.assert_allclose(found.minimum, exact.minimum, rtol=1e-3, atol=1e-3)
    _, _, arriving = quick.traced(start, np.ones(16), owner)
    assert set(arriving) == set(context.crossed)


def test_shut_gates_are_not_carried() -> None:
    context, _ = propagate(compile_graph(network()), some_boxes(4, 0.05))
    for value, found in context.crossed.items():
        step = context.program.producer[value]
        assert isinstance(step, BinaryStep)
        assert len(found.columns) < context.program.sizes[value]
        assert (context.entering[step.first][1][:, np.setdiff1d(np.arange(12), found.columns)] < 0).all()


def test_scores_are_of_the_inputs_that_open_gates_depend_on() -> None:
    """Halving the input with the largest score makes the ranges smaller than halving the one with the
    smallest, as a rule."""
    program, boxes = compile_graph(network()), some_boxes(40, 0.4)
    context, known = propagate(program, boxes)
    owner = np.repeat(np.arange(40), 6)
    start = {program.outputs[0]: np.tile(np.concatenate([np.eye(3), -np.eye(3)]), (40, 1))}
    _, _, arriving = Quick(context).traced(start, np.zeros(240), owner)
    found = scores(context, arriving, owner, np.ones(240))
    assert (found >= 0).all()

    def width(axis: np.ndarray) -> float:
        upper = boxes.upper.copy()
        upper[np.arange(40), axis] = boxes.center[np.arange(40), axis]
        part, _ = propagate(program, Boxes(boxes.lower, upper), known)
        return float(-lower_bounds(part, start, np.zeros(240), owner).minimum.sum())

    assert width(found.argmax(axis=1)) < width(found.argmin(axis=1))


def test_soft_gates_have_the_slopes_of_their_values() -> None:
    graph, step = network(), 1e-6
    program = compile_graph(graph)
    points = np.random.default_rng(1).uniform(-1, 1, (6, 3))
    seed = np.tile([1.0, -1.0, 2.0], (6, 1))

    def value(at: np.ndarray) -> np.ndarray:
        found: np.ndarray = (
            softened(program, np.concatenate([many, at]), 0.5)[0][graph.outputs[0]][-6:] @ seed[0]
        )
        return found

    many = np.tile(points, (4000, 1))  # how soft a gate is comes with the batch
    values, slopes = softened(program, np.concatenate([many, points]), 0.5)
    found = input_gradient(program, values, np.tile(seed, (4001, 1)), slopes)[-6:]
    for axis in range(3):
        shift = step * np.eye(3)[axis]
        change = (value(points + shift) - value(points - shift)) / (2 * step)
        np.testing.assert_allclose(found[:, axis], change, rtol=1e-3, atol=1e-3)
    hard, _ = softened(program, points, 0.0)
    np.testing.assert_array_equal(hard[graph.outputs[0]], Evaluator(graph)(points))


def test_planes_of_phases_are_the_choices() -> None:
    z, g = (np.array([[-1.0, -1.0, -1.0]]), np.array([[1.0, 1.0, 1.0]])), (np.array([[-2.0] * 3]),) * 2
    found = crossed(Binary.GATE, z, g, np.array([[0, 1, -1]], dtype=np.int8))
    assert found.columns.tolist() == [0, 1]
    np.testing.assert_array_equal(found.ends, [[[-2.0, -2.0, 0.0]], [[0.0, -2.0, 0.0]]])
