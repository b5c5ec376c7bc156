"""`Relu`: `max(0, x)`, element by element.

In: a value, or a constant.  Out: one piecewise linear node with its knot at 0, or a constant.  Exact.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import real, required
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value
from spec_lang.network.primitives import RELU


@dataclass(frozen=True, slots=True)
class _Relu:
    name: str = "Relu"
    since: int = 6
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Relu.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        if isinstance(operand, Value):
            return (build.add(RELU, (operand,), operand.shape),)
        return (np.maximum(real(operand), 0),)


OP: Final = _Relu()
