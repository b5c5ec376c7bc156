"""`Squeeze`: dimensions of 1 are removed.

In: a value or a constant, and stored axes: an attribute up to operator set 12, an operand from 13 on.
Out: the same elements in the same order, no node.  Exact.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import NO_AXES, attribute, axes_of, integers, optional, required, reshaped
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value


@dataclass(frozen=True, slots=True)
class _Squeeze:
    name: str = "Squeeze"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Squeeze.html"
    attributes: frozenset[str] = frozenset({"axes"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        listed = _axes(node)
        rank = len(operand.shape)
        if listed is None:
            axes = tuple(axis for axis in range(rank) if operand.shape[axis] == 1)
        else:
            axes = axes_of(listed, rank)
        shape = tuple(size for axis, size in enumerate(operand.shape) if axis not in axes)
        return (reshaped(operand, shape),)


def _axes(node: NodeView) -> tuple[int, ...] | None:
    if node.opset >= 13:
        return None if optional(node, 1) is None else integers(optional(node, 1), "axes")
    return attribute(node, "axes", NO_AXES) if "axes" in node.attributes else None


OP: Final = _Squeeze()
