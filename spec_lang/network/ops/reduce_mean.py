"""`ReduceMean`: averages over axes.

In: a value, and stored axes: an attribute up to operator set 17, an operand from 18 on.  Out: one affine
node.  Exact where a power of two of elements meet; else the factor is the float64 nearest to it.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._coefficients import shared
from spec_lang.network.ops._linear import zeros
from spec_lang.network.ops._reduce import ATTRIBUTES, reduction_of
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value
from spec_lang.network.primitives import Affine


@dataclass(frozen=True, slots=True)
class _ReduceMean:
    name: str = "ReduceMean"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__ReduceMean.html"
    attributes: frozenset[str] = ATTRIBUTES

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        found = reduction_of(node, 18)
        size = len(found.windows)
        if found.count == 1:
            return (found.value.with_shape(found.shape),)
        affine = Affine((found.weighted(shared(size, found.count)),), zeros(size))
        return (build.add(affine, (found.value,), found.shape),)


OP: Final = _ReduceMean()
