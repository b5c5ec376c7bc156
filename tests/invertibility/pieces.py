"""The affine pieces of a small ReLU network on a polygon, in exact integers.

In: layers whose weights are floats, or other exact dyadic numbers, and a polygon of one or two inputs.
Out: the polygons on which the network is affine, with the maps.  Each neuron's line cuts what the layers
before have left; the pieces cover the polygon and have area, if it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from tests.invertibility.polygons import Form, Point, Polygon, at, cut, reduced

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """`relu(weight @ x + bias)`, or without the ReLU."""

    weight: Array
    bias: Array
    relu: bool = True


Layers = Sequence[Layer]


@dataclass(frozen=True, slots=True)
class Piece:
    """An affine map on a polygon: output k is `rows[k]` over `scale`."""

    polygon: Polygon
    rows: tuple[Form, ...]
    scale: int

    def image(self, point: Point) -> Point:
        """What the map gives there."""
        return reduced([*(at(row, point) for row in self.rows), self.scale * point[-1]])

    @property
    def injective(self) -> bool:
        """Whether the map is, anywhere."""
        if len(self.polygon[0]) == 2:
            return any(slope for slope, _ in self.rows)
        return any(a * d != b * c for (a, b, _), (c, d, _) in combinations(self.rows, 2))


def value(layers: Layers, point: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """The network at a point, as directly as possible."""
    values = list(point)
    for layer in layers:
        rows = [[Fraction(float(e)) for e in row] for row in layer.weight]
        sums = [sum(w * v for w, v in zip(row, values, strict=True)) for row in rows]
        values = [s + Fraction(float(b)) for s, b in zip(sums, layer.bias, strict=True)]
        values = [max(v, Fraction(0)) for v in values] if layer.relu else values
    return tuple(values)


def pieces(layers: Layers, polygon: Polygon) -> list[Piece]:
    """All of them."""
    size = len(polygon[0])
    identity = tuple(tuple(int(i == j) for j in range(size)) for i in range(size - 1))
    return refined([Piece(polygon, identity, 1)], layers)


def refined(found: Sequence[Piece], layers: Layers) -> list[Piece]:
    """The pieces of the layers applied to what pieces give."""
    found = list(found)
    for layer in layers:
        weight, bias, scale = _integers(layer)
        found = [part for piece in found for part in _through(piece, weight, bias, scale, layer.relu)]
    return found


def _integers(layer: Layer) -> tuple[list[list[int]], list[int], int]:
    """Weights and biases times a power of two that makes them whole, and this power."""
    exact = [[Fraction(float(e)) for e in row] for row in (*layer.weight, layer.bias)]
    scale = max(e.denominator for row in exact for e in row)
    whole = [[int(e * scale) for e in row] for row in exact]
    return whole[:-1], whole[-1], scale


def _through(
    piece: Piece, weight: list[list[int]], bias: list[int], scale: int, relu: bool
) -> Iterator[Piece]:
    """The pieces of one layer on a piece of those before."""
    size = len(piece.polygon[0])
    one = (0,) * (size - 1) + (piece.scale,)
    columns = tuple(zip(*piece.rows, one, strict=True))
    sums = [tuple(at((*row, b), column) for column in columns) for row, b in zip(weight, bias, strict=True)]
    if not relu:
        yield Piece(piece.polygon, tuple(sums), piece.scale * scale)
        return
    nothing = (0,) * len(one)
    parts: list[tuple[Polygon, tuple[Form, ...]]] = [(piece.polygon, ())]
    for form in sums:
        halves = []
        for polygon, rows in parts:
            values = [at(form, point) for point in polygon]
            if min(values) >= 0:
                halves.append((polygon, (*rows, form)))
            elif max(values) <= 0:
                halves.append((polygon, (*rows, nothing)))
            else:
                above, below = cut(polygon, values)
                halves += [(above, (*rows, form)), (below, (*rows, nothing))]
        parts = halves
    for polygon, rows in parts:
        yield Piece(polygon, rows, piece.scale * scale)
