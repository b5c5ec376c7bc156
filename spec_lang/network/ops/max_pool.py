"""`MaxPool`: the maxima of windows.

In: a value (1, C, …).  Out: affine and ReLU nodes, axis by axis, so that windows share the maxima of what
they have in common; padding is left out.  Exact under every semantics; indices of the maxima are refused.
"""

from __future__ import annotations

from math import prod
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._index import numbered
from spec_lang.network.ops._linear import depending
from spec_lang.network.ops._maxima import best_of_windows
from spec_lang.network.ops._windows import Windows, channels_and_size, over_channels, pool_windows
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value


@dataclass(frozen=True, slots=True)
class _MaxPool:
    name: str = "MaxPool"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__MaxPool.html"
    attributes: frozenset[str] = frozenset(
        {"auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"}
    )

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        value = depending(node, 0)
        channels, size = channels_and_size(value.shape)
        windows = pool_windows(node, size)
        if not (windows.reads() >= 0).any(axis=1).all():
            raise UnsupportedNode("one of its windows holds nothing")
        return (_pooled(value, windows, channels, build),)


def _pooled(value: Value, windows: Windows, channels: int, build: Builder) -> Value:
    """The last axis first; of the axes before it only what their own windows read is computed."""
    rank, shape = len(windows.size), windows.size
    reads = [windows.along(axis).reads() for axis in range(rank)]
    kept = [np.unique(table[table >= 0]) for table in reads]
    chosen = [*kept[:-1], np.arange(shape[-1])]
    for axis in reversed(range(rank)):
        places = np.moveaxis(numbered(shape)[np.ix_(*chosen)], axis, -1)
        table = reads[axis]
        if axis < rank - 1:  # what is kept of this axis alone is there
            table = np.where(table < 0, -1, np.searchsorted(kept[axis], table))
        found = np.moveaxis(np.where(table < 0, -1, places[..., table]), -2, axis)
        size, shape = prod(shape), found.shape[:-1]
        chosen = [np.arange(n) for n in shape]
        flat = over_channels(found.reshape(-1, found.shape[-1]), channels, size)
        value = best_of_windows(value, flat, (1, channels, *shape), 1, build)
    return value


OP: Final = _MaxPool()
