"""Matrices as operators: dense, diagonal, and by their entries.

In: float64 numbers.  Out: products with batches of row vectors, from either side, and the same for some of
the rows and columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass

if TYPE_CHECKING:
    from spec_lang.network.operators import Operator

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

# Lines are padded to the longest while that makes no more than this many times their entries, or this many.
_PADDING: Final = 2
_FEW: Final = 2**12
# What an entry costs to gather, in products of a matrix.
_GATHER_COST: Final = 64
# A part of a larger map becomes a matrix of at most 16 MB.
LARGEST_PART: Final = 2**21


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
        """Diagonal still where both sides carry the same elements in the same order, gathered elsewhere."""
        if rows is None and columns is None:
            return self
        if rows is not None and (rows is columns or (columns is not None and np.array_equal(rows, columns))):
            return Diagonal(self.factor[rows])
        every = np.arange(len(self.factor))
        return Sparse.of((len(every), len(every)), every, every, self.factor).cut(rows, columns)

    def magnitude(self) -> Operator:
        return Diagonal(abs(self.factor))


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The non-zero entries of every line of a matrix, padded with zeros: both of shape (most, lines)."""

    index: Indices
    value: Array

    def gather(self, batch: Array) -> Array:
        """`Σ_t batch[:, index[t]] * value[t]`"""
        if not len(self.index):
            return np.zeros((len(batch), self.index.shape[1]))
        total: Array = np.take(batch, self.index[0], axis=1)
        total *= self.value[0]
        for index, value in zip(self.index[1:], self.value[1:], strict=True):
            total += np.take(batch, index, axis=1) * value
        return total

    def rows(self, chosen: Indices, length: int) -> Array:
        """The chosen lines, each of `length` elements."""
        result = np.zeros((len(chosen), length))
        here = np.arange(len(chosen))
        for index, value in zip(self.index, self.value, strict=True):
            result[here, index[chosen]] += value[chosen]  # padding adds 0
        return result

    def cut(self, lines: Indices | None, across: Indices | None, length: int) -> Lines:
        """Some of the lines, with the elements `across` them renumbered; entries elsewhere become 0."""
        index, value = self.index, self.value
        if lines is not None:
            index, value = index[:, lines], value[:, lines]
        if across is not None:
            place = _places(across, length)
            index = place[index]
            value = np.where(index < 0, 0.0, value)
            index = np.maximum(index, 0)
            if not len(across):  # nothing is left to gather from
                index, value = index[:0], value[:0]
        return Lines(index, value)

    def magnitude(self) -> Lines:
        return Lines(self.index, abs(self.value))


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """The entries of every line of a matrix one after the other, for lines of very different length.

    Line `line[i]` has the entries from `start[i]` to the next start; other lines have none.
    """

    lines: int
    line: Indices
    start: Indices
    index: Indices  # (entries,)
    value: Array

    @classmethod
    def of(cls, lines: int, line: Indices, index: Indices, value: Array) -> Runs:
        """Entries sorted by their line."""
        present, start = np.unique(line, return_index=True)
        return cls(lines, present, start, index, value)

    def gather(self, batch: Array) -> Array:
        total = np.zeros((len(batch), self.lines))
        if len(self.line):
            terms = np.take(batch, self.index, axis=1) * self.value
            total[:, self.line] = np.add.reduceat(terms, self.start, axis=1)
        return total

    def _entries_of(self, chosen: Indices) -> tuple[Indices, Indices]:
        """The entries of the chosen lines, and for each its line's place among the chosen."""
        length = np.diff(self.start, append=len(self.index))
        run = np.searchsorted(self.line, chosen)
        found = np.flatnonzero(run < len(self.line))
        found = found[self.line[run[found]] == chosen[found]]
        count = length[run[found]]
        first = self.start[run[found]] - (np.cumsum(count) - count)
        return np.repeat(found, count), np.repeat(first, count) + np.arange(count.sum())

    def rows(self, chosen: Indices, length: int) -> Array:
        """The chosen lines, each of `length` elements."""
        owner, entry = self._entries_of(chosen)
        result = np.zeros((len(chosen), length))
        result[owner, self.index[entry]] = self.value[entry]
        return result

    def cut(self, lines: Indices | None, across: Indices | None, length: int) -> Runs:
        """As for `Lines`."""
        owner, entry = self._entries_of(np.arange(self.lines) if lines is None else lines)
        index = self.index[entry] if across is None else _places(across, length)[self.index[entry]]
        kept = index >= 0
        count = self.lines if lines is None else len(lines)
        return Runs.of(count, owner[kept], index[kept], self.value[entry][kept])

    def magnitude(self) -> Runs:
        return Runs(self.lines, self.line, self.start, self.index, abs(self.value))


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """A matrix by its entries, gathered in either direction."""

    shape: tuple[int, int]  # (out, in)
    by_row: Lines | Runs
    by_column: Lines | Runs

    @classmethod
    def of(cls, shape: tuple[int, int], row: Indices, column: Indices, value: Array) -> Sparse:
        """From entries sorted by row."""
        order = np.argsort(column, kind="stable")
        return cls(
            shape,
            _lines(row, column, value, shape[0]),
            _lines(column[order], row[order], value[order], shape[1]),
        )

    def forward(self, points: Array) -> Array:
        return self.by_row.gather(points)

    def backward(self, rows: Array) -> Array:
        return self.by_column.gather(rows)

    def rows(self, chosen: Indices) -> Array:
        return self.by_row.rows(chosen, self.shape[1])

    def cut(self, rows: Indices | None, columns: Indices | None) -> Operator:
        out = self.shape[0] if rows is None else len(rows)
        width = self.shape[1] if columns is None else len(columns)
        by_row = self.by_row.cut(rows, columns, self.shape[1])
        if out * width <= min(_GATHER_COST * by_row.value.size, LARGEST_PART):
            return Matrix(by_row.rows(np.arange(out), width))
        return Sparse((out, width), by_row, self.by_column.cut(columns, rows, self.shape[0]))

    def magnitude(self) -> Operator:
        return Sparse(self.shape, self.by_row.magnitude(), self.by_column.magnitude())


def _places(chosen: Indices, length: int) -> Indices:
    """Where each of `length` elements stands among the chosen ones, or −1."""
    place = np.full(length, -1, dtype=np.intp)
    place[chosen] = np.arange(len(chosen))
    return place


def _lines(line: Indices, across: Indices, value: Array, lines: int) -> Lines | Runs:
    """Entries sorted by their line."""
    count = np.bincount(line, minlength=lines)
    most = int(count.max(initial=0))
    if most * lines > max(_PADDING * len(line), _FEW):
        return Runs.of(lines, line, across, value)
    slot = np.arange(len(line)) - (np.cumsum(count) - count)[line]
    index = np.zeros((most, lines), dtype=np.intp)
    values = np.zeros((most, lines))
    index[slot, line] = across
    values[slot, line] = value
    return Lines(index, values)
