"""Planes that bound the difference of two ReLUs, `D = relu(y) − relu(x)` with y = x + δ, over float64 ranges.

In: ranges of x, y and δ, by box.  Out: planes in x and δ, valid exactly as stored.  Sound because either ReLU
lies between its own lines, and because relu increases with slopes of at most 1, so that
`−relu(−δ) <= D <= relu(δ)`; whichever of the two is tighter in the middle is kept [Paulsen et al. 2020].
"""

from __future__ import annotations

from typing import Final

import numpy as np

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


def joined(x: Ends, y: Ends, delta: Ends) -> Joined:
    """The planes of D."""
    of_x, of_y = chords(*x), chords(*y)
    above, below = chords(*delta), chords(-delta[1], -delta[0])
    off = UNIT * np.maximum(abs(x[0]), abs(x[1]))  # what the difference of two slopes errs by, times x
    upper = _minus(of_y.above, of_x.below, of_y.intercept, off)
    lower = _minus(of_y.below, of_x.above, -of_x.intercept, -off)
    none = np.zeros_like(off)
    middle = 0.5 * x[0] + 0.5 * x[1], 0.5 * delta[0] + 0.5 * delta[1]
    upper = _lower_of(upper, Plane(none, above.above, above.intercept), middle, 1.0)
    lower = _lower_of(lower, Plane(none, below.above, -below.intercept), middle, -1.0)
    carried = np.flatnonzero(~(lower.is_zero() & upper.is_zero()))
    return Joined(carried, lower.take(carried), upper.take(carried))


def _minus(of_y: F64, of_x: F64, intercept: F64, off: F64) -> Plane:
    """`of_y·y − of_x·x + intercept`, moved by `off` where the difference of the slopes is rounded."""
    slope = of_y - of_x
    exact = (of_y == slope + of_x) & (of_x == of_y - slope)
    moved = np.nextafter(intercept + off, np.copysign(np.inf, off))
    return Plane(slope, of_y, np.where(exact, intercept, moved))


def _lower_of(first: Plane, second: Plane, middle: tuple[F64, F64], sign: float) -> Plane:
    """Element by element the plane that is lower in the middle, all times `sign`; if neither, the first."""
    here, there = (p.of_x * middle[0] + p.of_delta * middle[1] + p.intercept for p in (first, second))
    chosen = ~(sign * there < sign * here)
    return Plane(
        np.where(chosen, first.of_x, second.of_x),
        np.where(chosen, first.of_delta, second.of_delta),
        np.where(chosen, first.intercept, second.intercept),
    )
