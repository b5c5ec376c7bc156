"""`Dropout`: the operand itself, as in inference.

In: a value or a constant; the ratio has no effect outside training.  Out: the same one, and a mask of
ones; no node.  Exact; training mode is refused.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import optional, required
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Dropout:
    name: str = "Dropout"
    since: int = 7
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Dropout.html"
    attributes: frozenset[str] = frozenset({"ratio", "seed"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        training = optional(node, 2)
        if isinstance(training, Value) or (training is not None and np.asarray(training).any()):
            raise UnsupportedNode("it is in training mode: export the network for inference")
        return operand, np.ones(operand.shape, dtype=np.bool_)


OP: Final = _Dropout()
