"""`Sub`: the difference of two tensors.

In: two values, or a value and a constant, that broadcast together.  Out: one affine node, none where 0 is
subtracted.  Exact: changing a float's sign does not round it.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._sum import lower_sum
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value


@dataclass(frozen=True, slots=True)
class _Sub:
    name: str = "Sub"
    since: int = 7
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Sub.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        return lower_sum(node, build, -1)


OP: Final = _Sub()
