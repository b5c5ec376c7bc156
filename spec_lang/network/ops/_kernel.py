"""Weights and bias of convolutions, read from a node.

In: a node of `Conv` or `ConvTranspose`.  Out: its value, its weights as stored, its bias for every element of
the result.  Raises `UnsupportedNode` for weights that depend on the input, or of a wrong shape.
"""

from __future__ import annotations

from math import prod

import numpy as np

from spec_lang.network.ops._linear import attribute, check_size, depending, optional, real, required, zeros
from spec_lang.network.ops.base import NodeView, UnsupportedNode, Value
from spec_lang.network.primitives import Floats, frozen


def kernel_weights(node: NodeView) -> tuple[Value, Floats]:
    """The value that is convolved, and the weights."""
    value, stored = depending(node, 0), required(node, 1)
    if isinstance(stored, Value):
        raise UnsupportedNode("its weights depend on the input")
    weight = real(stored)
    if weight.ndim != len(value.shape) or not weight.size:
        raise UnsupportedNode(
            f"its weights of shape {list(weight.shape)} do not fit an operand of shape {list(value.shape)}"
        )
    if attribute(node, "kernel_shape", weight.shape[2:]) != weight.shape[2:]:
        raise UnsupportedNode("its kernel shape is not that of its weights")
    return value, weight


def bias_over(node: NodeView, channels: int, result: tuple[int, ...]) -> Floats:
    """The bias of every element of the result."""
    check_size(channels * prod(result))
    stored = optional(node, 2)
    if stored is None:
        return zeros(channels * prod(result))
    if isinstance(stored, Value) or stored.shape != (channels,):
        raise UnsupportedNode(f"its bias is no stored list of {channels} numbers")
    return frozen(np.repeat(real(stored), prod(result)))
