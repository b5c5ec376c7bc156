"""Inputs that an obligation does not depend on, and that nothing bounds.

In: a graph, a region and a violation.  Out: the region with these inputs fixed at 0, which changes nothing:
whether there is a point that breaks the obligation does not depend on them, and backends need bounds.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

from spec_lang.network.graph import Graph
from spec_lang.obligations.model import Box, Condition, Region, atoms

_ZERO = Fraction(0)


def fix_unused(graph: Graph, region: Region, violation: Condition) -> Region:
    """`region` with the inputs fixed that it leaves free and `violation` does not depend on."""
    free = {
        index
        for index in range(graph.input_size)
        if all(box.lower[index] is None and box.upper[index] is None for box in region.boxes)
    }
    free -= {index for row in region.constraints for index, _ in row.inputs}
    if not free:
        return region
    free -= _read(graph, violation)
    return Region(tuple(_fixed(box, free) for box in region.boxes), region.constraints)


def _fixed(box: Box, free: set[int]) -> Box:
    lower = tuple(_ZERO if index in free else limit for index, limit in enumerate(box.lower))
    upper = tuple(_ZERO if index in free else limit for index, limit in enumerate(box.upper))
    return Box(lower, upper)


def _read(graph: Graph, violation: Condition) -> set[int]:
    """The flat inputs that the violation depends on, by itself or through the network."""
    found = {index for atom in atoms(violation) for index, _ in atom.inputs}
    outputs = {index for atom in atoms(violation) for index, _ in atom.outputs}
    ends = list(accumulate(graph.value(number).size for number in graph.outputs))
    needed = {
        number
        for number, end in zip(graph.outputs, ends, strict=True)
        if any(end - graph.value(number).size <= index < end for index in outputs)
    }
    first = len(graph.inputs)
    for number in range(first + len(graph.nodes) - 1, first - 1, -1):
        if number in needed:
            needed.update(graph.nodes[number - first].operands)
    start = 0
    for number, spec in enumerate(graph.inputs):
        if number in needed:
            found.update(range(start, start + spec.size))
        start += spec.size
    return found
