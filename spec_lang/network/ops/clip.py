"""`Clip`: numbers below `min` become `min`, numbers above `max` become `max`.

In: a value, and stored ends: attributes up to operator set 10, operands from 11 on.  Out: affine and ReLU
nodes.  Exact under every semantics.  A `min` that is the least float32 and a `max` that is the largest stand
for none: exporters write so.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import attribute, optional, real, required
from spec_lang.network.ops._maxima import bounded, clipped
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value
from spec_lang.network.primitives import Floats


@dataclass(frozen=True, slots=True)
class _Clip:
    name: str = "Clip"
    since: int = 6
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Clip.html"
    attributes: frozenset[str] = frozenset({"max", "min"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        value = required(node, 0)
        low, high = _end(node, 1, "min"), _end(node, 2, "max")
        if low is not None and high is not None and low > high:
            raise UnsupportedNode(f"its ends are in the wrong order: {low} and {high}")
        if not isinstance(value, Value):
            kept = real(value) if low is None else np.maximum(real(value), low)
            return (kept if high is None else np.minimum(kept, high),)
        if low is not None and high is not None:
            return (clipped(value, low, high, build),)
        for end, sign in ((low, 1), (high, -1)):
            if end is not None:
                return (bounded(value, end, value.shape, sign, build),)
        return (value,)


def _end(node: NodeView, position: int, name: str) -> Floats | None:
    """One end, a single number, or None."""
    if node.opset < 11:
        present = name in node.attributes
        given = np.array(attribute(node, name, 0.0), dtype=np.float32) if present else None
    else:
        given = _stored(node, position, name)
    nowhere = np.finfo(np.float32).max if name == "max" else np.finfo(np.float32).min
    if given is None or given == nowhere:
        return None
    if not np.isfinite(given):
        raise UnsupportedNode(f"its end `{name}` is {given}")
    return given


def _stored(node: NodeView, position: int, name: str) -> Floats | None:
    given = optional(node, position)
    if isinstance(given, Value) or (given is not None and given.size != 1):
        raise UnsupportedNode(f"its end `{name}` must be a number that is stored in the file")
    return None if given is None else real(given).reshape(())


OP: Final = _Clip()
