"""Atoms as comparisons of binary64 numbers, which a runtime can make.

In: a linear atom with exact coefficients, and the type of the numbers that it is about.  Out: a row that is
true for no numbers for which the atom is false.  A row of one term, or of two with simple factors, is true
exactly when the atom is; a longer one also fails where the sum is so near to its limit that rounding might
decide.  A NaN makes no row true that it takes part in.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, inf, lcm, nextafter
from sys import float_info
from typing import Final

from spec_lang._values import dataclass
from spec_lang.obligations.model import LinearAtom

# The bits that a factor may have for its product with a number of the type to be exact in binary64.
_EXACT_BITS: Final = {"float16": 42, "float32": 29, "float64": 1}
PRECISIONS: Final = frozenset(_EXACT_BITS)

# Less than any sum of multiples of float32 numbers that is above 0; and a normal number, which no processor
# takes for 0.
_TINY: Final = 2.0**-600
_LEAST: Final = 2.0**-1074
_RANGE: Final = Fraction(2) ** 300  # within which no product of such a factor under- or overflows
_UNIT: Final = 2.0**-52


class NotComputable(Exception):
    """Why no row stands for an atom; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Short:
    """`a * v[first] + b * v[second] < below`; exact."""

    first: int
    a: float
    second: int
    b: float
    below: float


@dataclass(frozen=True, slots=True)
class Long:
    """`s + margin * (Σ |c|·|v| + |constant|) < below`, for `s = Σ c·v + constant`."""

    terms: tuple[tuple[int, float], ...]
    constant: float
    margin: float
    below: float


Row = Short | Long


def row_of(atom: LinearAtom, inputs: int, precision: str) -> Row:
    """The row of an atom with a term; its variables are the inputs, then the outputs.

    Raises `NotComputable`.
    """
    terms = (*atom.inputs, *((inputs + index, factor) for index, factor in atom.outputs))
    if len(terms) == 1:
        return _single(terms[0], atom, precision)
    if len(terms) == 2 and atom.constant == 0:
        pair = _pair(terms, atom.strict, precision)
        if pair is not None:
            return pair
    return _long(terms, atom, precision)


def _single(term: tuple[int, Fraction], atom: LinearAtom, precision: str) -> Short:
    """`± v < limit`: for numbers of binary64 `v <= t` is `v` below the number after the last that `t` is not
    below, and `v < t` is `v` below the first that is not below `t`."""
    index, factor = term
    limit = -atom.constant / abs(factor)
    below = _up(limit) if atom.strict else _after(_down(limit), precision)
    return Short(index, 1.0 if factor > 0 else -1.0, index, 0.0, below)


def _pair(terms: tuple[tuple[int, Fraction], ...], strict: bool, precision: str) -> Short | None:
    """Sound because both products are exact, and a rounded sum of two numbers has the sign of the sum."""
    common = lcm(*(factor.denominator for _, factor in terms))
    whole = [int(factor * common) for _, factor in terms]
    divisor = gcd(*whole)
    a, b = (number // divisor for number in whole)
    if any(_bits(number) > _EXACT_BITS[precision] or abs(number) > _RANGE for number in (a, b)):
        return None
    return Short(terms[0][0], float(a), terms[1][0], float(b), 0.0 if strict else _after(0.0, precision))


def _long(terms: tuple[tuple[int, Fraction], ...], atom: LinearAtom, precision: str) -> Long:
    """Sound because n products of factors rounded to nearest, summed in any order, are off by less than
    `(n + 3)·2^-53` of the sum of their sizes, of which the margin is more than twice that much."""
    largest = max(abs(factor) for _, factor in terms)
    if any(largest / abs(factor) > _RANGE for _, factor in terms) or abs(atom.constant) > largest * _RANGE:
        raise NotComputable("its coefficients are of too different sizes")
    scale = Fraction(2) ** (largest.denominator.bit_length() - largest.numerator.bit_length())
    factors = tuple((index, float(factor * scale)) for index, factor in terms)
    count = len(terms)
    below = 0.0 if atom.strict else _TINY
    if precision == "float64":  # products may vanish, each by less than the least number
        below = -(4 * count + 16) * _LEAST
    return Long(factors, float(atom.constant * scale), (count + 8) * _UNIT, below)


def _bits(number: int) -> int:
    return (abs(number) // (number & -number)).bit_length()


def _after(number: float, precision: str) -> float:
    """A number above `number`, and not above any greater one that a short sum can be."""
    return _TINY if number == 0 and precision != "float64" else nextafter(number, inf)


def _down(number: Fraction) -> float:
    """The greatest number of binary64, or infinity, that is not above `number`."""
    return -_up(-number)


def _up(number: Fraction) -> float:
    """The least that is not below it."""
    if abs(number) > Fraction(float_info.max):
        return inf if number > 0 else -float_info.max
    nearest = float(number)
    return nearest if Fraction(nearest) >= number else nextafter(nearest, inf)
