"""Rewritings of a network's maps: the same function as matrices, entries and convolutions, in parts, and with
index maps in between.

In: an obligation, and a source of random numbers.  Out: another one that holds exactly when the first does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from random import Random

import numpy as np

from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import (
    RELU,
    Affine,
    Convolution,
    Dense,
    LinearMap,
    Primitive,
    Scale,
    frozen,
    numbers_of,
)
from spec_lang.obligations.model import Obligation
from tests.maps import as_convolution, as_dense, as_entries, index_map, transposed

Rewriting = Callable[[Obligation, Random], Obligation]


class Rebuilding:
    """A graph that is built anew, node by node; `number` has the new number of every old value."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[Node] = []
        self.number = {value: value for value in range(len(graph.inputs))}

    def add(self, primitive: Primitive, operands: tuple[int, ...], size: int, *, glue: bool = False) -> int:
        spec = TensorSpec(f"r{len(self.nodes)}", (size,))
        self.nodes.append(Node(primitive, operands, spec, glue=glue))
        return len(self.graph.inputs) + len(self.nodes) - 1

    def affine(self, linear: LinearMap, operand: int, *, glue: bool = False) -> int:
        """One map, without a bias."""
        size = linear.sizes[1]
        bias = frozen(np.zeros(size, dtype=numbers_of(linear).dtype))
        return self.add(Affine((linear,), bias), (operand,), size, glue=glue)

    def built(self) -> Graph:
        outputs = tuple(self.number[output] for output in self.graph.outputs)
        return replace(self.graph, nodes=tuple(self.nodes), outputs=outputs, tensors=())


def _rebuilt(obligation: Obligation, step: Callable[[Rebuilding, Node], int]) -> Obligation:
    """Every node by `step`, which is given it with its operands' new numbers, and says the number of what
    stands for it."""
    graph = obligation.graph
    building = Rebuilding(graph)
    for old, node in enumerate(graph.nodes, start=len(graph.inputs)):
        operands = tuple(building.number[operand] for operand in node.operands)
        building.number[old] = step(building, replace(node, operands=operands))
    return replace(obligation, graph=building.built())


def _kept(building: Rebuilding, node: Node) -> int:
    building.nodes.append(node)
    return len(building.graph.inputs) + len(building.nodes) - 1


# -- other forms ---------------------------------------------------------------------------------------


def in_other_forms(obligation: Obligation, rng: Random) -> Obligation:
    """Every map as a matrix, by its entries, as a convolution or the transpose of one."""

    def step(building: Rebuilding, node: Node) -> int:
        if isinstance(node.primitive, Affine):
            maps = tuple(_in_another_form(linear, rng) for linear in node.primitive.maps)
            node = replace(node, primitive=Affine(maps, node.primitive.bias))
        return _kept(building, node)

    return _rebuilt(obligation, step)


def _in_another_form(linear: LinearMap, rng: Random) -> LinearMap:
    forms: list[Callable[[LinearMap], LinearMap]] = [
        as_dense,
        as_entries,
        lambda m: as_convolution(m, adjoint=False),
        lambda m: as_convolution(m, adjoint=True),
        lambda m: transposed(transposed(m)),
        lambda m: _padded(m, rng) if isinstance(m, Convolution) else as_entries(m),
    ]
    return rng.choice(forms)(linear)


def _padded(linear: Convolution, rng: Random) -> Convolution:
    """The same convolution with a larger kernel, of zeros at its end."""
    more = [(0, 0), (0, 0), *((0, rng.randint(0, 2)) for _ in linear.size)]
    return replace(linear, weight=frozen(np.pad(linear.weight, more)))


def in_parts(obligation: Obligation, rng: Random) -> Obligation:
    """Every convolution group by group, or by channels of its result; every other map by blocks of columns;
    the parts are added up."""

    def step(building: Rebuilding, node: Node) -> int:
        if not isinstance(node.primitive, Affine):
            return _kept(building, node)
        maps: list[LinearMap] = []
        operands: list[int] = []
        for linear, operand in zip(node.primitive.maps, node.operands, strict=True):
            for part, value in _parts(building, linear, operand, rng, glue=node.glue):
                maps.append(part)
                operands.append(value)
        return _kept(
            building,
            replace(node, primitive=Affine(tuple(maps), node.primitive.bias), operands=tuple(operands)),
        )

    return _rebuilt(obligation, step)


def _parts(
    building: Rebuilding, linear: LinearMap, operand: int, rng: Random, *, glue: bool
) -> list[tuple[LinearMap, int]]:
    """Maps and values whose sum is the map of the operand."""
    size, out = linear.sizes
    if isinstance(linear, Convolution):
        found: list[tuple[LinearMap, int]] = []
        for mine, reads, writes in _channels(linear):
            taken = building.affine(index_map(reads, size, numbers_of(linear).dtype.type), operand, glue=True)
            value = building.affine(mine, taken, glue=glue)
            place = {w: i for i, w in enumerate(writes)}
            back = index_map([place.get(i) for i in range(out)], len(writes), numbers_of(linear).dtype.type)
            found.append((back, value))
        return found
    cut = rng.randint(0, size)
    whole = as_dense(linear).weight
    left, right = whole.copy(), whole.copy()
    left[:, cut:], right[:, :cut] = 0, 0
    return [(as_entries(Dense(frozen(left))), operand), (Dense(frozen(right)), operand)]


def _channels(linear: Convolution) -> list[tuple[Convolution, list[int], list[int]]]:
    """Parts of a convolution, what each reads, and what it writes: groups, or channels of the result."""
    given, width = linear.weight.shape[:2]
    height = given // linear.groups
    size, result = prod(linear.size), prod(linear.result)
    step = height if linear.groups > 1 else 1
    found = []
    for first in range(0, given, step):
        part = replace(linear, weight=frozen(linear.weight[first : first + step]), groups=1)
        start = first // height * width  # the first channel that the group reads
        inner = list(range(start * size, (start + width) * size))
        outer = list(range(first * result, (first + step) * result))
        found.append((part, outer, inner) if linear.adjoint else (part, inner, outer))
    return found


# -- index maps in between -----------------------------------------------------------------------------


def with_index_maps(obligation: Obligation, rng: Random) -> Obligation:
    """Behind every value a transposition and its inverse, or padding and a slice: all exact."""

    def step(building: Rebuilding, node: Node) -> int:
        return _there_and_back(building, _kept(building, node), node.size, rng)

    graph = obligation.graph
    building = Rebuilding(graph)
    for number, spec in enumerate(graph.inputs):
        building.number[number] = _there_and_back(building, number, spec.size, rng)
    for old, node in enumerate(graph.nodes, start=len(graph.inputs)):
        operands = tuple(building.number[operand] for operand in node.operands)
        building.number[old] = step(building, replace(node, operands=operands))
    return replace(obligation, graph=building.built())


def _there_and_back(building: Rebuilding, value: int, size: int, rng: Random) -> int:
    kind = rng.choice(["none", "order", "pad", "twice"])
    order: list[int | None] = list(range(size))
    if kind == "order":
        rng.shuffle(order)
    elif kind == "pad":
        order = [*([None] * rng.randint(0, 2)), *order, *([None] * rng.randint(1, 2))]
    elif kind == "twice":
        order = [*order, *order]
    if kind == "none":
        return value
    there = building.affine(index_map(order, size), value, glue=True)
    back = [rng.choice([place for place, source in enumerate(order) if source == i]) for i in range(size)]
    return building.affine(index_map(back, len(order)), there, glue=True)


# -- other neurons -------------------------------------------------------------------------------------


def with_other_neurons(obligation: Obligation, rng: Random) -> Obligation:
    """Some ReLUs as `x + relu(−x)`, as `relu(relu(x) − 0)`, and as half of `x + |x|`."""

    def step(building: Rebuilding, node: Node) -> int:
        if node.primitive != RELU:
            return _kept(building, node)
        kind = rng.choice(["as it is", "mirrored", "twice", "absolute"])
        (value,), size = node.operands, node.size

        def sum_of(*terms: tuple[float, int]) -> int:
            maps = tuple(Scale(frozen(np.full(size, factor, dtype=np.float32))) for factor, _ in terms)
            affine = Affine(maps, frozen(np.zeros(size, dtype=np.float32)))
            return building.add(affine, tuple(v for _, v in terms), size, glue=True)

        def relu(of: int) -> int:
            return building.add(RELU, (of,), size, glue=True)

        if kind == "mirrored":
            return sum_of((1.0, value), (1.0, relu(sum_of((-1.0, value)))))
        if kind == "twice":
            return relu(sum_of((1.0, relu(value))))
        if kind == "absolute":
            size_of_it = sum_of((2.0, relu(value)), (-1.0, value))
            return sum_of((0.5, value), (0.5, size_of_it))
        return _kept(building, node)

    return _rebuilt(obligation, step)


def scaled_and_back(obligation: Obligation, rng: Random) -> Obligation:
    """Behind every affine node what a batch normalisation is, `s·x + t`, and its inverse; powers of two."""

    def step(building: Rebuilding, node: Node) -> int:
        value = _kept(building, node)
        if not isinstance(node.primitive, Affine):
            return value
        size = node.size
        scale = np.array([2.0 ** rng.randint(-6, 6) for _ in range(size)], dtype=np.float32)
        shift = np.array([rng.randint(-8, 8) / 4 for _ in range(size)], dtype=np.float32)
        there = building.add(Affine((Scale(frozen(scale)),), frozen(shift)), (value,), size)
        back = Affine((Scale(frozen(1 / scale)),), frozen(-shift / scale))
        return building.add(back, (there,), size)

    return _rebuilt(obligation, step)


RESHAPINGS: dict[str, Rewriting] = {
    "maps in other forms": in_other_forms,
    "maps in parts": in_parts,
    "index maps in between": with_index_maps,
    "ReLUs another way": with_other_neurons,
    "scaled and back": scaled_and_back,
}
