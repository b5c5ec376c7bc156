"""`Split`: consecutive parts of an axis, a result each.

In: a value or a constant, and stored lengths: an attribute up to operator set 12, an operand from 13 on;
parts of one length where there are none.  Out: an index map for each part.  Exact.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._index import numbered, picked
from spec_lang.network.ops._linear import NO_AXES, Shape, attribute, axes_of, integers, optional, required
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Split:
    name: str = "Split"
    since: int = 2
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Split.html"
    attributes: frozenset[str] = frozenset({"axis", "num_outputs", "split"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        (axis,) = axes_of((attribute(node, "axis", 0),), len(operand.shape))
        size = operand.shape[axis]
        lengths = _lengths(node, size)
        if sum(lengths) != size or min(lengths) < 0:
            raise UnsupportedNode(f"its lengths {list(lengths)} do not divide an axis of {size} elements")
        parts = np.split(numbered(operand.shape), np.cumsum(lengths)[:-1], axis)
        return tuple(picked(operand, part, build) for part in parts)


def _lengths(node: NodeView, size: int) -> Shape:
    if node.opset < 13 and "split" in node.attributes:
        return attribute(node, "split", NO_AXES) or (0,)
    if node.opset >= 13 and optional(node, 1) is not None:
        return integers(optional(node, 1), "lengths") or (0,)
    count = attribute(node, "num_outputs", node.results)
    if count < 1 or (size % count and node.opset < 18):
        raise UnsupportedNode(f"an axis of {size} elements has no {count} parts of one length")
    length = -(-size // count)
    return (*(length,) * (count - 1), size - (count - 1) * length)


OP: Final = _Split()
