"""Planes below and above gates and products over ranges of what enters them, in float64 rounded outward.

In: the ranges of both operands, box by box, and the phases that are fixed.  Out: planes in both, valid
exactly as stored.

A gate with z on both sides of 0 gives 0 or g, and so lies between −relu(−g) and relu(g), of which chords are
bounds: `gL(gU − g)/(gU − gL) <= gate <= gU(g − gL)/(gU − gL)` where gL < 0 < gU.  Both of its values at z = 0
are among these.  Where a phase is fixed the gate is the choice that belongs to it: of any point and choice,
`z >= 0 and g passes` or `z <= 0 and nothing does` is true.

A product is `x·y = y₀·x + x₀·y − x₀y₀ + (x − x₀)(y − y₀)` for any x₀ and y₀, here the middles of the ranges;
the last term is at most the product of their radii.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.differences import chords
from spec_lang.kernel.network import F64
from spec_lang.kernel.rounding import UNIT
from spec_lang.kernel.scene import Ends, Mask, Phases
from spec_lang.network.primitives import Binary

_LEAST: Final = 1e-300  # more than what products lose that underflow


@dataclass(frozen=True, slots=True, eq=False)
class CrossPlane:
    """`of_first·x + of_second·y + constant`, element by element (batch, n); `of_first` is None for 0."""

    of_first: F64 | None
    of_second: F64
    constant: F64


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """`below <= value <= above`."""

    below: CrossPlane
    above: CrossPlane


def crossing(function: Binary, first: Ends, second: Ends, phases: Phases | None) -> Crossing:
    """Planes over `first × second`; `phases` (batch, n) of a gate's z, as in `Slopes`, None for all open."""
    if function is Binary.PRODUCT:
        return _of_product(first, second)
    passes, stops = states(first, phases)
    low, high = second
    above, below = chords(low, high), chords(-high, -low)
    return Crossing(
        _fixed(CrossPlane(None, below.above, -below.intercept), passes, stops),
        _fixed(CrossPlane(None, above.above, above.intercept), passes, stops),
    )


def states(z: Ends, phases: Phases | None) -> tuple[Mask, Mask]:
    """Where g surely passes a gate, and where surely nothing does; at z = 0 neither is sure."""
    passes, stops = z[0] > 0, z[1] < 0
    if phases is None:
        return passes, stops
    return (passes & (phases >= 0)) | (phases > 0), (stops & (phases <= 0)) | (phases < 0)


def crossing_ends(function: Binary, first: Ends, second: Ends, phases: Phases | None) -> Ends:
    """What the values lie between, rounded outward."""
    (a, b), (c, d) = first, second
    if function is Binary.GATE:
        passes, stops = states(first, phases)
        low, high = np.where(passes, c, np.minimum(c, 0.0)), np.where(passes, d, np.maximum(d, 0.0))
        return np.where(stops, 0.0, low), np.where(stops, 0.0, high)
    corners = np.stack([a * c, a * d, b * c, b * d])
    # NaN, of 0 and infinity, stays NaN: it is no bound, and is taken for none.
    return np.nextafter(corners.min(axis=0), -np.inf), np.nextafter(corners.max(axis=0), np.inf)


def with_phases(found: Crossing, phases: Phases) -> Crossing:
    """A gate's planes where rows have phases of their own (rows, n)."""
    return Crossing(_fixed(found.below, phases > 0, phases < 0), _fixed(found.above, phases > 0, phases < 0))


def _fixed(plane: CrossPlane, passes: Mask, stops: Mask) -> CrossPlane:
    slope = np.where(passes, 1.0, np.where(stops, 0.0, plane.of_second))
    return CrossPlane(None, slope, np.where(passes | stops, 0.0, plane.constant))


def _of_product(first: Ends, second: Ends) -> Crossing:
    (x, x_reach), (y, y_reach) = _middle(first), _middle(second)
    size, reach = abs(x * y), x_reach * y_reach
    slack = 8 * UNIT * (size + reach) + _LEAST
    return Crossing(
        CrossPlane(y, x, -(x * y) - (reach + slack)), CrossPlane(y, x, -(x * y) + (reach + slack))
    )


def _middle(ends: Ends) -> tuple[F64, F64]:
    """The middle of a range, and how far from it the range reaches, rounded up."""
    low, high = ends
    middle = low + 0.5 * (high - low)
    return middle, np.nextafter(np.maximum(high - middle, middle - low), np.inf)
