"""`ReduceMax`: maxima over axes.

In: a value, and stored axes: an attribute up to operator set 17, an operand from 18 on.  Out: affine and ReLU
nodes.  Exact under every semantics.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._extremum import lower_reduced
from spec_lang.network.ops._reduce import ATTRIBUTES
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value


@dataclass(frozen=True, slots=True)
class _ReduceMax:
    name: str = "ReduceMax"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__ReduceMax.html"
    attributes: frozenset[str] = ATTRIBUTES

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        return lower_reduced(node, build, 1)


OP: Final = _ReduceMax()
