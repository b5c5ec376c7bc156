"""`Div`: the quotient of a value by a constant power of two.

In: two operands that broadcast together, the second a constant of powers of two.  Out: one affine node
with the reciprocals as its factors.  Exact: these reciprocals are floats; any other divisor is refused.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import required
from spec_lang.network.ops._product import exact_constant_product, exact_reciprocal, scaled
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Div:
    name: str = "Div"
    since: int = 7
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Div.html"

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        left, right = required(node, 0), required(node, 1)
        if isinstance(right, Value):
            raise UnsupportedNode("it divides by a value that depends on the input")
        reciprocal = exact_reciprocal(right)
        if isinstance(left, Value):
            return (scaled(left, reciprocal, build),)
        return (exact_constant_product(left, reciprocal),)


OP: Final = _Div()
