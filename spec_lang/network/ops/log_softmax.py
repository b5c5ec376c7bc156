"""`LogSoftmax`: `x_i − ln Σ e^x_j` over an axis.

In: a value.  Out: affine and smooth nodes.  Exact in real numbers; every runtime approximates it in its own
way, so that it has no float32 semantics.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import ones, zeros
from spec_lang.network.ops._softmax import classes_of, in_place, ratios_of
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value
from spec_lang.network.primitives import Affine, Scale, frozen
from spec_lang.network.transform.softmax import losses


@dataclass(frozen=True, slots=True)
class _LogSoftmax:
    name: str = "LogSoftmax"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__LogSoftmax.html"
    attributes: frozenset[str] = frozenset({"axis"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        value, classes = classes_of(node)
        found, values, add = ratios_of(value, classes, build)
        loss = values[losses(found.gap, classes.size, add)]
        negated = Affine((Scale(frozen(ones(loss.size, -1))),), zeros(loss.size))
        result = build.add(negated, (loss,), loss.shape)
        return (in_place(result, classes, value.shape, build),)


OP: Final = _LogSoftmax()
