"""`Pad`: elements added around a tensor, or taken away.

In: a value or a constant, stored widths and a stored number: attributes up to operator set 10, operands from
11 on.  Out: an index map, no node where nothing is added.  Exact, in all four modes.
"""

from __future__ import annotations

from math import prod
from typing import Final, Literal

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._index import numbered, picked
from spec_lang.network.ops._linear import (
    NO_AXES,
    attribute,
    axes_of,
    check_size,
    integers,
    optional,
    required,
)
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value

_MODES: Final[dict[str, Literal["reflect", "edge", "wrap"]]] = {
    "reflect": "reflect",
    "edge": "edge",
    "wrap": "wrap",
}


@dataclass(frozen=True, slots=True)
class _Pad:
    name: str = "Pad"
    since: int = 2
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Pad.html"
    attributes: frozenset[str] = frozenset({"mode", "pads", "value"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        pads, fill = _widths(node, len(operand.shape)), _fill(node)
        mode = attribute(node, "mode", b"constant").decode("ascii", "replace")
        if mode not in ("constant", "reflect", "edge", "wrap"):
            raise UnsupportedNode(f"its mode is {mode!r}")
        places = numbered(operand.shape)
        for before, after in pads:
            if mode != "constant" and min(before, after) < 0:
                raise UnsupportedNode(f"it takes elements away in the mode {mode!r}")
        kept = tuple(
            slice(max(-before, 0), max(size - max(-after, 0), 0))
            for (before, after), size in zip(pads, operand.shape, strict=True)
        )
        places = places[kept]
        if not places.size:
            raise UnsupportedNode("it leaves nothing of its operand")
        widths = [(max(before, 0), max(after, 0)) for before, after in pads]
        check_size(prod(n + b + a for n, (b, a) in zip(places.shape, widths, strict=True)))
        if mode == "constant":
            return (picked(operand, np.pad(places, widths, constant_values=-1), build, fill),)
        if mode == "reflect" and any(max(w) >= n for n, w in zip(places.shape, widths, strict=True)):
            raise UnsupportedNode("it reflects more elements than there are")
        # numpy calls the modes as ONNX does.
        return (picked(operand, np.pad(places, widths, mode=_MODES[mode]), build),)


def _widths(node: NodeView, rank: int) -> list[tuple[int, int]]:
    """Before and after every axis."""
    if node.opset < 11:
        pads, axes = attribute(node, "pads", NO_AXES), tuple(range(rank))
    else:
        pads, chosen = integers(optional(node, 1), "pads"), optional(node, 3)
        axes = tuple(range(rank)) if chosen is None else integers(chosen, "axes")
    if len(pads) != 2 * len(axes) or len(axes_of(axes, rank)) != len(axes):
        raise UnsupportedNode(f"its pads {list(pads)} do not fit {len(axes)} axes")
    widths = [(0, 0)] * rank
    for i, axis in enumerate(axes):
        widths[axis] = pads[i], pads[i + len(axes)]
    return widths


def _fill(node: NodeView) -> float:
    if node.opset < 11:
        return attribute(node, "value", 0.0)
    given = optional(node, 2)
    if given is None:
        return 0.0
    if isinstance(given, Value) or given.size != 1:
        raise UnsupportedNode("what it adds must be a number that is stored in the file")
    return float(given.ravel()[0])


OP: Final = _Pad()
