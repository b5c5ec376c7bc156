"""Maxima and minima of elements: trees of `max(a, b) = a + relu(b − a)`.

In: values, and which elements of them meet.  Out: affine and ReLU nodes.  Exact under every semantics: a
maximum is one of the numbers.
"""

from __future__ import annotations

import numpy as np

from spec_lang.network.ops._index import Shape, moved, numbered, selection
from spec_lang.network.ops._linear import ones, scaling, spread, zeros
from spec_lang.network.ops.base import Builder, Constant, Value
from spec_lang.network.primitives import RELU, Affine, Entries, Floats, Indices, Scale, frozen


def best_of_windows(value: Value, windows: Indices, shape: Shape, sign: int, build: Builder) -> Value:
    """The maxima (the minima, with `sign` −1) over the elements of each window.

    `windows` (results, most elements) has flat places, −1 for none; each window has an element.  Neighbours
    meet in rounds, so that a window of n elements takes n − 1 ReLUs, one above the other ⌈log2 n⌉ times.
    """
    windows = -np.sort(-windows, axis=1)  # what is no element comes last
    windows = windows[:, : int((windows >= 0).sum(axis=1).max())]
    while windows.shape[1] > 1:
        value, windows = _round(value, windows, sign, build)
    return moved(value, windows[:, 0].reshape(shape), build)


def _round(value: Value, windows: Indices, sign: int, build: Builder) -> tuple[Value, Indices]:
    """Neighbours meet: the winners, and which of them are left of every window."""
    if windows.shape[1] % 2:
        windows = np.pad(windows, ((0, 0), (0, 1)), constant_values=-1)
    first, second = windows[:, ::2], windows[:, 1::2]
    # A pair may belong to several windows.
    pairs, number = np.unique(np.stack([first.ravel(), second.ravel()], axis=1), axis=0, return_inverse=True)
    left = np.flatnonzero(pairs[:, 0] >= 0)
    place = np.full(len(pairs), -1, dtype=np.intp)
    place[left] = np.arange(len(left))
    a, b = pairs[left].T
    both = np.flatnonzero(b >= 0)
    excess = _positive(_difference(value, a[both], b[both], sign, build), build)
    embedded = Entries((len(a), len(both)), both, np.arange(len(both)), frozen(ones(len(both), sign)))
    winners = Affine((selection(a, value.size), embedded), zeros(len(a)))
    result = build.add(winners, (value, excess), (1, len(a)), exact=True)
    return result, place[number.reshape(first.shape)]


def _difference(value: Value, a: Indices, b: Indices, sign: int, build: Builder) -> Value:
    """`sign · (b − a)` for pairs of elements."""
    here = np.tile(np.arange(len(a)), 2)
    column, factor = np.concatenate([b, a]), np.repeat([sign, -sign], len(a)).astype(np.float32)
    order = np.lexsort((column, here))
    entries = Entries((len(a), value.size), here[order], column[order], frozen(factor[order]))
    return build.add(Affine((entries,), zeros(len(a))), (value,), (1, len(a)), exact=True)


def _positive(value: Value, build: Builder) -> Value:
    return build.add(RELU, (value,), value.shape, exact=True)


def better(left: Value, right: Value, shape: Shape, sign: int, build: Builder) -> Value:
    """The elementwise maximum (minimum) of two values, broadcast to `shape`."""
    size = numbered(shape).size
    difference = Affine(
        (scaling(right, ones(size, sign), shape), scaling(left, ones(size, -sign), shape)), zeros(size)
    )
    excess = _positive(build.add(difference, (right, left), shape, exact=True), build)
    total = Affine((scaling(left, ones(size), shape), Scale(frozen(ones(size, sign)))), zeros(size))
    return build.add(total, (left, excess), shape, exact=True)


def bounded(value: Value, bound: Constant, shape: Shape, sign: int, build: Builder) -> Value:
    """The elementwise maximum (minimum) of a value and a constant: `c + sign · relu(sign · (x − c))`."""
    limit = spread(bound, shape)
    if sign == 1 and value.size == limit.size and not limit.any():
        return _positive(value.with_shape(shape), build)
    excess = _positive(_beyond(value, limit, shape, sign, build), build)
    total = Affine((Scale(frozen(ones(limit.size, sign))),), frozen(limit))
    return build.add(total, (excess,), shape, exact=True)


def clipped(value: Value, low: Floats, high: Floats, build: Builder) -> Value:
    """`low + relu(x − low) − relu(x − high)`: x, between two numbers low <= high."""
    lower, upper = (spread(end, value.shape) for end in (low, high))
    above = _positive(_beyond(value, lower, value.shape, 1, build) if low else value, build)
    beyond = _positive(_beyond(value, upper, value.shape, 1, build), build)
    maps = Scale(frozen(ones(value.size))), Scale(frozen(ones(value.size, -1)))
    return build.add(Affine(maps, frozen(lower)), (above, beyond), value.shape, exact=True)


def _beyond(value: Value, limit: Floats, shape: Shape, sign: int, build: Builder) -> Value:
    """`sign · (x − limit)`"""
    factor = scaling(value, ones(limit.size, sign), shape)
    return build.add(Affine((factor,), frozen(-sign * limit)), (value,), shape, exact=True)
