"""Convolutions and their transposes, for floats as well as for Python's integers; they never become a matrix.

In: what `primitives.Convolution` has, with its numbers in either type.  Out: the map forwards on points and
backwards on rows, as one product of matrices for many windows at once, and rows of its matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.arrays import ROOM, SMALL, Array, Index, moved

_ALL: Final = (slice(None), slice(None))


@dataclass(frozen=True, slots=True, eq=False)
class Sliding:
    """A convolution, or its transpose: as `primitives.Convolution`, with `numbers` for its weight."""

    numbers: Array
    groups: int
    size: tuple[int, ...]
    result: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    adjoint: bool

    @property
    def products(self) -> int:
        axes = [[self._overlap(axis, k) for k in range(many)] for axis, many in enumerate(self._kernel)]
        served = (sum(part[0].stop - part[0].start for part in axis if part is not None) for axis in axes)
        reached: int = prod(served) * self.numbers.shape[0] * self.numbers.shape[1]
        return reached

    def forward(self, points: Array, given: Index | None = None) -> Array:
        full = moved(points, given, None, prod(self._ends[0]))
        return self._transposed(full) if self.adjoint else self._convolved(full)

    def backward(self, rows: Array, given: Index | None = None, kept: Index | None = None) -> Array:
        if given is not None and len(given) * prod(self._ends[0]) <= SMALL:
            part = self.rows(given)
            return rows @ (part if kept is None else part[:, kept])
        full = moved(rows, given, None, prod(self._ends[1]))
        found = self._convolved(full) if self.adjoint else self._transposed(full)
        return found if kept is None else found[:, kept]

    @property
    def _channels(self) -> tuple[int, int]:
        """Of what the convolution itself takes, and of what it gives."""
        return self.numbers.shape[1] * self.groups, self.numbers.shape[0]

    @property
    def _ends(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The tensors that go in and out."""
        taken, given = self._channels
        ends = (taken, *self.size), (given, *self.result)
        return (ends[1], ends[0]) if self.adjoint else ends

    @property
    def _kernel(self) -> tuple[int, ...]:
        return self.numbers.shape[2:]

    def _overlap(self, axis: int, k: int) -> tuple[slice, slice] | None:
        """Along an axis, the places of the result that element k of the kernel serves, and the places of the
        operand that it reads there: `p·stride + k·dilation − pad`, inside of the operand."""
        stride, shift = self.strides[axis], k * self.dilations[axis] - self.pads[axis]
        first = max(0, -(shift // stride))
        last = min(self.result[axis] - 1, (self.size[axis] - 1 - shift) // stride)
        if last < first:
            return None
        read = slice(first * stride + shift, last * stride + shift + 1, stride)
        return slice(first, last + 1), read

    def _overlaps(self) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """For every element of the kernel that is of use, an index of windows (batch, channels, kernel,
        result), and the same numbers' index of tensors (batch, channels, size)."""
        for place in product(*map(range, self._kernel)):
            parts = [self._overlap(axis, k) for axis, k in enumerate(place)]
            found = [part for part in parts if part is not None]
            if len(found) == len(parts):
                yield (*_ALL, *place, *(served for served, _ in found)), (*_ALL, *(read for _, read in found))

    def _batches(self, count: int) -> Iterator[slice]:
        """So many rows, in parts whose windows find room."""
        window = self._channels[0] * prod(self._kernel) * prod(self.result)
        step = max(1, ROOM // window)
        return (slice(start, min(start + step, count)) for start in range(0, count, step))

    def _convolved(self, points: Array) -> Array:
        taken, given = self._channels
        tensor = points.reshape(len(points), taken, *self.size)
        weight = self.numbers.reshape(self.groups, given // self.groups, -1)
        found = np.zeros((len(points), given * prod(self.result)), dtype=self.numbers.dtype)
        overlaps = list(self._overlaps())
        for part in self._batches(len(points)):
            many = part.stop - part.start
            windows = np.zeros((many, taken, *self._kernel, *self.result), dtype=self.numbers.dtype)
            for here, read in overlaps:
                windows[here] = tensor[part][read]
            lines = windows.reshape(many, self.groups, weight.shape[2], -1)
            found[part] = (weight @ lines).reshape(many, -1)
        return found

    def _transposed(self, rows: Array) -> Array:
        taken, given = self._channels
        weight = self.numbers.reshape(self.groups, given // self.groups, -1).transpose(0, 2, 1)
        lines = rows.reshape(len(rows), self.groups, given // self.groups, prod(self.result))
        found = np.zeros((len(rows), taken, *self.size), dtype=self.numbers.dtype)
        overlaps = list(self._overlaps())
        for part in self._batches(len(rows)):
            windows = (weight @ lines[part]).reshape(-1, taken, *self._kernel, *self.result)
            for here, read in overlaps:
                found[part][read] += windows[here]
        return found.reshape(len(rows), taken * prod(self.size))

    def rows(self, chosen: Index) -> Array:
        taken, given = self._ends
        channel, *place = np.unravel_index(chosen, given)
        group, within = np.divmod(channel, given[0] // self.groups)
        others = np.arange(taken[0] // self.groups)
        across = group[:, None] * len(others) + others  # the channels that are read
        found = np.zeros((len(chosen), prod(taken)), dtype=self.numbers.dtype)
        for k in product(*map(range, self._kernel)):
            at, inside = self._read(place, k)
            here = np.flatnonzero(inside)
            element: tuple[Any, ...] = (*_ALL, *k)
            kernel = self.numbers[element]
            numbers = kernel[across[here], within[here, None]] if self.adjoint else kernel[channel[here]]
            found[here[:, None], across[here] * prod(taken[1:]) + at[here, None]] = numbers
        return found

    def _read(self, place: list[Index], k: tuple[int, ...]) -> tuple[Index, NDArray[np.bool_]]:
        """Where element k of the kernel reads for each of the places, flat, and whether that is inside."""
        inside = np.ones(len(place[0]), dtype=np.bool_)
        flat = np.zeros(len(place[0]), dtype=np.intp)
        for axis, here in enumerate(place):
            stride, shift = self.strides[axis], k[axis] * self.dilations[axis] - self.pads[axis]
            if self.adjoint:
                (there, rest), length = np.divmod(here - shift, stride), self.result[axis]
                inside &= rest == 0
            else:
                there, length = here * stride + shift, self.size[axis]
            inside &= (there >= 0) & (there < length)
            flat = flat * length + there
        return flat, inside
