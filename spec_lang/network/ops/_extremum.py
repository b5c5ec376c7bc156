"""Elementwise and reduced maxima and minima, the shared meaning of `Max`, `Min`, `ReduceMax`, `ReduceMin`.

In: a node, and 1 for the maximum, −1 for the minimum.  Out: affine and ReLU nodes, or a constant.  Exact
under every semantics.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from spec_lang.network.ops._linear import broadcast_shape, real, required
from spec_lang.network.ops._maxima import best_of_windows, better, bounded
from spec_lang.network.ops._reduce import reduction_of
from spec_lang.network.ops.base import Builder, Constant, NodeView, Value


def lower_extremum(node: NodeView, build: Builder, sign: int) -> tuple[Constant | Value, ...]:
    """`Max` or `Min` of any number of operands: values meet in rounds, constants at the end."""
    operands = [required(node, i) for i in range(max(1, len(node.operands)))]
    values = [operand for operand in operands if isinstance(operand, Value)]
    constants = [real(operand) for operand in operands if not isinstance(operand, Value)]
    reduce(broadcast_shape, (operand.shape for operand in operands))
    chosen = np.maximum if sign == 1 else np.minimum
    constant = reduce(chosen, constants) if constants else None
    while len(values) > 1:
        pairs = zip(values[::2], values[1::2], strict=False)
        found = [
            better(left, right, broadcast_shape(left.shape, right.shape), sign, build)
            for left, right in pairs
        ]
        values = [*found, *(values[-1:] if len(values) % 2 else [])]
    if not values:
        return (np.asarray(constant),)
    if constant is None:
        return (values[0],)
    shape = broadcast_shape(values[0].shape, constant.shape)
    return (bounded(values[0], constant, shape, sign, build),)


def lower_reduced(node: NodeView, build: Builder, sign: int) -> tuple[Constant | Value, ...]:
    """`ReduceMax` or `ReduceMin`."""
    found = reduction_of(node, 18)
    return (best_of_windows(found.value, found.windows, found.shape, sign, build),)
