"""`Cast`: the same numbers in another type.

In: a value that becomes a float type that holds all of its numbers, or a constant.  Out: no node.  Exact:
what would round is refused; where floats become integers, constants are truncated, as ONNX has it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import attribute, required
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value

# TensorProto.DataType
_TYPES: Final = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
}
# A float type holds all numbers of those below it.
_WIDTHS: Final = {"float16": 1, "bfloat16": 1, "float32": 2, "float64": 3}


@dataclass(frozen=True, slots=True)
class _Cast:
    name: str = "Cast"
    since: int = 6
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Cast.html"
    attributes: frozenset[str] = frozenset({"round_mode", "saturate", "to"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand, code = required(node, 0), attribute(node, "to", 0)
        if code not in _TYPES:
            raise UnsupportedNode(f"it casts to the element type {code}")
        name = _TYPES[code]
        if not isinstance(operand, Value):
            return (_converted(operand, name),)
        if name != operand.type and _WIDTHS.get(name, 0) <= _WIDTHS[operand.type]:
            raise UnsupportedNode(f"it rounds {operand.type} numbers that depend on the input to {name}")
        return (Value(operand.number, operand.shape, name),)


def _converted(constant: Constant, name: str) -> Constant:
    with np.errstate(over="ignore", invalid="ignore"):
        converted = constant.astype(name)
        whole = (
            np.trunc(constant) if constant.dtype.kind == "f" and converted.dtype.kind in "iu" else constant
        )
        # Python compares integers with floats exactly.
        if name != "bool" and converted.ravel().tolist() != whole.ravel().tolist():
            raise UnsupportedNode(f"casting its constant to {name} would change it")
    # Half precision is kept in float32, which holds all of it.
    return converted.astype(np.float32) if name == "float16" else converted


OP: Final = _Cast()
