"""Smooth functions at rational points, between integers: enclosures of their values and of their slopes.

In: a function, a rational, and how many bits.  Out: integers below and above, over a power of two.  Nothing
here is a float, and no library's `exp` is relied on.
"""

from __future__ import annotations

from typing import Final

from spec_lang.network.primitives import Smooth

Ends = tuple[int, int]

_HALVINGS: Final = 8  # beyond those that bring an exponent below 1
_GUARD: Final = 16  # bits


def exponential(numerator: int, denominator: int, bits: int) -> Ends:
    """`e^−a` for a = numerator/denominator >= 0, over `2**bits`: at most and at least so much.

    With r = a/2^m below 2^-8 it is (e^−r)^(2^m).  The Taylor terms T_k = r^k/k! alternate and fall, so that
    what is left out is less than the first of it.  The computed t_k come from r rounded down (an error of at
    most 1 in e^−r, over 2^w) and are rounded down once each, which makes e_k <= e_{k−1}/256 + 1 < 2; once a
    t_k is 0 its T_k is below 2, and n sums and the rest are off by less than 2n + 4.  A square of bounds
    bounds the square; each of the m squarings about doubles their distance, for which there are m bits more.
    """
    if numerator == 0:
        return 1 << bits, 1 << bits
    whole = numerator // denominator
    if whole > bits:
        return 0, 1  # e^−a < 2^−a
    halvings = whole.bit_length() + _HALVINGS
    width = bits + halvings + _GUARD
    small = (numerator << (width - halvings)) // denominator
    total = term = 1 << width
    count = 0
    while term:
        count += 1
        term = term * small // (count << width)
        total += -term if count % 2 else term
    error = 2 * count + 4
    low, high = max(total - error, 0), min(total + error, 1 << width)
    for _ in range(halvings):
        low, high = low * low >> width, -(-high * high >> width)
    excess = width - bits
    return low >> excess, -(-high >> excess)


def logarithm(u: int, bits: int) -> Ends:
    """`ln(1 + u)` for u in [0, 1], over `2**bits` like u.

    It is 2·artanh(s) with s = u/(2 + u) <= 1/3, and artanh(s) = Σ s^(2k+1)/(2k+1): all terms are positive,
    and what is left out after one is less than an eighth of it.  Rounded down throughout on one side, and up
    on the other.
    """
    width = bits + _GUARD
    one = 1 << width
    wide = u << _GUARD
    low, high = (wide << width) // (2 * one + wide), -((-wide << width) // (2 * one + wide))
    squares = low * low >> width, -(-high * high >> width)
    below = above = 0
    k = 0
    while True:
        below += low // (2 * k + 1)
        above += -(-high // (2 * k + 1))
        if high <= 1:
            break
        low, high = low * squares[0] >> width, -(-high * squares[1] >> width)
        k += 1
    return 2 * below >> _GUARD, -(-2 * (above + 1) >> _GUARD) if u else 0


def value(function: Smooth, numerator: int, denominator: int, bits: int) -> Ends:
    """The function at numerator/denominator, over `2**bits`."""
    one = 1 << bits
    if function is Smooth.SOFTPLUS:  # max(t, 0) + ln(1 + e^−|t|)
        low, high = exponential(abs(numerator), denominator, bits)
        base = max(numerator, 0) << bits
        return logarithm(low, bits)[0] + base // denominator, logarithm(high, bits)[1] - (
            -base // denominator
        )
    if function is Smooth.SIGMOID:
        low, high = exponential(abs(numerator), denominator, bits)
        if numerator < 0:  # e/(1 + e) ascends with e
            return (low << bits) // (one + low), -((-high << bits) // (one + high))
        return (one << bits) // (one + high), -((-one << bits) // (one + low))
    low, high = exponential(2 * abs(numerator), denominator, bits)
    # (1 − e)/(1 + e) descends with e
    ends = ((one - high) << bits) // (one + high), -(((low - one) << bits) // (one + low))
    return (-ends[1], -ends[0]) if numerator < 0 else ends


def slope(function: Smooth, numerator: int, denominator: int, bits: int) -> Ends:
    """The function's derivative at numerator/denominator, over `2**bits`.

    e/(1 + e)² ascends with e in [0, 1].
    """
    if function is Smooth.SOFTPLUS:
        return value(Smooth.SIGMOID, numerator, denominator, bits)
    one, factor = 1 << bits, 1 if function is Smooth.SIGMOID else 2
    low, high = exponential(factor * abs(numerator), denominator, bits)
    square = factor * factor  # σ' = e/(1 + e)², tanh' = 4e/(1 + e)²
    return (
        (square * low << 2 * bits) // (one + low) ** 2,
        -((-square * high << 2 * bits) // (one + high) ** 2),
    )
