"""`ConvTranspose`: the transpose of a convolution with stored weights.

In: a value (1, C, …) of any number of axes, stored weights, a stored bias or none.  Out: one affine node that
keeps the kernel as it is stored.  Exact.  Where `output_shape` or `auto_pad` asks for an uneven padding,
runtimes disagree about which side gets more: such a node is refused.
"""

from __future__ import annotations

from math import prod
from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._kernel import bias_over, kernel_weights
from spec_lang.network.ops._linear import NO_AXES, Shape, attribute, check_size
from spec_lang.network.ops._windows import automatic, channels_and_size, explicit_pads, per_axis
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value
from spec_lang.network.primitives import Affine, Convolution, frozen


@dataclass(frozen=True, slots=True)
class _ConvTranspose:
    name: str = "ConvTranspose"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__ConvTranspose.html"
    attributes: frozenset[str] = frozenset(
        {
            "auto_pad",
            "dilations",
            "group",
            "kernel_shape",
            "output_padding",
            "output_shape",
            "pads",
            "strides",
        }
    )

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        value, weight = kernel_weights(node)
        channels, size = channels_and_size(value.shape)
        groups = attribute(node, "group", 1)
        if groups < 1 or weight.shape[0] != channels or channels % groups:
            raise UnsupportedNode(
                f"its weights of shape {list(weight.shape)} in {groups} groups do not fit {channels} channels"
            )
        rank, out = len(size), weight.shape[1] * groups
        strides, dilations = per_axis(node, "strides", rank), per_axis(node, "dilations", rank)
        before, result = _placed(node, size, weight.shape[2:], strides, dilations)
        # The convolution that it is the transpose of takes its result to its operand.
        kernel = Convolution(frozen(weight), groups, result, size, strides, dilations, before, adjoint=True)
        return (build.add(Affine((kernel,), bias_over(node, out, result)), (value,), (1, out, *result)),)


def _placed(
    node: NodeView, size: Shape, kernel: Shape, strides: Shape, dilations: Shape
) -> tuple[Shape, Shape]:
    """What is cut off before every axis, and the result's size."""
    rank = len(size)
    extra = attribute(node, "output_padding", (0,) * rank) or (0,) * rank
    if len(extra) != rank or any(n < 0 for n in extra):
        raise UnsupportedNode(f"its output padding {list(extra)} does not fit a tensor of {rank} axes")
    whole = tuple(
        stride * (n - 1) + more + (k - 1) * dilation + 1
        for stride, n, more, k, dilation in zip(strides, size, extra, kernel, dilations, strict=True)
    )
    mode, wanted = automatic(node), attribute(node, "output_shape", NO_AXES)
    given = explicit_pads(node, rank)
    if mode != "NOTSET" and any(pad for side in given for pad in side):
        raise UnsupportedNode("it has pads, and pads by itself")
    if mode in ("SAME_UPPER", "SAME_LOWER") and not wanted:
        wanted = tuple(n * stride for n, stride in zip(size, strides, strict=True))
    if not wanted:
        before, after = given
        result = tuple(n - b - a for n, b, a in zip(whole, before, after, strict=True))
    else:
        result = wanted[-rank:]
        if len(wanted) not in (rank, rank + 2) or any(
            n < m or (n - m) % 2 for n, m in zip(whole, result, strict=True)
        ):
            raise UnsupportedNode(f"its result of shape {list(wanted)} needs an uneven padding, or none fits")
        before = tuple((n - m) // 2 for n, m in zip(whole, result, strict=True))
    check_size(prod(kernel) * prod(size))
    if min(result) < 1:
        raise UnsupportedNode(f"its result of shape {list(result)} is empty")
    return before, result


OP: Final = _ConvTranspose()
