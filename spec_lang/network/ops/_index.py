"""Index maps: results whose elements are elements of the operands, moved, repeated or left out.

In: operands and where each element of the result comes from.  Out: a constant, or one affine node of entries
1, none where nothing moves.  Exact under every semantics: nothing is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from spec_lang.network.ops._linear import check_size, real
from spec_lang.network.ops.base import Builder, Constant, UnsupportedNode, Value
from spec_lang.network.primitives import Affine, Entries, Floats, Indices, frozen

Shape = tuple[int, ...]


def numbered(shape: Shape) -> Indices:
    """The flat place of every element of a tensor."""
    check_size(prod(shape))
    return np.arange(prod(shape), dtype=np.intp).reshape(shape)


def picked(operand: Constant | Value, places: Indices, build: Builder, fill: float = 0.0) -> Constant | Value:
    """The tensor of the elements of `operand` at flat `places`, `fill` where the place is −1."""
    check_size(places.size)
    if isinstance(operand, Value):
        return moved(operand, places, build, fill)
    return _picked_constant(operand, places, fill)


def moved(operand: Value, places: Indices, build: Builder, fill: float = 0.0) -> Value:
    """`picked`, of a value."""
    flat = places.ravel()
    if np.array_equal(flat, np.arange(operand.size)):
        return operand.with_shape(places.shape)
    if not np.isfinite(fill):
        raise UnsupportedNode(f"it fills up with {fill}")
    bias: Floats = np.where(flat < 0, fill, 0.0)
    if float(np.float32(fill)) == fill:
        bias = bias.astype(np.float32)
    chosen = selection(flat, operand.size)
    return build.add(Affine((chosen,), frozen(bias)), (operand,), places.shape, exact=True)


def _picked_constant(operand: Constant, places: Indices, fill: float) -> Constant:
    padding = np.asarray(fill).astype(operand.dtype)
    flat = np.append(operand.ravel(), padding)
    return np.asarray(flat[places])


def selection(flat: Indices, size: int) -> Entries:
    """The matrix whose row i is unit vector `flat[i]`, or 0 for −1."""
    row = np.flatnonzero(flat >= 0)
    return Entries((len(flat), size), row, flat[row], frozen(np.ones(len(row), dtype=np.float32)))


def joined(operands: Sequence[Constant | Value], axis: int, build: Builder) -> Constant | Value:
    """The operands one after the other along `axis`."""
    constants = [operand for operand in operands if not isinstance(operand, Value)]
    if len(constants) == len(operands):
        if len({constant.dtype for constant in constants}) > 1:
            raise UnsupportedNode("its constants are of different types")
        return np.concatenate(constants, axis)
    owner = np.concatenate([np.full(x.shape, k) for k, x in enumerate(operands)], axis)
    places = np.concatenate([numbered(x.shape) for x in operands], axis)
    check_size(places.size)
    present = [(k, x) for k, x in enumerate(operands) if isinstance(x, Value) and x.size]
    flat, of = places.ravel(), owner.ravel()
    if len(present) == 1 and not any(constant.size for constant in constants):
        return picked(present[0][1], places, build)
    maps = tuple(selection(np.where(of == k, flat, -1), x.size) for k, x in present)
    wide = any(constant.dtype == np.float64 for constant in constants)
    bias: Floats = np.zeros(len(flat), dtype=np.float64 if wide else np.float32)
    for k, x in enumerate(operands):
        if not isinstance(x, Value):
            bias[of == k] = real(x).ravel()[flat[of == k]]
    return build.add(Affine(maps, frozen(bias)), tuple(x for _, x in present), places.shape, exact=True)
