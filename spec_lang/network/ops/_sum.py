"""Sums and differences of tensors, the shared meaning of `Add` and `Sub`.

In: two operands that broadcast together.  Out: one affine node, or nothing at all where 0 is added; two
constants give a constant when their sum is exact.  The weights are kept as stored.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from spec_lang.network.ops._linear import (
    broadcast_shape,
    ones,
    real,
    required,
    scaling,
    spread,
    zeros,
)
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value
from spec_lang.network.primitives import Affine, Floats, Scale, frozen


def lower_sum(node: NodeView, build: Builder, sign: int) -> tuple[Constant | Value, ...]:
    """`a + sign * b`, with `sign` 1 or −1."""
    left, right = required(node, 0), required(node, 1)
    shape = broadcast_shape(left.shape, right.shape)
    if isinstance(left, Value):
        if isinstance(right, Value):
            return (_of_values(left, right, sign, shape, build),)
        bias = spread(real(right), shape)
        return (_shifted(left, 1, bias if sign == 1 else -bias, shape, build),)
    if isinstance(right, Value):
        return (_shifted(right, sign, spread(real(left), shape), shape, build),)
    return (_of_constants(left, right, sign),)


def total(node: NodeView, build: Builder) -> Constant | Value:
    """The sum of all operands, of which there is one at least."""
    operands = [required(node, i) for i in range(max(1, len(node.operands)))]
    shape = reduce(broadcast_shape, (operand.shape for operand in operands))
    constants = [operand for operand in operands if not isinstance(operand, Value)]
    values = [operand for operand in operands if isinstance(operand, Value)]
    constant = reduce(lambda a, b: _of_constants(a, b, 1), constants) if constants else None
    if not values:
        return np.asarray(constant)
    size = int(np.prod(shape, dtype=np.int64))
    bias = zeros(size) if constant is None else frozen(spread(real(constant), shape))
    if len(values) == 1 and constant is None:
        return values[0]
    # A value that is added several times is one map.
    counts = {value: values.count(value) for value in values}
    maps = tuple(scaling(value, count * ones(size), shape) for value, count in counts.items())
    return build.add(Affine(maps, bias), tuple(counts), shape)


def _of_values(left: Value, right: Value, sign: int, shape: tuple[int, ...], build: Builder) -> Value:
    size = int(np.prod(shape, dtype=np.int64))
    maps = scaling(left, ones(size), shape), scaling(right, ones(size, sign), shape)
    if left.number == right.number and all(isinstance(m, Scale) for m in maps):
        doubled = Scale(frozen(ones(size) + ones(size, sign)))
        return build.add(Affine((doubled,), zeros(size)), (left,), shape)
    return build.add(Affine(maps, zeros(size)), (left, right), shape)


def _shifted(value: Value, sign: int, bias: Floats, shape: tuple[int, ...], build: Builder) -> Value:
    if sign == 1 and value.size == bias.size and not bias.any():
        return value.with_shape(shape)
    factor = scaling(value, ones(bias.size, sign), shape)
    return build.add(Affine((factor,), frozen(bias)), (value,), shape)


def _of_constants(left: Constant, right: Constant, sign: int) -> Constant:
    if left.dtype.kind in "iu" and right.dtype.kind in "iu":
        return np.asarray(left + sign * right)
    a, b = real(left).astype(np.float64), sign * real(right).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        total = a + b
        # Knuth's TwoSum: the error of a float64 sum is itself a float64.
        virtual = total - a
        error = (a - (total - virtual)) + (b - virtual)
    if not np.isfinite(total).all() or np.asarray(error).any():
        raise UnsupportedNode("the sum of its two constants would have to be rounded")
    return np.asarray(total)
