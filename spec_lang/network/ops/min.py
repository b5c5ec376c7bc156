"""`Min`: the elementwise minimum of any number of tensors.

In: values and constants that broadcast together.  Out: affine and ReLU nodes; of constants alone a constant.
Exact under every semantics.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._extremum import lower_extremum
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value


@dataclass(frozen=True, slots=True)
class _Min:
    name: str = "Min"
    since: int = 8
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Min.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        return lower_extremum(node, build, -1)


OP: Final = _Min()
