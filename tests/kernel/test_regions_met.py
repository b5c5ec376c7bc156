"""Laws of counts of linear regions: both ends hold, against all regions of a line and against fractions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.kernel.network import Unchecked
from spec_lang.kernel.proof import OutOfTime
from spec_lang.kernel.regions_met import RegionsMet, regions_met
from spec_lang.kernel.signs_at import signs_at
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import (
    RELU,
    Affine,
    Convolution,
    Dense,
    LinearMap,
    PiecewiseLinear,
    Smooth,
    frozen,
)
from tests.graphs import chains, dags, exact_values, random_chain
from tests.kernel.pieces_in_a_line import fewest, regions_of_a_line
from tests.laws import law
from tests.maps import rows_of

_HALVES = st.integers(-4, 4).map(lambda n: n / 2)


def chain(*layers: tuple[Sequence[Sequence[float]], Sequence[float]]) -> Graph:
    """`affine relu affine … affine` of weights and biases."""
    nodes: list[Node] = []
    for number, (weight, bias) in enumerate(layers):
        matrix = Dense(frozen(np.array(weight, dtype=np.float64).reshape(len(bias), -1)))
        spec = TensorSpec(f"z{number}", (len(bias),))
        nodes.append(Node(Affine((matrix,), frozen(np.array(bias, dtype=np.float64))), (len(nodes),), spec))
        if number < len(layers) - 1:
            nodes.append(Node(RELU, (len(nodes),), TensorSpec(f"a{number}", (len(bias),))))
    width = len(layers[0][0][0])
    return Graph((TensorSpec("x", (width,)),), tuple(nodes), (len(nodes),))


@st.composite
def of_a_line(draw: st.DrawFn) -> Graph:
    """Networks over one number, with kinks at simple places and many values that are 0."""
    sizes = [1, *draw(st.lists(st.integers(1, 4), min_size=0, max_size=3)), draw(st.integers(1, 2))]
    layers = []
    for width, size in pairwise(sizes):
        row = st.lists(_HALVES, min_size=width, max_size=width)
        weight = draw(st.lists(row, min_size=size, max_size=size))
        layers.append((weight, draw(st.lists(_HALVES, min_size=size, max_size=size))))
    return chain(*layers)


@st.composite
def met(draw: st.DrawFn) -> tuple[Graph, list[Fraction]]:
    """Such a network, with points anywhere and on its kinks."""
    graph = draw(of_a_line())
    kinks = [end for region in regions_of_a_line(graph) for end in region if end is not None]
    some = st.fractions(-4, 4, max_denominator=4)
    place = some if not kinks else some | st.sampled_from(kinks)
    return graph, draw(st.lists(place, min_size=1, max_size=8))


@law(150, 20_000, drawn=met(), exact=st.booleans())
def test_the_number_lies_between_the_ends(drawn: tuple[Graph, list[Fraction]], exact: bool) -> None:
    graph, points = drawn
    number = fewest(regions_of_a_line(graph), points)
    found = regions_met(graph, [(x,) for x in points], exact=exact)
    assert found.lower <= number <= found.upper
    assert (found.points, found.upper <= len(set(points))) == (len(points), True)
    assert (found.evidence.kind is EvidenceKind.CHECKED) is (found.in_integers == len(points))


@law(60, 4_000, graph=chains(inputs=2) | dags(), data=st.data())
def test_off_the_facets_the_ends_are_the_maps_and_the_patterns(graph: Graph, data: st.DataObject) -> None:
    points = data.draw(_points(graph.input_size))
    graph = graph.with_outputs(graph.outputs)
    signs = [_signs(graph, point) for point in points]
    kept = [number for number, row in enumerate(signs) if 0 not in row]
    if not kept:
        return
    found = regions_met(graph, [points[number] for number in kept])
    patterns = {tuple(signs[number]) for number in kept}
    assert (found.upper, found.on_facets) == (len(patterns), 0)
    assert found.lower == len({_map_of(graph, pattern) for pattern in patterns})


@law(60, 4_000, graph=chains(inputs=2) | dags(), data=st.data())
def test_signs_are_those_in_fractions(graph: Graph, data: st.DataObject) -> None:
    points = data.draw(_points(graph.input_size))
    graph = graph.with_outputs(graph.outputs)
    by_floats, in_integers = (signs_at(graph, points, exact=exact) for exact in (False, True))
    assert (by_floats.signs == in_integers.signs).all()
    for point, row in zip(points, by_floats.signs, strict=True):
        for sign, found in zip(_signs(graph, point), row, strict=True):
            assert found == sign or (sign == 0 and found == -1)  # where it is constant


def _points(size: int) -> st.SearchStrategy[list[tuple[Fraction, ...]]]:
    number = st.fractions(-3, 3, max_denominator=7) | st.sampled_from([Fraction(0), Fraction(1, 2**90)])
    return st.lists(st.tuples(*[number] * size), min_size=1, max_size=6)


def _signs(graph: Graph, point: Sequence[Fraction]) -> list[int]:
    values = exact_values(graph, point)
    relus = [node.operands[0] for node in graph.nodes if isinstance(node.primitive, PiecewiseLinear)]
    return [(z > 0) - (z < 0) for operand in relus for z in values[operand]]


def _map_of(graph: Graph, pattern: Sequence[int]) -> tuple[Fraction, ...]:
    """What the map of a pattern makes of 0 and of every unit vector."""
    zero = [Fraction(0)] * graph.input_size
    units = [[*zero[:i], Fraction(1), *zero[i + 1 :]] for i in range(graph.input_size)]
    found: list[Fraction] = []
    for point in (zero, *units):
        values, place = [list(point)], 0
        for node in graph.nodes:
            operands = [values[o] for o in node.operands]
            if isinstance(node.primitive, Affine):
                values.append(_sum(node.primitive, operands))
                continue
            phases = pattern[place : place + node.size]
            values.append(
                [z if phase > 0 else Fraction(0) for z, phase in zip(*operands, phases, strict=True)]
            )
            place += node.size
        found += [number for output in graph.outputs for number in values[output]]
    return tuple(found)


def _sum(primitive: Affine, operands: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    total = [Fraction(float(b)) for b in primitive.bias]
    for linear, operand in zip(primitive.maps, operands, strict=True):
        for place, row in enumerate(rows_of(linear)):
            total[place] += sum((Fraction(w) * operand[i] for i, w in row.items()), Fraction(0))
    return total


# -- what is easy to get wrong ---------------------------------------------------------------------------

ABSOLUTE = chain(([[1], [-1]], [0, 0]), ([[1, 1]], [0]))  # |x|, by the two ReLUs of x and −x


def counted(graph: Graph, *points: float | Fraction) -> RegionsMet:
    return regions_met(graph, [(Fraction(x),) for x in points])


def test_a_point_on_a_facet_is_in_no_region_of_its_own() -> None:
    # With both ReLUs active at 0 the map would be 0, which is no piece of |x|.
    for points, ends in (((0,), (1, 1)), ((0, 1), (1, 1)), ((-1, 0), (1, 1)), ((-1, 0, 1), (2, 2))):
        found = counted(ABSOLUTE, *points)
        assert (found.lower, found.upper, found.on_facets) == (*ends, 1)


def test_two_patterns_of_one_map_are_told_from_two_maps() -> None:
    unread = chain(([[1], [1]], [0, 5]), ([[1, 0]], [0]))  # the second ReLU is read with weight 0
    assert (counted(unread, -9, -1).lower, counted(unread, -9, -1).upper) == (1, 2)
    dead = chain(([[1], [1]], [0, 5]), ([[-1, -1]], [-1]), ([[1]], [0]))
    assert (counted(dead, -9, -1, 1).lower, counted(dead, -9, -1, 1).upper) == (1, 3)


def test_maps_that_differ_by_the_last_bit_differ() -> None:
    steep = chain(([[1], [-1]], [0, 0]), ([[1.0, -(1 + 2.0**-52)]], [0]))
    assert counted(steep, -1, 1).lower == 2
    offset = chain(([[1], [1]], [0, -1e-300]), ([[1.0, 2.0**-1000]], [0]))
    assert counted(offset, 1e-320, 1).lower == 2


def test_a_neuron_that_is_0_whatever_comes_in_has_no_facet() -> None:
    constant = chain(([[1]], [0]), ([[0], [1]], [0, 0]), ([[1, 1]], [0]))
    found = counted(constant, 1, 2, -1)
    assert (found.lower, found.upper, found.on_facets) == (2, 2, 0)


def test_signs_that_no_float_tells_are_found_in_integers() -> None:
    tiny = Fraction(1, 2**1200)
    far = Fraction(10) ** 400
    found = counted(ABSOLUTE, tiny, -tiny, far, -far, 1)
    assert (found.lower, found.upper, found.in_integers) == (2, 2, 4)
    third = chain(([[3]], [-1]), ([[1]], [0]))
    found = counted(third, Fraction(1, 3), Fraction(1, 3) + tiny, Fraction(1, 3) - tiny)
    assert (found.lower, found.upper, found.on_facets) == (2, 2, 1)


def test_weights_too_large_for_floats_to_multiply_are_no_trouble() -> None:
    large = chain(([[1e200], [-1e200]], [1e190, 0]), ([[1e200, 1e200]], [-1e300]), ([[1]], [0]))
    points = [(Fraction(x),) for x in (1, -1, 1e-150)]
    found, exact = regions_met(large, points), regions_met(large, points, exact=True)
    assert (found.lower, found.upper) == (exact.lower, exact.upper) == (2, 2)
    assert found.in_integers == 3


def test_a_network_without_relus_has_one_region() -> None:
    found = counted(chain(([[2]], [1])), 1, 2, 3)
    assert (found.lower, found.upper, found.on_facets) == (1, 1, 0)


def test_a_convolution_counts_like_its_matrix() -> None:
    rng = np.random.default_rng(0)
    kernel = frozen(rng.standard_normal((2, 1, 2, 2)).astype(np.float32))
    sliding = Convolution(kernel, 1, (4, 4), (2, 2), (2, 2), (1, 1), (0, 0))
    matrix = np.zeros((8, 16))
    for out, row in enumerate(rows_of(sliding)):
        matrix[out, list(row)] = list(row.values())
    last = Dense(frozen(rng.standard_normal((3, 8))))

    def network(first: LinearMap) -> Graph:
        return Graph(
            (TensorSpec("x", (1, 4, 4)),),
            (
                Node(Affine((first,), frozen(np.array([0.1] * 4 + [-0.2] * 4))), (0,), TensorSpec("z", (8,))),
                Node(RELU, (1,), TensorSpec("a", (8,))),
                Node(Affine((last,), frozen(np.zeros(3))), (2,), TensorSpec("y", (3,))),
            ),
            (3,),
        )

    points = [tuple(map(Fraction, row)) for row in rng.standard_normal((100, 16)).tolist()]
    found = regions_met(network(sliding), points)
    assert found == regions_met(network(Dense(frozen(matrix))), points)
    assert 20 < found.lower <= found.upper < 100


def test_many_points_are_decided_by_floats_and_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = random_chain([8, 12, 12, 4], 1)
    rows = np.random.default_rng(2).standard_normal((300, 8)).tolist()
    points = [tuple(map(Fraction, row)) for row in rows]
    found = regions_met(graph, points)
    assert found.in_integers == 0
    monkeypatch.setattr("spec_lang.kernel.float_values._ROOM", 100)
    assert regions_met(graph, points) == found
    assert regions_met(graph, points, exact=True).upper == found.upper


def test_what_has_no_regions_is_refused() -> None:
    sigmoid = Node(Smooth.SIGMOID, (0,), TensorSpec("y", (1,)))
    with pytest.raises(Unchecked):
        counted(Graph((TensorSpec("x", (1,)),), (sigmoid,), (1,)), 1)


def test_a_count_ends_with_its_time() -> None:
    with pytest.raises(OutOfTime):
        regions_met(ABSOLUTE, [(Fraction(1),)], expired=lambda: True)
