"""The kernel's networks of other weights: exactly those within the share, the same on the way there and back.

In: random networks, at kinks on purpose, and changes of their weights, legal and forged.  Out: nothing but
failures; the meaning is that of fractions.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from spec_lang.kernel.changed import changed
from spec_lang.kernel.exact import AtKink, ExactNetwork
from spec_lang.kernel.witness import check_witness
from spec_lang.network.drift import Weights
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Convolution, Dense, frozen
from spec_lang.network.transform.difference import difference
from spec_lang.network.transform.perturbed import perturbed
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from tests.graphs import chains
from tests.kernel.gradient_nets import kinked
from tests.laws import law
from tests.network.test_perturbed import outputs_and_gradient
from tests.perturbed.networks import changes_of, inward, split

SHARES = st.sampled_from([Fraction(1, 100), Fraction(1, 3), Fraction(1), Fraction(3, 2)])
Numbers = list[Fraction]


def with_gradient(graph: Graph, share: Fraction, output: int) -> Graph:
    made = perturbed(graph, share)
    found = made.with_gradient(made.graph, output)
    return found.graph.with_outputs((*made.graph.outputs, *found.by_input))


def layers_with(
    graph: Graph, whole: Graph, changes: tuple[Fraction, ...]
) -> list[tuple[list[Numbers], Numbers]]:
    """The layers of a chain of matrices with their changes added."""

    def added(array: np.ndarray[tuple[int, ...], np.dtype[np.floating]], kind: str) -> Numbers:
        numbers = [Fraction(float(number)) for number in array.ravel()]
        for weights, part in split(whole, changes):
            own = weights.numbers
            if not weights.name.startswith(kind):
                continue
            if own.shape == array.shape and np.array_equal(own, array):
                return [a + b for a, b in zip(numbers, part, strict=True)]
            if own.ndim == 2 and own.T.shape == array.shape and np.array_equal(own.T, array):
                turned = np.array(part, dtype=object).reshape(own.shape).T.ravel()
                return [a + b for a, b in zip(numbers, turned, strict=True)]
        return numbers

    found = []
    for node in graph.nodes:
        if isinstance(node.primitive, Affine):
            (linear,) = node.primitive.maps
            assert isinstance(linear, Dense)
            out, width = linear.weight.shape
            flat = added(linear.weight, "weights")
            rows = [flat[i * width : (i + 1) * width] for i in range(out)]
            found.append((rows, added(node.primitive.bias, "biases")))
    return found


@law(60, 1000, graph=kinked(), share=SHARES, data=st.data())
def test_outputs_and_gradients_are_those_of_the_changed_network(
    graph: Graph, share: Fraction, data: st.DataObject
) -> None:
    output = data.draw(st.integers(0, graph.output_size - 1))
    whole = with_gradient(graph, share, output)
    changes = data.draw(changes_of(whole))
    number = st.sampled_from([0.0, 1.0, -1.0, 0.5, 0.3])
    x = data.draw(st.lists(number, min_size=graph.input_size, max_size=graph.input_size))
    point = [Fraction(v) for v in x]
    found = changed(whole, changes)
    assert found is not None
    layers = layers_with(graph, whole, changes)
    expected = {
        tuple(v for part in outputs_and_gradient(layers, point, output, passes) for v in part)
        for passes in (False, True)
    }
    try:
        assert {ExactNetwork(found)(point)} == expected
    except AtKink:
        return  # there are several gradients, and the two of `expected` may be the same by chance


@law(60, 1000, graph=kinked(), share=SHARES, data=st.data())
def test_a_weight_that_is_off_by_more_than_its_share_is_refused(
    graph: Graph, share: Fraction, data: st.DataObject
) -> None:
    whole = with_gradient(graph, share, 0)
    changes = list(data.draw(changes_of(whole)))
    if not changes:
        return
    assert changed(whole, changes) is not None
    place = data.draw(st.integers(0, len(changes) - 1))
    numbers = [Fraction(n) for weights in whole.weights or () for n in weights.numbers.ravel().tolist()]
    sign = data.draw(st.sampled_from([1, -1]))
    most = inward(numbers[place] * share)
    beyond = Fraction(float(np.nextafter(float(abs(most)), np.inf)))
    if beyond <= abs(numbers[place]) * share:
        beyond = Fraction(float(np.nextafter(float(beyond), np.inf)))
    changes[place] = sign * beyond
    assert changed(whole, changes) is None


@law(40, 400, graph=kinked(), share=SHARES, data=st.data())
def test_changes_of_another_length_are_none(graph: Graph, share: Fraction, data: st.DataObject) -> None:
    whole = with_gradient(graph, share, 0)
    changes = data.draw(changes_of(whole))
    assert changed(whole, (*changes, Fraction(0))) is None
    if len(changes) > 1:
        assert changed(whole, changes[:-1]) is None


def one_layer(weight: list[list[float]], bias: list[float]) -> Graph:
    affine = Affine((Dense(frozen(np.array(weight))),), frozen(np.array(bias)))
    return Graph(
        (TensorSpec("x", (len(weight[0]),)),), (Node(affine, (0,), TensorSpec("y", (len(bias),))),), (1,)
    )


def test_a_change_that_no_float_holds_is_none() -> None:
    graph = perturbed(one_layer([[1.0]], [0.0]), Fraction(1, 2)).graph
    assert changed(graph, [Fraction(1, 3)]) is None
    assert changed(graph, [Fraction(1, 4)]) is not None


def test_equal_biases_change_alike() -> None:
    """A file may store one number for all of them."""
    graph = perturbed(one_layer([[1.0], [2.0], [3.0]], [0.5, 0.5, -0.5]), Fraction(1, 2)).graph
    off = Fraction(1, 4)
    none = [Fraction(0)] * 3
    weights = graph.weights or ()
    assert [one.name.split()[0] for one in weights] == ["weights", "biases"]
    assert changed(graph, [*none, off, off, -off]) is not None
    assert changed(graph, [*none, off, off, off]) is None
    assert changed(graph, [*none, off, Fraction(0), Fraction(0)]) is None


def test_matrices_that_are_equal_are_one_and_so_is_a_transpose() -> None:
    """A file may use one matrix twice."""
    weight = np.array([[1.0, 2.0], [3.0, 4.0]])
    none = frozen(np.zeros(2))
    spec = TensorSpec("v", (2,))
    maps = [Dense(frozen(weight)), Dense(frozen(weight.copy())), Dense(frozen(weight.T))]
    nodes = tuple(Node(Affine((linear,), none), (place,), spec) for place, linear in enumerate(maps))
    graph = perturbed(Graph((TensorSpec("x", (2,)),), nodes, (3,)), Fraction(1)).graph
    assert [one.numbers.size for one in graph.weights or ()] == [4]
    found = changed(graph, [Fraction(0), Fraction(2), Fraction(0), Fraction(0)])
    assert found is not None
    own = np.array([[1, 4], [3, 4]])
    point = np.array([1, -2])
    expected = own.T @ own @ own @ point
    assert list(ExactNetwork(found)([Fraction(1), Fraction(-2)])) == expected.tolist()


def test_weights_that_are_said_to_be_the_same_and_differ_are_refused() -> None:
    graph = with_gradient(one_layer([[1.0, 2.0]], [0.5]), Fraction(1, 2), 0)
    changes = [Fraction(0)] * 3
    assert changed(graph, changes) is not None

    def forged(node: Node) -> Node:
        if node.drift is None or not node.drift.terms or node.drift.bias is not None:
            return node
        (term,) = node.drift.terms
        other = replace(term.weights, share=Fraction(5))
        return replace(node, drift=replace(node.drift, terms=(replace(term, weights=other),)))

    assert changed(replace(graph, nodes=tuple(map(forged, graph.nodes))), changes) is None


def test_an_average_has_no_weights_to_change() -> None:
    pool = Convolution(frozen(np.full((1, 1, 2), 0.5)), 1, (4,), (2,), (2,), (1,), (0,))
    node = Node(Affine((pool,), frozen(np.zeros(2))), (0,), TensorSpec("y", (2,)))
    graph = perturbed(Graph((TensorSpec("x", (4,)),), (node,), (1,)), Fraction(1, 2)).graph
    assert graph.drifts
    assert graph.weights == ()
    found = changed(graph, ())
    assert found is not None
    assert list(ExactNetwork(found)([Fraction(1)] * 4)) == [1, 1]


def test_the_network_as_it_is_stored_is_one_of_them() -> None:
    """x = 1 gives 1, which is not below 1; weights that are off by a quarter give more, by as much less."""
    graph = perturbed(one_layer([[1.0]], [0.0]), Fraction(1, 4)).graph
    region = Region((Box((Fraction(1),), (Fraction(1),)),))

    def above(limit: Fraction) -> Obligation:
        return Obligation(graph, region, LinearAtom((), ((0, Fraction(-1)),), limit, strict=False))

    one, more, most = Fraction(1), Fraction(1, 4), Fraction(5, 4)
    stored = check_witness(above(one), [one])
    assert stored is not None
    assert (stored.point, stored.changes, stored.outputs) == ((one,), (), (one,))
    assert check_witness(above(most), [one]) is None
    found = check_witness(above(most), [one, more])
    assert found is not None
    assert (found.point, found.changes, found.whole, found.outputs) == ((one,), (more,), (one, more), (most,))
    assert check_witness(above(most + 1), [one, more]) is None
    assert check_witness(above(one), [one, more, more]) is None
    assert check_witness(above(one), []) is None
    assert check_witness(above(one), [Fraction(2), more]) is None  # outside the region


@law(20, 200, graph=chains(), share=SHARES)
def test_two_networks_near_one_are_never_taken_for_the_same(graph: Graph, share: Fraction) -> None:
    """Their difference was 0 where both had the spread of one bound."""
    made = [perturbed(graph, share, number).graph for number in (1, 2)]
    first = len(graph.inputs)
    nodes = list(made[0].nodes)
    shift = len(nodes)
    for node in made[1].nodes:
        operands = tuple(o if o < first else o + shift for o in node.operands)
        nodes.append(replace(node, operands=operands, part=1))
    outputs = (*made[0].outputs, *(o if o < first else o + shift for o in made[1].outputs))
    both = Graph(graph.inputs, tuple(nodes), outputs)
    spreads = sum(node.drift is not None for node in both.nodes)
    seen = difference(both)
    if seen is not None:
        assert sum(node.drift is not None for node in seen.nodes) == spreads
        assert list(map(_key, seen.weights or ())) == list(map(_key, both.weights or ()))


def _key(weights: Weights) -> tuple[int, int]:
    return weights.key


def test_relus_have_no_weights() -> None:
    node = Node(RELU, (0,), TensorSpec("y", (2,)))
    assert not perturbed(Graph((TensorSpec("x", (2,)),), (node,), (1,)), Fraction(1)).graph.drifts
