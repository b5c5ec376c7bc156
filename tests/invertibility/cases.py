"""Random questions of injectivity and the like, half of which have yes for an answer, most by a hair.

In: a number.  Out: always the same networks and region for the same number, with the oracle's answer.  Radii
are found by halving with the oracle as the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Final

import numpy as np

from tests.invertibility import oracle
from tests.invertibility.networks import RANDOM, Rng
from tests.invertibility.pieces import Layers, value
from tests.invertibility.polygons import Polygon, box, point_of

Vector = tuple[Fraction, ...]
Draw = Callable[[Rng], tuple[Layers, ...]]
GREATEST: Final = Fraction(2)  # of the radii
_TRIES: Final = 20
_AXES: Final = ((-1, 0), (0, -1), (1, 0), (0, 1))


class Kind(Enum):
    """What is asked of networks on a ball: the claim."""

    INJECTIVE = "injective(f, on: {on})"
    GIVEN = "injective(f, on: {on}, given: b)"
    ALONE = "no_other_preimage(f, of: {centre}, on: {on})"
    DETERMINES = "determines(f, g, on: {on})"

    def holds(self, nets: Sequence[Layers], polygon: Polygon, centre: Vector) -> bool:
        """What the oracle says."""
        match self:
            case Kind.INJECTIVE:
                return oracle.injectivity_broken(nets[0], polygon) is None
            case Kind.GIVEN:
                return oracle.injectivity_broken(nets[0], polygon, (1,)) is None
            case Kind.ALONE:
                return oracle.preimages(nets[0], centre, polygon) == {centre}
            case Kind.DETERMINES:
                return oracle.determination_broken(nets[0], nets[1], polygon) is None

    def broken_by(self, nets: Sequence[Layers], points: Sequence[Vector], centre: Vector) -> bool:
        """Whether a counterexample is one, but for the region."""
        x, y = points if len(points) == 2 else (*points, centre)
        if value(nets[0], x) != value(nets[0], y) or len(points) != 2 - (self is Kind.ALONE):
            return False
        if self is Kind.DETERMINES:
            return value(nets[1], x) != value(nets[1], y)
        return x != y and (self is not Kind.GIVEN or x[1] == y[1])


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A claim on a ball; whether it holds."""

    name: str
    kind: Kind
    nets: tuple[Layers, ...]
    centre: Vector
    radius: Fraction
    norm: str
    holds: bool

    @property
    def text(self) -> str:
        centre = f"[{', '.join(map(str, self.centre))}]"
        return self.kind.value.format(on=f"ball({centre}, {self.radius}, {self.norm})", centre=centre)

    def refuted_by(self, points: Sequence[Vector]) -> bool:
        """Whether these points break the claim."""
        near = all(length(p, self.centre, self.norm) <= limit(self.radius, self.norm) for p in points)
        return near and self.kind.broken_by(self.nets, points, self.centre)


def length(point: Vector, centre: Vector, norm: str) -> Fraction:
    """The distance, in `l2` its square."""
    apart = [abs(e - c) for e, c in zip(point, centre, strict=True)]
    if norm == "l2":
        return sum((e * e for e in apart), Fraction(0))
    return max(apart) if norm == "linf" else sum(apart, Fraction(0))


def limit(radius: Fraction, norm: str) -> Fraction:
    """What `length` may be."""
    return radius * radius if norm == "l2" else radius


def ball(centre: Vector, radius: Fraction, norm: str, *, around: bool) -> Polygon:
    """A ball of one or two inputs; in ℓ2 a polygon around it, or in it."""
    if norm == "linf" or len(centre) == 1:
        return box([e - radius for e in centre], [e + radius for e in centre])
    directions = _circle() if norm == "l2" else [(Fraction(a), Fraction(b)) for a, b in _AXES]
    if norm == "l2" and around:  # where the tangents at two neighbours meet
        neighbours = zip(directions, directions[1:] + directions[:1], strict=True)
        directions = [
            ((a + c) / (1 + a * c + b * d), (b + d) / (1 + a * c + b * d)) for (a, b), (c, d) in neighbours
        ]
    return tuple(point_of((centre[0] + radius * a, centre[1] + radius * b)) for a, b in directions)


def _circle() -> list[tuple[Fraction, Fraction]]:
    """Points of the unit circle, in order."""
    quarter = []
    for k in range(8):
        t = Fraction(k, 8)
        quarter.append(((1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)))
    turned = [[(a, b), (-b, a), (-a, -b), (b, -a)] for a, b in quarter]
    return [points[turn] for turn in range(4) for points in turned]


def case(
    number: int,
    sizes: tuple[int, ...],
    kind: Kind,
    norm: str = "linf",
    draw: Draw | None = None,
) -> Case:
    """An even one holds and an odd one does not, as far as such a network is soon found."""
    for wanted in (number % 2 == 0, number % 2 != 0):
        found = _drawn(number, sizes, kind, norm, draw, wanted=wanted)
        if found is not None:
            return found
    raise ValueError("there is no such network")


def _drawn(
    number: int, sizes: tuple[int, ...], kind: Kind, norm: str, draw: Draw | None, *, wanted: bool
) -> Case | None:
    rng = np.random.default_rng([number, *sizes])
    sheared = wanted and sizes[:3] == (2, 8, 8) and sizes[3] > 1
    names = [name for name in RANDOM if sheared or name != "shears"]
    name = names[number // 2 % len(names)]
    for _ in range(_TRIES):
        nets = (RANDOM[name](rng, sizes),) if draw is None else draw(rng)
        centre = tuple(Fraction(int(e), 64) for e in rng.integers(-64, 65, sizes[0]))
        holds, fails = _radii(nets, kind, centre, norm, int(rng.integers(2, 14)), around=wanted)
        radius = holds if wanted else fails
        if radius is not None:
            return Case(f"c{number}", kind, nets, centre, radius, norm, wanted)
    return None


def _radii(
    nets: Sequence[Layers], kind: Kind, centre: Vector, norm: str, steps: int, *, around: bool
) -> tuple[Fraction | None, Fraction | None]:
    """A radius for which the claim holds, and one for which it does not, none where none was seen."""

    def holds(radius: Fraction) -> bool:
        return kind.holds(nets, ball(centre, radius, norm, around=around), centre)

    if holds(GREATEST):
        return GREATEST, None
    low, high = Fraction(0), GREATEST
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low or None, high
