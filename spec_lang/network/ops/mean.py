"""`Mean`: the average of any number of tensors.

In: values and constants that broadcast together.  Out: two affine nodes: the sum, then the factor.  Exact
where the number of operands is a power of two; else the factor is the float64 nearest to it.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._coefficients import shared
from spec_lang.network.ops._product import scaled
from spec_lang.network.ops._sum import total
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Mean:
    name: str = "Mean"
    since: int = 8
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Mean.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        found = total(node, build)
        if not isinstance(found, Value):
            raise UnsupportedNode("all its operands are constants: simplify the network when exporting it")
        return (scaled(found, shared(1, len(node.operands)), build),)


OP: Final = _Mean()
