"""Sums of square roots of rationals, compared exactly: what an `l2` norm is over fractions.

In: non-negative rationals.  Out: a `Fraction` where the root is rational, otherwise a `Surd` that adds,
multiplies and compares with fractions and other surds.  No decision is taken in floating point.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import isqrt, sqrt
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError

_ONE: Final = Fraction(1)


@dataclass(frozen=True, slots=True, eq=False)
class Surd:
    """`Σ coefficient · √radicand` over `terms`, irrational.

    Radicands are positive and no two are a rational square apart, so that their roots are linearly
    independent over the rationals: a surd is never zero, and two are equal when their difference cancels.
    The radicand 1 stands for the rational part.
    """

    terms: tuple[tuple[Fraction, Fraction], ...]  # (radicand, coefficient), no coefficient is zero

    def __add__(self, other: Exact) -> Exact:
        return _collected((*self.terms, *_terms(other)))

    def __mul__(self, other: Exact) -> Exact:
        products = ((r * s, c * d) for r, c in self.terms for s, d in _terms(other))
        return _collected(products)

    def __neg__(self) -> Surd:
        return Surd(tuple((r, -c) for r, c in self.terms))

    def __sub__(self, other: Exact) -> Exact:
        return self + -other

    def __rsub__(self, other: Fraction | int) -> Exact:
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__

    def __truediv__(self, other: Exact) -> Exact:
        return self * (other._inverse() if isinstance(other, Surd) else 1 / Fraction(other))

    def __rtruediv__(self, other: Fraction | int) -> Exact:
        return self._inverse() * other

    def _inverse(self) -> Surd:
        if len(self.terms) > 1:
            raise InternalError("division by a sum of roots")
        ((radicand, coefficient),) = self.terms
        return Surd(((radicand, 1 / (coefficient * radicand)),))  # 1 / c√r = √r / cr

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Surd):
            return False  # a surd is irrational
        return not isinstance(self - other, Surd) and self - other == 0

    def __hash__(self) -> int:
        raise TypeError("a surd has many spellings and no hash")

    def __lt__(self, other: Exact) -> bool:
        return _sign(self - other) < 0

    def __le__(self, other: Exact) -> bool:
        return _sign(self - other) <= 0

    def __gt__(self, other: Exact) -> bool:
        return _sign(self - other) > 0

    def __ge__(self, other: Exact) -> bool:
        return _sign(self - other) >= 0

    def __float__(self) -> float:
        return sum(float(c) * sqrt(r) for r, c in self.terms)


Exact = Fraction | int | Surd


def root(value: Fraction) -> Fraction | Surd:
    """The square root of a number that is not negative."""
    if value < 0:
        raise InternalError("the root of a negative number")
    exact = _rational_root(value)
    return Surd(((value, _ONE),)) if exact is None else exact


def _rational_root(value: Fraction) -> Fraction | None:
    result = Fraction(isqrt(value.numerator), isqrt(value.denominator))
    return result if result * result == value else None


def _terms(value: Exact) -> tuple[tuple[Fraction, Fraction], ...]:
    return value.terms if isinstance(value, Surd) else ((_ONE, Fraction(value)),)


def _collected(terms: Iterable[tuple[Fraction, Fraction]]) -> Fraction | Surd:
    """The sum of `terms`, roots of one kind together: √r = √(r/s) · √s when r/s is a square."""
    found: dict[Fraction, Fraction] = {_ONE: Fraction(0)}
    for radicand, coefficient in terms:
        for kind in found:
            ratio = _rational_root(radicand / kind)
            if ratio is not None:
                found[kind] += coefficient * ratio
                break
        else:
            found[radicand] = coefficient
    kept = tuple((kind, coefficient) for kind, coefficient in found.items() if coefficient)
    if all(kind == 1 for kind, _ in kept):
        return found[_ONE]
    return Surd(kept)


def _sign(value: Exact) -> int:
    """−1, 0 or 1.  A surd is not zero, so some precision tells."""
    if not isinstance(value, Surd):
        return (value > 0) - (value < 0)
    bits = 64
    while True:
        lower = upper = 0  # of 2^bits · value
        for radicand, coefficient in value.terms:
            square = coefficient * coefficient * radicand
            floor = isqrt((square.numerator << 2 * bits) // square.denominator)
            lower += floor if coefficient > 0 else -floor - 1
            upper += floor + 1 if coefficient > 0 else -floor
        if lower > 0:
            return 1
        if upper < 0:
            return -1
        bits *= 2
