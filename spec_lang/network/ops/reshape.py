"""`Reshape`: the same elements in another shape.

In: a value or a constant, and a stored shape, where 0 copies a dimension (unless `allowzero`) and −1 is
what is left.  Out: the same elements in row-major order, no node.  Exact.
"""

from __future__ import annotations

from math import prod
from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import attribute, integers, optional, required, reshaped
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Reshape:
    name: str = "Reshape"
    since: int = 5
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Reshape.html"
    attributes: frozenset[str] = frozenset({"allowzero"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        wanted = integers(optional(node, 1), "shape")
        if any(size < -1 for size in wanted) or wanted.count(-1) > 1:
            raise UnsupportedNode(f"its shape {list(wanted)} is not possible")
        return (reshaped(operand, _completed(wanted, operand.shape, attribute(node, "allowzero", 0))),)


def _completed(wanted: tuple[int, ...], given: tuple[int, ...], allow_zero: int) -> tuple[int, ...]:
    if not allow_zero:
        if any(size == 0 and axis >= len(given) for axis, size in enumerate(wanted)):
            raise UnsupportedNode(f"its shape {list(wanted)} copies a dimension that {list(given)} lacks")
        wanted = tuple(given[axis] if size == 0 else size for axis, size in enumerate(wanted))
    if -1 not in wanted:
        return wanted
    rest = prod(size for size in wanted if size != -1)
    if rest == 0 or prod(given) % rest:
        raise UnsupportedNode(f"its shape {list(wanted)} does not divide the {prod(given)} elements")
    return tuple(prod(given) // rest if size == -1 else size for size in wanted)


OP: Final = _Reshape()
