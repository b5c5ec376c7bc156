"""`Softplus`: `ln(1 + e^x)`, element by element.

In: a value.  Out: one smooth node.  Exact in real numbers; every runtime approximates it in its own way,
so that it has no float32 semantics.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import depending
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value
from spec_lang.network.primitives import Smooth


@dataclass(frozen=True, slots=True)
class _Softplus:
    name: str = "Softplus"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Softplus.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        value = depending(node, 0)
        return (build.add(Smooth.SOFTPLUS, (value,), value.shape),)


OP: Final = _Softplus()
