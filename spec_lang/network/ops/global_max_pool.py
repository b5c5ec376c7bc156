"""`GlobalMaxPool`: the maximum of every channel.

In: a value (1, C, …).  Out: affine and ReLU nodes.  Exact under every semantics.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import required
from spec_lang.network.ops._maxima import best_of_windows
from spec_lang.network.ops._reduce import over_axes
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _GlobalMaxPool:
    name: str = "GlobalMaxPool"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__GlobalMaxPool.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        value = required(node, 0)
        if not isinstance(value, Value) or len(value.shape) < 3:
            raise UnsupportedNode("its operand is no tensor of channels that depends on the input")
        found = over_axes(value, tuple(range(2, len(value.shape))), keep=True)
        return (best_of_windows(value, found.windows, found.shape, 1, build),)


OP: Final = _GlobalMaxPool()
