"""Linear bounds of a function's rows on cells, and what they say of pairs of cells.

In: cells, and for every row of outputs a linear form below it and one below its negative.  Out: lower bounds
of what a combination of the rows at a point of one cell and one at a point of another are together.  Inputs
that both points share are the same number at both, so that the forms are added before they are bounded.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.network import F64
from spec_lang.kernel.rounding import UNDERFLOW, UNIT
from spec_lang.kernel.scene import Index

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Forms:
    """On cell c, `slope[c, s, k]·x + constant[c, s, k]` is at most row k, for s = 0, and at most its
    negative, for s = 1.  `lower`, `upper`: the cells (cells, inputs).  Of floats, or of fractions, which are
    exact."""

    slope: Array  # (cells, 2, rows, inputs)
    constant: Array  # (cells, 2, rows)
    lower: Array
    upper: Array
    exact: bool

    def in_floats(self) -> Forms:
        """Nearly the same, for whoever wants to know where to look."""
        parts = self.slope, self.constant, self.lower, self.upper
        slope, constant, lower, upper = (part.astype(np.float64) for part in parts)
        return Forms(slope, constant, lower, upper, exact=False)

    def of(self, cell: Index, weights: Array) -> Combined:
        """`weights·rows` on the cells numbered `cell`, from below; weights (1 or cells, directions, rows)."""
        above, below = np.maximum(weights, 0), np.maximum(-weights, 0)
        slope = above @ self.slope[cell, 0] + below @ self.slope[cell, 1]
        constant = _apply(above, self.constant[cell, 0]) + _apply(below, self.constant[cell, 1])
        if self.exact:
            return Combined(slope, constant, constant * 0, self.lower[cell], self.upper[cell], 0)
        sizes = above @ abs(self.slope[cell, 0]) + below @ abs(self.slope[cell, 1])
        reach = np.maximum(abs(self.lower[cell]), abs(self.upper[cell]))
        weight = _apply(above, abs(self.constant[cell, 0])) + _apply(below, abs(self.constant[cell, 1]))
        weight = weight + _apply(sizes, reach)
        terms = 2 * (self.slope.shape[2] + self.slope.shape[3])
        return Combined(slope, constant, weight, self.lower[cell], self.upper[cell], terms)


def _apply(matrices: Array, vectors: Array) -> Array:
    found: Array = (matrices @ vectors[..., None])[..., 0]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """Forms below combinations on cells: `slope` (cells, directions, inputs), `constant`, and `weight`, which
    bounds the absolute values of all that was added up."""

    slope: Array
    constant: Array
    weight: Array
    lower: Array
    upper: Array
    terms: int  # that one number sums


def least(first: Combined, second: Combined, shared: Index, *, exact: bool) -> Array:
    """Lower bounds of the sum of both forms (pairs, directions), the shared inputs being those of the first
    cell; sound because every sum errs by at most its number of terms, times the unit, times what it sums."""
    both = np.zeros(first.slope.shape[-1], dtype=np.bool_)
    both[shared] = True
    one = np.where(both, first.slope + second.slope, first.slope)
    other = np.where(both, 0 * second.slope, second.slope)
    found = first.constant + second.constant
    for slope, cell in ((one, first), (other, second)):
        found = found + _minimum(slope, cell)
    if exact:
        return found
    terms = first.terms + second.terms + 64
    weight = 4.0 * (first.weight + second.weight)
    lowered: Array = found - (terms * UNIT * weight + UNDERFLOW)
    return np.where(np.isfinite(lowered), lowered, -np.inf)


def _minimum(slope: Array, cell: Combined) -> Array:
    ends = np.where(slope > 0, cell.lower[:, None], cell.upper[:, None])
    found: Array = (slope * ends).sum(axis=-1)
    return found


def fractions(array: Array) -> Array:
    """The same numbers, exactly; those that are fractions already as they are."""
    return np.array([Fraction(v) for v in array.ravel().tolist()], dtype=object).reshape(array.shape)


def directions(rows: int) -> F64:
    """Combinations of rows that are tried on every pair, with their opposites."""
    if rows == 2:
        angles = np.arange(16) * np.pi / 8
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if rows in (3, 4):
        grid = np.stack(np.meshgrid(*[[-1.0, 0.0, 1.0]] * rows, indexing="ij"), axis=-1).reshape(-1, rows)
        found: F64 = grid[abs(grid).sum(axis=1) > 0]
        return found
    return np.concatenate([np.eye(rows), -np.eye(rows)])


def own_directions(forms: Forms, first: Index, second: Index, free: Index) -> F64:
    """Of every pair: the difference of the centres' images, and the rows of the pseudo-inverse of the middle
    of all slopes, with their opposites (pairs, directions, rows).  Any direction will do, so that nothing
    here has to be exact."""
    slope, constant = forms.slope.astype(np.float64), forms.constant.astype(np.float64)
    lower, upper = forms.lower.astype(np.float64), forms.upper.astype(np.float64)
    middle = 0.5 * (slope[:, 0] - slope[:, 1])
    image = _apply(middle, 0.5 * (lower + upper)) + 0.5 * (constant[:, 0] - constant[:, 1])
    apart = image[first] - image[second]
    mean = 0.5 * (middle[first] + middle[second])[..., free]
    mean = np.where(np.isfinite(mean), mean, 0.0)
    found = np.concatenate([apart[:, None], np.linalg.pinv(mean)], axis=1)
    length = np.sqrt((found**2).sum(axis=-1, keepdims=True))
    found = np.where(np.isfinite(length) & (length > 0), found / np.where(length > 0, length, 1.0), 0.0)
    return np.concatenate([found, -found], axis=1)
