"""Products of matrices of Python's integers, large ones by way of floats that round nothing.

In: two matrices of integers.  Out: their product, exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from spec_lang.kernel.dyadics import Objects
from spec_lang.kernel.network import F64

SMALL: Final = 100_000  # products that are quicker one by one
MANTISSA: Final = 53


def product(left: Objects, right: Objects) -> Objects:
    """`left @ right`.

    Sound because every sum of products of digits, in any order, is a whole number below 2^53, and so a float:
    the digits have (53 − log2 n) / 2 bits, for n products to a sum.
    """
    bits = (MANTISSA - max(1, left.shape[1]).bit_length()) // 2
    if left.shape[0] * left.shape[1] * right.shape[1] <= SMALL or bits < 1:
        return left @ right
    others = list(_digits(right, bits))
    found = np.zeros((left.shape[0], right.shape[1]), dtype=object)
    for i, mine in enumerate(_digits(left, bits)):
        for j, other in enumerate(others):
            found += (mine @ other).astype(np.int64).astype(object) * (1 << bits * (i + j))
    return found


def _digits(numbers: Objects, bits: int) -> Iterator[F64]:
    """Digits of so many bits, the lowest first, with the signs of the numbers."""
    sign = np.where(numbers < 0, -1.0, 1.0)
    left = np.abs(numbers)
    while left.any():
        yield (left & ((1 << bits) - 1)).astype(np.float64) * sign
        left = left >> bits
