"""Weights that make a matrix of more rows than columns square, so that determinants say something.

In: matrices J of the pieces that were met.  Out: matrices P such that det(P·J) is positive for as many of
them as a few steps find; where it is for all pieces, a function is injective if its part P·f is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

import numpy as np

from spec_lang.bounding.determinants import determinants
from spec_lang.bounding.program import F64

_STEPS: Final = 200
_MOST_PAIRS: Final = 6  # of rows that are tried alone


def first_weights(matrix: F64) -> Iterator[F64]:
    """P (n, m) for a matrix (m, n), m > n: its pseudo-inverse, and then some of the rows alone."""
    m, n = matrix.shape
    if np.linalg.matrix_rank(matrix) == n:
        yield np.linalg.pinv(matrix).astype(np.float64)
    for rows in list(combinations(range(m), n))[:_MOST_PAIRS]:
        yield np.eye(m)[list(rows)]


def fitted(weights: F64, matrices: F64) -> F64 | None:
    """Weights (n, m) for which all of some matrices (pieces, m, n) have positive determinants, from some that
    are a start: steps along the gradient of the least one; None where these find none."""
    scale = np.linalg.norm(matrices, axis=(1, 2), keepdims=True)
    matrices = matrices / np.where(scale > 0, scale, 1.0)
    for number in range(_STEPS):
        square = weights @ matrices
        found = determinants(square)
        worst = int(found.argmin())
        if found[worst] > 1e-6 * np.linalg.norm(weights) ** weights.shape[0]:
            return weights
        # The gradient of det(P·J) in P is the matrix of cofactors of P·J times J's transpose.
        slope = _cofactors(square[worst]) @ matrices[worst].T
        norm = float(np.linalg.norm(slope))
        if not norm:
            return None
        weights = weights + float(np.linalg.norm(weights)) / (2 + number) * slope / norm
    return None


def _cofactors(matrix: F64) -> F64:
    """Of a matrix (1, 1) or (2, 2)."""
    if len(matrix) == 1:
        return np.ones((1, 1))
    (a, b), (c, d) = matrix
    return np.array([[d, -c], [-b, a]])
