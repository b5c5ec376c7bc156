"""Planes that bound the difference of two ReLUs, in integers over powers of two.

In: ranges of x, of y = x + δ and of δ.  Out: planes in x and δ, as in `differences`, of which nothing is
rounded: their slopes have 20 bits, with the intercepts that these need.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import starmap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.differences import by_case, case_of, flat_cases
from spec_lang.kernel.dyadics import SLOPE_BITS, Objects, chord
from spec_lang.kernel.exact import Dyadic, objects
from spec_lang.kernel.scene import Ends, Index


@dataclass(frozen=True, slots=True, eq=False)
class ExactPlane:
    """`of_x·x + of_delta·δ + intercept`, element by element, or row by row; slopes over 2^20."""

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


def exact_joined_by_case(ranges: tuple[Ends, Ends, Ends], case: Index) -> ExactJoined:
    """Row by row what `case` (rows, n) leaves of ranges over the only box."""
    distinct, here, shape = _distinct(case)
    x, y, delta = ((low[distinct].tolist(), high[distinct].tolist()) for low, high in by_case(*ranges))
    grows, falls = (mask[distinct].tolist() for mask in flat_cases(*ranges))
    zero, same = _Plane(0, 0, Fraction(0)), _Plane(0, 1 << SLOPE_BITS, Fraction(0))
    pairs = [
        (zero, same) if up else (same, zero) if down else _planes(*ends)
        for up, down, *ends in zip(grows, falls, *x, *y, *delta, strict=True)
    ]
    lower, upper = (_together([pair[side] for pair in pairs]) for side in (0, 1))
    return ExactJoined(_each(lower, here.reshape(shape)), _each(upper, here.reshape(shape)))


def exact_beside(ranges: tuple[Ends, Ends, Ends], y: NDArray[np.int8]) -> tuple[Objects, Dyadic]:
    """Row by row slopes over 2^20 and intercepts of lines above relu(x), x being open, by y's phases."""
    distinct, here, shape = _distinct(case_of(np.zeros_like(y), y))
    low, high = (end[distinct].tolist() for end in by_case(*ranges)[0])
    lines = _together([_Plane(above, 0, t) for _, above, t in starmap(chord, zip(low, high, strict=True))])
    row_by_row = _each(lines, here.reshape(shape))
    return row_by_row.of_x, row_by_row.intercept


def _distinct(case: Index) -> tuple[tuple[Index, Index], Index, tuple[int, ...]]:
    """The cases and elements that occur, for each of all where it is among them, and how many all are."""
    n = case.shape[1]
    keys, here = np.unique(case * n + np.arange(n), return_inverse=True)
    return (keys // n, keys % n), here, case.shape


def _each(plane: ExactPlane, here: Index) -> ExactPlane:
    intercept = Dyadic(plane.intercept.numbers[here], plane.intercept.shift)
    return ExactPlane(plane.of_x[here], plane.of_delta[here], intercept)


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
