"""`Tile`: a tensor, repeated along every axis.

In: a value or a constant, and stored repeats.  Out: an index map, no node where nothing is repeated.  Exact.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._index import numbered, picked
from spec_lang.network.ops._linear import check_shape, integers, optional, required
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Tile:
    name: str = "Tile"
    since: int = 6
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Tile.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        repeats = integers(optional(node, 1), "repeats")
        if len(repeats) != len(operand.shape) or any(count < 0 for count in repeats):
            raise UnsupportedNode(f"its repeats {list(repeats)} do not fit the shape {list(operand.shape)}")
        # numpy repeats along one axis after the other, and a 0 may come last.
        check_shape(tuple(size * max(count, 1) for size, count in zip(operand.shape, repeats, strict=True)))
        return (picked(operand, np.tile(numbered(operand.shape), repeats), build),)


OP: Final = _Tile()
