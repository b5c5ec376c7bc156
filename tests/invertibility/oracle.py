"""Who has the same image as somebody else: decided by all pairs of affine pieces, in exact integers.

In: the pieces of two networks on the same polygons.  Out: a pair of points with one image by the first and
two by the second, or None when there is none.  With the identity in place of the second network that is
injectivity.  On the images of two pieces both preimages are affine functions of the image: they agree where
the images meet if they do at the corners of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from tests.invertibility.pieces import Layers, Piece, pieces
from tests.invertibility.polygons import Point, Polygon, fractions_of, on, point_of
from tests.invertibility.reached import Reached

Pair = tuple[tuple[Fraction, ...], tuple[Fraction, ...]]


def injectivity_broken(layers: Layers, polygon: Polygon, given: Sequence[int] = ()) -> Pair | None:
    """Two points of the polygon with one image, and the same inputs `given`; None when there are none."""
    both = []
    for piece in pieces(layers, polygon):
        identity = _identity(piece)
        more = [tuple(piece.scale * e for e in identity.rows[i]) for i in given]
        both.append((Piece(piece.polygon, (*piece.rows, *more), piece.scale), identity))
    return _first(both)


def determination_broken(first: Layers, second: Layers, polygon: Polygon) -> Pair | None:
    """Two points with one image by `first` and two by `second`; None when there are none."""
    both = []
    for piece in pieces(first, polygon):
        both += [(Piece(p.polygon, piece.rows, piece.scale), p) for p in pieces(second, piece.polygon)]
    return _first(both)


def preimages(layers: Layers, point: Sequence[Fraction], polygon: Polygon) -> set[tuple[Fraction, ...]]:
    """The points of the polygon with the image that `point` has; of an edge or area of them the corners."""
    (there,) = pieces(layers, (point_of(point),))
    wanted = there.image(there.polygon[0])
    return {fractions_of(p) for piece in pieces(layers, polygon) for p in fibre(piece, wanted)}


def fibre(piece: Piece, image: Point) -> Polygon:
    """Where a piece takes this value."""
    found = piece.polygon
    for row, e in zip(piece.rows, image[:-1], strict=True):
        *slopes, constant = (image[-1] * r for r in row)
        found = on(found, (*slopes, constant - e * piece.scale)) if found else found
    return found


def _identity(piece: Piece) -> Piece:
    size = len(piece.polygon[0])
    return Piece(piece.polygon, tuple(tuple(int(i == j) for j in range(size)) for i in range(size - 1)), 1)


def _first(both: Sequence[tuple[Piece, Piece]]) -> Pair | None:
    """A pair that `f` merges and `g` does not, for `f, g` on each polygon."""
    reached = []
    for f, g in both:
        found = _single(f, g)
        if not isinstance(found, Reached):
            return found
        reached.append(found)
    for i, j in _near(reached):
        pair = reached[i].parted(reached[j])
        if pair is not None:
            return pair
    return None


def _single(f: Piece, g: Piece) -> Pair | Reached:
    """A pair in one piece; or what its image is, where `g` is a function of it."""
    corners = f.polygon
    if f.injective:
        return Reached(corners, f, g)
    points = [fractions_of(corner) for corner in corners]
    middle = point_of(sum(column) / Fraction(len(points)) for column in zip(*points, strict=True))
    merged = fibre(f, f.image(middle))
    for point in merged:
        if g.image(point) != g.image(merged[0]):
            return fractions_of(merged[0]), fractions_of(point)
    # A segment across what is merged has all of the image, or a point if all of the piece is merged.
    ordered = sorted(corners, key=lambda corner: fractions_of(f.image(corner)))
    ends = (ordered[0], ordered[-1]) if f.image(ordered[0]) != f.image(ordered[-1]) else (ordered[0],)
    return Reached(ends, f, g)


def _near(reached: Sequence[Reached]) -> Iterator[tuple[int, int]]:
    """Pairs of images that no coordinate, sum or difference of two separates, in numbers rounded outward."""
    if not reached:
        return
    lower, upper = (np.array(ends) for ends in zip(*(one.extent() for one in reached), strict=True))
    lower, upper = np.nextafter(lower, -np.inf), np.nextafter(upper, np.inf)
    for i in range(len(reached) - 1):
        meets = np.all((lower[i] <= upper[i + 1 :]) & (lower[i + 1 :] <= upper[i]), axis=1)
        yield from ((i, i + 1 + int(j)) for j in np.flatnonzero(meets))
