"""Linear bounds on `relu(z) = max(z, 0)` over `lower <= z <= upper`.

In: rigorous pre-activation bounds.  Out: slopes and intercepts, all as floats that are valid exactly as
stored.  Over-approximates; exact where the neuron is stable.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.program import F64, UNIT_ROUNDOFF


@dataclass(frozen=True, slots=True, eq=False)
class Relaxation:
    """`lower_slope·z <= relu(z) <= upper_slope·z + upper_intercept`, element by element (batch, n).

    Sound because every lower slope lies in [0, 1], and the upper line is at or above relu at both ends
    of the interval, hence on all of it by convexity.
    """

    lower_slope: F64
    upper_slope: F64
    upper_intercept: F64


def relax(lower: F64, upper: F64) -> Relaxation:
    """The triangle's upper edge and, below, the slope 0 or 1 that leaves the smaller area
    [Zhang et al. 2018, CROWN].

    Sound because the intercept is computed for the *stored* slope: at `lower` it must reach 0 and at
    `upper` it must reach `upper`; four units of rounding cover the two operations of either.
    """
    active = lower >= 0
    unstable = (upper > 0) & ~active
    width = np.where(unstable, upper - lower, 1.0)
    chord = np.minimum(np.where(unstable, upper / width, 0.0), 1.0)
    # Two products and a difference, each within one unit of its own result; `upper` bounds them all.
    reach = np.maximum(-chord * lower, upper - chord * upper)
    slack = 4 * UNIT_ROUNDOFF * (upper + reach) + 1e-300
    intercept = np.where(unstable, reach + slack, 0.0)
    # A NaN bound makes both tests false: the neuron would count as dead.  The caller refuses NaN first.
    steep = unstable & (upper > -lower)
    return Relaxation(
        np.where(active | steep, 1.0, 0.0),
        np.where(active, 1.0, chord),
        intercept,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Which neurons of a ReLU a pass over this batch carries, and in which order.

    `columns` lists the neurons that are not dead in every box, those that are unstable or differ
    between boxes first (`mixed` of them), then those that are active in every box, whose coefficients
    pass through unchanged.  The relaxation is stored for the mixed ones alone.
    """

    columns: NDArray[np.intp]
    mixed: int
    relaxation: Relaxation  # (batch, mixed)


def layout(relaxation: Relaxation) -> Layout:
    """Sound to drop dead neurons: both of their bounds are 0."""
    dead = (relaxation.upper_slope == 0).all(axis=0) & (relaxation.upper_intercept == 0).all(axis=0)
    active = (relaxation.lower_slope == 1).all(axis=0) & (relaxation.upper_intercept == 0).all(axis=0)
    mixed = np.flatnonzero(~dead & ~active)
    part = Relaxation(
        np.ascontiguousarray(relaxation.lower_slope[:, mixed]),
        np.ascontiguousarray(relaxation.upper_slope[:, mixed]),
        np.ascontiguousarray(relaxation.upper_intercept[:, mixed]),
    )
    return Layout(np.concatenate([mixed, np.flatnonzero(active)]), len(mixed), part)
