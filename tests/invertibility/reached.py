"""The image of a piece, with the way back: the preimage as an affine function of the image.

In: corners of a polygon, segment or point on which a map is injective, the map, and a second one.  Out: where
the images of two such pieces meet, and a pair of preimages there that the second map tells apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Final

from tests.invertibility.pieces import Piece
from tests.invertibility.polygons import Form, Point, Polygon, at, fractions_of, on, reduced, within

Pair = tuple[tuple[Fraction, ...], tuple[Fraction, ...]]
Equation = tuple[Form, Form]  # a form of the preimage equals a form of the image


class Reached:
    """`f` on the polygon of these corners, and `g` beside it."""

    def __init__(self, corners: Polygon, f: Piece, g: Piece) -> None:
        self.image: Final = tuple(f.image(corner) for corner in corners)
        self.g: Final = g
        equations = (*_map(f), *_hull(corners, len(f.rows)))
        self.back: Final = _inverse(equations)
        self.flat: Final = tuple(
            form for form in (self._difference(*equation) for equation in equations) if any(form)
        )
        self.sides: Final = tuple(self._over_image(side) for side in _sides(corners))

    def preimage(self, image: Point) -> Point:
        return reduced([at(form, image) for form in self.back])

    def extent(self) -> tuple[list[float], list[float]]:
        """The least and greatest coordinates of the image, and of sums and differences of two, each the
        nearest float."""
        columns = list(zip(*([e / p[-1] for e in _directions(p)] for p in self.image), strict=True))
        return [min(column) for column in columns], [max(column) for column in columns]

    def parted(self, other: Reached) -> Pair | None:
        """A pair with one image, of which `g` makes two."""
        meeting = self.image
        for form in other.flat:
            meeting = on(meeting, form)
            if not meeting:
                return None
        for form in other.sides:
            meeting = within(meeting, form)
            if not meeting:
                return None
        for image in meeting:
            x, y = self.preimage(image), other.preimage(image)
            if self.g.image(x) != other.g.image(y):
                return fractions_of(x), fractions_of(y)
        return None

    def _over_image(self, form: Form) -> Form:
        """A form of the preimage, as one of the image."""
        return reduced([at(form, column) for column in zip(*self.back, strict=True)])

    def _difference(self, of_preimage: Form, of_image: Form) -> Form:
        factor = self.back[-1][-1]
        composed = [at(of_preimage, column) for column in zip(*self.back, strict=True)]
        return reduced([a - factor * b for a, b in zip(composed, of_image, strict=True)])


def _directions(point: Point) -> Iterator[int]:
    yield from point[:-1]
    for a, b in combinations(point[:-1], 2):
        yield a + b
        yield a - b


def _map(f: Piece) -> Iterator[Equation]:
    """`rows[k](x) = scale * z[k]`"""
    for k, row in enumerate(f.rows):
        yield row, tuple(f.scale * (i == k) for i in range(len(f.rows) + 1))


def _hull(corners: Polygon, outputs: int) -> Iterator[Equation]:
    """The line or point that the corners lie on, if that is not everything."""
    nothing, size = (0,) * (outputs + 1), len(corners[0])
    if len(corners) == 1:
        for k in range(size - 1):
            yield (
                tuple(corners[0][-1] * (i == k) - corners[0][k] * (i == size - 1) for i in range(size)),
                nothing,
            )
    elif len(corners) < size:
        yield cross(*corners), nothing


def _inverse(equations: Sequence[Equation]) -> tuple[Form, ...]:
    """The preimage, homogeneous, by forms of the image; of as many equations as there are inputs."""
    width = len(equations[0][1])
    if len(equations[0][0]) == 2:
        (slope, constant), right = next(e for e in equations if e[0][0])
        rows = [_shifted(right, -constant)]
        return _positive(rows, slope, width)
    for ((a, b, s), left), ((c, d, t), right) in combinations(equations, 2):
        determinant = a * d - b * c
        if determinant:
            u, v = _shifted(left, -s), _shifted(right, -t)
            rows = [
                tuple(d * e - b * f for e, f in zip(u, v, strict=True)),
                tuple(a * f - c * e for e, f in zip(u, v, strict=True)),
            ]
            return _positive(rows, determinant, width)
    raise ValueError("the map is not injective")


def _shifted(form: Form, constant: int) -> Form:
    return (*form[:-1], form[-1] + constant)


def _positive(rows: Sequence[Form], denominator: int, width: int) -> tuple[Form, ...]:
    sign = 1 if denominator > 0 else -1
    last = (0,) * (width - 1) + (abs(denominator),)
    return (*(tuple(sign * e for e in row) for row in rows), last)


def cross(p: Sequence[int], q: Sequence[int]) -> Form:
    """The line through two points of the plane."""
    return reduced([p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]])


def _sides(corners: Polygon) -> Iterator[Form]:
    """Half-spaces whose intersection, within the hull, the polygon is."""
    if len(corners) == 2:
        for p, q in (corners, corners[::-1]):
            ahead = [q[i] * p[-1] - p[i] * q[-1] for i in range(len(p) - 1)]
            start = sum(a * e for a, e in zip(ahead, p, strict=False))
            yield (*(a * p[-1] for a in ahead), -start)
    elif len(corners) > 2:
        for i, p in enumerate(corners):
            line = cross(p, corners[i - 1])
            inner = next(value for value in (at(line, corner) for corner in corners) if value)
            yield line if inner > 0 else tuple(-e for e in line)
