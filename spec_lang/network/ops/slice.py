"""`Slice`: a part of every axis, in steps.

In: a value or a constant, and stored starts, ends, axes and steps: attributes up to operator set 9, operands
from 10 on.  Out: an index map, no node where nothing is left out.  Exact.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._index import numbered, picked
from spec_lang.network.ops._linear import NO_AXES, Shape, attribute, axes_of, integers, optional, required
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _Slice:
    name: str = "Slice"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Slice.html"
    attributes: frozenset[str] = frozenset({"axes", "ends", "starts"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        starts, ends, axes, steps = _parts(node)
        rank = len(operand.shape)
        axes = axes or tuple(range(len(starts)))
        steps = steps or (1,) * len(starts)
        if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
            raise UnsupportedNode("its starts, ends, axes and steps do not fit together")
        axes_of(axes, rank)
        chosen = [slice(None)] * rank
        for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
            # Counting down, an end before the first element leaves none out, and −1 would be the last one.
            size = operand.shape[axis]
            stop = None if step < 0 and end < -size else end
            chosen[axis] = slice(start, stop, step)
        return (picked(operand, numbered(operand.shape)[tuple(chosen)], build),)


def _parts(node: NodeView) -> tuple[Shape, Shape, Shape, Shape]:
    """Starts, ends, axes, steps; the last two may be left out."""
    if node.opset < 10:
        found = tuple(attribute(node, name, NO_AXES) for name in ("starts", "ends", "axes"))
        return found[0], found[1], found[2], NO_AXES
    given = tuple(integers(optional(node, i), what) for i, what in ((1, "starts"), (2, "ends")))
    rest = tuple(
        NO_AXES if optional(node, i) is None else integers(optional(node, i), what)
        for i, what in ((3, "axes"), (4, "steps"))
    )
    return given[0], given[1], rest[0], rest[1]


OP: Final = _Slice()
