"""Determinants of slope matrices, many at once: their signs, exactly or where floats are sure of them.

In: the matrices at all patterns of open slopes.  Out: −1, 0 or 1 for each; 0 for a determinant that is 0, or
of which the floats say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from spec_lang.kernel.exact import dyadic
from spec_lang.kernel.network import F64, Unchecked
from spec_lang.kernel.rounding import UNDERFLOW, UNIT
from spec_lang.kernel.tracing import Affines, Array

MOST_FREE = 6  # inputs: a determinant has as many products as these have orders


def projected(matrices: Affines, free: int) -> Affines:
    """Square matrices: the same, or times the pseudo-inverse of the middle of all; any matrix would do."""
    weights = to_square(matrices, free)
    return matrices if weights is None else times(matrices, weights)


def to_square(matrices: Affines, free: int) -> F64 | None:
    """The pseudo-inverse of the middle of all matrices (rows, free); None where these are square."""
    numbers = matrices.numbers
    if numbers.shape[-1] == free:
        return None
    flat = numbers[..., :-1, :].reshape(-1, free, numbers.shape[-1])
    scaled = flat if matrices.error is not None else flat / _largest(flat)
    weights: F64 = np.linalg.pinv(np.mean(scaled.astype(np.float64), axis=0))
    if not np.isfinite(weights).all():
        raise Unchecked("the middle of slope matrices has no pseudo-inverse")
    return weights


def times(matrices: Affines, weights: F64) -> Affines:
    """`matrices @ weights`; exactly, up to a power of two."""
    numbers = matrices.numbers
    if matrices.error is None:
        return Affines(numbers @ dyadic(weights).numbers, None)
    size, rows = abs(numbers).max(axis=tuple(range(numbers.ndim - 2))), numbers.shape[-1]
    error = (1.01 * matrices.error + (rows + 4) * 2 * UNIT * size) @ abs(weights) + UNDERFLOW
    return Affines(numbers @ weights, 1.01 * error)


def _largest(flat: Array) -> int:
    return max(1, *(abs(int(v)) for v in flat.ravel()))


def signs(matrices: Affines) -> NDArray[np.int8]:
    """The signs of the determinants of the free inputs' square matrices, flat; 0 for one that is 0, or of
    which the floats say nothing."""
    numbers = matrices.numbers[..., :-1, :]
    size = numbers.shape[-1]
    if size > MOST_FREE:
        raise Unchecked(f"determinants are computed of up to {MOST_FREE} inputs")
    flat = numbers.reshape(-1, size, size)
    value, spread = minor(flat, None if matrices.error is None else matrices.error[:-1], range(size))
    if matrices.error is None:
        return np.array([(v > 0) - (v < 0) for v in value], dtype=np.int8)
    known = np.isfinite(spread) & (abs(value) > spread)
    return np.where(known, np.sign(value), 0).astype(np.int8)


def minor(flat: Array, error: F64 | None, columns: Sequence[int]) -> tuple[Array, F64]:
    """The determinants of some columns of matrices (batch, rows, columns) whose numbers err by at most
    `error`, and what they err by."""
    rows, size = range(flat.shape[1]), flat.shape[1]
    value = _determinant(flat, rows, columns, 1)
    if error is None:
        return value, np.zeros(0)
    outer = _determinant(abs(flat) + error, rows, columns, -1)
    spread = outer - _determinant(abs(flat), rows, columns, -1)
    return value, 1.01 * spread + 16 * size * size * UNIT * outer + UNDERFLOW


def _determinant(flat: Array, rows: Sequence[int], columns: Sequence[int], sign: int) -> Array:
    """By the first row; without alternation (`sign` −1) the permanent, which bounds what rounding does."""
    if len(rows) == 1:
        return flat[:, rows[0], columns[0]]
    terms = []
    for place, column in enumerate(columns):
        rest = [c for c in columns if c != column]
        minor = flat[:, rows[0], column] * _determinant(flat, rows[1:], rest, sign)
        terms.append(-minor if sign > 0 and place % 2 else minor)
    return reduce(lambda a, b: a + b, terms)
