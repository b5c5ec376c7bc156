"""Linear maps as float64 operators, each in the form that is fastest for what it holds.

In: a linear map with the ONNX file's own floats.  Out: an operator on batches of row vectors, in both
directions.  float32 and float64 weights are exact in float64; a product is rounded as its sums are, none of
which has more terms than the map's larger side.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.network.primitives import Dense, Floats, LinearMap, Scale

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

# A matrix is gathered instead of multiplied when each side of it has this many times fewer entries a line
# than it is long: a gathered entry costs about as much as eight multiplied ones.
SPARSE_SHARE = 8
# Below this many entries the library's multiplication is as fast as anything.
SMALL = 2**15


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """`weight` of shape (out, in), multiplied as it is."""

    weight: Array

    def forward(self, points: Array) -> Array:
        """(batch, in) to (batch, out)"""
        return points @ self.weight.T

    def backward(self, rows: Array) -> Array:
        """(rows, out) to (rows, in)"""
        return rows @ self.weight

    def rows(self, chosen: Indices) -> Array:
        """The chosen rows of the matrix: exact copies."""
        return self.weight[chosen]

    def cut(self, rows: Indices | None, columns: Indices | None) -> Operator:
        """The operator on some elements of either side, in the given order."""
        weight = self.weight if rows is None else self.weight[rows]
        return Matrix(np.ascontiguousarray(weight if columns is None else weight[:, columns]))

    def magnitude(self) -> Operator:
        """The operator of the absolute values."""
        return Matrix(abs(self.weight))


@dataclass(frozen=True, slots=True, eq=False)
class Diagonal:
    """`factor` of shape (n,), element by element."""

    factor: Array

    def forward(self, points: Array) -> Array:
        return points * self.factor

    def backward(self, rows: Array) -> Array:
        return rows * self.factor

    def rows(self, chosen: Indices) -> Array:
        result = np.zeros((len(chosen), len(self.factor)))
        result[np.arange(len(chosen)), chosen] = self.factor[chosen]
        return result

    def cut(self, rows: Indices | None, columns: Indices | None) -> Operator:
        """Its two sides may carry different elements then: a matrix."""
        if rows is None and columns is None:
            return self
        return Matrix(np.diag(self.factor)).cut(rows, columns)

    def magnitude(self) -> Operator:
        return Diagonal(abs(self.factor))


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The non-zero entries of every line of a matrix, padded with zeros: both of shape (most, lines)."""

    index: Indices
    value: Array

    def gather(self, batch: Array) -> Array:
        """`Σ_t batch[:, index[t]] * value[t]`"""
        total = np.zeros((len(batch), self.index.shape[1]))
        for index, value in zip(self.index, self.value, strict=True):
            total += np.take(batch, index, axis=1) * value
        return total

    def cut(self, lines: Indices | None, across: Indices | None, length: int) -> Lines:
        """Some of the lines, with the elements `across` them renumbered; entries elsewhere become 0."""
        index, value = self.index, self.value
        if lines is not None:
            index, value = index[:, lines], value[:, lines]
        if across is not None:
            place = np.full(length, -1, dtype=np.intp)
            place[across] = np.arange(len(across))
            index = place[index]
            value = np.where(index < 0, 0.0, value)
            index = np.maximum(index, 0)
            if not len(across):  # nothing is left to gather from
                index, value = index[:0], value[:0]
        return Lines(index, value)


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """A matrix with few entries in every row and in every column, gathered in either direction."""

    shape: tuple[int, int]  # (out, in)
    by_row: Lines
    by_column: Lines

    def forward(self, points: Array) -> Array:
        return self.by_row.gather(points)

    def backward(self, rows: Array) -> Array:
        return self.by_column.gather(rows)

    def rows(self, chosen: Indices) -> Array:
        result = np.zeros((len(chosen), self.shape[1]))
        here = np.arange(len(chosen))
        for index, value in zip(self.by_row.index, self.by_row.value, strict=True):
            result[here, index[chosen]] += value[chosen]  # padding adds 0
        return result

    def cut(self, rows: Indices | None, columns: Indices | None) -> Operator:
        out = self.shape[0] if rows is None else len(rows)
        width = self.shape[1] if columns is None else len(columns)
        return Sparse(
            (out, width),
            self.by_row.cut(rows, columns, self.shape[1]),
            self.by_column.cut(columns, rows, self.shape[0]),
        )

    def magnitude(self) -> Operator:
        by_row, by_column = self.by_row, self.by_column
        return Sparse(
            self.shape, Lines(by_row.index, abs(by_row.value)), Lines(by_column.index, abs(by_column.value))
        )


Operator = Matrix | Diagonal | Sparse


def operator_of(linear: LinearMap) -> Operator:
    """The operator of a linear map; exact."""
    match linear:
        case Scale(factor=factor):
            return Diagonal(np.asarray(factor, dtype=np.float64))
        case Dense(weight=weight):
            return _sparse(weight) or Matrix(np.asarray(weight, dtype=np.float64))
        case _ as unreachable:
            assert_never(unreachable)


def _sparse(weight: Floats) -> Sparse | None:
    """The matrix as a sparse one, where that is faster."""
    out, width = weight.shape
    if weight.size < SMALL:
        return None
    row, column = np.nonzero(weight)
    if len(row) * SPARSE_SHARE > weight.size:
        return None
    a_row = int(np.bincount(row, minlength=out).max(initial=0))
    a_column = int(np.bincount(column, minlength=width).max(initial=0))
    if a_row * SPARSE_SHARE > width or a_column * SPARSE_SHARE > out:
        return None
    value = weight[row, column].astype(np.float64)
    order = np.argsort(column, kind="stable")
    return Sparse(
        (out, width),
        _lines(row, column, value, (out, a_row)),
        _lines(column[order], row[order], value[order], (width, a_column)),
    )


def _lines(line: Indices, across: Indices, value: Array, size: tuple[int, int]) -> Lines:
    """Entries sorted by their line, as `Lines`; `size` is (lines, most entries of one)."""
    lines, most = size
    first = np.searchsorted(line, np.arange(lines))
    slot = np.arange(len(line)) - first[line]
    index = np.zeros((most, lines), dtype=np.intp)
    values = np.zeros((most, lines))
    index[slot, line] = across
    values[slot, line] = value
    return Lines(index, values)
