"""`Constant`: a tensor that the node itself stores.

In: one of the attributes `value`, `value_float(s)`, `value_int(s)`.  Out: a constant, no node.  Exact: the
attribute's own float32 numbers.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Constant:
    name: str = "Constant"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Constant.html"
    attributes: frozenset[str] = frozenset(
        {"value", "value_float", "value_floats", "value_int", "value_ints"}
    )

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        attributes = {name: value for name, value in node.attributes.items() if name.startswith("value")}
        if len(attributes) != 1:
            raise UnsupportedNode("it must store one value")
        (name, value), *_ = attributes.items()
        match name:
            case "value" if isinstance(value, np.ndarray):
                return (value,)
            case "value_float" | "value_floats" if np.isfinite(value).all():
                return (np.asarray(value, dtype=np.float32),)
            case "value_int" | "value_ints":
                return (np.asarray(value, dtype=np.int64),)
        raise UnsupportedNode(f"its attribute `{name}` holds no finite numbers")


OP: Final = _Constant()
