"""Pairs of points at which a function has the same values, exactly, at a fold.

In: a fold or a flat piece.  Out: pairs of rational points near its place that is nearest to the centre: the
closest to that place first, or those that are furthest apart.  At a point m of the kink between the pieces A
and B, `x = m + εv` in A and `y = m + εJ_B⁻¹J_A v` in B have one value, where the determinants of J_A and J_B
differ in sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends.pairs.exact import Affines, Exact, Pattern, Vector
from spec_lang.backends.pairs.folds import Fold
from spec_lang.bounding.program import F64

Pair = tuple[Vector, Vector]  # of flat inputs

# How far along a kink, or into a flat piece, a pair is from the place that is nearest to the centre, and how
# far its points are apart, as shares of what there is of it; the nearest first.
SHARES: Final = tuple(Fraction(1, 2**bits) for bits in (34, 20, 8, 1))
_ASIDE: Final = (0.5, 2.0**-10)  # of the way from a corner of a flat piece to its middle


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The pairs at folds of one function, whose inputs that are not `free` are those of `point`."""

    exact: Exact
    point: Vector
    free: tuple[int, ...]
    nearest: bool = True

    def near(self, fold: Fold) -> Iterator[Pair]:
        """Pairs at one fold, from near its nearest place on, or towards it."""
        piece = self.exact.piece(fold.pattern)
        kernel = kernel_of([row[:-1] for row in piece.rows])
        room = Fraction(max(1 - fold.place.value, 0.0)) / 16
        first = min(SHARES[0], 1 / _above(1 / room)) if room else SHARES[0]
        shares = first, *SHARES[1:]
        for share in shares if self.nearest else shares[::-1]:
            if kernel is not None:
                yield from self._flat(fold, piece, kernel, share)
            for corner in fold.place.edges if kernel is None else ():
                yield from self._folded(fold, piece, corner, share)

    def _flat(self, fold: Fold, piece: Affines, kernel: Vector, share: Fraction) -> Iterator[Pair]:
        """Two points on a line of the kernel, inside the piece; in the end on several lines, far apart."""
        corners = fold.piece.corners
        middle = corners.mean(axis=0)
        at = _between(_exact(fold.place.point), _exact(middle), share)
        longest = min(_reach(piece, at, way, fold.pattern) for way in (kernel, _times(kernel, -1)))
        if longest > 0:
            step = min(longest / 2, share * Fraction(float(np.ptp(corners, axis=0).max())))
            step = 1 / _above(1 / step)
            yield self._pair(_plus(at, step, kernel), _plus(at, -step, kernel))
        if share == SHARES[-1]:
            way = np.array([float(part) for part in kernel])
            for aside in _ASIDE:
                for start in corners + aside * (middle - corners):
                    ends = fold.piece.chord(start, way)
                    if np.isfinite(ends).all():
                        yield self._pair(*(_plus(_exact(start), Fraction(end), kernel) for end in ends))

    def _folded(self, fold: Fold, piece: Affines, corner: int, share: Fraction) -> Iterator[Pair]:
        """Two points on either side of the edge that starts at a corner."""
        label = fold.piece.labels[corner]
        if label < 0:
            return
        corners = fold.piece.corners
        end = corners[(corner + 1) % len(corners)] if len(self.free) > 1 else corners[corner]
        *normal, constant = piece.entering[label]
        steepest = max(range(len(normal)), key=lambda i: abs(normal[i]))
        if not normal[steepest]:
            return
        at = _between(_exact(fold.place.point), _exact(0.5 * (corners[corner] + end)), share)
        above = sum((a * b for a, b in zip(normal, at, strict=True)), constant)
        # On the kink: one coordinate alone is moved there, so that the point stays short.
        middle = tuple(a - above / normal[i] if i == steepest else a for i, a in enumerate(at))
        length = _above(abs(normal[steepest]))
        way = _times(tuple(normal), (-1 if fold.pattern[label] else 1) / length)
        whole = self._whole(middle)
        here, there = self.exact.ray(whole, way), self.exact.ray(whole, _times(way, -1))
        back = solved([row[:-1] for row in self.exact.piece(there.pattern).rows], here.change)
        if back is None or self.exact.ray(whole, back).change != here.change:
            return
        extent = Fraction(float(np.ptp(corners, axis=0).max())) / max(map(abs, (*way, *back)))
        step = min(self._reach(middle, way) / 2, self._reach(middle, back) / 2, share * extent)
        if step > 0:
            step = 1 / _above(1 / step)
            yield self._pair(_plus(middle, step, way), _plus(middle, step, back))

    def _reach(self, point: Vector, way: Vector) -> Fraction:
        """How far the piece goes that a way leads into."""
        pattern = self.exact.ray(self._whole(point), way).pattern
        return _reach(self.exact.piece(pattern), point, way, pattern)

    def _whole(self, part: Vector) -> Vector:
        values = list(self.point)
        for i, value in zip(self.free, part, strict=True):
            values[i] = value
        return tuple(values)

    def _pair(self, x: Vector, y: Vector) -> Pair:
        return self._whole(x), self._whole(y)


def _reach(piece: Affines, point: Vector, way: Vector, pattern: Pattern) -> Fraction:
    """How many times `way` a point of a piece may go before some neuron changes sign, at most 1."""
    longest = Fraction(1)
    for (*normal, constant), active in zip(piece.entering, pattern.tolist(), strict=True):
        speed = sum((a * b for a, b in zip(normal, way, strict=True)), Fraction(0))
        if (speed < 0) if active else (speed > 0):
            here = sum((a * b for a, b in zip(normal, point, strict=True)), constant)
            longest = min(longest, -here / speed)
    return longest


def kernel_of(rows: Sequence[Vector]) -> Vector | None:
    """A vector of at most about unit length that one or two columns take to 0."""
    if len(rows[0]) == 1:
        return None if any(row[0] for row in rows) else (Fraction(1),)
    first = next((row for row in rows if any(row)), None)
    if first is None:
        return Fraction(1), Fraction(0)
    if any(first[0] * row[1] != first[1] * row[0] for row in rows):
        return None
    return _times((-first[1], first[0]), 1 / max(abs(first[0]), abs(first[1])))


def solved(rows: Sequence[Vector], values: Vector) -> Vector | None:
    """The solution of equations in one or two unknowns, where there is a single one."""
    found = _unique(rows, values)
    if found is None:
        return None
    left = (sum((a * b for a, b in zip(row, found, strict=True)), Fraction(0)) for row in rows)
    return found if all(a == b for a, b in zip(left, values, strict=True)) else None


def _unique(rows: Sequence[Vector], values: Vector) -> Vector | None:
    """What those equations say that are enough."""
    if len(rows[0]) == 1:
        return next(((value / row[0],) for row, value in zip(rows, values, strict=True) if row[0]), None)
    for ((a, b), e), ((c, d), f) in combinations(zip(rows, values, strict=True), 2):
        if under := a * d - b * c:
            return (d * e - b * f) / under, (a * f - c * e) / under
    return None


def _exact(point: F64) -> Vector:
    return tuple(Fraction(float(value)) for value in np.atleast_1d(point))


def _times(way: Vector, factor: Fraction | int) -> Vector:
    return tuple(factor * part for part in way)


def _plus(point: Vector, step: Fraction, way: Vector) -> Vector:
    return tuple(here + step * part for here, part in zip(point, way, strict=True))


def _between(one: Vector, other: Vector, share: Fraction) -> Vector:
    return tuple(a + share * (b - a) for a, b in zip(one, other, strict=True))


def _above(number: Fraction) -> Fraction:
    """A power of two that is not below it, and less than four times as much: it keeps points short."""
    bits = number.numerator.bit_length() - number.denominator.bit_length() + 1
    return Fraction(1 << bits) if bits > 0 else Fraction(1, 1 << -bits)
