"""One affine piece of a network by the definition, in fractions, neuron by neuron: the truth of many laws.

In: a graph of ReLUs and affine maps, and a point.  Out: values and gradients of its neurons, and the radii
that follow from them.  Nothing here is shared with the project's own code but the graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Affine, PiecewiseLinear
from tests.maps import applied

Vector = tuple[Fraction, ...]
ZERO = Fraction(0)


@dataclass(frozen=True)
class Neuron:
    """Its value at the point, and its gradient where every neuron keeps the phase that it has there."""

    value: Fraction
    gradient: Vector


def neurons(graph: Graph, point: Vector) -> list[Neuron]:
    """What enters each ReLU; one that is 0 counts as off."""
    rows = [[ZERO] * len(point) for _ in point]
    for place, row in enumerate(rows):
        row[place] = Fraction(1)
    values: list[list[Fraction]] = []
    slopes: list[list[list[Fraction]]] = []  # by value, by input, by element
    start = 0
    for spec in graph.inputs:
        values.append(list(point[start : start + spec.size]))
        slopes.append([row[start : start + spec.size] for row in rows])
        start += spec.size
    found: list[Neuron] = []
    for node in graph.nodes:
        if isinstance(node.primitive, PiecewiseLinear):
            (operand,) = node.operands
            at, mine = values[operand], slopes[operand]
            found += (Neuron(v, tuple(row[k] for row in mine)) for k, v in enumerate(at))
            values.append([max(v, ZERO) for v in at])
            slopes.append([[s if v > 0 else ZERO for s, v in zip(row, at, strict=True)] for row in mine])
            continue
        assert isinstance(node.primitive, Affine)
        bias = [Fraction(float(b)) for b in node.primitive.bias]
        values.append(_sum(node.primitive, [values[o] for o in node.operands], bias))
        nothing = [ZERO] * len(bias)
        slopes.append(
            [_sum(node.primitive, [slopes[o][i] for o in node.operands], nothing) for i in range(len(point))]
        )
    return found


def _sum(affine: Affine, operands: Sequence[list[Fraction]], start: list[Fraction]) -> list[Fraction]:
    total = start
    for linear, operand in zip(affine.maps, operands, strict=True):
        total = [t + s for t, s in zip(total, applied(linear, operand), strict=True)]
    return total


def radius(
    graph: Graph, point: Vector, norm: str, scales: Sequence[Fraction] | None = None
) -> Fraction | None:
    """The radius of the piece, in ℓ2 its square; None if it is infinite."""
    return min(_radii(graph, point, norm, scales or [Fraction(1)] * len(point)), default=None)


def _radii(graph: Graph, point: Vector, norm: str, scales: Sequence[Fraction]) -> Iterator[Fraction]:
    for neuron in neurons(graph, point):
        sizes = [abs(c * s) for c, s in zip(neuron.gradient, scales, strict=True)]
        if not any(sizes):
            continue
        match norm:
            case "l1":
                yield abs(neuron.value) / max(sizes)
            case "linf":
                yield abs(neuron.value) / sum(sizes)
            case "l2":
                yield neuron.value**2 / sum(size * size for size in sizes)


def step_until(graph: Graph, point: Vector, direction: Vector) -> Fraction | None:
    """How far one may go in a direction before a neuron that is not 0 changes its sign."""
    found = []
    for neuron in neurons(graph, point):
        speed = sum((a * b for a, b in zip(neuron.gradient, direction, strict=True)), ZERO)
        if neuron.value * speed < 0:
            found.append(abs(neuron.value / speed))
    return min(found, default=None)
