"""`Identity`: the operand itself.

In: a value or a constant.  Out: the same one, no node.  Exact.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import required
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value


@dataclass(frozen=True, slots=True)
class _Identity:
    name: str = "Identity"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Identity.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        return (required(node, 0),)


OP: Final = _Identity()
