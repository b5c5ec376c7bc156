"""`Gather`: the slices of an axis that stored indices name.

In: a value or a constant, and indices that are stored in the file.  Out: an index map.  Exact.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._index import numbered, picked
from spec_lang.network.ops._linear import attribute, axes_of, check_size, required
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Gather:
    name: str = "Gather"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Gather.html"
    attributes: frozenset[str] = frozenset({"axis"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand, indices = required(node, 0), required(node, 1)
        if isinstance(indices, Value) or indices.dtype.kind not in "iu":
            raise UnsupportedNode("its indices must be integers that are stored in the file")
        (axis,) = axes_of((attribute(node, "axis", 0),), len(operand.shape))
        size = operand.shape[axis]
        if indices.size and not -size <= indices.min() <= indices.max() < size:
            raise UnsupportedNode(f"its indices leave an axis of {size} elements")
        check_size(operand.size // max(size, 1) * indices.size)
        return (picked(operand, np.take(numbered(operand.shape), indices, axis), build),)


OP: Final = _Gather()
