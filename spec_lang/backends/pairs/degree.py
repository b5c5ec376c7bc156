"""Proofs by degree: from a search that met no fold to the certificate, and what a boundary that meets itself
says instead.

In: the search, and the domains.  Out: a `DegreeProof`, with as many tangents of round domains as leave
nothing of what is outside; or pairs of points that have one value, nearest to the centre first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends.pairs.boundary import crossing
from spec_lang.backends.pairs.exact import Exact, Vector
from spec_lang.backends.pairs.folds import FoldSearch
from spec_lang.backends.pairs.plane import BOX, Piece, nearest
from spec_lang.backends.pairs.refute import Pair, solved
from spec_lang.bounding.program import F64
from spec_lang.obligations.pair_certificate import DegreeProof
from spec_lang.obligations.two_points import Domain, Row

EVENLY: Final = 16  # tangents of a disc to begin with
_HALVINGS: Final = 40
# Beyond the least gauge at which a boundary meets itself, as shares of what is left to 1.
_BEYOND: Final = (1e-9, 1e-7, 1e-5, 1e-3, 1e-1, 0.5, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Enclosed:
    """The polygon that holds the domains: the box, and the rows and rounds that both have, the latter by
    their tangents."""

    search: FoldSearch
    x: Domain
    y: Domain
    tangents: list[F64]  # points of the free inputs

    @classmethod
    def around(cls, search: FoldSearch, x: Domain, y: Domain, evenly: int = EVENLY) -> Enclosed:
        """With so many tangents evenly, and those that cut off what the search met outside."""
        found = cls(search, x, y, [])
        if search.gauge.rounds:
            found.tangents.extend(_evenly(search, evenly))
            found._separate()
        return found

    def _separate(self) -> None:
        gauge = self.search.gauge
        free = list(gauge.free)
        pieces = [fold.piece for fold in self.search.outside]
        pieces += [Piece.of_box(lower[free], upper[free]) for lower, upper in self.search.beyond]
        for piece, place in zip(pieces, nearest(pieces, gauge), strict=True):
            if len(piece.cut_by(self._halves()).corners):
                point = gauge.tangent_point(place.point)
                if point is not None:
                    self.tangents.append(point)

    def _halves(self) -> Iterator[tuple[F64, float, int]]:
        """The rows and the tangents, as what has to be at least 0."""
        gauge = self.search.gauge
        rows = [row for row in self.x.rows if row in self.y.rows]
        rounds = [one for one in self.x.rounds if one in self.y.rounds]
        for point in self.tangents:
            whole = _whole(gauge.point, gauge.free, tuple(Fraction(float(v)) for v in point))
            rows += [Row(*one.tangent(whole)) for one in rounds]
        for row in rows:
            terms = dict(row.inputs)
            rest = sum((c * gauge.point[i] for i, c in row.inputs if i not in gauge.free), row.constant)
            normal = np.array([-float(terms.get(i, 0)) for i in gauge.free])
            yield normal, -float(rest), BOX

    def polygon(self) -> Piece:
        gauge, root = self.search.gauge, self.search.root
        free = list(gauge.free)
        return Piece.of_box(root.lower[0, free], root.upper[0, free]).cut_by(self._halves())

    def proof(self) -> DegreeProof:
        gauge = self.search.gauge
        size = len(gauge.point)
        points = np.zeros((len(self.tangents), size))
        for row, point in zip(points, self.tangents, strict=True):
            row[:] = [float(value) for value in gauge.point]
            row[list(gauge.free)] = point
        tree = self.search.tree
        axes = np.array([tree.axis[node] for node in tree.preorder()], dtype=np.int8)
        return DegreeProof(self.search.weights, self.search.sign, axes, points)


def _evenly(search: FoldSearch, count: int) -> Iterator[F64]:
    """Points where rays from the centre leave what the rounds say."""
    gauge = search.gauge
    if len(gauge.free) == 1:
        ways = np.array([[1.0], [-1.0]])
    else:
        angles = 2 * np.pi * np.arange(count) / count
        ways = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for way in ways:
        point = gauge.tangent_point(gauge.center + way)
        if point is not None:
            yield point


def meeting(search: FoldSearch, exact: Exact, polygon: Piece) -> Iterator[Pair]:
    """Pairs at which a boundary's image crosses itself, from the least gauge on where it does."""
    slopes, gauge = search.slopes, search.gauge

    def at(level: float) -> F64:
        return gauge.center + level * (polygon.corners - gauge.center)

    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if crossing(slopes, search.weights, at(middle)) is None:
            low = middle
        else:
            high = middle
    for share in _BEYOND:
        found = crossing(slopes, search.weights, at(high + share * (1 - high)))
        if found is not None and (pair := _solved(search, exact, found.x, found.y)) is not None:
            yield pair


def _solved(search: FoldSearch, exact: Exact, x: F64, y: F64) -> Pair | None:
    """The same value exactly: x is moved, on its piece, to where it has y's."""
    gauge = search.gauge
    whole = np.repeat(search.slopes.point[None], 2, axis=0)
    whole[:, list(gauge.free)] = x, y
    here, there = (exact.piece(active) for active in search.slopes.entering(whole)[0] > 0)
    fixed = tuple(Fraction(float(value)) for value in y)
    values = [sum((a * b for a, b in zip(row, fixed, strict=False)), row[-1]) for row in there.rows]
    change = tuple(value - row[-1] for value, row in zip(values, here.rows, strict=True))
    moved = solved([row[:-1] for row in here.rows], change)
    if moved is None:
        return None
    return _whole(gauge.point, gauge.free, moved), _whole(gauge.point, gauge.free, fixed)


def _whole(point: Vector, free: Sequence[int], part: Sequence[Fraction]) -> Vector:
    values = list(point)
    for i, value in zip(free, part, strict=True):
        values[i] = value
    return tuple(values)
