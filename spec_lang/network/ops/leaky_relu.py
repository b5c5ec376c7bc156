"""`LeakyRelu`: `x` above 0 and `alpha · x` below.

In: a value.  Out: a ReLU and an affine node.  Exact in real numbers; `alpha` is a float32 number.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._leaky import leaky
from spec_lang.network.ops._linear import attribute, depending
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _LeakyRelu:
    name: str = "LeakyRelu"
    since: int = 6
    documentation: str = "https://onnx.ai/onnx/operators/onnx__LeakyRelu.html"
    attributes: frozenset[str] = frozenset({"alpha"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        value = depending(node, 0)
        alpha = attribute(node, "alpha", float(np.float32(0.01)))
        if not np.isfinite(alpha):
            raise UnsupportedNode(f"its attribute `alpha` is {alpha}")
        return (leaky(value, np.full(value.size, alpha), value.shape, build),)


OP: Final = _LeakyRelu()
