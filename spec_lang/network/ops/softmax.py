"""`Softmax`: `e^x_i / Σ e^x_j` over an axis.

In: a value.  Out: affine and smooth nodes.  Exact in real numbers; every runtime approximates it in its own
way, so that it has no float32 semantics.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._softmax import classes_of, in_place, ratios_of
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value


@dataclass(frozen=True, slots=True)
class _Softmax:
    name: str = "Softmax"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Softmax.html"
    attributes: frozenset[str] = frozenset({"axis"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        value, classes = classes_of(node)
        found, values, _ = ratios_of(value, classes, build)
        return (in_place(values[found.probability], classes, value.shape, build),)


OP: Final = _Softmax()
