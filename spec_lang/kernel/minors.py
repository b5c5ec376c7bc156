"""Whether slope matrices with as many columns as inputs, or more, have full rank at all patterns and between.

In: the matrices at all patterns of open slopes.  Out: whether one combination of their minors is positive at
every pattern.  A minor is affine in each slope, as a determinant is, so that the combination is positive
between the patterns as well, and some minor is not 0.  Any combination will do: it is looked for in floats
[Gilbert 1966], and what it gives is computed exactly, or with a bound of what floats err by.
"""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Final

import numpy as np

from spec_lang.kernel.determinants import MOST_FREE, minor, projected, signs
from spec_lang.kernel.network import F64
from spec_lang.kernel.rounding import UNDERFLOW, UNIT
from spec_lang.kernel.tracing import Affines, Array

MOST_MINORS: Final = 20  # choices of columns; with more, one product with a matrix has to do
_STEPS: Final = 40


def have_full_rank(matrices: Affines, free: int) -> bool:
    """Raises `Unchecked` for more inputs than determinants are computed of."""
    columns = matrices.numbers.shape[-1]
    if columns == free or free > MOST_FREE or comb(columns, free) > MOST_MINORS:
        found = signs(projected(matrices, free))
        return bool((found > 0).all() or (found < 0).all())
    flat = matrices.numbers[..., :-1, :].reshape(-1, free, columns)
    error = None if matrices.error is None else matrices.error[:-1]
    parts = [minor(flat, error, chosen) for chosen in combinations(range(columns), free)]
    if not parts:
        return False
    values = np.stack([value for value, _ in parts], axis=-1)
    weights = _weights(_units(values))
    if error is None:
        whole = np.array([int(np.ldexp(w, 53)) for w in weights], dtype=object)
        return bool((values @ whole > 0).all())
    spreads = np.stack([spread for _, spread in parts], axis=-1)
    total = values @ weights
    spread = spreads @ abs(weights) + 4 * len(weights) * UNIT * (abs(values) @ abs(weights))
    return bool((total > 1.01 * spread + UNDERFLOW).all())


def _units(values: Array) -> F64:
    """Every row over its greatest entry; of a row of zeros, zeros."""
    if values.dtype == object:
        largest = np.array([max(1, *map(abs, row)) for row in values.tolist()], dtype=object)
        scaled: F64 = (values / largest[:, None]).astype(np.float64)
        return scaled
    largest = abs(values).max(axis=1, keepdims=True)
    return np.where(largest > 0, values / np.where(largest > 0, largest, 1.0), 0.0)


def _weights(units: F64) -> F64:
    """About the point of the units' hull that is nearest to 0: it has a positive product with all of them, if
    anything has."""
    found: F64 = units.mean(axis=0)
    for _ in range(_STEPS):
        last = units[(units @ found).argmin()]
        way = last - found
        square = float(way @ way)
        if float(last @ found) > 0 or square == 0:
            break
        found = found + min(max(-float(found @ way) / square, 0.0), 1.0) * way
    return np.where(np.isfinite(found), found, 0.0)
