"""Convex pieces of the line and of the plane, in plain floats.

In: a box and half-spaces.  Out: what of the box they leave, as corners in order, and the places of a piece
where a convex function is least.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.program import F64

BOX = -1  # the label of an edge that is the box's own
# What is thinner than this share of its box has no inside.
THIN = 1e-13
_SHY = 1 - 2.0**-30
_STEPS = 60  # of golden sections: an edge is then as short as rounding
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """`corners` (k, n), in the plane in order around; `labels[i]` says what made the edge from corner i to
    the next, in the line the corner i itself."""

    corners: F64
    labels: tuple[int, ...]

    @classmethod
    def of_box(cls, lower: F64, upper: F64) -> Piece:
        if len(lower) == 1:
            return cls(np.array([lower, upper]), (BOX, BOX))
        (a, b), (c, d) = lower, upper
        return cls(np.array([[a, b], [c, b], [c, d], [a, d]]), (BOX,) * 4)

    @property
    def size(self) -> float:
        """Its length or its area."""
        if not len(self.corners):
            return 0.0
        if self.corners.shape[1] == 1:
            return float(self.corners[-1, 0] - self.corners[0, 0])
        x, y = self.corners.T - self.corners[0][:, None]
        return 0.5 * abs(float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()))

    @property
    def middle(self) -> F64:
        found: F64 = self.corners.mean(axis=0)
        return found

    def cut(self, normal: F64, constant: float, label: int) -> Piece:
        """Where `normal·p + constant >= 0`."""
        values = self.corners @ normal + constant
        if bool((values >= 0).all()):
            return self
        if self.corners.shape[1] == 1:
            return self._shortened(values, label)
        corners, labels = [], []
        for i in range(len(values)):
            j = (i + 1) % len(values)
            here, there = values[i], values[j]
            if here >= 0:
                corners.append(self.corners[i])
                labels.append(self.labels[i])
            if (here >= 0) != (there >= 0):
                at = self.corners[i] + here / (here - there) * (self.corners[j] - self.corners[i])
                corners.append(at)
                # The new edge begins where the old way leaves; where it comes back the old one goes on.
                labels.append(label if here >= 0 else self.labels[i])
        return Piece(np.array(corners).reshape(-1, 2), tuple(labels))

    def _shortened(self, values: F64, label: int) -> Piece:
        if bool((values < 0).all()):
            return Piece(self.corners[:0], ())
        at = self.corners[0] + values[0] / (values[0] - values[1]) * (self.corners[1] - self.corners[0])
        if values[0] < 0:
            return Piece(np.array([at, self.corners[1]]), (label, self.labels[1]))
        return Piece(np.array([self.corners[0], at]), (self.labels[0], label))

    def cut_by(self, halves: Iterable[tuple[F64, float, int]]) -> Piece:
        """Where all of some half-spaces are; empty as soon as nothing with an inside is left."""
        piece, least = self, THIN * self.size
        for normal, constant, label in halves:
            piece = piece.cut(normal, constant, label)
            if piece.size <= least:
                return Piece(piece.corners[:0], ())
        return piece

    def holds(self, point: F64) -> bool:
        """Whether a point is inside, and not on the edge."""
        if self.corners.shape[1] == 1:
            return bool(self.corners[0, 0] < point[0] < self.corners[-1, 0])
        way = np.roll(self.corners, -1, axis=0) - self.corners
        turns = cross(way, point - self.corners)
        edge = THIN * abs(way).max() * abs(self.corners - point).max()
        return bool((turns > edge).all() or (turns < -edge).all())

    def chord(self, point: F64, way: F64) -> tuple[float, float]:
        """How far a line goes from a point inside, backwards and forwards, until just before the edge."""
        if self.corners.shape[1] == 1:
            ends = (self.corners[:, 0] - point[0]) / way[0]
            return _SHY * float(ends.min()), _SHY * float(ends.max())
        edges = np.roll(self.corners, -1, axis=0) - self.corners
        speed, room = cross(edges, way), cross(edges, point - self.corners)
        met = speed != 0
        ends = -room[met] / speed[met]
        return _SHY * float(ends[ends <= 0].max(initial=-np.inf)), _SHY * float(
            ends[ends > 0].min(initial=np.inf)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """Where a convex function is least on the edge of a piece; `edges` are the corners that edges start from
    which have the point, in the line the corner itself."""

    value: float
    point: F64
    edges: tuple[int, ...]


def nearest(pieces: Sequence[Piece], gauge: Callable[[F64], F64]) -> list[Nearest]:
    """Of every piece."""
    if not pieces:
        return []
    start = np.concatenate([piece.corners for piece in pieces])
    ends = np.cumsum([0, *(len(piece.corners) for piece in pieces)]).tolist()
    if start.shape[1] == 1:
        points, values = start, gauge(start)
    else:
        way = np.concatenate([np.roll(piece.corners, -1, axis=0) for piece in pieces]) - start
        points, values = _least(start, way, gauge)
    found = []
    for first, last in pairwise(ends):
        mine = values[first:last]
        best = int(mine.argmin())
        near = np.flatnonzero(mine <= mine[best] + 1e-11 * abs(mine[best]))
        found.append(Nearest(float(mine[best]), points[first + best], tuple(near.tolist())))
    return found


def _least(start: F64, way: F64, gauge: Callable[[F64], F64]) -> tuple[F64, F64]:
    """Where a convex function is least on edges, by golden sections, and its values there."""
    low, high = np.zeros(len(start)), np.ones(len(start))
    a, b = high - _GOLDEN, low + _GOLDEN
    at_a, at_b = gauge(start + a[:, None] * way), gauge(start + b[:, None] * way)
    for _ in range(_STEPS):
        falls = at_a > at_b
        low, high = np.where(falls, a, low), np.where(falls, high, b)
        new = np.where(falls, low + _GOLDEN * (high - low), high - _GOLDEN * (high - low))
        at_new = gauge(start + new[:, None] * way)
        a, b = np.where(falls, b, new), np.where(falls, new, a)
        at_a, at_b = np.where(falls, at_b, at_new), np.where(falls, at_new, at_a)
    shares = np.stack([0.5 * (low + high), np.zeros(len(start)), np.ones(len(start))])
    points = start + shares[..., None] * way
    values = gauge(points)
    best = values.argmin(axis=0)
    each = np.arange(len(start))
    return points[best, each], values[best, each]


def cross(one: F64, other: F64) -> F64:
    """The determinants of pairs of vectors (…, 2)."""
    return one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
