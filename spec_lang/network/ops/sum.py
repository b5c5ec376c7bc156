"""`Sum`: the sum of any number of tensors.

In: values and constants that broadcast together.  Out: one affine node.  Exact; a sum of constants that would
be rounded is refused.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._sum import total
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value


@dataclass(frozen=True, slots=True)
class _Sum:
    name: str = "Sum"
    since: int = 8
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Sum.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        return (total(node, build),)


OP: Final = _Sum()
