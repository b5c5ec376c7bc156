"""`ConstantOfShape`: a tensor of one number.

In: a stored shape.  Out: a constant.  Exact.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import MAX_RANK, attribute, check_shape, integers, optional
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _ConstantOfShape:
    name: str = "ConstantOfShape"
    since: int = 9
    documentation: str = "https://onnx.ai/onnx/operators/onnx__ConstantOfShape.html"
    attributes: frozenset[str] = frozenset({"value"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        shape = integers(optional(node, 0), "shape")
        value = attribute(node, "value", np.zeros(1, dtype=np.float32))
        if value.size != 1 or any(size < 0 for size in shape) or len(shape) > MAX_RANK:
            raise UnsupportedNode(f"its value or its shape {list(shape)} is not possible")
        check_shape(shape)
        return (np.full(shape, value.ravel()[0], dtype=value.dtype),)


OP: Final = _ConstantOfShape()
