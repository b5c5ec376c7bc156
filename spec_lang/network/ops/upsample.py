"""`Upsample`: every element repeated along the axes, a whole number of times.

In: a value or a constant, and stored scales.  Out: an index map.  Exact; only the mode `nearest` with
whole scales is represented.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import required
from spec_lang.network.ops._repeat import repeated, whole
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value


@dataclass(frozen=True, slots=True)
class _Upsample:
    name: str = "Upsample"
    since: int = 9
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Upsample.html"
    attributes: frozenset[str] = frozenset({"mode"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        return (repeated(node, required(node, 0), whole(required(node, 1)), build),)


OP: Final = _Upsample()
