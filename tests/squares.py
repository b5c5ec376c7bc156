"""Graphs with squares of sums of outputs, and what their values reach: the oracle of laws about squares.

In: a piecewise linear graph, and forms of its outputs.  Out: the same graph with the forms' squares behind
its outputs, and the greatest values of sums of them.  On one activation region a form is affine, so that a
sum of squares, being convex, is greatest at a corner; with one input it is a polynomial of degree 2 there.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from spec_lang.kernel.exact import ExactNetwork
from spec_lang.network.graph import OF_CLAIM, Graph, Node, TensorSpec
from spec_lang.network.primitives import Affine, Dense, Smooth, frozen
from spec_lang.obligations.model import Region
from tests.backends.enumeration import Enumeration

Form = Sequence[float]  # one coefficient for every flat output
Weighted = Sequence[tuple[Fraction, Form]]


def with_squares(graph: Graph, forms: Sequence[Form]) -> Graph:
    """The squares of the forms are the last outputs."""
    sizes = [graph.value(value).size for value in graph.outputs]
    ends = np.cumsum([0, *sizes])
    columns = np.array(forms, dtype=np.float64)
    maps = tuple(Dense(frozen(columns[:, a:b].copy())) for a, b in pairwise(ends))
    count = len(graph.inputs) + len(graph.nodes)
    sums = Node(
        Affine(maps, frozen(np.zeros(len(forms)))),
        graph.outputs,
        TensorSpec("claim/point", (len(forms),)),
        glue=True,
        part=OF_CLAIM,
    )
    square = Node(Smooth.SQUARE, (count,), TensorSpec("claim/square", (len(forms),)), True, OF_CLAIM)
    nodes = (*graph.nodes, sums, square)
    return Graph(graph.inputs, nodes, (*graph.outputs, count + 1), (), graph.precision)


def value_of(weighted: Weighted, outputs: Sequence[Fraction]) -> Fraction:
    """`Σ weight · form²`"""
    return sum(
        (w * sum((Fraction(c) * y for c, y in zip(form, outputs, strict=True)), Fraction(0)) ** 2)
        for w, form in weighted
    ) + Fraction(0)


def corners(graph: Graph, region: Region) -> list[list[tuple[Fraction, ...]]]:
    """Of every activation region."""
    return [
        [tuple(Fraction(x, g.point[0]) for x in g.point[1:]) for g in cell.where.generators]
        for cell in Enumeration(graph, region).cells
    ]


def greatest_sum(graph: Graph, region: Region, weighted: Weighted) -> tuple[Fraction, tuple[Fraction, ...]]:
    """Of squares with weights that are positive, and where it is."""
    network = ExactNetwork(graph)
    points = {point for cell in corners(graph, region) for point in cell}
    return max((value_of(weighted, network(point)), point) for point in points)


def least_on_line(graph: Graph, region: Region, weighted: Weighted) -> tuple[Fraction, tuple[Fraction, ...]]:
    """Of a graph with one input, whatever the weights."""
    network = ExactNetwork(graph)
    found = []
    for cell in corners(graph, region):
        (a,), (b,) = min(cell), max(cell)
        middle = (a + b) / 2
        first, half, last = (value_of(weighted, network((t,))) for t in (a, middle, b))
        places = [a, b]
        bend = 2 * (first + last - 2 * half)  # q(a + s (b − a)) = first + (last − first − bend) s + bend s²
        if bend > 0:
            share = -(last - first - bend) / (2 * bend)
            places += [a + share * (b - a)] if 0 < share < 1 else []
        found += [(value_of(weighted, network((t,))), (t,)) for t in places]
    return min(found)
