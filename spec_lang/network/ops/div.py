"""`Div`: the quotient of a value by a constant.

In: two operands that broadcast together, the second a constant.  Out: one affine node with the reciprocals as
its factors: exact for powers of two, else the float64 numbers nearest to them.  Two constants give a constant
where their quotient is exact; integers are divided as ONNX divides them, towards 0.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._coefficients import reciprocal
from spec_lang.network.ops._linear import required
from spec_lang.network.ops._product import exact_constant_quotient, scaled
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Div:
    name: str = "Div"
    since: int = 7
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Div.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        left, right = required(node, 0), required(node, 1)
        if isinstance(right, Value):
            raise UnsupportedNode("it divides by a value that depends on the input")
        if isinstance(left, Value):
            return (scaled(left, reciprocal(right), build),)
        return (exact_constant_quotient(left, right),)


OP: Final = _Div()
