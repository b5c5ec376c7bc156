"""`Unsqueeze`: dimensions of 1 are inserted.

In: a value or a constant, and stored axes: an attribute up to operator set 12, an operand from 13 on.
Out: the same elements in the same order, no node.  Exact.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import NO_AXES, attribute, axes_of, integers, optional, required, reshaped
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Unsqueeze:
    name: str = "Unsqueeze"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Unsqueeze.html"
    attributes: frozenset[str] = frozenset({"axes"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        listed = _axes(node)
        rank = len(operand.shape) + len(listed)
        axes = axes_of(listed, rank)
        rest = iter(operand.shape)
        shape = tuple(1 if axis in axes else next(rest) for axis in range(rank))
        return (reshaped(operand, shape),)


def _axes(node: NodeView) -> tuple[int, ...]:
    if node.opset >= 13:
        return integers(optional(node, 1), "axes")
    if "axes" not in node.attributes:
        raise UnsupportedNode("its axes are missing")
    return attribute(node, "axes", NO_AXES)


OP: Final = _Unsqueeze()
