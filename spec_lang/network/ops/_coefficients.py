"""Coefficients that no float need hold: each is the float64 nearest to its exact value.

In: stored numbers.  Out: float64 (float32 where that is exact).  docs/decisions/0014 says why this is the
network's meaning.  Correctly rounded, so that the same file means the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isinf, isqrt
from typing import Final

import numpy as np

from spec_lang.network.ops._linear import real
from spec_lang.network.ops.base import Constant, UnsupportedNode
from spec_lang.network.primitives import Floats

_FIRST_BITS: Final = 128
_MOST_BITS: Final = 1 << 14  # far more than any number of binary64 needs


def shared(size: int, count: int) -> Floats:
    """`1 / count`, for every of `size` elements."""
    return np.full(size, 1 / count, dtype=np.float64 if count & (count - 1) else np.float32)


def reciprocal(divisor: Constant) -> Floats:
    """`1 / divisor`, element by element; float64 has the quotient of two of its numbers correctly rounded."""
    values = real(divisor)
    if not values.all():
        raise UnsupportedNode("it divides by 0")
    with np.errstate(over="ignore", under="ignore"):
        quotient = 1 / values.astype(np.float64)
        single = quotient.astype(np.float32)
    if not np.isfinite(quotient).all():
        raise UnsupportedNode("it divides by a number whose reciprocal is too large")
    powers = (np.abs(np.frexp(values)[0]) == 0.5).all()
    return single if powers and values.dtype == np.float32 and (single == quotient).all() else quotient


def normalisation(
    scale: Floats, shift: Floats, mean: Floats, variance: Floats, epsilon: float
) -> tuple[Floats, Floats]:
    """`s / √(v + ε)` and `b − m · s / √(v + ε)`, channel by channel."""
    factors, biases = [], []
    for s, b, m, v in zip(*(_fractions(part) for part in (scale, shift, mean, variance)), strict=True):
        radicand = v + Fraction(epsilon)
        if radicand <= 0:
            raise UnsupportedNode("a variance plus epsilon is not positive")
        factors.append(_nearest(Fraction(0), s, radicand))
        biases.append(_nearest(b, -m * s, radicand))
    return np.array(factors, dtype=np.float64), np.array(biases, dtype=np.float64)


def _fractions(array: Floats) -> list[Fraction]:
    return [Fraction(float(number)) for number in array.ravel()]


def _nearest(constant: Fraction, factor: Fraction, radicand: Fraction) -> float:
    """The float64 nearest to `constant + factor / √radicand`."""

    def enclosed(bits: int) -> tuple[Fraction, Fraction]:
        """1 / √radicand between two multiples of 2^-shift, with about `bits` bits."""
        shift = bits + radicand.numerator.bit_length() - radicand.denominator.bit_length()
        scaled = (radicand.denominator << (2 * shift)) // radicand.numerator
        root = isqrt(scaled)
        low, high = Fraction(root, 1 << shift), Fraction(root + 1, 1 << shift)
        return (low, low) if low * low * radicand == 1 else (low, high)

    return _settled(lambda bits: [constant + factor * end for end in enclosed(bits)])


def _settled(ends: Callable[[int], list[Fraction]]) -> float:
    """The float that both ends round to, once they are close enough."""
    bits = _FIRST_BITS
    while bits <= _MOST_BITS:
        low, high = (_float(end) for end in ends(bits))
        if low == high:
            return low
        bits *= 2
    raise UnsupportedNode("a coefficient of it cannot be rounded")


def _float(number: Fraction) -> float:
    try:
        value = float(number)
    except OverflowError:
        value = float("inf")
    if isinf(value):
        raise UnsupportedNode("a coefficient of it is too large for a float")
    return value
