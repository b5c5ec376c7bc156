"""`Mul`: the product of a value and a constant.

In: two operands that broadcast together, one of them constant.  Out: one affine node with the constant as
its factors, none where every factor is 1.  Exact; a product of two values is refused, it is not linear.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import required
from spec_lang.network.ops._product import exact_constant_product, scaled
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Mul:
    name: str = "Mul"
    since: int = 7
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Mul.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        left, right = required(node, 0), required(node, 1)
        if isinstance(left, Value):
            if isinstance(right, Value):
                raise UnsupportedNode("it multiplies two values that both depend on the input")
            return (scaled(left, right, build),)
        if isinstance(right, Value):
            return (scaled(right, left, build),)
        if left.dtype.kind in "iu" and right.dtype.kind in "iu":
            return (left * right,)
        return (exact_constant_product(left, right),)


OP: Final = _Mul()
