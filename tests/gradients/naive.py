"""The definitions, as directly as possible: what the oracle itself is held against.

In: a graph that is a chain of dense maps with ReLUs between them, and a point.  Out: the gradients of every
choice of phases by a backward pass, points to try, and small steps that stay within a piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product

from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine
from tests.gradients.faces import Region
from tests.gradients.forms import Matrix, Vector
from tests.graphs import exact_outputs, exact_values
from tests.maps import rows_of


def preactivations(graph: Graph, x: Vector) -> Vector:
    """What all ReLUs are applied to, in order."""
    values = exact_values(graph, x)
    relus = (node.operands[0] for node in graph.nodes if node.primitive == RELU)
    return tuple(z for operand in relus for z in values[operand])


def signs(graph: Graph, x: Vector) -> tuple[int, ...]:
    return tuple((z > 0) - (z < 0) for z in preactivations(graph, x))


def jacobians(graph: Graph, x: Vector) -> set[Matrix]:
    """Those of all choices of phases, one output after the other, from the last layer to the first."""
    choices = product(*((0, 1) if sign == 0 else (int(sign > 0),) for sign in signs(graph, x)))
    return {_backward(graph, phases) for phases in choices}


def _backward(graph: Graph, phases: Sequence[int]) -> Matrix:
    rows = []
    for k in range(graph.output_size):
        row, used = [Fraction(i == k) for i in range(graph.output_size)], len(phases)
        for node in reversed(graph.nodes):
            if node.primitive == RELU:
                layer = phases[used - node.size : used]
                used -= node.size
                row = [g * phase for g, phase in zip(row, layer, strict=True)]
            else:
                assert isinstance(node.primitive, Affine)
                weights = rows_of(node.primitive.maps[0])
                row = [
                    sum((Fraction(w[i]) * g for w, g in zip(weights, row, strict=True)), Fraction(0))
                    for i in range(len(weights[0]))
                ]
        rows.append(tuple(row))
    return tuple(rows)


def differences(graph: Graph, x: Vector) -> Matrix | None:
    """The Jacobian by central differences, exact since a piece is convex; None where a neuron is 0."""
    there = signs(graph, x)
    if 0 in there:
        return None
    columns = []
    for i in range(len(x)):
        step = Fraction(1)
        while True:
            ends = [tuple(e + s * step * (j == i) for j, e in enumerate(x)) for s in (1, -1)]
            if all(signs(graph, end) == there for end in ends):
                break
            step /= 2
        above, below = (exact_outputs(graph, end) for end in ends)
        columns.append([(a - b) / (2 * step) for a, b in zip(above, below, strict=True)])
    return tuple(zip(*columns, strict=True))


def grid(region: Region, parts: int = 4) -> Iterator[Vector]:
    """Points of the region at equal distances, the corners of the box first in line for kinks."""
    sides = [
        sorted({lo + (hi - lo) * k / parts for k in range(parts + 1)})
        for lo, hi in zip(region.lower, region.upper, strict=True)
    ]
    return (point for point in product(*sides) if region.contains(point))
