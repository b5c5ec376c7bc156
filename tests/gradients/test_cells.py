"""The cells of a box, against all pieces of tiny networks and against points of larger ones.

In: networks with kinks on purpose, and boxes.  Out: nothing but failures; what tiny networks do is exact.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from spec_lang.backends.bounds.explored import Limits
from spec_lang.backends.bounds.gradient_cells import by_cells, points_of
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.cells import Cells, are_empty, cell_ranges, cells_of
from spec_lang.bounding.gradient_ranges import Gradient, gradient_ranges
from spec_lang.network.evaluate import Evaluator
from spec_lang.network.graph import Node, TensorSpec
from spec_lang.network.primitives import RELU, Smooth
from tests.gradients.cases import case
from tests.gradients.faces import Pieces
from tests.graphs import random_chain
from tests.laws import law
from tests.tiny_networks import chain, dense

MANY = 2**12


def found(gradient: Gradient, box: Boxes, most: int = MANY) -> Cells | None:
    return cells_of(gradient, box, most, lambda: False)


@law(
    40, 2000, number=st.integers(0, 10**6), sizes=st.sampled_from([(1, 4, 4, 1), (2, 4, 4, 2), (3, 4, 3, 2)])
)
def test_every_choice_at_every_point_is_some_cells(number: int, sizes: tuple[int, ...]) -> None:
    one = case(number, sizes)
    assume(not one.region.half_spaces)
    box = Boxes(*(np.array([list(map(float, side))]) for side in (one.region.lower, one.region.upper)))
    output = number % sizes[-1]
    cells = found(Gradient.of(one.graph, output), box)
    assert cells is not None
    low, high = cells.ranges.lower.tolist(), cells.ranges.upper.tolist()
    for jacobian in Pieces(one.graph, one.region).one_sided_jacobians():
        wanted = jacobian[output]
        assert any(
            all(lo <= g <= hi for g, lo, hi in zip(wanted, *ends, strict=True))
            for ends in zip(low, high, strict=True)
        )


@law(20, 400, seed=st.integers(0, 10**6), radius=st.sampled_from([0.01, 0.1, 0.3]))
def test_every_point_is_in_a_cell_and_has_its_gradient(seed: int, radius: float) -> None:
    rng = np.random.default_rng(seed)
    graph = random_chain([5, 8, 8, 2], seed)
    center = rng.uniform(-1, 1, (1, 5))
    box = Boxes(center - radius, center + radius)
    gradient = Gradient.of(graph, 1)
    cells = found(gradient, box)
    assert cells is not None
    points = rng.uniform(box.lower, box.upper, (50, 5))
    values = Evaluator(gradient.graph).values(points)
    same = np.ones((50, len(cells)), dtype=bool)
    for z, opened in cells.open.items():
        same &= ((values[z] > 0)[:, None] == opened[None]).all(axis=2)
    assert (same.sum(axis=1) == 1).all()
    cell = same.argmax(axis=1)
    reached = Evaluator(gradient.graph)(points)[:, -5:]
    assert (cells.ranges.lower[cell] <= reached + 1e-9).all()
    assert (cells.ranges.upper[cell] >= reached - 1e-9).all()
    assert (cells.ranges.upper - cells.ranges.lower <= 1e-9).all()
    inside = np.concatenate([(points - center) / radius, np.ones((50, 1))], axis=1)
    height = np.matmul(cells.planes[cell], inside[:, :, None])[:, :, 0]
    assert (height >= -1e-9).all()


@law(60, 3000, seed=st.integers(0, 10**6), planes=st.integers(1, 12), thin=st.booleans())
def test_a_part_with_a_point_is_never_shown_to_be_empty(seed: int, planes: int, thin: bool) -> None:
    """Exactly: the planes pass through the point or leave it inside, by as little as may be."""
    rng = np.random.default_rng(seed)
    count = 20
    slopes = rng.integers(-8, 9, (count, planes, 4)) / 8.0
    point = rng.integers(-4, 5, (count, 4)) / 4.0  # products and sums of these are exact
    at_point = np.matmul(slopes, point[:, :, None])[:, :, 0]
    inside = 0.0 if thin else rng.integers(0, 3, (count, planes)) / 4.0
    parts = np.concatenate([slopes, (inside - at_point)[:, :, None]], axis=2)
    errors = np.full((count, planes), 1e-15)
    assert not are_empty(parts, errors).any()


@law(20, 400, seed=st.integers(0, 10**6))
def test_what_lies_between_planes_that_leave_nothing_is_shown_to_be_empty(seed: int) -> None:
    rng = np.random.default_rng(seed)
    planes = rng.normal(size=(20, 1, 5))
    planes /= np.linalg.norm(planes[:, :, :-1], axis=2, keepdims=True)
    other = -planes
    other[:, :, -1] -= 0.1
    assert are_empty(np.concatenate([planes, other], axis=1), np.full((20, 2), 1e-12)).all()


def test_ranges_over_cells_are_reached_where_linear_bounds_are_wider() -> None:
    for seed in range(4):
        graph = random_chain([3, 6, 6, 1], seed)
        box, gradient = Boxes(np.full((1, 3), -0.5), np.full((1, 3), 0.5)), Gradient.of(graph, 0)
        answer = by_cells(gradient, box, Limits())
        assert answer is not None
        assert answer.exact
        ends, linear = cell_ranges(gradient, box, MANY), gradient_ranges(gradient, box)
        reached = (answer.inner.upper - answer.inner.lower).sum()
        assert (ends.upper - ends.lower).sum() <= 1.4 * reached  # thin cells may not be found to be empty
        assert (linear.lower <= ends.lower).all()
        assert (linear.upper >= ends.upper).all()
        assert (linear.upper - linear.lower).sum() > 1.1 * (ends.upper - ends.lower).sum()


def test_points_of_cells_are_in_them() -> None:
    graph = random_chain([3, 6, 6, 1], 0)
    box, gradient = Boxes(np.full((1, 3), -0.5), np.full((1, 3), 0.5)), Gradient.of(graph, 0)
    cells = found(gradient, box)
    assert cells is not None
    inside, points = points_of(cells, box)
    assert inside.sum() > len(cells) / 2
    values = Evaluator(gradient.graph).values(points[inside])
    for z, bits in cells.open.items():
        assert ((values[z] > 0) == bits[inside]).all()


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_kink_at_a_corner_counts_though_floats_round(steps: int) -> None:
    """The greatest of `a·x + b·y − c` on the box is exactly 0, or by one float more or less."""
    weights, corner = np.array([0.1, 0.3], dtype=np.float32), (0.7, 0.9)
    exact = sum(Fraction(float(w)) * Fraction(v) for w, v in zip(weights, corner, strict=True))
    bias = np.float32(-float(exact))
    for _ in range(abs(steps)):
        bias = np.nextafter(bias, np.float32(np.inf * steps))
    graph = chain(2, dense([weights.tolist()], [float(bias)]), RELU, dense([[1.0]], [0.0]))
    cells = found(Gradient.of(graph, 0), Boxes(np.zeros((1, 2)), np.array([corner])))
    assert cells is not None
    assert len(cells) == 1 + (Fraction(float(bias)) + exact >= 0)


def test_a_kink_that_is_reached_at_one_corner_has_both_sides() -> None:
    """`x + y − 1` on `[0, 1/2]²`."""
    graph = chain(2, dense([[1.0, 1.0]], [-1.0]), RELU, dense([[1.0]], [0.0]))
    cells = found(Gradient.of(graph, 0), Boxes(np.zeros((1, 2)), np.full((1, 2), 0.5)))
    assert cells is not None
    assert len(cells) == 2


def test_what_has_no_cells_or_too_many_has_none() -> None:
    graph = random_chain([4, 8, 8, 1], 0)
    gradient, box = Gradient.of(graph, 0), Boxes(np.full((1, 4), -1.0), np.full((1, 4), 1.0))
    assert found(gradient, box, most=3) is None
    assert cells_of(gradient, box, MANY, lambda: True) is None
    np.testing.assert_array_equal(
        np.concatenate(cell_ranges(gradient, box, 3).ends),
        np.concatenate(gradient_ranges(gradient, box).ends),
    )
    nodes = (*graph.nodes, Node(Smooth.SIGMOID, (graph.outputs[0],), TensorSpec("curved", (1,))))
    curved = replace(graph, nodes=nodes, outputs=(len(graph.inputs) + len(graph.nodes),))
    assert found(Gradient.of(curved, 0), box) is None
