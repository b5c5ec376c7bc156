"""Windows of convolutions and pools: their attributes, and where each of them reads.

In: a node and the sizes of its tensor.  Out: a `Windows`, checked.  The operators share these attributes and
their meaning, automatic padding and rounding up included.
"""

from __future__ import annotations

from math import prod

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._index import numbered
from spec_lang.network.ops._linear import MAX_ELEMENTS, NO_AXES, attribute, check_size
from spec_lang.network.ops.base import NodeView, UnsupportedNode
from spec_lang.network.primitives import Indices

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Windows:
    """`result` windows of `kernel` over `size`, axis by axis; `before` and `after` is what pads it."""

    kernel: Shape
    size: Shape
    result: Shape
    strides: Shape
    dilations: Shape
    before: Shape
    after: Shape

    def along(self, axis: int) -> Windows:
        """The same along one axis."""
        fields = (self.kernel, self.size, self.result, self.strides, self.dilations, self.before, self.after)
        return Windows(*((field[axis],) for field in fields))

    def reads(self, *, padding: bool = False) -> Indices:
        """Flat places (results, kernel) in one channel, −1 outside of it; with `padding`, −2 for those that
        lie beyond the padding, too."""
        check_size(prod(self.result) * prod(self.kernel))
        places = np.zeros((1, 1), dtype=np.intp)
        outside = np.zeros((1, 1), dtype=np.intp)
        axes = (self.kernel, self.size, self.result, self.strides, self.dilations, self.before, self.after)
        for kernel, size, result, stride, dilation, before, after in zip(*axes, strict=True):
            at = np.arange(result)[:, None] * stride + np.arange(kernel) * dilation - before
            beyond = np.where(at >= size + after, 2, np.where((at < 0) | (at >= size), 1, 0))
            places = _product(places * size, np.clip(at, 0, size - 1), np.add)
            outside = _product(outside, beyond, np.maximum)
        least = outside if padding else np.minimum(outside, 1)
        return np.where(outside > 0, -least, places)


def _product(left: Indices, right: Indices, combine: np.ufunc) -> Indices:
    """All pairs, of results and of offsets."""
    both = combine(left[:, None, :, None], right[None, :, None, :])
    return np.asarray(both.reshape(left.shape[0] * right.shape[0], -1))


def windows_of(node: NodeView, size: Shape, kernel: Shape) -> Windows:
    """The windows of a convolution or a pool over a tensor of `size`."""
    rank = len(size)
    strides, dilations = (per_axis(node, name, rank) for name in ("strides", "dilations"))
    spans = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True))
    before, after = _padding(node, size, spans, strides)
    up = bool(attribute(node, "ceil_mode", 0))
    result = []
    for n, span, stride, first, last in zip(size, spans, strides, before, after, strict=True):
        room = n + first + last - span
        if room < 0:
            raise UnsupportedNode(f"its kernel of {list(kernel)} is larger than the tensor of {list(size)}")
        count = -(-room // stride) + 1 if up else room // stride + 1
        # A window that would start behind the tensor is left out.
        result.append(count - 1 if up and (count - 1) * stride >= n + first else count)
    check_size(prod(kernel) * prod(result))
    return Windows(kernel, size, tuple(result), strides, dilations, before, after)


def pool_windows(node: NodeView, size: Shape) -> Windows:
    """The windows of a pool.  Refuses what runtimes disagree about, or do not take."""
    rank = len(size)
    if attribute(node, "ceil_mode", 0) not in (0, 1):
        raise UnsupportedNode(f"its attribute `ceil_mode` is {node.attributes['ceil_mode']}")
    kernel, strides = _kernel(node, rank), per_axis(node, "strides", rank)
    if automatic(node).startswith("SAME"):
        if max(per_axis(node, "dilations", rank)) > 1:
            raise UnsupportedNode("it pads by itself, and dilates its windows")
        if any(stride > k for stride, k in zip(strides, kernel, strict=True)):
            raise UnsupportedNode("it pads by itself, and its windows skip elements")
    return windows_of(node, size, kernel)


def _kernel(node: NodeView, rank: int) -> Shape:
    kernel = attribute(node, "kernel_shape", NO_AXES)
    if len(kernel) != rank or rank < 1 or any(k < 1 for k in kernel):
        raise UnsupportedNode(f"its kernel shape {list(kernel)} does not fit a tensor of {rank} axes")
    return kernel


def channels_and_size(shape: Shape) -> tuple[int, Shape]:
    """Of a tensor (1, C, *size)."""
    if len(shape) < 3:
        raise UnsupportedNode(f"its operand of shape {list(shape)} has no axes to move windows along")
    if shape[0] != 1:
        raise UnsupportedNode(f"its operand of shape {list(shape)} holds several examples")
    return shape[1], shape[2:]


def per_axis(node: NodeView, name: str, rank: int) -> Shape:
    """An attribute of one positive number an axis, 1 where it is left out."""
    values = attribute(node, name, (1,) * rank)
    if len(values) != rank or any(not 1 <= value <= MAX_ELEMENTS for value in values):
        raise UnsupportedNode(f"its {name} {list(values)} do not fit a tensor of {rank} axes")
    return values


def automatic(node: NodeView) -> str:
    """The attribute `auto_pad`."""
    name = attribute(node, "auto_pad", b"NOTSET").decode("ascii", "replace")
    if name not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise UnsupportedNode(f"its attribute `auto_pad` is {name!r}")
    return name


def explicit_pads(node: NodeView, rank: int) -> tuple[Shape, Shape]:
    """The attribute `pads`: what is added before and after every axis."""
    pads = attribute(node, "pads", (0,) * (2 * rank))
    if len(pads) != 2 * rank or any(not 0 <= pad <= MAX_ELEMENTS for pad in pads):
        raise UnsupportedNode(f"its pads {list(pads)} do not fit a tensor of {rank} axes")
    return pads[:rank], pads[rank:]


def _padding(node: NodeView, size: Shape, spans: Shape, strides: Shape) -> tuple[Shape, Shape]:
    mode = automatic(node)
    explicit = explicit_pads(node, len(size))
    if mode == "NOTSET":
        return explicit
    if any(pad for side in explicit for pad in side):
        raise UnsupportedNode("it has pads, and pads by itself")
    if mode == "VALID":
        return (0,) * len(size), (0,) * len(size)
    needed = tuple(
        max((-(-n // stride) - 1) * stride + span - n, 0)
        for n, span, stride in zip(size, spans, strides, strict=True)
    )
    less, more = tuple(total // 2 for total in needed), tuple(total - total // 2 for total in needed)
    return (less, more) if mode == "SAME_UPPER" else (more, less)


def over_channels(reads: Indices, channels: int, size: int) -> Indices:
    """The places of one channel's windows, for all channels: (channels · results, kernel)."""
    start = numbered((channels,))[:, None, None] * size
    return np.where(reads < 0, reads, start + reads).reshape(-1, reads.shape[1])
