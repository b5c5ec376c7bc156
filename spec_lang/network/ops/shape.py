"""`Shape`: the sizes of a tensor's axes.

In: a value or a constant.  Out: a constant, since all shapes are fixed; the batch has one example.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import attribute, required
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value


@dataclass(frozen=True, slots=True)
class _Shape:
    name: str = "Shape"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Shape.html"
    attributes: frozenset[str] = frozenset({"end", "start"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        shape = required(node, 0).shape
        start, end = attribute(node, "start", 0), attribute(node, "end", len(shape))
        return (np.array(shape[start:end], dtype=np.int64),)


OP: Final = _Shape()
