"""Elements repeated along axes, the shared meaning of `Resize` and `Upsample`.

In: a tensor and a whole scale for every axis.  Out: an index map.  Exact.
"""

from __future__ import annotations

import numpy as np

from spec_lang.network.ops._index import numbered, picked
from spec_lang.network.ops._linear import attribute, check_shape, real
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


def repeated(
    node: NodeView, operand: Constant | Value, scales: tuple[int, ...], build: Builder
) -> Constant | Value:
    """`operand` with every element `scales[axis]` times along each axis."""
    if attribute(node, "mode", b"nearest") != b"nearest":
        raise UnsupportedNode("its mode is not `nearest`")
    if len(scales) != len(operand.shape):
        raise UnsupportedNode(f"its scales {list(scales)} do not fit the shape {list(operand.shape)}")
    check_shape(tuple(size * scale for size, scale in zip(operand.shape, scales, strict=True)))
    places = numbered(operand.shape)
    for axis, scale in enumerate(scales):
        places = np.repeat(places, scale, axis)
    return picked(operand, places, build)


def whole(stored: Constant | Value) -> tuple[int, ...]:
    """Scales, which must be stored whole numbers."""
    if isinstance(stored, Value):
        raise UnsupportedNode("its scales depend on the input")
    values = real(stored).ravel().tolist()
    if any(value < 1 or value != int(value) for value in values):
        raise UnsupportedNode(f"its scales {values} are no whole numbers")
    return tuple(int(value) for value in values)
