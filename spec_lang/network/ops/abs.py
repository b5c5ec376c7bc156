"""`Abs`: `|x| = 2 relu(x) − x`, element by element.

In: a value, or a constant.  Out: a ReLU and an affine node, or a constant.  Exact under every semantics.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import ones, real, required, zeros
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value
from spec_lang.network.primitives import RELU, Affine, Scale, frozen


@dataclass(frozen=True, slots=True)
class _Abs:
    name: str = "Abs"
    since: int = 6
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Abs.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        if not isinstance(operand, Value):
            return (np.abs(real(operand)),)
        size = operand.size
        positive = build.add(RELU, (operand,), operand.shape, exact=True)
        maps = Scale(frozen(2 * ones(size))), Scale(frozen(ones(size, -1)))
        return (build.add(Affine(maps, zeros(size)), (positive, operand), operand.shape, exact=True),)


OP: Final = _Abs()
