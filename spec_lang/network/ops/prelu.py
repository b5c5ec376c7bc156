"""`PRelu`: `x` above 0 and `slope · x` below.

In: a value, and stored slopes that broadcast to it.  Out: a ReLU and an affine node.  Exact in real numbers.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._leaky import leaky
from spec_lang.network.ops._linear import broadcast_shape, depending, real, required, spread
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _PRelu:
    name: str = "PRelu"
    since: int = 7
    documentation: str = "https://onnx.ai/onnx/operators/onnx__PRelu.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        value, slope = depending(node, 0), required(node, 1)
        if isinstance(slope, Value):
            raise UnsupportedNode("its slopes depend on the input")
        if broadcast_shape(value.shape, slope.shape) != value.shape:
            raise UnsupportedNode(
                f"its slopes of shape {list(slope.shape)} do not fit an operand of shape {list(value.shape)}"
            )
        return (leaky(value, spread(real(slope), value.shape), value.shape, build),)


OP: Final = _PRelu()
