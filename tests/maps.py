"""Linear maps as their definitions say, and the same map in every form that holds it.

In: a linear map, or Hypothesis.  Out: its rows in fractions; equal maps.  Loops over elements: it shares no
code with the project's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import assert_never

import numpy as np
from hypothesis import strategies as st

from spec_lang.network.primitives import (
    Convolution,
    Dense,
    Entries,
    Floats,
    LinearMap,
    Scale,
    frozen,
    numbers_of,
)

Row = dict[int, float]  # by column


def rows_of(linear: LinearMap) -> list[Row]:
    """What stands in each row of the matrix; zeros may be left out."""
    match linear:
        case Dense(weight):
            return [dict(enumerate(map(float, row))) for row in weight]
        case Scale(factor):
            return [{i: float(number)} for i, number in enumerate(factor)]
        case Entries(shape, row, column, value):
            rows: list[Row] = [{} for _ in range(shape[0])]
            for i, j, number in zip(row, column, value, strict=True):
                rows[i][int(j)] = float(number)
            return rows
        case Convolution(adjoint=adjoint):
            places = _convolved(linear)
            rows = [{} for _ in range(linear.sizes[1])]
            for (out, taken), number in places.items():
                rows[taken if adjoint else out][out if adjoint else taken] = number
            return rows
        case _ as unreachable:
            assert_never(unreachable)


def _convolved(linear: Convolution) -> dict[tuple[int, int], float]:
    """`y[o, p] = Σ weight[o, c, k] x[c', p·strides + k·dilations − pads]`, by places of y and x."""
    given, width, *kernel = linear.weight.shape
    found: dict[tuple[int, int], float] = {}
    for o, c in product(range(given), range(width)):
        channel = o // (given // linear.groups) * width + c
        for p, k in product(_places(linear.result), _places(kernel)):
            read = [
                i * stride + t * dilation - pad
                for i, t, stride, dilation, pad in zip(
                    p, k, linear.strides, linear.dilations, linear.pads, strict=True
                )
            ]
            if all(0 <= at < length for at, length in zip(read, linear.size, strict=True)):
                out = _flat((o, *p), (given, *linear.result))
                taken = _flat((channel, *read), (linear.channels[0], *linear.size))
                found[out, taken] = float(linear.weight[(o, c, *k)])
    return found


def _places(sizes: Sequence[int]) -> list[tuple[int, ...]]:
    return list(product(*map(range, sizes)))


def _flat(place: Sequence[int], sizes: Sequence[int]) -> int:
    number = 0
    for at, size in zip(place, sizes, strict=True):
        number = number * size + at
    return number


def applied(linear: LinearMap, x: Sequence[Fraction]) -> list[Fraction]:
    """The map at a point, exactly."""
    return [
        sum((Fraction(number) * x[j] for j, number in row.items() if number), Fraction(0))
        for row in rows_of(linear)
    ]


# -- the same map in another form ----------------------------------------------------------------------


def as_dense(linear: LinearMap) -> Dense:
    size, out = linear.sizes
    weight = np.zeros((out, size), dtype=numbers_of(linear).dtype)
    for i, row in enumerate(rows_of(linear)):
        for j, number in row.items():
            weight[i, j] = number
    return Dense(frozen(weight))


def as_entries(linear: LinearMap) -> Entries:
    places = [(i, j, number) for i, row in enumerate(rows_of(linear)) for j, number in sorted(row.items())]
    value = np.array([number for _, _, number in places], dtype=numbers_of(linear).dtype)
    row, column = (np.array([place[k] for place in places], dtype=np.intp) for k in (0, 1))
    size, out = linear.sizes
    return Entries((out, size), row, column, frozen(value))


def as_convolution(linear: LinearMap, *, adjoint: bool) -> Convolution:
    """Every matrix is a convolution whose kernel is as long as what it reads: one channel an output; and the
    transpose of that of the transposed matrix."""
    weight = as_dense(linear).weight.T if adjoint else as_dense(linear).weight
    return Convolution(frozen(weight[:, None, :]), 1, (weight.shape[1],), (1,), (1,), (1,), (0,), adjoint)


def transposed(linear: LinearMap) -> LinearMap:
    match linear:
        case Dense(weight):
            return Dense(frozen(weight.T))
        case Scale():
            return linear
        case Entries():
            return as_entries(Dense(frozen(as_dense(linear).weight.T)))
        case Convolution(weight, groups, size, result, strides, dilations, pads, adjoint):
            return Convolution(weight, groups, size, result, strides, dilations, pads, not adjoint)
        case _ as unreachable:
            assert_never(unreachable)


def index_map(sources: Sequence[int | None], size: int, dtype: type[np.floating] = np.float32) -> Entries:
    """Element i of the result is element `sources[i]`, or 0."""
    chosen = [(i, j) for i, j in enumerate(sources) if j is not None]
    row, column = (np.array([place[k] for place in chosen], dtype=np.intp) for k in (0, 1))
    return Entries((len(sources), size), row, column, frozen(np.ones(len(chosen), dtype=dtype)))


# -- drawn ---------------------------------------------------------------------------------------------

Numbers = Callable[[tuple[int, ...]], Floats]


@st.composite
def convolutions(draw: st.DrawFn, most: int = 40) -> Convolution:
    """Small ones of one to three axes, with all that a convolution may have; some kernels reach beyond what
    they read."""
    rank = draw(st.integers(1, 3))
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    channels = draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    small = st.integers(1, 3)
    kernel, strides, dilations = (tuple(draw(small) for _ in range(rank)) for _ in range(3))
    size = tuple(draw(st.integers(1, 4)) for _ in range(rank))
    result = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    pads = tuple(draw(st.integers(0, 3)) for _ in range(rank))
    while groups * channels[0] * prod(size) > most or channels[1] * prod(result) > most:
        size, result = (tuple(max(1, s - 1) for s in sides) for sides in (size, result))
        if max(*size, *result) == 1:
            break
    shape = (channels[1], channels[0], *kernel)
    number = st.sampled_from([0.0, 1.0, -1.0, 0.5, -2.0]) | st.floats(-3, 3, width=32)
    values = draw(st.lists(number, min_size=prod(shape), max_size=prod(shape)))
    weight = np.array(values, dtype=draw(st.sampled_from([np.float32, np.float64]))).reshape(shape)
    adjoint = draw(st.booleans())
    return Convolution(frozen(weight), groups, size, result, strides, dilations, pads, adjoint)


@st.composite
def sparse(draw: st.DrawFn, most: int = 5) -> Entries:
    """Any places, any numbers; zeros among the entries."""
    out, size = draw(st.integers(1, most)), draw(st.integers(1, most))
    places = sorted(draw(st.sets(st.tuples(st.integers(0, out - 1), st.integers(0, size - 1)))))
    number = st.sampled_from([0.0, 1.0, 1.0, -1.0]) | st.floats(-3, 3, width=32)
    value = np.array([draw(number) for _ in places], dtype=draw(st.sampled_from([np.float32, np.float64])))
    row, column = (np.array([place[k] for place in places], dtype=np.intp) for k in (0, 1))
    return Entries((out, size), row, column, frozen(value))


@st.composite
def matrices(draw: st.DrawFn) -> LinearMap:
    out, size = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    number = st.sampled_from([0.0, 1.0, -1.0]) | st.floats(-3, 3, width=32)
    if draw(st.booleans()):
        return Scale(frozen(np.array([draw(number) for _ in range(size)])))
    values = draw(st.lists(number, min_size=out * size, max_size=out * size))
    return Dense(frozen(np.array(values, dtype=np.float32).reshape(out, size)))


linear_maps: st.SearchStrategy[LinearMap] = convolutions() | sparse() | matrices()
