"""`Expand`: a tensor, broadcast to a stored shape.

In: a value or a constant.  Out: an index map, no node where nothing is repeated.  Exact.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._index import numbered, picked
from spec_lang.network.ops._linear import broadcast_shape, integers, optional, required
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Expand:
    name: str = "Expand"
    since: int = 8
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Expand.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        wanted = integers(optional(node, 1), "shape")
        if any(size < 0 for size in wanted):
            raise UnsupportedNode(f"its shape {list(wanted)} is not possible")
        shape = broadcast_shape(operand.shape, wanted)
        return (picked(operand, np.broadcast_to(numbered(operand.shape), shape), build),)


OP: Final = _Expand()
