"""A linear map by its entries, without the matrix that it stands for.

In: a map, and rows of it.  Out: the places and values of the entries there that are not 0: the file's own
numbers.  Many rows come in parts, so that what is held at a time does not grow with the map.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Final, assert_never

import numpy as np
from numpy.typing import NDArray

from spec_lang.network.primitives import Convolution, Dense, Entries, Floats, LinearMap, Scale, most_terms

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
# Which of the rows that were asked for, by its place among them; column; value.  Sorted by place.
Found = tuple[Indices, Indices, Floats]

# Entries, zeros of matrices among them, that are looked at together.
PART: Final = 2**21


def products(linear: LinearMap) -> int:
    """A bound on the number of entries, without looking for them."""
    match linear:
        case Dense(weight=numbers) | Scale(factor=numbers) | Entries(value=numbers):
            return numbers.size
        case Convolution(weight=weight, result=result):
            return weight.size * prod(result)
        case _ as unreachable:
            assert_never(unreachable)


def parts(linear: LinearMap, rows: Indices) -> Iterator[Found]:
    """The entries in `rows`, part by part."""
    step = max(1, PART // max(1, most_terms(linear)))
    for first in range(0, len(rows), step):
        place, column, value = entries(linear, rows[first : first + step])
        yield place + first, column, value


def entries(linear: LinearMap, rows: Indices) -> Found:
    """The entries in `rows`, all at once."""
    match linear:
        case Dense(weight=weight):
            chosen = weight[rows]
            place, column = np.nonzero(chosen)
            return place, column, chosen[place, column]
        case Scale(factor=factor):
            return _present(np.arange(len(rows)), rows, factor[rows])
        case Entries(row=row, column=column, value=value):
            first = np.searchsorted(row, rows)
            count = np.searchsorted(row, rows, side="right") - first
            at = np.repeat(first - (np.cumsum(count) - count), count) + np.arange(count.sum())
            return _present(np.repeat(np.arange(len(rows)), count), column[at], value[at])
        case Convolution():
            return _convolved(linear, rows)
        case _ as unreachable:
            assert_never(unreachable)


def columns_read(linear: LinearMap, rows: Mask) -> Mask:
    """Which columns have an entry in one of these rows; perhaps also some that have none."""
    if isinstance(linear, Scale):
        return rows
    if isinstance(linear, Dense):
        return np.asarray((linear.weight[rows] != 0).any(axis=0))
    read = np.zeros(linear.sizes[0], dtype=np.bool_)
    for _, column, _ in parts(linear, np.flatnonzero(rows)):
        read[column] = True
    return read


def _present(place: Indices, column: Indices, value: Floats) -> Found:
    kept = value != 0
    return place[kept], column[kept], value[kept]


def _convolved(linear: Convolution, rows: Indices) -> Found:
    """Row by row what a convolution reads, or, with `adjoint`, what of its result reads an element."""
    here, there = (linear.size, linear.result) if linear.adjoint else (linear.result, linear.size)
    channel, place = np.divmod(rows, prod(here))
    at, inside = _positions(linear, np.array(np.unravel_index(place, here)), there)
    given, width = linear.weight.shape[:2]
    taps = linear.weight.reshape(given, width, -1)
    height = given // linear.groups
    if linear.adjoint:
        group, inner = np.divmod(channel, width)
        others = group[:, None] * height + np.arange(height)
        value = taps[others, inner[:, None]]
    else:
        others = (channel // height)[:, None] * width + np.arange(width)
        value = taps[channel]
    column = others[:, :, None] * prod(there) + at[:, None, :]
    kept = inside[:, None, :] & (value != 0)
    return np.nonzero(kept)[0], column[kept], value[kept]


def _positions(linear: Convolution, position: Indices, there: tuple[int, ...]) -> tuple[Indices, Mask]:
    """For every position (axes, rows) and tap of the kernel the flat position at the other side, and whether
    there is one: the two of them solve `read = written·stride + tap·dilation − pad`."""
    kernel = linear.weight.shape[2:]
    taps = np.indices(kernel).reshape(len(kernel), -1)
    flat = np.zeros((position.shape[1], taps.shape[1]), dtype=np.intp)
    inside = np.ones(flat.shape, dtype=np.bool_)
    for axis, length in enumerate(there):
        shift = taps[axis] * linear.dilations[axis] - linear.pads[axis]
        if linear.adjoint:
            at, rest = np.divmod(position[axis][:, None] - shift, linear.strides[axis])
            inside &= rest == 0
        else:
            at = position[axis][:, None] * linear.strides[axis] + shift
        inside &= (at >= 0) & (at < length)
        flat = flat * length + at
    return flat, inside
