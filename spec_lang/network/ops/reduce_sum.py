"""`ReduceSum`: sums over axes.

In: a value, and stored axes: an attribute up to operator set 12, an operand from 13 on.  Out: one affine node
of entries 1.  Exact.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import ones, zeros
from spec_lang.network.ops._reduce import ATTRIBUTES, reduction_of
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value
from spec_lang.network.primitives import Affine


@dataclass(frozen=True, slots=True)
class _ReduceSum:
    name: str = "ReduceSum"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__ReduceSum.html"
    attributes: frozenset[str] = ATTRIBUTES

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        found = reduction_of(node, 13)
        size = len(found.windows)
        if found.count == 1:
            return (found.value.with_shape(found.shape),)
        affine = Affine((found.weighted(ones(size)),), zeros(size))
        return (build.add(affine, (found.value,), found.shape),)


OP: Final = _ReduceSum()
