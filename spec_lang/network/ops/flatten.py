"""`Flatten`: a matrix of the dimensions before `axis` by those after it.

In: a value or a constant.  Out: the same elements in the same order, no node.  Exact.
"""

from __future__ import annotations

from math import prod
from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import attribute, required, reshaped
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Flatten:
    name: str = "Flatten"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Flatten.html"
    attributes: frozenset[str] = frozenset({"axis"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        axis = attribute(node, "axis", 1)
        rank = len(operand.shape)
        if not -rank <= axis <= rank:
            raise UnsupportedNode(f"its axis {axis} does not fit a tensor of {rank} dimensions")
        split = axis + rank if axis < 0 else axis
        shape = prod(operand.shape[:split]), prod(operand.shape[split:])
        return (reshaped(operand, shape),)


OP: Final = _Flatten()
