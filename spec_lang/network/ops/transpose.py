"""`Transpose`: the axes in another order.

In: a value or a constant.  Out: an index map, no node where no element moves.  Exact.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._index import numbered, picked
from spec_lang.network.ops._linear import attribute, required
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Transpose:
    name: str = "Transpose"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Transpose.html"
    attributes: frozenset[str] = frozenset({"perm"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        rank = len(operand.shape)
        order = attribute(node, "perm", tuple(reversed(range(rank))))
        if sorted(order) != list(range(rank)):
            raise UnsupportedNode(f"its permutation {list(order)} does not fit a tensor of {rank} dimensions")
        return (picked(operand, numbered(operand.shape).transpose(order), build),)


OP: Final = _Transpose()
