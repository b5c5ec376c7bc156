"""Reductions over axes: which they are, and the windows that they leave.

In: a node of one of ONNX's reductions, whose axes are an attribute up to some operator set and an operand
from then on.  Out: the axes, and the flat places of the elements that meet.
"""

from __future__ import annotations

from math import prod

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._index import numbered
from spec_lang.network.ops._linear import NO_AXES, attribute, axes_of, depending, integers, optional
from spec_lang.network.ops.base import NodeView, Value
from spec_lang.network.primitives import Entries, Floats, Indices, frozen

Shape = tuple[int, ...]

ATTRIBUTES = frozenset({"axes", "keepdims", "noop_with_empty_axes"})


@dataclass(frozen=True, slots=True, eq=False)
class Reduction:
    """`windows` (results, elements that meet) over the flat value, and the shape of the result."""

    value: Value
    windows: Indices
    shape: Shape

    @property
    def count(self) -> int:
        return int(self.windows.shape[1])

    def weighted(self, factor: Floats) -> Entries:
        """The sum over each window, times the flat `factor` of every result."""
        results, count = self.windows.shape
        row, column = np.repeat(np.arange(results), count), np.sort(self.windows, axis=1).ravel()
        return Entries((results, self.value.size), row, column, frozen(np.repeat(factor, count)))


def reduction_of(node: NodeView, operand_since: int) -> Reduction:
    """The reduction of a value; axes are an operand from operator set `operand_since` on."""
    value = depending(node, 0)
    rank = len(value.shape)
    axes = axes_of(_axes(node, operand_since), rank)
    if not axes and not attribute(node, "noop_with_empty_axes", 0):
        axes = tuple(range(rank))
    return over_axes(value, axes, keep=bool(attribute(node, "keepdims", 1)))


def over_axes(value: Value, axes: Shape, *, keep: bool) -> Reduction:
    """Elements that differ in `axes` alone meet."""
    rank = len(value.shape)
    rest = tuple(axis for axis in range(rank) if axis not in axes)
    count = prod(value.shape[axis] for axis in axes)
    windows = numbered(value.shape).transpose((*rest, *axes)).reshape(-1, count)
    if keep:
        return Reduction(value, windows, tuple(1 if a in axes else n for a, n in enumerate(value.shape)))
    return Reduction(value, windows, tuple(value.shape[axis] for axis in rest))


def _axes(node: NodeView, operand_since: int) -> Shape:
    if node.opset >= operand_since:
        return NO_AXES if optional(node, 1) is None else integers(optional(node, 1), "axes")
    return attribute(node, "axes", NO_AXES)
