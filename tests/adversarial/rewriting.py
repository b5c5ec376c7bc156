"""Rewritings that leave the meaning of an obligation as it is.

In: an obligation, and a source of random numbers.  Out: another one that holds exactly when the first does.
Factors are powers of two, so that no weight is rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np

from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, Floats, LinearMap, Scale, frozen
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region

Rewriting = Callable[[Obligation, Random], Obligation]


def permuted(obligation: Obligation, rng: Random) -> Obligation:
    """Every hidden layer's neurons in another order."""

    def shuffle(size: int) -> tuple[list[int], list[float]]:
        order = list(range(size))
        rng.shuffle(order)
        return order, [1.0] * size

    return _hidden(obligation, shuffle)


def rescaled(obligation: Obligation, rng: Random) -> Obligation:
    """Every hidden neuron times a power of two, which what reads it divides by."""
    return _hidden(
        obligation, lambda size: (list(range(size)), [2.0 ** rng.randint(-12, 12) for _ in range(size)])
    )


def _hidden(obligation: Obligation, change: Callable[[int], tuple[list[int], list[float]]]) -> Obligation:
    """Changes ReLUs that dense layers alone read and write: element i becomes factor[i] · order[i]'s."""
    graph = obligation.graph
    nodes = list(graph.nodes)
    first = len(graph.inputs)
    for number, node in enumerate(graph.nodes):
        value = first + number
        if node.primitive != RELU or node.operands[0] < first:
            continue
        source = node.operands[0] - first
        readers = [n for n, other in enumerate(graph.nodes) if value in other.operands]
        alone = [n for n, other in enumerate(graph.nodes) if node.operands[0] in other.operands] == [number]
        free = alone and not {value, node.operands[0]} & set(graph.outputs)
        if not free or not all(_is_dense(nodes[n]) for n in (source, *readers)):
            continue
        order, factors = change(node.size)
        nodes[source] = _with_rows(nodes[source], order, np.array(factors))
        for n in readers:
            nodes[n] = _with_columns(nodes[n], value, order, np.array(factors))
    return replace(obligation, graph=replace(graph, nodes=tuple(nodes)))


def _is_dense(node: Node) -> bool:
    return isinstance(node.primitive, Affine) and all(isinstance(m, Dense) for m in node.primitive.maps)


def _with_rows(node: Node, order: list[int], factors: Floats) -> Node:
    affine = node.primitive
    assert isinstance(affine, Affine)
    maps: list[LinearMap] = []
    for linear in affine.maps:
        assert isinstance(linear, Dense)
        maps.append(Dense(frozen(linear.weight[order].astype(float) * factors[:, None])))
    bias = frozen(affine.bias[order].astype(float) * factors)
    return replace(node, primitive=Affine(tuple(maps), bias))


def _with_columns(node: Node, value: int, order: list[int], factors: Floats) -> Node:
    affine = node.primitive
    assert isinstance(affine, Affine)
    maps = list(affine.maps)
    for place, operand in enumerate(node.operands):
        linear = maps[place]
        if operand == value:
            assert isinstance(linear, Dense)
            maps[place] = Dense(frozen(linear.weight[:, order].astype(float) / factors))
    return replace(node, primitive=Affine(tuple(maps), affine.bias))


def with_identities(obligation: Obligation, rng: Random) -> Obligation:
    """An affine identity, dense or scaled, behind every value; and behind a ReLU another ReLU."""
    graph = obligation.graph
    renumber: dict[int, int] = {}
    nodes: list[Node] = []

    def add(primitive: Affine, operand: int, size: int) -> int:
        nodes.append(Node(primitive, (operand,), TensorSpec(f"i{len(nodes)}", (size,))))
        return len(graph.inputs) + len(nodes) - 1

    def identity(size: int) -> Affine:
        zero = frozen(np.zeros(size))
        one: LinearMap = Dense(frozen(np.eye(size))) if rng.random() < 0.5 else Scale(frozen(np.ones(size)))
        return Affine((one,), zero)

    for number, spec in enumerate(graph.inputs):
        renumber[number] = add(identity(spec.size), number, spec.size)
    for number, node in enumerate(graph.nodes, start=len(graph.inputs)):
        operands = tuple(renumber[operand] for operand in node.operands)
        nodes.append(replace(node, operands=operands))
        last = len(graph.inputs) + len(nodes) - 1
        if node.primitive == RELU and rng.random() < 0.5:
            nodes.append(Node(RELU, (last,), TensorSpec(f"r{len(nodes)}", (node.size,))))
            last += 1
        renumber[number] = add(identity(node.size), last, node.size)
    outputs = tuple(renumber[output] for output in graph.outputs)
    return replace(obligation, graph=Graph(graph.inputs, tuple(nodes), outputs))


def split_boxes(obligation: Obligation, rng: Random) -> Obligation:
    """Every box in two halves along some input, at any point of it; the halves share their border."""
    boxes: list[Box] = []
    for box in obligation.region.boxes:
        i = rng.randrange(len(box.lower))
        lo, hi = box.lower[i], box.upper[i]
        if lo is None or hi is None or lo > hi:
            boxes.append(box)
            continue
        cut = lo + (hi - lo) * Fraction(rng.randint(0, 7), 7)
        lower, upper = list(box.lower), list(box.upper)
        lower[i] = upper[i] = cut
        boxes += [Box(box.lower, tuple(upper)), Box(tuple(lower), box.upper)]
    rng.shuffle(boxes)
    return replace(obligation, region=Region(tuple(boxes), obligation.region.constraints))


def duplicated(obligation: Obligation, rng: Random) -> Obligation:
    """Atoms and parts said twice, in another order, by other multiples; the region's boxes twice."""
    violation = _restated(obligation.violation, rng)
    region = obligation.region
    constraints = tuple(_multiple(constraint, rng) for constraint in region.constraints)
    doubled = Region((*region.boxes, region.boxes[0]), (*constraints, *region.constraints))
    return replace(obligation, region=doubled, violation=violation)


def _restated(condition: Condition, rng: Random) -> Condition:
    if isinstance(condition, LinearAtom):
        if rng.random() < 0.5:
            return _multiple(condition, rng)
        twice = (_multiple(condition, rng), condition)
        return All(twice) if rng.random() < 0.5 else Any(twice)
    parts = [_restated(part, rng) for part in condition.parts]
    rng.shuffle(parts)
    return type(condition)(tuple(parts))


def _multiple(atom: LinearAtom, rng: Random) -> LinearAtom:
    factor = rng.choice([Fraction(1), Fraction(3), Fraction(1, 7), Fraction(2) ** 40, Fraction(1, 10**12)])
    return replace(
        atom,
        inputs=tuple((i, factor * c) for i, c in atom.inputs),
        outputs=tuple((j, factor * c) for j, c in atom.outputs),
        constant=factor * atom.constant,
    )


def negated_outputs(obligation: Obligation, rng: Random) -> Obligation:
    """The network's output layer with the other sign, some of it, and the claim about minus that."""
    graph = obligation.graph
    signs = [rng.choice([1, -1]) for _ in range(graph.output_size)]
    nodes = list(graph.nodes)
    outputs: list[int] = []
    column = 0
    for output in graph.outputs:
        size = graph.value(output).size
        flip = np.array(signs[column : column + size], dtype=float)
        affine = Affine((Scale(frozen(flip)),), frozen(np.zeros(size)))
        nodes.append(Node(affine, (output,), TensorSpec(f"n{column}", (size,))))
        outputs.append(len(graph.inputs) + len(nodes) - 1)
        column += size
    turned = Graph(graph.inputs, tuple(nodes), tuple(outputs))
    return replace(obligation, graph=turned, violation=_turned(obligation.violation, signs))


def _turned(condition: Condition, signs: list[int]) -> Condition:
    if isinstance(condition, LinearAtom):
        return replace(condition, outputs=tuple((j, signs[j] * c) for j, c in condition.outputs))
    return replace(condition, parts=tuple(_turned(part, signs) for part in condition.parts))


REWRITINGS: dict[str, Rewriting] = {
    "neurons in another order": permuted,
    "neurons times powers of two": rescaled,
    "identities in between": with_identities,
    "boxes in halves": split_boxes,
    "everything said twice": duplicated,
    "outputs with another sign": negated_outputs,
}
