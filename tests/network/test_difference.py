"""The difference graph: the same function, and its pairs of ReLUs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import (
    RELU,
    Affine,
    Convolution,
    Dense,
    Scale,
    frozen,
    numbers_of,
    with_numbers,
)
from spec_lang.network.transform.difference import deltas, difference
from tests.graphs import exact_outputs, exact_values, random_chain
from tests.laws import law
from tests.pairs import altered, beside, pairs

numbers = st.fractions(-3, 3, max_denominator=64)


@law(100, 1000, data=st.data(), graph=pairs())
def test_it_is_the_same_function(data: st.DataObject, graph: Graph) -> None:
    found = difference(graph)
    if found is None:
        return
    point = [data.draw(numbers) for _ in range(graph.input_size)]
    assert exact_outputs(found, point) == exact_outputs(graph, point)


@given(st.data(), pairs())
def test_every_pair_is_what_it_says(data: st.DataObject, graph: Graph) -> None:
    found = difference(graph)
    if found is None:
        return
    values = exact_values(found, [data.draw(numbers) for _ in range(graph.input_size)])
    for pair in deltas(found):
        rows = zip(*(values[v] for v in (pair.value, pair.x, pair.delta, pair.y)), strict=True)
        for value, x, delta, y in rows:
            assert y == x + delta
            assert value == max(y, Fraction(0)) - max(x, Fraction(0))


@pytest.mark.parametrize("sizes", [(2, 3, 1), (3, 5, 5, 2), (1, 4, 4, 4, 3)])
def test_every_layer_of_a_chain_has_its_twin(sizes: tuple[int, ...]) -> None:
    graph = random_chain(sizes, seed=1)
    found = difference(beside(graph, altered(graph, 2, 0.1)))
    assert found is not None
    widths = [found.value(pair.value).size for pair in deltas(found)]
    assert widths == list(sizes[1:-1])


def test_what_the_networks_share_has_no_difference() -> None:
    """Layers with the same numbers up to a point: only what comes after it is paired."""
    graph = random_chain((2, 3, 4, 2), seed=1)
    other = altered(graph, 2, 0.1)
    nodes = (*graph.nodes[:2], *other.nodes[2:])
    found = difference(beside(graph, Graph(graph.inputs, nodes, graph.outputs)))
    assert found is not None
    assert [found.value(pair.value).size for pair in deltas(found)] == [4]


def test_twins_that_are_equal_are_one() -> None:
    graph = random_chain((2, 3, 2), seed=1)
    found = difference(beside(graph, graph))
    assert found is not None
    assert len(found.nodes) == len(graph.nodes)
    assert found.outputs[0] == found.outputs[1]


@given(st.data(), st.integers(0, 99), st.sampled_from([0.0, 0.1]))
def test_neurons_that_are_missing_are_found(data: st.DataObject, seed: int, share: float) -> None:
    """In any order, and with other weights: the same function, and the neurons that are left are compared."""
    graph = random_chain((2, 4, 5, 2), seed=seed)
    kept = [data.draw(st.permutations(range(size)))[: data.draw(st.integers(1, size))] for size in (4, 5)]
    networks = graph, part_of(altered(graph, seed, share), kept)
    both = beside(*(networks if data.draw(st.booleans()) else networks[::-1]))
    found = difference(both)
    assert found is not None
    assert [found.value(pair.value).size for pair in deltas(found)][-1:] in ([5], [])
    point = [data.draw(numbers) for _ in range(2)]
    assert exact_outputs(found, point) == exact_outputs(both, point)


def test_the_neurons_that_are_left_have_no_difference() -> None:
    graph = random_chain((2, 4, 2), seed=3)
    found = difference(beside(graph, part_of(graph, [[3, 0, 2]])))
    assert found is not None
    assert not deltas(found)  # what one network has beyond the other is what the neuron that is missing adds


@pytest.mark.parametrize("size", [1e200, 1e-200, float(2**70)])
def test_no_neuron_stands_for_two(size: float) -> None:
    """Whatever the distances between weights come out as."""
    graph = random_chain((2, 4, 2), seed=3)
    large = scaled(graph, size)
    both = beside(large, part_of(large, [[1, 1, 2]]))
    found = difference(both)
    assert found is not None
    point = [Fraction(1, 3), Fraction(-2)]
    assert exact_outputs(found, point) == exact_outputs(both, point)


def part_of(graph: Graph, kept: Sequence[Sequence[int]]) -> Graph:
    """A chain with some of the neurons of each hidden layer, in this order."""
    nodes, before = [], list(range(graph.input_size))
    for place, node in enumerate(graph.nodes):
        chosen = kept[place // 2] if place // 2 < len(kept) else list(range(node.size))
        primitive = node.primitive
        if isinstance(primitive, Affine):
            (linear,) = primitive.maps
            weight = frozen(numbers_of(linear)[np.ix_(chosen, before)])
            primitive = Affine((Dense(weight),), frozen(primitive.bias[chosen]))
            before = list(chosen)
        nodes.append(Node(primitive, node.operands, TensorSpec(node.tensor.name, (len(chosen),))))
    return Graph(graph.inputs, tuple(nodes), graph.outputs)


def scaled(graph: Graph, factor: float) -> Graph:
    """The first layer's weights times a factor."""
    first, *rest = graph.nodes
    assert isinstance(first.primitive, Affine)
    maps = tuple(with_numbers(linear, frozen(numbers_of(linear) * factor)) for linear in first.primitive.maps)
    return replace(graph, nodes=(replace(first, primitive=Affine(maps, first.primitive.bias)), *rest))


@pytest.mark.parametrize("shape", [(2, 1, 2), (1, 1, 1), (3, 1, 1)])
def test_convolutions_of_other_shapes_are_compared_or_left_alone(shape: tuple[int, int, int]) -> None:
    graph, other = convolved((2, 1, 2)), convolved(shape)
    both = beside(graph, other)
    found = difference(both) or both
    point = [Fraction(n, 3) for n in range(-2, 2)]
    assert exact_outputs(found, point) == exact_outputs(both, point)


def convolved(shape: tuple[int, int, int]) -> Graph:
    """A convolution of four inputs with weights of this shape, a ReLU, and the sum of it all."""
    result = 4 - shape[2] + 1
    weight = frozen(np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape))
    linear = Convolution(weight, 1, (4,), (result,), (1,), (1,), (0,))
    size = shape[0] * result
    nodes = (
        Node(Affine((linear,), frozen(np.zeros(size))), (0,), TensorSpec("z", (size,))),
        Node(RELU, (1,), TensorSpec("h", (size,))),
        Node(Affine((Dense(frozen(np.ones((1, size)))),), frozen(np.zeros(1))), (2,), TensorSpec("y", (1,))),
    )
    return Graph((TensorSpec("x", (4,)),), nodes, (3,))


def test_differences_that_overflow_are_left_alone() -> None:
    large = scaled(scaled(random_chain((1, 2, 1), seed=1), 1e308), 2.0)
    assert difference(beside(large, scaled(large, -1.0))) is None


def test_one_network_is_no_pair() -> None:
    assert difference(random_chain((2, 3, 2), seed=1)) is None


def test_a_difference_that_no_float_holds_is_kept_as_a_sum() -> None:
    """1 − 2^-60 has 60 bits."""
    graph = random_chain((1, 1, 1), seed=1)
    first, relu, last = graph.nodes
    halves = []
    for weight in (1.0, 2.0**-60):
        affine = Affine((Scale(np.array([weight])),), np.array([weight]))
        node = type(first)(affine, first.operands, first.tensor)
        halves.append(Graph(graph.inputs, (node, relu, last), graph.outputs))
    both = beside(*halves)
    found = difference(both)
    assert found is not None
    for x in (Fraction(1), Fraction(-1, 3), Fraction(2)):
        assert exact_outputs(found, [x]) == exact_outputs(both, [x])


@given(pairs())
def test_every_number_that_is_recognised_as_a_pair_is_a_relus(graph: Graph) -> None:
    """Of any graph: the form of what `deltas` finds is what it promises."""
    first = len(graph.inputs)
    for pair in deltas(graph):
        assert graph.nodes[pair.base - first].primitive == graph.nodes[pair.other - first].primitive == RELU
        assert graph.nodes[pair.base - first].operands == (pair.x,)
        assert graph.nodes[pair.other - first].operands == (pair.y,)
        assert all(a < b for a, b in pairwise((pair.x, pair.y, pair.value)))
