"""Closed convex polyhedra by their corners and rays, cut by half-spaces in integers: the oracle's geometry.

In: a box, and rows `c0 + c·x <= 0`.  Out: the generators of what is left.  Method: double description; a cut
keeps the generators on its side and adds the points where edges cross it.  Nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import product
from math import gcd, lcm
from operator import mul

from spec_lang.obligations.model import Box

Row = tuple[int, ...]  # (c0, c1, …): c0·w + c·x at the homogeneous point (w, x); w = 1 is the real one


@dataclass(frozen=True, slots=True)
class Generator:
    """A corner `x / w`, or a ray `x` where w = 0.  `tight` has a bit for every cut that it lies on."""

    point: Row
    tight: int


@dataclass(frozen=True, slots=True)
class Polyhedron:
    """The convex hull of the corners, plus the cone of the rays; empty without a corner.

    `cuts` numbers the next bit of `tight`.
    """

    generators: tuple[Generator, ...]
    cuts: int

    @property
    def empty(self) -> bool:
        return not any(generator.point[0] for generator in self.generators)

    def values(self, row: Row) -> list[int]:
        """The row at every generator; its sign is the row's sign there."""
        return [dot(row, generator.point) for generator in self.generators]

    def cut(self, row: Row, values: Sequence[int] | None = None) -> Polyhedron:
        """What satisfies `row <= 0`; `values` are those of the row, where they are known."""
        values = self.values(row) if values is None else values
        if not any(value > 0 for value in values):
            return self
        pairs = list(zip(self.generators, values, strict=True))
        bit = 1 << self.cuts
        kept = [g for g, value in pairs if value < 0]
        kept += [Generator(g.point, g.tight | bit) for g, value in pairs if value == 0]
        outer = [(g, value) for g, value in pairs if value > 0]
        inner = [(g, value) for g, value in pairs if value < 0]
        for (a, above), (b, below) in product(outer, inner):
            common = a.tight & b.tight
            # An edge joins two generators exactly when no third one lies on all that both lie on.
            if any(g.tight & common == common for g in self.generators if g is not a and g is not b):
                continue
            crossing = [above * t - below * s for s, t in zip(a.point, b.point, strict=True)]
            kept.append(Generator(reduced(crossing), common | bit))
        return Polyhedron(tuple(kept), self.cuts + 1)

    def inner_point(self) -> tuple[Fraction, ...]:
        """A point of the relative interior: a row that is <= 0 everywhere is < 0 here, or 0 everywhere."""
        total = [sum(column) for column in zip(*(g.point for g in self.generators), strict=True)]
        return tuple(Fraction(x, total[0]) for x in total[1:])

    def minimum(self, row: Row) -> Fraction | None:
        """The least value of the row; None where it has none."""
        pairs = list(zip(self.values(row), self.generators, strict=True))
        if any(value < 0 and not g.point[0] for value, g in pairs):
            return None
        return min(Fraction(value, g.point[0]) for value, g in pairs if g.point[0])


def dot(row: Row, point: Row) -> int:
    return sum(map(mul, row, point))


def reduced(vector: Sequence[int]) -> Row:
    """The same direction in the smallest integers."""
    common = reduce(gcd, vector)
    return tuple(entry // common for entry in vector) if common > 1 else tuple(vector)


def integer_row(constant: Fraction, coefficients: Sequence[Fraction]) -> Row:
    """A positive multiple of `constant + coefficients·x` in integers."""
    entries = (constant, *coefficients)
    scale = lcm(*(entry.denominator for entry in entries))
    return reduced([int(entry * scale) for entry in entries])


def polyhedra_of(box: Box) -> list[Polyhedron]:
    """The box, as polyhedra without lines: an input without any bound is halved at 0."""
    free = [
        i for i, (lo, hi) in enumerate(zip(box.lower, box.upper, strict=True)) if lo is None and hi is None
    ]
    found = []
    for halves in product((False, True), repeat=len(free)):
        lower, upper = list(box.lower), list(box.upper)
        for i, left in zip(free, halves, strict=True):
            (upper if left else lower)[i] = Fraction(0)
        polyhedron = _pointed(lower, upper)
        if polyhedron is not None:
            found.append(polyhedron)
    return found


def _pointed(lower: Sequence[Fraction | None], upper: Sequence[Fraction | None]) -> Polyhedron | None:
    """Bits 2i and 2i + 1 are the lower and the upper bound of input i, the last one is w >= 0."""
    size = len(lower)
    ends: list[list[tuple[Fraction, int]]] = []
    rays: list[tuple[int, int]] = []  # (input, direction)
    everything = (1 << 2 * size) - 1
    for i, (lo, hi) in enumerate(zip(lower, upper, strict=True)):
        if lo is not None and hi is not None:
            if lo > hi:
                return None
            both = 3 << 2 * i
            ends.append([(lo, both)] if lo == hi else [(lo, 1 << 2 * i), (hi, 2 << 2 * i)])
            continue
        rays.append((i, 1 if hi is None else -1))
        everything &= ~((2 if hi is None else 1) << 2 * i)
        end = lo if lo is not None else hi
        assert end is not None  # a free input has been halved
        ends.append([(end, (1 if hi is None else 2) << 2 * i)])
    generators = []
    for corner in product(*ends):
        weight = lcm(1, *(value.denominator for value, _ in corner))
        point = reduced([weight, *(int(value * weight) for value, _ in corner)])
        generators.append(Generator(point, sum(bits for _, bits in corner)))
    at_infinity = 1 << 2 * size
    for i, direction in rays:
        vector = [0] * (size + 1)
        vector[i + 1] = direction
        generators.append(Generator(tuple(vector), everything & ~(3 << 2 * i) | at_infinity))
    return Polyhedron(tuple(generators), 2 * size + 1)
