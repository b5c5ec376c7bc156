"""The linear regions of networks with one input, found by cutting the line: the oracle of counts.

In: a graph over one number, and points.  Out: the least number of complete linear regions that together
contain the points.  All is in fractions, and shares no code with the project's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby, pairwise

from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Affine
from tests.maps import applied

Line = tuple[Fraction, Fraction]  # slope, offset
Cell = tuple[Fraction | None, Fraction | None, list[list[Line]]]  # ends, None for none; every value there


def regions_of_a_line(graph: Graph) -> list[tuple[Fraction | None, Fraction | None]]:
    """The ends of all complete linear regions, from left to right."""
    cells: list[Cell] = [(None, None, [[(Fraction(1), Fraction(0))]])]
    for node in graph.nodes:
        operands = node.operands
        if isinstance(node.primitive, Affine):
            cells = [(a, b, [*v, _affine(node.primitive, [v[o] for o in operands])]) for a, b, v in cells]
        else:
            cells = [part for cell in cells for part in _cut(cell, operands[0])]
    outputs = [(a, b, [line for o in graph.outputs for line in v[o]]) for a, b, v in cells]
    found = []
    for _, alike in groupby(outputs, key=lambda cell: cell[2]):
        run = list(alike)
        found.append((run[0][0], run[-1][1]))
    return found


def fewest(regions: Sequence[tuple[Fraction | None, Fraction | None]], points: Sequence[Fraction]) -> int:
    """How many of the intervals it takes: from left to right, the last one that has the point."""
    chosen: list[tuple[Fraction | None, Fraction | None]] = []
    for x in sorted(points):
        having = [(a, b) for a, b in regions if (a is None or a <= x) and (b is None or x <= b)]
        if not any(region in chosen for region in having):
            chosen.append(having[-1])
    return len(chosen)


def _affine(primitive: Affine, operands: Sequence[Sequence[Line]]) -> list[Line]:
    slopes = [Fraction(0)] * len(primitive.bias)
    offsets = [Fraction(float(b)) for b in primitive.bias]
    for linear, operand in zip(primitive.maps, operands, strict=True):
        more = applied(linear, [slope for slope, _ in operand])
        slopes = [a + b for a, b in zip(slopes, more, strict=True)]
        more = applied(linear, [offset for _, offset in operand])
        offsets = [a + b for a, b in zip(offsets, more, strict=True)]
    return list(zip(slopes, offsets, strict=True))


def _cut(cell: Cell, operand: int) -> list[Cell]:
    """A cell, cut where an argument of a ReLU is 0, with the ReLUs' values in each part."""
    low, high, values = cell
    zeros = {-offset / slope for slope, offset in values[operand] if slope}
    inside = sorted(x for x in zeros if (low is None or low < x) and (high is None or x < high))
    ends = [low, *inside, high]
    parts: list[Cell] = []
    for a, b in pairwise(ends):
        x = _between(a, b)
        relus = [(s, o) if s * x + o > 0 else (Fraction(0), Fraction(0)) for s, o in values[operand]]
        parts.append((a, b, [*values, relus]))
    return parts


def _between(low: Fraction | None, high: Fraction | None) -> Fraction:
    if low is None:
        return Fraction(0) if high is None else high - 1
    return low + 1 if high is None else (low + high) / 2
