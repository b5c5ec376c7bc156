"""Axes of an ellipsoid within a subspace, and few directions that stand for all of a plane.

In: equations and a sum of squares, or the squares' factors.  Out: rational vectors.  Exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt, pi, tan
from typing import Final

from spec_lang.obligations.cones import Whole, whole
from spec_lang.obligations.model import Terms

_DIRECTIONS: Final = 16  # of a half plane: what they enclose reaches beyond the circle by 0.5 %
_FINE: Final = 256
_MOST_BITS: Final = 53
_ZERO: Final = Fraction(0)

Vector = list[Fraction]


def orthogonal(
    places: Sequence[int], equations: Sequence[Terms], squares: Sequence[tuple[Fraction, Terms]]
) -> tuple[tuple[Whole, ...], tuple[Fraction, ...]] | None:
    """Vectors that span the solutions over some places, orthogonal in `Σ weight·(form·v)²`, and the value
    that this has on each; None where it is 0 on some, or a vector is none of whole binary64 numbers."""
    number = {place: k for k, place in enumerate(places)}

    def dense(terms: Terms) -> Vector:
        row = [_ZERO] * len(places)
        for place, c in terms:
            if place in number:
                row[number[place]] = c
        return row

    forms = [(weight, [(number[i], c) for i, c in terms if i in number]) for weight, terms in squares]
    axes: list[Whole] = []
    values: list[list[Fraction]] = []  # of the forms on each axis
    lengths: list[Fraction] = []
    for vector in _solutions([dense(terms) for terms in equations], len(places)):
        found = vector
        seen = [sum((c * found[i] for i, c in form), _ZERO) for _, form in forms]
        for axis, other, length in zip(axes, values, lengths, strict=True):
            share = (
                sum((w * a * b for (w, _), a, b in zip(forms, seen, other, strict=True) if a and b), _ZERO)
                / length
            )
            found = _less(found, share, axis)
        axis, _ = whole(found)
        mine = [sum((c * axis[i] for i, c in form), _ZERO) for _, form in forms]
        length = sum((w * v * v for (w, _), v in zip(forms, mine, strict=True)), _ZERO)
        if not length or max(abs(c).bit_length() for c in axis) > _MOST_BITS:
            return None
        axes.append(axis)
        values.append(mine)
        lengths.append(length)
    return tuple(axes), tuple(lengths)


def _solutions(equations: Sequence[Vector], size: int) -> list[Vector]:
    """A basis of what all equations are 0 on."""
    reduced: list[tuple[int, Vector]] = []
    for given in equations:
        row = given
        for lead, other in reduced:
            row = _less(row, row[lead], other)
        first = next((k for k, c in enumerate(row) if c), None)
        if first is not None:
            row = [c / row[first] for c in row]
            reduced = [(k, _less(other, other[first], row)) for k, other in reduced]
            reduced.append((first, row))
    leads = {lead for lead, _ in reduced}
    basis = []
    for free in range(size):
        if free not in leads:
            vector = [Fraction(int(k == free)) for k in range(size)]
            for lead, row in reduced:
                vector[lead] = -row[free]
            basis.append(vector)
    return basis


def _less(vector: Vector, share: Fraction, other: Sequence[Fraction | int]) -> Vector:
    return [a - share * b for a, b in zip(vector, other, strict=True)] if share else vector


def around_circle() -> tuple[list[tuple[Fraction, Fraction]], Fraction]:
    """Directions u of a half plane, of length 1, and a number r² such that any vector v of the plane is at
    most r times as long as the largest |u·v| is.

    Sound because the polygon with the corners ±r·u has all its edges outside of the circle: the edge between
    two of length r has the distance √(r² − |difference|²/4) from 0.
    """
    found: list[tuple[Fraction, Fraction]] = []
    for number in range(_DIRECTIONS):
        quarter, rest = divmod(number, _DIRECTIONS // 2)
        t = Fraction(round(_FINE * tan(pi * rest / _DIRECTIONS / 2)), _FINE)
        x, y = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
        found.append((-y, x) if quarter else (x, y))
    ends = [*found[1:], (-found[0][0], -found[0][1])]
    chords = ((a - c) ** 2 + (b - d) ** 2 for (a, b), (c, d) in zip(found, ends, strict=True))
    return found, 1 / (1 - max(chords) / 4)


def root_above(number: Fraction) -> Fraction:
    """The root of a number where it is rational, otherwise a little more."""
    top, bottom = isqrt(number.numerator), isqrt(number.denominator)
    if top * top == number.numerator and bottom * bottom == number.denominator:
        return Fraction(top, bottom)
    scaled = number.numerator * 4**30 // number.denominator + 1
    return Fraction(isqrt(scaled) + 1, 2**30)
