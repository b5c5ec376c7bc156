"""Products of stored matrices with several vectors of a value: one linear map that stores no zeros.

In: a matrix, and how the vectors lie in the flat value.  Out: a dense matrix for one vector, else a
convolution with a kernel of 1, whose groups are the vectors.  Exact: the weights are moved, never multiplied.
"""

from __future__ import annotations

import numpy as np

from spec_lang.network.ops._linear import check_size
from spec_lang.network.primitives import Convolution, Dense, Floats, LinearMap, frozen


def stacked(matrix: Floats, groups: int, columns: int) -> LinearMap:
    """`(groups, inner, columns) -> (groups, out, columns)` by `matrix` of shape (out, inner)."""
    if groups == columns == 1:
        return Dense(frozen(matrix))
    check_size(groups * matrix.size)
    weight = np.tile(matrix, (groups, 1))[:, :, np.newaxis]
    return Convolution(frozen(weight), groups, (columns,), (columns,), (1,), (1,), (0,))
