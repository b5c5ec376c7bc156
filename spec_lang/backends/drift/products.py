"""What weights that are off make of points, for many points at once, each with weights of its own.

In: the form of a map, its numbers by row of the batch, and points or rows.  Out: the map forwards and
backwards, and the slope of `rows · map(points)` by the numbers.  Plain float64, evidence of nothing.
"""

from __future__ import annotations

from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.network.primitives import Convolution, Dense, LinearMap

F64 = NDArray[np.float64]
Indices = NDArray[np.intp]


class Product(Protocol):
    @property
    def gathered(self) -> int:
        """How many numbers are gathered for one point."""

    def forward(self, numbers: F64, points: F64) -> F64:
        """(batch, *numbers), (batch, in) to (batch, out)"""

    def backward(self, numbers: F64, rows: F64) -> F64:
        """(batch, *numbers), (batch, out) to (batch, in)"""

    def slope(self, points: F64, rows: F64) -> F64:
        """(batch, in), (batch, out) to (batch, *numbers)"""


@dataclass(frozen=True, slots=True)
class _Matrix:
    gathered: int = 0

    def forward(self, numbers: F64, points: F64) -> F64:
        found: F64 = (numbers @ points[:, :, None])[:, :, 0]
        return found

    def backward(self, numbers: F64, rows: F64) -> F64:
        found: F64 = (rows[:, None, :] @ numbers)[:, 0, :]
        return found

    def slope(self, points: F64, rows: F64) -> F64:
        found: F64 = rows[:, :, None] * points[:, None, :]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Kernel:
    """`places` (channels, kernel, result) are where in the flat tensor each product reads; one beyond its end
    for what lies outside."""

    shape: tuple[int, ...]  # of the weights
    groups: int
    size: int  # of the tensor
    places: Indices

    @classmethod
    def of(cls, linear: Convolution) -> _Kernel:
        rank = len(linear.size)
        kernel = np.indices(linear.weight.shape[2:]).reshape(rank, -1)  # (rank, kernel)
        result = np.indices(linear.result).reshape(rank, -1)
        stride, dilation, pads = (
            np.array(part)[:, None, None] for part in (linear.strides, linear.dilations, linear.pads)
        )
        at = result[:, None, :] * stride + kernel[:, :, None] * dilation - pads
        inside = ((at >= 0) & (at < np.array(linear.size)[:, None, None])).all(axis=0)
        flat = np.ravel_multi_index(tuple(np.where(inside, at, 0)), linear.size)
        channels, area = linear.channels[0], prod(linear.size)
        places = np.where(inside, flat + area * np.arange(channels)[:, None, None], channels * area)
        return cls(linear.weight.shape, linear.groups, channels * area, places)

    @property
    def gathered(self) -> int:
        return self.places.size

    def forward(self, numbers: F64, points: F64) -> F64:
        return (self._grouped(numbers) @ self._patches(points)).reshape(len(points), -1)

    def backward(self, numbers: F64, rows: F64) -> F64:
        spread = self._grouped(numbers).transpose(0, 1, 3, 2) @ self._rows(rows)
        places = self.places.ravel()
        found = (np.bincount(places, one.ravel(), self.size + 1)[: self.size] for one in spread)
        return np.stack(list(found))

    def slope(self, points: F64, rows: F64) -> F64:
        found = self._rows(rows) @ self._patches(points).transpose(0, 1, 3, 2)
        return found.reshape(len(points), *self.shape)

    def _grouped(self, numbers: F64) -> F64:
        return numbers.reshape(len(numbers), self.groups, self.shape[0] // self.groups, -1)

    def _rows(self, rows: F64) -> F64:
        return rows.reshape(len(rows), self.groups, self.shape[0] // self.groups, -1)

    def _patches(self, points: F64) -> F64:
        padded = np.concatenate([points, np.zeros((len(points), 1))], axis=1)
        taken = padded[:, self.places]  # (batch, channels, kernel, result)
        return taken.reshape(len(points), self.groups, -1, self.places.shape[2])


@dataclass(frozen=True, slots=True, eq=False)
class _Transposed:
    own: Product

    @property
    def gathered(self) -> int:
        return self.own.gathered

    def forward(self, numbers: F64, points: F64) -> F64:
        return self.own.backward(numbers, points)

    def backward(self, numbers: F64, rows: F64) -> F64:
        return self.own.forward(numbers, rows)

    def slope(self, points: F64, rows: F64) -> F64:
        return self.own.slope(rows, points)


def product_of(linear: LinearMap, *, is_transposed: bool) -> Product:
    """Of a matrix or a convolution: no other map has weights that a drift speaks of."""
    match linear:
        case Dense():
            own: Product = _Matrix()
        case Convolution(adjoint=adjoint):
            own, is_transposed = _Kernel.of(linear), is_transposed is not adjoint
        case _:
            raise InternalError("weights that are neither a matrix's nor a convolution's")
    return _Transposed(own) if is_transposed else own
