"""`Neg`: `−x`, element by element.

In: a value, or a constant.  Out: one affine node with factor −1, or a constant.  Exact.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import ones, real, required, zeros
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value
from spec_lang.network.primitives import Affine, Scale, frozen


@dataclass(frozen=True, slots=True)
class _Neg:
    name: str = "Neg"
    since: int = 6
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Neg.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        if not isinstance(operand, Value):
            return (-real(operand),)
        size = operand.size
        return (
            build.add(
                Affine((Scale(frozen(ones(size, -1))),), zeros(size)), (operand,), operand.shape, exact=True
            ),
        )


OP: Final = _Neg()
