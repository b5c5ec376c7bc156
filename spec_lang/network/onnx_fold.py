"""Simplifications of a finished graph that change no value: exact for every float.

In: the nodes as they were lowered, and which values are outputs.  Out: the same nodes, some of them replaced;
those that nobody reads any more stay behind.
"""

from __future__ import annotations

from collections import Counter
from typing import assert_never

import numpy as np

from spec_lang.network.graph import Node
from spec_lang.network.primitives import (
    Affine,
    Convolution,
    Dense,
    Entries,
    Indices,
    LinearMap,
    Scale,
    frozen,
)


def fold(nodes: list[Node], first: int, outputs: frozenset[int]) -> None:
    """Fold a node into the only one that reads it; `first` is the number of the first node's value.

    `W x + 0`, then `1 y + c`, becomes `W x + c`; elements that are picked from what was picked, scaled or
    summed are picked there; a matrix that acts on moved elements has its columns moved instead.
    """
    readers = Counter(operand for node in nodes for operand in node.operands)
    for position, node in enumerate(nodes):
        if len(node.operands) != 1 or node.operands[0] < first:
            continue
        number = node.operands[0]
        before = nodes[number - first]
        if number in outputs or readers[number] > 1 or not isinstance(before.primitive, Affine):
            continue
        folded = _folded(before.primitive, node)
        if folded is not None:
            nodes[position] = Node(folded, before.operands, node.tensor, before.glue and node.glue)
            readers[number] = 0


def _folded(before: Affine, node: Node) -> Affine | None:
    after = node.primitive
    if not isinstance(after, Affine) or len(after.maps) != 1:
        return None
    (only,) = after.maps
    match only:
        case Scale():
            adds = bool((only.factor == 1).all()) and not before.bias.any()
            return Affine(before.maps, after.bias) if adds else None
        case Entries():
            return _picked(before, only, after) if node.glue else None
        case Dense():
            return _moved_columns(before, only, after)
        case Convolution():
            return None
        case _ as unreachable:
            assert_never(unreachable)


def _is_selection(entries: Entries) -> bool:
    """Whether every row has one entry at most, and that is 1."""
    return bool((np.diff(entries.row) > 0).all() and (entries.value == 1).all())


def _picked(before: Affine, chosen: Entries, after: Affine) -> Affine | None:
    """Rows of `before`, in the order that `chosen` says."""
    if not _is_selection(chosen) or after.bias[chosen.row].any():
        return None
    maps = [_rows(linear, chosen) for linear in before.maps]
    found = [linear for linear in maps if linear is not None]
    # Rows that are sums, and are repeated, are better summed once.
    if len(found) < len(maps) or sum(len(m.row) for m in found) > max(
        chosen.shape[0], sum(_count(linear) for linear in before.maps)
    ):
        return None
    bias = after.bias.astype(np.result_type(before.bias, after.bias))
    bias[chosen.row] = before.bias[chosen.column]
    return Affine(tuple(found), frozen(bias))


def _count(linear: LinearMap) -> int:
    return len(linear.row) if isinstance(linear, Entries) else linear.sizes[0]


def _rows(linear: LinearMap, chosen: Entries) -> Entries | None:
    """The chosen rows of a map of entries."""
    shape = (chosen.shape[0], linear.sizes[0])
    if isinstance(linear, Scale):
        return Entries(shape, chosen.row, chosen.column, frozen(linear.factor[chosen.column]))
    if not isinstance(linear, Entries):
        return None
    count = np.bincount(linear.row, minlength=linear.shape[0])
    start = np.cumsum(count) - count
    length = count[chosen.column]
    row = np.repeat(chosen.row, length)
    entry = np.repeat(start[chosen.column] - (np.cumsum(length) - length), length) + np.arange(len(row))
    return Entries(shape, row, linear.column[entry], frozen(linear.value[entry]))


def _moved_columns(before: Affine, matrix: Dense, after: Affine) -> Affine | None:
    """`matrix` on elements that are only moved, as one on the elements where they were."""
    only = before.maps[0]
    if len(before.maps) > 1 or not isinstance(only, Entries) or before.bias.any():
        return None
    if not _is_selection(only) or only.shape[0] != only.shape[1] or not _distinct(only.column):
        return None
    weight = np.zeros_like(matrix.weight)
    weight[:, only.column] = matrix.weight[:, only.row]
    return Affine((Dense(frozen(weight)),), after.bias)


def _distinct(numbers: Indices) -> bool:
    return len(np.unique(numbers)) == len(numbers)
