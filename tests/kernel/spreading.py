"""Obligations that a network keeps points apart, and the constants of its affine pieces.

In: layers as the oracle of `tests.invertibility` has them.  Out: obligations; and what no constant is above.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product

from spec_lang.obligations.model import All, Any, Box, LinearAtom, Obligation, Region
from tests.invertibility.pieces import Layers, Piece, pieces
from tests.invertibility.polygons import box
from tests.kernel.two_points import ONE, ZERO, Ends, difference, graph_of, twice


def spread_out(
    layers: Layers,
    lower: Ends,
    upper: Ends,
    least: Fraction,
    *,
    norm: str = "linf",
    given: Sequence[int] = (),
) -> Obligation:
    """That images of the box's points are at least so many times as far apart as these."""
    both = twice(graph_of(layers))
    inputs, size = both.input_size // 2, both.output_size // 2
    rows = [_both_sides(row, size) for row in _rows(size, norm)]
    limits = [_both_sides([least * c for c in row], inputs) for row in _rows(inputs, norm)]
    cases = tuple(
        All(tuple(LinearAtom(_minus(limit), row, ZERO, strict=True) for row in rows)) for limit in limits
    )
    agree = [
        difference(*ends, outputs=False, strict=False)
        for i in given
        for ends in ((i, inputs + i), (inputs + i, i))
    ]
    return Obligation(both, Region((Box((*lower, *lower), (*upper, *upper)),), tuple(agree)), Any(cases))


def _rows(size: int, norm: str) -> list[list[Fraction]]:
    """Of which the greatest is the norm."""
    if norm == "l1":
        return [list(map(Fraction, signs)) for signs in product((1, -1), repeat=size)]
    return [[sign * Fraction(i == j) for j in range(size)] for i in range(size) for sign in (1, -1)]


def _both_sides(row: Sequence[Fraction], size: int) -> tuple[tuple[int, Fraction], ...]:
    return tuple(
        (place + i, sign * c) for place, sign in ((0, ONE), (size, -ONE)) for i, c in enumerate(row) if c
    )


def _minus(terms: tuple[tuple[int, Fraction], ...]) -> tuple[tuple[int, Fraction], ...]:
    return tuple((index, -c) for index, c in terms)


def size(vector: Sequence[Fraction], norm: str) -> Fraction:
    return max(map(abs, vector)) if norm == "linf" else sum(map(abs, vector), start=ZERO)


def spread_of_pieces(layers: Layers, lower: Ends, upper: Ends, norm: str = "linf") -> Fraction:
    """The least of what the affine pieces of a map of the plane to the plane spread any points, exactly."""
    return min(_spread(piece, norm) for piece in pieces(layers, box(lower, upper)))


def _spread(piece: Piece, norm: str) -> Fraction:
    (a, b), (c, d) = ([Fraction(v, piece.scale) for v in row[:2]] for row in piece.rows)
    determinant = a * d - b * c
    if not determinant:
        return ZERO
    inverse = [[d / determinant, -b / determinant], [-c / determinant, a / determinant]]
    lines = inverse if norm == "linf" else list(zip(*inverse, strict=True))
    return 1 / max(sum(map(abs, line), start=ZERO) for line in lines)


def grid(lower: Ends, upper: Ends, parts: int = 6) -> Iterator[tuple[Fraction, ...]]:
    steps = [
        [low + (high - low) * k / parts for k in range(parts + 1)]
        for low, high in zip(lower, upper, strict=True)
    ]
    return product(*steps)
