"""Planes that bound the difference of two ReLUs, in integers over powers of two.

In: ranges of x, of y = x + δ and of δ.  Out: planes in x and δ, as in `differences`, of which nothing is
rounded: their slopes have 20 bits, with the intercepts that these need.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import starmap
from typing import NamedTuple

from spec_lang._values import dataclass
from spec_lang.kernel.dyadics import SLOPE_BITS, Objects, chord
from spec_lang.kernel.exact import Dyadic, objects
from spec_lang.kernel.scene import Ends


@dataclass(frozen=True, slots=True, eq=False)
class ExactPlane:
    """`of_x·x + of_delta·δ + intercept`, element by element; slopes over 2^20."""

    of_x: Objects
    of_delta: Objects
    intercept: Dyadic


@dataclass(frozen=True, slots=True, eq=False)
class ExactJoined:
    """`lower <= relu(x + δ) − relu(x) <= upper`"""

    lower: ExactPlane
    upper: ExactPlane


class _Plane(NamedTuple):
    of_x: int
    of_delta: int
    intercept: Fraction

    def at(self, x: Fraction, delta: Fraction) -> Fraction:
        return (self.of_x * x + self.of_delta * delta) / (1 << SLOPE_BITS) + self.intercept


def exact_joined(x: Ends, y: Ends, delta: Ends) -> ExactJoined:
    """Of the only box; all ends are finite."""
    each = zip(*(end[0].tolist() for ends in (x, y, delta) for end in ends), strict=True)
    pairs = list(starmap(_planes, each))
    return ExactJoined(_together([below for below, _ in pairs]), _together([above for _, above in pairs]))


def _planes(*ends: float) -> tuple[_Plane, _Plane]:
    """Of one neuron, by the ends of x, y and δ."""
    x, y, delta = ends[:2], ends[2:4], ends[4:]
    (x_below, x_above, x_intercept), (y_below, y_above, y_intercept) = chord(*x), chord(*y)
    _, above, above_intercept = chord(*delta)
    _, below, below_intercept = chord(-delta[1], -delta[0])
    middle = [(Fraction(low) + Fraction(high)) / 2 for low, high in (x, delta)]
    lower = _Plane(y_below - x_above, y_below, -x_intercept), _Plane(0, below, -below_intercept)
    upper = _Plane(y_above - x_below, y_above, y_intercept), _Plane(0, above, above_intercept)
    return max(lower, key=lambda plane: plane.at(*middle)), min(upper, key=lambda plane: plane.at(*middle))


def _together(planes: Sequence[_Plane]) -> ExactPlane:
    shift = max((plane.intercept.denominator.bit_length() - 1 for plane in planes), default=0)
    return ExactPlane(
        objects([plane.of_x for plane in planes]),
        objects([plane.of_delta for plane in planes]),
        Dyadic(objects([int(plane.intercept * (1 << shift)) for plane in planes]), shift),
    )
