"""What linear forms range over on one box, cut by balls: in outward-rounded floats, and exactly.

In: a box, the balls that cut it, and the coefficients of forms, input by input of the graph.  Out: both ends,
in floats for forms in the distance from a point, or as fractions.  Sound because the region is part of the
product over the graph's inputs of what cuts each: of several bounds of a part every one holds, and the
best is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import isqrt, lcm
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.dyadics import float_above, float_below
from spec_lang.kernel.exact import Dyadic, Integers, objects
from spec_lang.kernel.network import F64, Unchecked
from spec_lang.kernel.rounding import LARGEST, UNDERFLOW, UNIT
from spec_lang.obligations.balls import Ball, Norm
from spec_lang.obligations.model import Box

_ROOT_BITS: Final = 80  # of a square root, beyond those of its square
_MODERATE: Final = 1e40  # products of two such numbers lose nothing that `UNDERFLOW` does not cover

Places = tuple[int, ...]
Ends = tuple[F64, F64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Inputs of one tensor that the same balls are about, or none: by their places in that tensor."""

    places: Places
    lower: tuple[Fraction, ...]
    upper: tuple[Fraction, ...]
    balls: tuple[Ball, ...]


def parts(box: Box, balls: Sequence[Ball], where: slice) -> tuple[Part, ...]:
    """The inputs of one tensor, told apart.  A ball that is not about inputs of it alone, or that meets
    another one in some of its inputs, is left out.  Raises `Unchecked` for a box without an end."""
    lower, upper = box.lower[where], box.upper[where]
    low = tuple(end for end in lower if end is not None)
    high = tuple(end for end in upper if end is not None)
    if len(low) < len(lower) or len(high) < len(upper):
        raise Unchecked("the region is unbounded")
    groups: dict[Places, list[Ball]] = {}
    taken: set[int] = set()
    for ball in balls:
        places = tuple(i - where.start for i in ball.inputs)
        inside = all(where.start <= i < where.stop for i in ball.inputs)
        if inside and (places in groups or not taken & set(places)):
            groups.setdefault(places, []).append(ball)
            taken |= set(places)
    rest = tuple(i for i in range(len(low)) if i not in taken)
    found = [(places, tuple(group)) for places, group in groups.items()]
    return tuple(
        Part(places, tuple(low[i] for i in places), tuple(high[i] for i in places), group)
        for places, group in (*found, *(((rest, ()),) if rest else ()))
    )


# -- in floats ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Round:
    """A ball around a point: `distance` to its center, and of its level times the inverse weights the root,
    or for a sum the level over the weights."""

    norm: Norm
    distance: F64
    radii: F64


class Surrounding:
    """The region around one point, input tensor by input tensor."""

    def __init__(self, shape: Sequence[Part], point: F64) -> None:
        self._shape = shape
        self._sides: list[Ends] = []
        self._rounds: list[list[_Round]] = []
        self.reach = np.zeros(len(point))
        for part in shape:
            around = [Fraction(v) for v in point[list(part.places)].tolist()]
            low = np.array([float_below(a - p) for a, p in zip(part.lower, around, strict=True)])
            high = np.array([float_above(b - p) for b, p in zip(part.upper, around, strict=True)])
            middle = (low + high) / 2
            radius = np.nextafter(np.maximum(high - middle, middle - low), np.inf)
            self.reach[list(part.places)] = np.maximum(-low, high)
            self._sides.append((middle, np.maximum(radius, 0.0)))
            self._rounds.append([_around(ball, around) for ball in part.balls])
        if not np.abs(self.reach).sum() < LARGEST:
            raise Unchecked("the region reaches beyond float64")

    def ends(self, forms: F64) -> Ends:
        """Of forms (inputs, forms) in the distance from the point, least and greatest value on the region,
        rounded outward."""
        low, high = np.zeros(forms.shape[1]), np.zeros(forms.shape[1])
        for part, (middle, radius), rounds in zip(self._shape, self._sides, self._rounds, strict=True):
            mine = forms if len(part.places) == len(forms) else forms[list(part.places)]
            size = np.abs(mine)
            at, around = middle @ mine, radius @ size
            slack = _slack(len(mine)) * ((np.abs(middle) + radius) @ size) + UNDERFLOW
            below, above = at - around - slack, at + around + slack
            for ball in rounds:
                at = ball.distance @ mine
                if ball.norm is Norm.SUM:
                    around = (ball.radii[:, None] * size).max(axis=0)
                else:
                    around = np.sqrt(((ball.radii[:, None] * mine) ** 2).sum(axis=0))
                slack = _slack(len(mine)) * (np.abs(ball.distance) @ size + around) + UNDERFLOW
                below = np.fmax(below, at - around - slack)
                above = np.fmin(above, at + around + slack)
            low, high = low + below, high + above
            low, high = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
        return low, high


def _around(ball: Ball, point: Sequence[Fraction]) -> _Round:
    distance = [float(m - p) for m, p in zip(ball.center, point, strict=True)]
    if ball.norm is Norm.SUM:
        radii = [float_above(ball.level / w) for w in ball.weights]
    else:
        radii = [float_above(_root_above(ball.level / w)) for w in ball.weights]
    if not max(map(abs, (*distance, *radii)), default=0.0) < _MODERATE:
        raise Unchecked("the region reaches beyond float64")
    return _Round(ball.norm, np.array(distance), np.array(radii))


def _slack(terms: int) -> float:
    return 2 * (terms + 16) * UNIT


# -- exactly -----------------------------------------------------------------------------------------


class ExactParts:
    """The region, input tensor by input tensor, as integers."""

    def __init__(self, shape: Sequence[Part]) -> None:
        self._shape = shape

    def ends(self, forms: Dyadic) -> tuple[list[Fraction], list[Fraction]]:
        """Of forms (inputs, forms) in the inputs, least and greatest value on the region: exact over boxes;
        over balls the square root is rounded outward where it is irrational."""
        count = forms.numbers.shape[1]
        low, high = [Fraction(0)] * count, [Fraction(0)] * count
        for part in self._shape:
            mine = Dyadic(forms.numbers[list(part.places)], forms.shift)
            ends = list(zip(*_of_box(part, mine), strict=True))
            for ball in part.balls:
                others = _of_ball(ball, mine)
                ends = [(max(a, c), min(b, d)) for (a, b), (c, d) in zip(ends, others, strict=True)]
            low = [v + a for v, (a, _) in zip(low, ends, strict=True)]
            high = [v + b for v, (_, b) in zip(high, ends, strict=True)]
        return low, high


def _of_box(part: Part, forms: Dyadic) -> tuple[list[Fraction], list[Fraction]]:
    common, (low, high) = _over_common((part.lower, part.upper))
    above, below = np.maximum(forms.numbers, 0), np.minimum(forms.numbers, 0)
    unit = common << forms.shift
    return (
        [Fraction(int(v), unit) for v in low @ above + high @ below],
        [Fraction(int(v), unit) for v in high @ above + low @ below],
    )


def _of_ball(ball: Ball, forms: Dyadic) -> Iterator[tuple[Fraction, Fraction]]:
    common, (center,) = _over_common((ball.center,))
    middle = center @ forms.numbers
    if ball.norm is Norm.SUM:
        unit, (radii,) = _over_common((tuple(ball.level / w for w in ball.weights),))
        sizes = (radii[:, None] * np.abs(forms.numbers)).max(axis=0)
        around = [Fraction(int(v), unit << forms.shift) for v in sizes]
    else:
        unit, (radii,) = _over_common((tuple(ball.level / w for w in ball.weights),))
        squares = radii @ (forms.numbers * forms.numbers)
        around = [_root_above(Fraction(int(v), unit << 2 * forms.shift)) for v in squares]
    for value, radius in zip(middle, around, strict=True):
        at = Fraction(int(value), common << forms.shift)
        yield at - radius, at + radius


def _over_common(rows: Sequence[Sequence[Fraction]]) -> tuple[int, list[Integers]]:
    """The rows times a common denominator, and that."""
    common = lcm(*(v.denominator for row in rows for v in row))
    return common, [objects([v.numerator * (common // v.denominator) for v in row]) for row in rows]


def _root_above(square: Fraction) -> Fraction:
    """The square root, rounded up; exact where it is rational."""
    product = (square.numerator * square.denominator) << 2 * _ROOT_BITS
    root = isqrt(product)
    return Fraction(root + (root * root < product), square.denominator << _ROOT_BITS)
