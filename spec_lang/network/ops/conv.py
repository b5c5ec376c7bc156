"""`Conv`: a convolution with stored weights.

In: a value (1, C, …) of any number of axes, stored weights, a stored bias or none.  Out: one affine node that
keeps the kernel as it is stored.  Exact.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.ops._kernel import bias_over, kernel_weights
from spec_lang.network.ops._linear import attribute
from spec_lang.network.ops._windows import channels_and_size, windows_of
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value
from spec_lang.network.primitives import Affine, Convolution, frozen


@dataclass(frozen=True, slots=True)
class _Conv:
    name: str = "Conv"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Conv.html"
    attributes: frozenset[str] = frozenset(
        {"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"}
    )

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        value, weight = kernel_weights(node)
        channels, size = channels_and_size(value.shape)
        groups = attribute(node, "group", 1)
        if groups < 1 or weight.shape[0] % groups or weight.shape[1] * groups != channels:
            raise UnsupportedNode(
                f"its weights of shape {list(weight.shape)} in {groups} groups do not fit {channels} channels"
            )
        w = windows_of(node, size, weight.shape[2:])
        kernel = Convolution(frozen(weight), groups, size, w.result, w.strides, w.dilations, w.before)
        bias = bias_over(node, weight.shape[0], w.result)
        return (build.add(Affine((kernel,), bias), (value,), (1, weight.shape[0], *w.result)),)


OP: Final = _Conv()
