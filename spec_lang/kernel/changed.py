"""One of the networks whose weights may be off, as a graph: what says by how much each weight is.

In: a graph whose bounds on what sums may gain say which weights make them gain it, and one number for every
weight.  Out: the graph in which every such gain is what these numbers make of it, or None where a weight is
off by more than its share.  Exact: no number is rounded, and the same weight is off by the same wherever it
is used, on the way there and back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from spec_lang.kernel.exact import dyadic
from spec_lang.network.drift import Drift, Weights
from spec_lang.network.graph import Graph, Node
from spec_lang.network.primitives import Affine, Floats, LinearMap, Smooth, frozen, with_numbers
from spec_lang.network.transform.gradient import nothing, transposed

_Off = Mapping[tuple[int, int], NDArray[np.float64]]


def changed(graph: Graph, changes: Sequence[Fraction]) -> Graph | None:
    """`graph` with weights that are off by `changes`, array after array, each in row-major order; without any
    they are as they are stored."""
    weights = graph.weights
    if weights is None or len(changes) not in (0, sum(one.numbers.size for one in weights)):
        return None
    off: dict[tuple[int, int], NDArray[np.float64]] = {}
    start = 0
    for one in weights if changes else ():
        found = _within(one, changes[start : start + one.numbers.size])
        if found is None:
            return None
        off[one.key], start = found, start + one.numbers.size
    first = len(graph.inputs)
    nodes = tuple(_settled(node, graph.nodes, first, off) for node in graph.nodes)
    return replace(graph, nodes=nodes)


def _within(weights: Weights, changes: Sequence[Fraction]) -> NDArray[np.float64] | None:
    """The changes as floats; None where one is none, or more than its share, or not like its equals."""
    numbers = weights.numbers.ravel()
    found = _floats(changes)
    if found is None or not np.isfinite(numbers).all() or (weights.alike and not _are_alike(numbers, found)):
        return None
    own, off = dyadic(numbers), dyadic(found)
    # |off| <= share |own|, as integers over a common denominator.
    left = abs(off.numbers) * (weights.share.denominator << own.shift)
    right = abs(own.numbers) * (weights.share.numerator << off.shift)
    return found.reshape(weights.numbers.shape) if bool((left <= right).all()) else None


def _floats(changes: Sequence[Fraction]) -> NDArray[np.float64] | None:
    """The same numbers, exactly."""
    try:
        found = [change.numerator / change.denominator for change in changes]
    except OverflowError:
        return None
    pairs = zip(found, changes, strict=True)
    if not all(f.as_integer_ratio() == (c.numerator, c.denominator) for f, c in pairs):
        return None
    return np.array(found, dtype=np.float64)


def _are_alike(numbers: Floats, off: NDArray[np.float64]) -> bool:
    """Whether equal numbers are off by the same, and opposite ones by the opposite."""
    known: dict[float, float] = {}  # of the positive one
    pairs = zip(numbers.tolist(), off.tolist(), strict=True)
    return all(known.setdefault(abs(n), -c if n < 0 else c) == (-c if n < 0 else c) for n, c in pairs)


def _settled(node: Node, nodes: Sequence[Node], first: int, off: _Off) -> Node:
    """The node, or what a sum gains in its place."""
    if node.primitive is not Smooth.SPREAD or node.operands[0] < first:
        return node if node.drift is None else replace(node, drift=None)
    reach = nodes[node.operands[0] - first]
    if reach.drift is None:
        return node
    gain, operands = _gain(reach, reach.drift, off)
    return replace(node, primitive=gain, operands=operands)


def _gain(reach: Node, drift: Drift, off: _Off) -> tuple[Affine, tuple[int, ...]]:
    """What the sum gains, and the values that it is made of."""
    bias = np.zeros(reach.size)
    if drift.bias is not None and drift.bias.key in off:
        bias = off[drift.bias.key]
    maps: list[LinearMap] = []
    operands: list[int] = []
    for term in drift.terms:
        if term.weights.key in off:
            linear = with_numbers(term.linear, frozen(off[term.weights.key]))
            maps.append(transposed(linear) if term.is_transposed else linear)
            operands.append(reach.operands[term.operand])
    if not maps and isinstance(reach.primitive, Affine):
        maps, operands = [nothing(reach.size, reach.primitive.maps[0].sizes[0])], [reach.operands[0]]
    return Affine(tuple(maps), frozen(bias)), tuple(operands)
