"""The linear maps of a network as the kernel applies them, to floats as well as to Python's integers.

In: a linear map, with its numbers in either type.  Out: the map forwards on points, backwards on rows, and
rows of its matrix.  Nothing is rounded but by the type's own products and sums, of which a zero changes
none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.arrays import ROOM, SMALL, Array, Index, moved, unit_rows
from spec_lang.kernel.sliding import Sliding
from spec_lang.network.primitives import Convolution, Dense, Entries, LinearMap, Scale


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """`numbers` of shape (out, in)."""

    numbers: Array

    @property
    def products(self) -> int:
        """How many products one application makes."""
        return self.numbers.size

    def forward(self, points: Array, given: Index | None = None) -> Array:
        """(batch, in) to (batch, out); `points` has the elements `given` alone, where others are 0."""
        return points @ (self.numbers if given is None else self.numbers[:, given]).T

    def backward(self, rows: Array, given: Index | None = None, kept: Index | None = None) -> Array:
        """(rows, out) to (rows, in); `rows` has the elements `given` alone, the result those `kept`."""
        part = self.numbers if given is None else self.numbers[given]
        return rows @ (part if kept is None else part[:, kept])

    def rows(self, chosen: Index) -> Array:
        """Rows of the matrix: (chosen, in)."""
        return self.numbers[chosen]


@dataclass(frozen=True, slots=True, eq=False)
class Diagonal:
    """`numbers` of shape (n,), element by element."""

    numbers: Array

    @property
    def products(self) -> int:
        return self.numbers.size

    def forward(self, points: Array, given: Index | None = None) -> Array:
        return moved(points, given, None, len(self.numbers)) * self.numbers

    def backward(self, rows: Array, given: Index | None = None, kept: Index | None = None) -> Array:
        part = rows * (self.numbers if given is None else self.numbers[given])
        return moved(part, given, kept, len(self.numbers))

    def rows(self, chosen: Index) -> Array:
        return unit_rows(chosen, self.numbers[chosen], len(self.numbers))


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """`numbers` at (`row`, `column`) of a matrix, sorted by row; `order` sorts them by column."""

    numbers: Array
    shape: tuple[int, int]  # (out, in)
    row: Index
    column: Index
    order: Index

    @property
    def products(self) -> int:
        return self.numbers.size

    def forward(self, points: Array, given: Index | None = None) -> Array:
        full = moved(points, given, None, self.shape[1])
        return _collected(full, self.column, self.numbers, self.row, self.shape[0])

    def backward(self, rows: Array, given: Index | None = None, kept: Index | None = None) -> Array:
        if given is not None and kept is not None and len(given) * len(kept) <= SMALL:
            return rows @ self._part(given, kept)
        full, order = moved(rows, given, None, self.shape[0]), self.order
        found = _collected(full, self.row[order], self.numbers[order], self.column[order], self.shape[1])
        return found if kept is None else found[:, kept]

    def rows(self, chosen: Index) -> Array:
        result = np.zeros((len(chosen), self.shape[1]), dtype=self.numbers.dtype)
        here, entry = self._entries(chosen)
        result[here, self.column[entry]] = self.numbers[entry]
        return result

    def _part(self, rows: Index, columns: Index) -> Array:
        """Some rows of the matrix and of these some columns."""
        place = np.full(self.shape[1], -1, dtype=np.intp)
        place[columns] = np.arange(len(columns))
        here, entry = self._entries(rows)
        there = place[self.column[entry]]
        present = np.flatnonzero(there >= 0)
        result = np.zeros((len(rows), len(columns)), dtype=self.numbers.dtype)
        result[here[present], there[present]] = self.numbers[entry[present]]
        return result

    def _entries(self, chosen: Index) -> tuple[Index, Index]:
        """The entries of rows: which of the rows, and which entry."""
        first = np.searchsorted(self.row, chosen)
        count = np.searchsorted(self.row, chosen, side="right") - first
        here = np.repeat(np.arange(len(chosen)), count)
        return here, np.arange(len(here)) + np.repeat(first - (np.cumsum(count) - count), count)


Map = Matrix | Diagonal | Sparse | Sliding


def map_of(linear: LinearMap, numbers: Array) -> Map:
    """A linear map with its own `numbers` in another type."""
    match linear:
        case Dense():
            return Matrix(numbers)
        case Scale():
            return Diagonal(numbers)
        case Entries(shape=shape, row=row, column=column):
            return Sparse(numbers, shape, row, column, np.argsort(column, kind="stable"))
        case Convolution():
            return Sliding(
                numbers,
                linear.groups,
                linear.size,
                linear.result,
                linear.strides,
                linear.dilations,
                linear.pads,
                linear.adjoint,
            )
        case _ as unreachable:
            assert_never(unreachable)


def with_numbers(linear: Map, numbers: Array) -> Map:
    """The same places with other numbers."""
    return replace(linear, numbers=numbers)


def absolute(linear: Map) -> Map:
    """The map of the absolute values."""
    return with_numbers(linear, np.abs(linear.numbers))


def _collected(batch: Array, take: Index, numbers: Array, put: Index, size: int) -> Array:
    """Over all t, `numbers[t] · batch[:, take[t]]` added up at `put[t]`, which ascends."""
    found = np.zeros((len(batch), size), dtype=numbers.dtype)
    if not len(put):
        return found
    first = np.flatnonzero(np.diff(put, prepend=-1))
    step = max(1, ROOM // len(put))
    for start in range(0, len(batch), step):
        part = slice(start, start + step)
        products = batch[part][:, take] * numbers
        found[part, put[first]] = np.add.reduceat(products, first, axis=1)
    return found
