"""Linear maps as float64 operators, each in the form that is fastest for what it holds.

In: a linear map with the ONNX file's own floats.  Out: an operator on batches of row vectors, in both
directions.  float32 and float64 weights are exact in float64; a product is rounded as its sums are, none of
which has more terms that are not 0 than the map's larger side.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np

from spec_lang.network.operators.convolution import Convolved, Cut
from spec_lang.network.operators.matrices import Array, Diagonal, Indices, Lines, Matrix, Runs, Sparse
from spec_lang.network.primitives import Convolution, Dense, Entries, LinearMap, Scale

__all__ = [
    "Array",
    "Convolved",
    "Cut",
    "Diagonal",
    "Indices",
    "Lines",
    "Matrix",
    "Operator",
    "Runs",
    "Sparse",
    "is_elementwise",
    "operator_of",
]

Operator = Matrix | Diagonal | Sparse | Convolved | Cut

# A matrix is gathered instead of multiplied when each side of it has this many times fewer entries a line
# than it is long: a gathered entry costs about as much as eight multiplied ones.
SPARSE_SHARE = 8
# Below this many entries the library's multiplication is as fast as anything.
SMALL = 2**15


def operator_of(linear: LinearMap) -> Operator:
    """The operator of a linear map; exact."""
    match linear:
        case Scale(factor=factor):
            return Diagonal(np.asarray(factor, dtype=np.float64))
        case Dense(weight=weight):
            return _of_matrix(np.asarray(weight, dtype=np.float64))
        case Entries(shape=shape, row=row, column=column, value=value):
            return _of_entries(shape, row, column, np.asarray(value, dtype=np.float64))
        case Convolution():
            return Convolved.of(linear)
        case _ as unreachable:
            assert_never(unreachable)


def is_elementwise(operator: Operator) -> bool:
    """Whether every element of the result is made of at most one, and every element is read at most once."""
    if isinstance(operator, Sparse):
        both = (operator.by_row, operator.by_column)
        return all(isinstance(lines, Lines) and len(lines.index) <= 1 for lines in both)
    return isinstance(operator, Diagonal)


def _of_matrix(weight: Array) -> Operator:
    """The matrix as a sparse one, where that is faster."""
    if weight.size < SMALL:
        return Matrix(weight)
    row, column = np.nonzero(weight)
    if len(row) * SPARSE_SHARE > weight.size:
        return Matrix(weight)
    out, width = weight.shape
    a_row, a_column = _most(row), _most(column)
    if a_row * SPARSE_SHARE > width or a_column * SPARSE_SHARE > out:
        return Matrix(weight)
    return Sparse.of(weight.shape, row, column, weight[row, column])


def _of_entries(shape: tuple[int, int], row: Indices, column: Indices, value: Array) -> Operator:
    """The matrix, dense only where it is small or full; lines may be as long as they like."""
    if shape[0] * shape[1] >= SMALL and len(row) * SPARSE_SHARE <= shape[0] * shape[1]:
        return Sparse.of(shape, row, column, value)
    weight = np.zeros(shape)
    weight[row, column] = value
    return Matrix(weight)


def _most(line: Indices) -> int:
    return int(np.bincount(line).max(initial=0))
