"""Radii of affine pieces: brackets that hold the exact one, and are narrow."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.bounding.linear_radii import directional_radii, linear_radii
from spec_lang.diagnostics import InternalError
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Convolution, Smooth, frozen
from tests.gradients.oracle import Norm
from tests.gradients.radius import linear_radius
from tests.graphs import chains, dags, random_chain
from tests.laws import law
from tests.pieces.exact import Vector, radius, step_until
from tests.tiny_networks import chain, dense

NORMS = ("l1", "l2", "linf")


def coordinates() -> st.SearchStrategy[float]:
    return st.one_of(st.floats(-2, 2, width=32), st.sampled_from((0.0, 1.0, -0.5, 2.0**-60)))


def bracket(
    graph: Graph, point: list[float], norm: str, scales: list[float] | None = None
) -> tuple[float, float]:
    found = linear_radii(graph, np.array([point]), None if scales is None else np.array(scales))
    low, high = getattr(found, norm)[0].tolist()
    return low, high


def holds(exact: Fraction | None, ends: tuple[float, float], *, squared: bool) -> bool:
    low, high = ends
    if exact is None:
        return high == float("inf")
    power = 2 if squared else 1
    return Fraction(low) ** power <= exact and (high == float("inf") or exact <= Fraction(high) ** power)


def fractions(numbers: list[float]) -> Vector:
    return tuple(map(Fraction, numbers))


@law(60, 3000, graph=st.one_of(chains(), dags()), data=st.data())
def test_a_bracket_holds_the_exact_radius(graph: Graph, data: st.DataObject) -> None:
    point = data.draw(st.lists(coordinates(), min_size=graph.input_size, max_size=graph.input_size))
    scales = data.draw(
        st.lists(st.sampled_from((1.0, 0.25, 3.0)), min_size=graph.input_size, max_size=graph.input_size)
    )
    for norm in NORMS:
        exact = radius(graph, fractions(point), norm, fractions(scales))
        assert holds(exact, bracket(graph, point, norm, scales), squared=norm == "l2")


@law(4, 1000, seed=st.integers(0, 2**32 - 1))
def test_brackets_agree_with_linear_programs(seed: int) -> None:
    """Which give the distances to all that is positive, and negative, of each neuron, cell by cell."""
    rng = np.random.default_rng(seed)
    graph = random_chain((2, *rng.integers(1, 4, rng.integers(1, 3)).tolist(), 1), seed)
    point = (rng.integers(-16, 17, 2) / 16).tolist()
    for norm in Norm:
        exact = linear_radius(graph, fractions(point), norm, Fraction(4))
        low, high = bracket(graph, point, norm.value)
        if exact is None:
            assert high >= 4
        else:
            assert holds(exact, (low, high), squared=norm is Norm.L2)
            assert high - low <= 1e-9 * high


@pytest.mark.parametrize("sizes", [(6, 8, 8, 3), (64, 50, 50, 50, 50, 10)])
def test_brackets_are_narrow(sizes: tuple[int, ...]) -> None:
    graph = random_chain(sizes, 3)
    found = linear_radii(graph, np.random.default_rng(4).random((50, sizes[0])))
    for norm in NORMS:
        low, high = getattr(found, norm).T
        assert (low <= high).all()
        assert np.median((high - low) / high) < 1e-8


@law(40, 1000, graph=chains(), data=st.data())
def test_a_step_in_a_direction(graph: Graph, data: st.DataObject) -> None:
    point, way = (
        data.draw(st.lists(coordinates(), min_size=graph.input_size, max_size=graph.input_size)) for _ in "xd"
    )
    low, high = directional_radii(graph, np.array([point]), np.array([way]))[0].tolist()
    exact = step_until(graph, fractions(point), fractions(way))
    assert exact is None or Fraction(low) <= exact
    assert high == float("inf") or (exact is not None and exact <= Fraction(high))


def test_a_neuron_that_is_0_and_changes_leaves_no_radius() -> None:
    graph = chain(1, dense([[1.0]], [0]), RELU, dense([[1.0]], [0]))
    for norm in NORMS:
        low, high = bracket(graph, [0.0], norm)
        assert low == 0
        assert high < 1e-100


def test_a_neuron_that_is_0_and_constant_does_not_count() -> None:
    graph = chain(1, dense([[0.0], [1.0]], [0, 1]), RELU, dense([[1.0, 1.0]], [0]))
    for norm in NORMS:
        low, high = bracket(graph, [0.0], norm)
        assert 1 - 1e-12 < low <= 1 <= high < 1 + 1e-12


def test_without_a_kink_the_radius_is_infinite() -> None:
    graph = chain(1, dense([[0.0]], [1]), RELU, dense([[1.0]], [0]))
    assert bracket(graph, [0.5], "l2") == (float("inf"), float("inf"))


def test_convolutions_have_radii() -> None:
    rng = np.random.default_rng(0)
    weight = frozen(rng.integers(-3, 4, (2, 1, 3, 3)).astype(np.float32))
    first = Affine((Convolution(weight, 1, (4, 4), (4, 4), (1, 1), (1, 1), (1, 1)),), frozen(rng.random(32)))
    nodes = (Node(first, (0,), TensorSpec("z", (32,))), Node(RELU, (1,), TensorSpec("a", (32,))))
    graph = Graph((TensorSpec("x", (16,)),), nodes, (2,))
    point = (rng.integers(-8, 9, 16) / 8).tolist()
    for norm in NORMS:
        exact = radius(graph, fractions(point), norm)
        assert holds(exact, bracket(graph, point, norm), squared=norm == "l2")


def test_no_points_have_no_radii() -> None:
    found = linear_radii(random_chain((2, 3, 1), 0), np.zeros((0, 2)))
    assert found.l1.shape == found.l2.shape == found.linf.shape == (0, 2)


def test_a_smooth_network_has_no_pieces() -> None:
    node = Node(Smooth.TANH, (0,), TensorSpec("t", (1,)))
    graph = Graph((TensorSpec("x", (1,)),), (node, Node(RELU, (1,), TensorSpec("r", (1,)))), (2,))
    with pytest.raises(InternalError):
        linear_radii(graph, np.zeros((1, 1)))
