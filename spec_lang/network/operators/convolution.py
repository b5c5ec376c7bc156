"""Convolutions as operators: one product of matrices for all offsets of the kernel, never a dense matrix.

In: a convolution.  Out: the operator and its parts.  Forward, the windows of a few points at a time are
copied side by side and multiplied by the kernel ("im2col"); backward, the product with the kernel comes first
and its slices are added to where they belong.  Zeros of the padding are added as well, which rounds nothing.
"""

from __future__ import annotations

from itertools import product
from math import prod
from types import EllipsisType
from typing import TYPE_CHECKING, Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.operators.matrices import LARGEST_PART, Array, Indices, Matrix
from spec_lang.network.primitives import Convolution

if TYPE_CHECKING:
    from spec_lang.network.operators import Operator

# Elements of the windows that are copied at a time: 1 MB, which stays in the cache.
_CHUNK: Final = 2**17
# What an element of the windows costs, in products of a dense matrix: copying a strided element takes about
# as long as 50 multiplications inside of a large product (measured forward and backward on kernels from 2×2
# to 4×4, 1 to 32 channels, 15 to 32 wide).
_WINDOW_COST: Final = 50

Slices = tuple[slice | EllipsisType, ...]


@dataclass(frozen=True, slots=True)
class Offset:
    """One offset of the kernel: `given`, the positions of the result at which it reads inside of the tensor,
    and `taken`, the positions that it reads there."""

    given: Slices
    taken: Slices


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Sizes and positions of a convolution: all but its numbers.

    `reads[k, p]` is the flat position that offset k reads for the flat result p, −1 for padding;
    `read_by[k, q]` the flat result for which offset k reads q, −1 where there is none.
    """

    map: Convolution
    offsets: tuple[Offset | None, ...]  # None: reads padding alone
    reads: Indices  # (kernel, result)
    read_by: Indices  # (kernel, size)

    @classmethod
    def of(cls, linear: Convolution) -> Geometry:
        places = np.arange(prod(linear.size)).reshape(linear.size)
        results = np.arange(prod(linear.result)).reshape(linear.result)
        offsets = tuple(_offset(linear, k) for k in product(*map(range, linear.weight.shape[2:])))
        reads = np.full((len(offsets), results.size), -1, dtype=np.intp)
        read_by = np.full((len(offsets), places.size), -1, dtype=np.intp)
        for k, offset in enumerate(offsets):
            if offset is not None:
                given, taken = results[offset.given].ravel(), places[offset.taken].ravel()
                reads[k, given], read_by[k, taken] = taken, given
        return cls(linear, offsets, reads, read_by)

    @property
    def windows(self) -> int:
        """Elements of all windows of one point."""
        return self.map.channels[0] * len(self.offsets) * prod(self.map.result)


def _offset(linear: Convolution, at: tuple[int, ...]) -> Offset | None:
    given: list[slice] = []
    taken: list[slice] = []
    axes = (at, linear.size, linear.result, linear.strides, linear.dilations, linear.pads)
    for k, size, result, stride, dilation, pad in zip(*axes, strict=True):
        shift = k * dilation - pad  # the result p reads p·stride + shift
        first, last = max(0, -(shift // stride)), min(result - 1, (size - 1 - shift) // stride)
        if last < first:
            return None
        start = first * stride + shift
        given.append(slice(first, last + 1))
        taken.append(slice(start, start + (last - first) * stride + 1, stride))
    return Offset((..., *given), (..., *taken))


@dataclass(frozen=True, slots=True, eq=False)
class Convolved:
    """A convolution, or with `adjoint` its transpose.

    `kernel` has the shape (groups, O / groups, offsets · C / groups), offsets outermost.
    """

    geometry: Geometry
    kernel: Array
    adjoint: bool

    @classmethod
    def of(cls, linear: Convolution) -> Convolved:
        out, inner = linear.weight.shape[:2]
        weight = np.asarray(linear.weight, dtype=np.float64)
        weight = weight.reshape(linear.groups, out // linear.groups, inner, -1).swapaxes(2, 3)
        kernel = np.ascontiguousarray(weight).reshape(linear.groups, out // linear.groups, -1)
        return cls(Geometry.of(linear), kernel, linear.adjoint)

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in)"""
        return self.geometry.map.sizes[::-1]

    @property
    def cost(self) -> int:
        """Of one point, in products of a dense matrix."""
        spots = prod(self.geometry.map.result)
        return _WINDOW_COST * self.geometry.windows + self.kernel.size * spots

    def forward(self, points: Array) -> Array:
        return self._spread(points) if self.adjoint else self._gathered(points)

    def backward(self, rows: Array) -> Array:
        return self._gathered(rows) if self.adjoint else self._spread(rows)

    def _gathered(self, points: Array) -> Array:
        """The convolution: (batch, C · size) to (batch, O · result)."""
        linear, offsets = self.geometry.map, self.geometry.offsets
        channels, out = linear.channels
        batch, groups, spots = len(points), linear.groups, prod(linear.result)
        step = min(batch, self._step) or 1
        windows = np.zeros((step, groups, len(offsets), channels // groups, *linear.result))
        result = np.empty((batch, groups, out // groups, spots))
        for first in range(0, batch, step):
            tensor = points[first : first + step].reshape(-1, groups, channels // groups, *linear.size)
            part = windows[: len(tensor)]
            for k, offset in enumerate(offsets):
                if offset is not None:
                    part[:, :, k][offset.given] = tensor[offset.taken]
            matrix = part.reshape(len(tensor), groups, -1, spots)
            np.matmul(self.kernel, matrix, out=result[first : first + step])
        return result.reshape(batch, out * spots)

    def _spread(self, rows: Array) -> Array:
        """The transpose: (batch, O · result) to (batch, C · size)."""
        linear, offsets = self.geometry.map, self.geometry.offsets
        channels, out = linear.channels
        batch, groups, spots = len(rows), linear.groups, prod(linear.result)
        step = min(batch, self._step) or 1
        turned = np.ascontiguousarray(self.kernel.swapaxes(1, 2))
        result = np.zeros((batch, groups, channels // groups, *linear.size))
        for first in range(0, batch, step):
            matrix = rows[first : first + step].reshape(-1, groups, out // groups, spots)
            windows = np.matmul(turned, matrix)
            windows = windows.reshape(len(matrix), groups, len(offsets), -1, *linear.result)
            part = result[first : first + step]
            for k, offset in enumerate(offsets):
                if offset is not None:
                    part[offset.taken] += windows[:, :, k][offset.given]
        return result.reshape(batch, channels * prod(linear.size))

    @property
    def _step(self) -> int:
        return max(1, _CHUNK // self.geometry.windows)

    def entries(self, chosen: Indices) -> tuple[Indices, Array]:
        """The entries of the chosen rows of the matrix, both (chosen, most of a row): columns, −1 for none,
        and values."""
        linear = self.geometry.map
        channels, out = linear.channels
        spots, places = prod(linear.result), prod(linear.size)
        inner, outer = channels // linear.groups, out // linear.groups
        kernel = self.kernel.reshape(linear.groups, outer, len(self.geometry.offsets), inner)
        if self.adjoint:
            channel, at = np.divmod(chosen, places)
            group, within = np.divmod(channel, inner)
            values = kernel[group, :, :, within]  # (chosen, outer, offsets)
            table, length, count = self.geometry.read_by, spots, outer
        else:
            channel, at = np.divmod(chosen, spots)
            group, within = np.divmod(channel, outer)
            values = kernel[group, within].swapaxes(1, 2)  # (chosen, inner, offsets)
            table, length, count = self.geometry.reads, places, inner
        position = table[:, at].T[:, None, :]  # (chosen, 1, offsets)
        start = (group[:, None] * count + np.arange(count)) * length  # of each channel that is read
        columns = np.where(position < 0, -1, start[:, :, None] + position)
        most = count * len(self.geometry.offsets)
        return columns.reshape(-1, most), values.reshape(-1, most)

    def rows(self, chosen: Indices) -> Array:
        return self.matrix(chosen, np.arange(self.shape[1]))

    def matrix(self, rows: Indices, columns: Indices) -> Array:
        """A part of the matrix: exact copies."""
        place = np.full(self.shape[1] + 1, len(columns), dtype=np.intp)  # the last is for −1
        place[columns] = np.arange(len(columns))
        found, values = self.entries(rows)
        result = np.zeros((len(rows), len(columns) + 1))
        result[np.arange(len(rows))[:, None], place[found]] = values
        return result[:, :-1]

    def cut(self, rows: Indices | None, columns: Indices | None) -> Operator:
        """The whole convolution between a scatter and a gather, or a matrix where that is cheaper."""
        if rows is None and columns is None:
            return self
        return Cut(self, rows, columns).best()

    def magnitude(self) -> Operator:
        return Convolved(self.geometry, abs(self.kernel), self.adjoint)


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A convolution on some elements of either side."""

    whole: Convolved
    chosen_rows: Indices | None
    chosen_columns: Indices | None

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in)"""
        out, width = self.whole.shape
        return (
            out if self.chosen_rows is None else len(self.chosen_rows),
            width if self.chosen_columns is None else len(self.chosen_columns),
        )

    def best(self) -> Operator:
        """This, or the matrix: whichever costs less a point, which is a question of size alone."""
        size = prod(self.shape)
        if size > min(self.whole.cost, LARGEST_PART):
            return self
        out, width = self.whole.shape
        rows = np.arange(out) if self.chosen_rows is None else self.chosen_rows
        columns = np.arange(width) if self.chosen_columns is None else self.chosen_columns
        return Matrix(np.ascontiguousarray(self.whole.matrix(rows, columns)))

    def forward(self, points: Array) -> Array:
        _, width = self.whole.shape
        return _kept(self.whole.forward(_placed(points, self.chosen_columns, width)), self.chosen_rows)

    def backward(self, rows: Array) -> Array:
        out, _ = self.whole.shape
        return _kept(self.whole.backward(_placed(rows, self.chosen_rows, out)), self.chosen_columns)

    def rows(self, chosen: Indices) -> Array:
        rows = chosen if self.chosen_rows is None else self.chosen_rows[chosen]
        columns = np.arange(self.whole.shape[1]) if self.chosen_columns is None else self.chosen_columns
        return self.whole.matrix(rows, columns)

    def cut(self, rows: Indices | None, columns: Indices | None) -> Operator:
        return Cut(self.whole, _within(self.chosen_rows, rows), _within(self.chosen_columns, columns)).best()

    def magnitude(self) -> Operator:
        whole = self.whole
        return Cut(
            Convolved(whole.geometry, abs(whole.kernel), whole.adjoint), self.chosen_rows, self.chosen_columns
        )


def _placed(batch: Array, chosen: Indices | None, length: int) -> Array:
    if chosen is None:
        return batch
    result = np.zeros((len(batch), length))
    result[:, chosen] = batch
    return result


def _kept(batch: Array, chosen: Indices | None) -> Array:
    return batch if chosen is None else np.take(batch, chosen, axis=1)


def _within(outer: Indices | None, inner: Indices | None) -> Indices | None:
    if outer is None or inner is None:
        return inner if outer is None else outer
    return outer[inner]
