"""`Concat`: tensors one after the other along an axis.

In: values and constants.  Out: one affine node of index maps, the constants as its bias; of constants alone a
constant.  Exact.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._index import joined
from spec_lang.network.ops._linear import attribute, axes_of, required
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Concat:
    name: str = "Concat"
    since: int = 4
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Concat.html"
    attributes: frozenset[str] = frozenset({"axis"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operands = [required(node, i) for i in range(max(1, len(node.operands)))]
        first = operands[0].shape
        (axis,) = axes_of((attribute(node, "axis", 1),), len(first))
        for operand in operands:
            if len(operand.shape) != len(first) or any(
                a != b for i, (a, b) in enumerate(zip(first, operand.shape, strict=True)) if i != axis
            ):
                shapes = " and ".join(str(list(other.shape)) for other in operands)
                raise UnsupportedNode(f"the shapes {shapes} do not fit together")
        return (joined(operands, axis, build),)


OP: Final = _Concat()
