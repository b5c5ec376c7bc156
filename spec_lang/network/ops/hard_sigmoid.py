"""`HardSigmoid`: `max(0, min(1, alpha · x + beta))`, element by element.

In: a value.  Out: an affine node, then two ReLUs and their difference.  Exact in real numbers; the attributes
are float32 numbers.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import attribute, depending
from spec_lang.network.ops._maxima import clipped
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value
from spec_lang.network.primitives import Affine, Scale, frozen


@dataclass(frozen=True, slots=True)
class _HardSigmoid:
    name: str = "HardSigmoid"
    since: int = 6
    documentation: str = "https://onnx.ai/onnx/operators/onnx__HardSigmoid.html"
    attributes: frozenset[str] = frozenset({"alpha", "beta"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        value = depending(node, 0)
        alpha = attribute(node, "alpha", float(np.float32(0.2)))
        beta = attribute(node, "beta", 0.5)
        if not np.isfinite([alpha, beta]).all():
            raise UnsupportedNode("its attributes are no finite numbers")
        factor, shift = (frozen(np.full(value.size, number, dtype=np.float32)) for number in (alpha, beta))
        line = build.add(Affine((Scale(factor),), shift), (value,), value.shape)
        return (clipped(line, np.zeros((), np.float32), np.ones((), np.float32), build),)


OP: Final = _HardSigmoid()
