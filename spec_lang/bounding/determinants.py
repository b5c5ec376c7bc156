"""Determinants of batches of small matrices, and of interval matrices; plain float64, evidence of nothing.

In: square matrices, or middles and radii.  Out: determinants, or their ranges.
"""

from __future__ import annotations

import numpy as np

from spec_lang.bounding.program import F64


def determinants(matrices: F64) -> F64:
    """Of square matrices (…, n, n)."""
    n = matrices.shape[-1]
    if n == 1:
        return matrices[..., 0, 0]
    if n == 2:
        return matrices[..., 0, 0] * matrices[..., 1, 1] - matrices[..., 0, 1] * matrices[..., 1, 0]
    found: F64 = np.linalg.det(matrices)
    return found


def determinant_ranges(middle: F64, radius: F64) -> tuple[F64, F64]:
    """Ends of the determinants of interval matrices (batch, 1, 1) or (batch, 2, 2)."""
    low, high = middle - radius, middle + radius
    if middle.shape[-1] == 1:
        return low[:, 0, 0], high[:, 0, 0]
    one = _product((low[:, 0, 0], high[:, 0, 0]), (low[:, 1, 1], high[:, 1, 1]))
    other = _product((low[:, 0, 1], high[:, 0, 1]), (low[:, 1, 0], high[:, 1, 0]))
    return one[0] - other[1], one[1] - other[0]


def _product(one: tuple[F64, F64], other: tuple[F64, F64]) -> tuple[F64, F64]:
    corners = np.stack([a * b for a in one for b in other])
    return corners.min(axis=0), corners.max(axis=0)
