"""`GlobalAveragePool`: the average of every channel.

In: a value (1, C, …).  Out: one affine node.  Exact where a channel has a power of two of elements; else the
factor is the float64 nearest to it.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._coefficients import shared
from spec_lang.network.ops._linear import required, zeros
from spec_lang.network.ops._reduce import over_axes
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value
from spec_lang.network.primitives import Affine


@dataclass(frozen=True, slots=True)
class _GlobalAveragePool:
    name: str = "GlobalAveragePool"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__GlobalAveragePool.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        value = required(node, 0)
        if not isinstance(value, Value) or len(value.shape) < 3:
            raise UnsupportedNode("its operand is no tensor of channels that depends on the input")
        found = over_axes(value, tuple(range(2, len(value.shape))), keep=True)
        mean = Affine((found.weighted(shared(len(found.windows), found.count)),), zeros(len(found.windows)))
        return (build.add(mean, (value,), found.shape),)


OP: Final = _GlobalAveragePool()
