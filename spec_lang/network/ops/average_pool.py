"""`AveragePool`: the averages of windows.

In: a value (1, C, …).  Out: one affine node, or two where windows overlap and hold different numbers of
elements: their sums, then the factors.  Exact where the windows hold a power of two of elements; else a
factor is the float64 nearest to it.  Windows that `ceil_mode` moves beyond the padding are refused where
padding is counted, since runtimes divide them differently.
"""

from __future__ import annotations

from math import prod
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._coefficients import shared
from spec_lang.network.ops._linear import attribute, depending, ones, zeros
from spec_lang.network.ops._windows import Windows, channels_and_size, over_channels, pool_windows
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value
from spec_lang.network.primitives import Affine, Convolution, Entries, Floats, Indices, Scale, frozen


@dataclass(frozen=True, slots=True)
class _AveragePool:
    name: str = "AveragePool"
    since: int = 7
    documentation: str = "https://onnx.ai/onnx/operators/onnx__AveragePool.html"
    attributes: frozenset[str] = frozenset(
        {"auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"}
    )

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        value = depending(node, 0)
        channels, size = channels_and_size(value.shape)
        windows = pool_windows(node, size)
        counts, elements = _counts(node, windows), prod(windows.kernel)
        shape = (1, channels, *windows.result)
        if all(s >= k for s, k in zip(windows.strides, _spans(windows), strict=True)):
            return (build.add(_apart(windows, channels, counts), (value,), shape),)
        if (counts == counts[0]).all():
            mean = _sums(windows, channels, shared(elements, int(counts[0])))
            return (build.add(mean, (value,), shape),)
        total = build.add(_sums(windows, channels, ones(elements)), (value,), shape)
        factor = Scale(frozen(np.tile(1 / counts.astype(np.float64), channels)))
        return (build.add(Affine((factor,), zeros(total.size)), (total,), shape),)


def _counts(node: NodeView, windows: Windows) -> Indices:
    """How many elements each window of one channel holds."""
    reads = windows.reads(padding=True)
    if not attribute(node, "count_include_pad", 0):
        counts: Indices = (reads >= 0).sum(axis=1)
    elif (reads == -2).any():
        raise UnsupportedNode("it counts padding, and its windows leave the padding, too")
    else:
        counts = np.full(len(reads), reads.shape[1])
    if not counts.all():
        raise UnsupportedNode("one of its windows holds nothing")
    return counts


def _spans(windows: Windows) -> tuple[int, ...]:
    """How far a window reaches along each axis."""
    return tuple((k - 1) * d + 1 for k, d in zip(windows.kernel, windows.dilations, strict=True))


def _apart(windows: Windows, channels: int, counts: Indices) -> Affine:
    """Windows that do not overlap, as entries: one an element of the operand at most."""
    reads = over_channels(windows.reads(), channels, prod(windows.size))
    row, slot = np.nonzero(reads >= 0)
    powers = (counts & (counts - 1) == 0).all()
    factor = np.tile(1 / counts.astype(np.float64), channels)[row]
    value = frozen(factor.astype(np.float32) if powers else factor)
    shape = (len(reads), channels * prod(windows.size))
    return Affine((Entries(shape, row, reads[row, slot], value),), zeros(len(reads)))


def _sums(windows: Windows, channels: int, weight: Floats) -> Affine:
    """Every channel, convolved with a kernel of one number."""
    kernel = Convolution(
        frozen(np.tile(weight, channels).reshape(channels, 1, *windows.kernel)),
        channels,
        windows.size,
        windows.result,
        windows.strides,
        windows.dilations,
        windows.before,
    )
    return Affine((kernel,), zeros(channels * prod(windows.result)))


OP: Final = _AveragePool()
