"""`Add`: the sum of two tensors.

In: two values, or a value and a constant, that broadcast together.  Out: one affine node, none where the
constant is 0.  Exact: the constant becomes a bias, as stored.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._sum import lower_sum
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value


@dataclass(frozen=True, slots=True)
class _Add:
    name: str = "Add"
    since: int = 7
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Add.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        return lower_sum(node, build, 1)


OP: Final = _Add()
