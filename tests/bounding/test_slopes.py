"""Slope matrices against their definition: differences of values, products pattern by pattern, intervals."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.determinants import determinant_ranges, determinants
from spec_lang.bounding.program import F64, compile_graph
from spec_lang.bounding.propagate import Ranges
from spec_lang.bounding.slopes import Slopes, Span, chords, patterns, phases
from spec_lang.diagnostics import InternalError
from spec_lang.network.evaluate import Evaluator
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import (
    RELU,
    Affine,
    Convolution,
    Dense,
    Entries,
    LinearMap,
    Primitive,
    Scale,
    Smooth,
    frozen,
)

NUMBERS = st.floats(-10, 10, allow_nan=False)


def network(seed: int) -> Graph:
    """Three inputs, a skip connection past a ReLU, and one linear map of every kind."""
    rng = np.random.default_rng(seed)

    def affine(*maps: LinearMap) -> Affine:
        return Affine(maps, frozen(rng.normal(size=maps[0].sizes[1])))

    def normal(*shape: int) -> F64:
        return frozen(rng.normal(size=shape)).astype(np.float64)

    entries = Entries((6, 6), np.arange(6), np.array([3, 1, 5, 0, 2, 4]), normal(6))
    sliding = Convolution(normal(2, 1, 2), 1, (3,), (2,), (1,), (1,), (0,))  # (1, 3) to (2, 2)
    primitives: list[tuple[Primitive, tuple[int, ...]]] = [
        (affine(Dense(normal(6, 3))), (0,)),
        (RELU, (1,)),
        (affine(entries, Dense(normal(6, 3))), (2, 0)),
        (RELU, (3,)),
        (affine(Dense(normal(3, 6)), Dense(normal(3, 6))), (4, 2)),
        (affine(sliding), (5,)),
        (RELU, (6,)),
        (affine(Scale(normal(4))), (7,)),
    ]
    nodes: list[Node] = []
    for number, (primitive, operands) in enumerate(primitives):
        size = len(primitive.bias) if isinstance(primitive, Affine) else nodes[operands[0] - 1].size
        nodes.append(Node(primitive, operands, TensorSpec(f"t{number}", (size,))))
    return Graph((TensorSpec("x", (3,)),), tuple(nodes), (8, 5))


ONE = Fraction(1)
EQUAL = (((0, ONE),), ((1, ONE), (5, Fraction(-1, 2))), ((6, ONE),))


def slopes_of(seed: int, free: tuple[int, ...] = (0, 1, 2), point: F64 | None = None) -> Slopes:
    return Slopes.of(compile_graph(network(seed)), EQUAL, free, point)


def values(seed: int, points: F64) -> F64:
    """The rows, as the evaluator has them."""
    outputs = Evaluator(network(seed))(points)
    found: F64 = np.stack([outputs[:, 0], outputs[:, 1] - outputs[:, 5] / 2, outputs[:, 6]], axis=1)
    return found


@given(st.integers(0, 20), st.integers(0, 100))
def test_chords_turn_differences_of_inputs_into_those_of_values(seed: int, number: int) -> None:
    slopes = slopes_of(seed)
    x, y = np.random.default_rng(number).normal(size=(2, 1, 3))
    ranges = [Ranges(entering, entering) for entering in (slopes.entering(x)[0], slopes.entering(y)[0])]
    span = chords(*ranges)
    assert np.array_equal(span.lower, span.upper)
    difference = slopes.matrices(span.lower)[0] @ (x - y)[0]
    assert difference == pytest.approx(values(seed, x)[0] - values(seed, y)[0], abs=1e-9)


@given(st.integers(0, 20), st.integers(0, 100))
def test_a_piece_has_the_values_of_the_network(seed: int, number: int) -> None:
    point = np.random.default_rng(number).normal(size=(1, 3))
    slopes = slopes_of(seed, (0, 2), point[0])
    entering, rows = slopes.entering(point)
    assert rows == pytest.approx(values(seed, point), abs=1e-9)
    before, after = slopes.pieces((entering > 0).astype(np.float64))
    whole = np.append(point[0, [0, 2]], 1.0)
    assert before[0] @ whole == pytest.approx(entering[0], abs=1e-9)
    assert after[0] @ whole == pytest.approx(rows[0], abs=1e-9)


@given(st.integers(0, 20), st.integers(0, 50))
def test_vertices_are_the_matrices_of_all_patterns_and_lie_in_the_interval(seed: int, number: int) -> None:
    rng = np.random.default_rng(number)
    slopes = slopes_of(seed)
    lower = rng.choice([0.0, 0.25, 1.0], (1, slopes.neurons))
    span = Span(lower, np.where(rng.random(lower.shape) < 0.4, 1.0, lower))
    opened, found = slopes.vertices(span)
    assert opened.tolist() == np.flatnonzero(span.lower[0] < span.upper[0]).tolist()
    assert len(opened) == span.counts[0]
    every = np.repeat(span.lower, 2 ** len(opened), axis=0)
    every[:, opened] = np.where(patterns(len(opened)) > 0, span.upper[0, opened], span.lower[0, opened])
    assert found == pytest.approx(slopes.matrices(every), abs=1e-9)
    middle, radius = slopes.intervals(span)
    assert (abs(found - middle) <= radius + 1e-9).all()


def test_patterns_count() -> None:
    assert patterns(0).shape == (1, 0)
    assert [tuple(row) for row in patterns(3).tolist()] == list(product((0.0, 1.0), repeat=3))


@given(st.integers(0, 20), st.integers(0, 50))
def test_ranges_hold_on_cells_and_phases_are_those_of_their_points(seed: int, number: int) -> None:
    rng = np.random.default_rng(number)
    slopes = slopes_of(seed)
    center = rng.normal(size=(3, 3))
    radius = rng.choice([0.01, 0.2], (3, 1))
    cells = Boxes(center - radius, center + radius)
    ranges = slopes.ranges(slopes.bounded(cells)[1])
    for _ in range(5):
        entering = slopes.entering(center + radius * rng.uniform(-1, 1, (3, 3)))[0]
        assert (ranges.lower <= entering + 1e-9).all()
        assert (ranges.upper >= entering - 1e-9).all()
        active, span = (entering > 0).astype(np.float64), phases(ranges)
        assert ((span.lower <= active) & (active <= span.upper))[abs(entering) > 1e-9].all()


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=4, max_size=4))
def test_a_chord_between_ranges_lies_between_the_chords_of_their_ends(
    ends: list[tuple[float, float]],
) -> None:
    (a, b), (c, d), shares, _ = ends
    x, y = (Ranges(np.array([[min(pair)]]), np.array([[max(pair)]])) for pair in ((a, b), (c, d)))
    span = chords(x, y)
    share = np.clip(abs(np.array(shares)) / 10, 0, 1)
    one, other = (r.lower[0, 0] + s * (r.upper - r.lower)[0, 0] for r, s in zip((x, y), share, strict=True))
    if abs(one - other) > 1e-6:
        slope = (max(one, 0.0) - max(other, 0.0)) / (one - other)
        assert span.lower[0, 0] - 1e-9 <= slope <= span.upper[0, 0] + 1e-9


def test_a_network_without_relus_has_one_matrix() -> None:
    affine = Affine((Dense(frozen(np.array([[1.0, 2.0]]))),), frozen(np.zeros(1)))
    graph = Graph((TensorSpec("x", (2,)),), (Node(affine, (0,), TensorSpec("y", (1,))),), (1,))
    slopes = Slopes.of(compile_graph(graph), (((0, ONE),),), (0, 1))
    cells = Boxes(np.zeros((2, 2)), np.ones((2, 2)))
    span = phases(slopes.ranges(slopes.bounded(cells)[1]))
    assert slopes.matrices(span.lower[:1]).tolist() == [[[1.0, 2.0]]]
    assert slopes.vertices(span.take(slice(0, 1)))[1].tolist() == [[[1.0, 2.0]]]


def test_smooth_functions_have_no_slopes_of_a_box() -> None:
    node = Node(Smooth.TANH, (0,), TensorSpec("y", (1,)))
    graph = Graph((TensorSpec("x", (1,)),), (node,), (1,))
    with pytest.raises(InternalError):
        Slopes.of(compile_graph(graph), (((0, ONE),),), (0,))


@given(st.integers(1, 3), st.integers(0, 1000))
def test_determinants_lie_in_their_ranges(n: int, number: int) -> None:
    rng = np.random.default_rng(number)
    middle, radius = rng.normal(size=(1, n, n)), rng.random((1, n, n)) * rng.choice([0.01, 0.3])
    inside = middle + radius * rng.uniform(-1, 1, (50, n, n))
    found = determinants(inside)
    assert found == pytest.approx(np.linalg.det(inside), abs=1e-9)
    if n < 3:
        low, high = determinant_ranges(middle, radius)
        assert low[0] - 1e-9 <= found.min() and found.max() <= high[0] + 1e-9
