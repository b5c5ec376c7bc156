"""Planes that bound the difference of two ReLUs, `D = relu(y) − relu(x)` with y = x + δ, over float64 ranges.

In: ranges of x, y and δ, by box.  Out: planes in x and δ, valid exactly as stored.  Sound because either ReLU
lies between its own lines, and because relu increases with slopes of at most 1, so that
`−relu(−δ) <= D <= relu(δ)`; whichever of the two is tighter in the middle is kept [Paulsen et al. 2020].

Where phases are fixed, the ranges are cut to what these leave, and the planes are those of the rest: D >= δ
where x is active and D >= 0 where it is not, D <= δ where y is active and D <= 0 where it is not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.network import F64
from spec_lang.kernel.rounding import UNIT
from spec_lang.kernel.scene import Ends, Index, Mask

MUCH: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Chords:
    """`below·z <= relu(z) <= above·z + intercept`, element by element; all slopes lie in [0, 1]."""

    below: F64
    above: F64
    intercept: F64


def chords(lower: F64, upper: F64) -> Chords:
    """Above, the chord; below, the slope 0 or 1 that leaves the smaller area.

    Sound because any slope in [0, 1] bounds from below, and the intercept is computed for the stored slope:
    at `lower` the line reaches 0 and at `upper` it reaches `upper`, rounding included.
    """
    active = lower >= 0
    unstable = (upper > 0) & ~active
    slope = np.where(unstable, upper / np.where(unstable, upper - lower, 1.0), active.astype(np.float64))
    slope = np.minimum(slope, 1.0)
    reach = np.maximum(-slope * lower, upper - slope * upper)
    intercept = np.where(unstable, reach + (4 * UNIT * (upper + reach) + 1e-300), 0.0)
    return Chords(np.where(active | (unstable & (upper > -lower)), 1.0, 0.0), slope, intercept)


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """`of_x·x + of_delta·δ + intercept`, element by element (batch, n)."""

    of_x: F64
    of_delta: F64
    intercept: F64

    def take(self, columns: Index | Mask) -> Plane:
        return Plane(self.of_x[:, columns], self.of_delta[:, columns], self.intercept[:, columns])

    def each(self, box: Index) -> Plane:
        """Of every element that of its own box: `box` and what is found are (rows, n)."""
        here = box, np.arange(box.shape[1])
        return Plane(self.of_x[here], self.of_delta[here], self.intercept[here])

    def is_zero(self) -> Mask:
        """Which elements are 0 in every box."""
        found: Mask = ~((self.of_x != 0) | (self.of_delta != 0) | (self.intercept != 0)).any(axis=0)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """`lower <= D <= upper` for the elements `carried`; the others are 0 in every box."""

    carried: Index
    lower: Plane
    upper: Plane

    def part(self, mask: Mask) -> Joined:
        """Those of the elements that are in `mask`."""
        chosen = np.flatnonzero(mask[self.carried])
        return Joined(self.carried[chosen], self.lower.take(chosen), self.upper.take(chosen))


def range_of_sum(x: Ends, delta: Ends) -> Ends:
    """Of y = x + δ, rounded outward."""
    return np.nextafter(x[0] + delta[0], -np.inf), np.nextafter(x[1] + delta[1], np.inf)


def counts(x: Ends, delta: Ends) -> Mask:
    """Where the range of δ matters: x, or y as far as is known, may lie on both sides of 0."""
    found: Mask = ((x[0] < 0) & (x[1] > 0)) | ((x[0] + delta[0] < 0) & (x[1] + delta[1] > 0))
    return found


def needs_bounds_of_its_own(x: Ends, delta: Ends) -> Mask:
    """Where y = x + δ may have a much smaller range than x and δ let it have: x is not bounded again where it
    is stable, and where δ is as wide as x the two may cancel each other."""
    stable = (x[0] >= 0) | (x[1] <= 0)
    found: Mask = stable | (MUCH * (delta[1] - delta[0]) > x[1] - x[0])
    return found


def case_of(x: NDArray[np.int8], y: NDArray[np.int8]) -> Index:
    """Which of the nine cases two phases are: 0 open, 1 active, −1 inactive."""
    return 3 * x.astype(np.intp) + y + 4


def by_case(x: Ends, y: Ends, delta: Ends) -> tuple[Ends, Ends, Ends]:
    """What the nine cases of phases leave of ranges over one box, (9, n) by `case_of`; where a case leaves
    nothing, whatever is said of it holds."""
    n = x[0].shape[1]
    sides = np.repeat(np.array([-1, 0, 1]), 3)[:, None], np.tile(np.array([-1, 0, 1]), 3)[:, None]
    x, y = (
        (
            np.where(side > 0, np.maximum(ends[0], 0.0), np.broadcast_to(ends[0], (9, n))),
            np.where(side < 0, np.minimum(ends[1], 0.0), np.broadcast_to(ends[1], (9, n))),
        )
        for side, ends in zip(sides, (x, y), strict=True)
    )
    y = _met(y, range_of_sum(x, delta))
    x = _met(x, range_of_sum(y, (-delta[1], -delta[0])))
    return x, y, _met(delta, range_of_sum(y, (-x[1], -x[0])))


def flat_cases(x: Ends, y: Ends, delta: Ends) -> tuple[Mask, Mask]:
    """By case (9, n): where x is inactive and y active, and where it is the other way round, but for elements
    whose δ is about as large as x.

    There D is y or −x.  That is exact, but as steep as x, and would count for far more than δ where only
    multipliers of the phases level it out; `0 <= D <= δ` and `δ <= D <= 0` hold as well.
    """
    flat = MUCH * np.maximum(abs(delta[0]), abs(delta[1])) <= x[1] - x[0]
    (x_low, x_high), (y_low, y_high), _ = by_case(x, y, delta)
    return flat & (x_high <= 0) & (y_low >= 0), flat & (x_low >= 0) & (y_high <= 0)


def planes_by_case(x: Ends, y: Ends, delta: Ends) -> tuple[Plane, Plane]:
    """The planes below and above D in the nine cases of phases over one box, (9, n)."""
    low, high = planes(*by_case(x, y, delta))
    grows, falls = flat_cases(x, y, delta)
    none = np.zeros(grows.shape)
    zero, same = Plane(none, none, none), Plane(none, none + 1.0, none)
    low, high = _instead(low, zero, grows), _instead(high, same, grows)
    falls &= ~grows
    return _instead(low, same, falls), _instead(high, zero, falls)


def _instead(plane: Plane, other: Plane, where: Mask) -> Plane:
    return Plane(
        np.where(where, other.of_x, plane.of_x),
        np.where(where, other.of_delta, plane.of_delta),
        np.where(where, other.intercept, plane.intercept),
    )


def _met(one: Ends, other: Ends) -> Ends:
    """What is in both; an end that is not a number is ignored."""
    return np.fmax(one[0], other[0]), np.fmin(one[1], other[1])


def joined(x: Ends, y: Ends, delta: Ends) -> Joined:
    """The planes of D."""
    lower, upper = planes(x, y, delta)
    carried = np.flatnonzero(~(lower.is_zero() & upper.is_zero()))
    return Joined(carried, lower.take(carried), upper.take(carried))


def planes(x: Ends, y: Ends, delta: Ends) -> tuple[Plane, Plane]:
    """The planes below and above D, of all elements."""
    of_x, of_y = chords(*x), chords(*y)
    above, below = chords(*delta), chords(-delta[1], -delta[0])
    off = UNIT * np.maximum(abs(x[0]), abs(x[1]))  # what the difference of two slopes errs by, times x
    upper = _minus(of_y.above, of_x.below, of_y.intercept, off)
    lower = _minus(of_y.below, of_x.above, -of_x.intercept, -off)
    none = np.zeros_like(off)
    middle = 0.5 * x[0] + 0.5 * x[1], 0.5 * delta[0] + 0.5 * delta[1]
    upper = _lower_of(upper, Plane(none, above.above, above.intercept), middle, 1.0)
    return _lower_of(lower, Plane(none, below.above, -below.intercept), middle, -1.0), upper


def _minus(of_y: F64, of_x: F64, intercept: F64, off: F64) -> Plane:
    """`of_y·y − of_x·x + intercept`, moved by `off` where the difference of the slopes is rounded."""
    slope = of_y - of_x
    exact = (of_y == slope + of_x) & (of_x == of_y - slope)
    moved = np.nextafter(intercept + off, np.copysign(np.inf, off))
    return Plane(slope, of_y, np.where(exact, intercept, moved))


def _lower_of(first: Plane, second: Plane, middle: tuple[F64, F64], sign: float) -> Plane:
    """Element by element the plane that is lower in the middle, all times `sign`; if neither, the first."""
    here, there = (p.of_x * middle[0] + p.of_delta * middle[1] + p.intercept for p in (first, second))
    return _instead(first, second, sign * there < sign * here)
