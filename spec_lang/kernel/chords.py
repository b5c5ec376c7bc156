"""Slopes of chords: what a ReLU makes of the difference of two numbers, by where each of them lies.

In: ranges of what enters every neuron on two cells.  Out: for each neuron the least and the greatest slope
`(relu(a) − relu(b)) / (a − b)`, over `WHOLE`, rounded outward.  It increases in a and in b, relu being
convex, so that the lower ends give the least and the upper ends the greatest; where a = b any slope will
do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang.kernel.network import F64, Network, ReluStep
from spec_lang.kernel.scene import Ranges
from spec_lang.kernel.tracing import WHOLE, Slope

_ROUNDING = 2.0**-40  # of a quotient, relative, many times over


def between(network: Network, known: Ranges, one: int, other: int) -> dict[int, Slope]:
    """Of every ReLU, by its value, between the cells numbered `one` and `other`."""
    found = {}
    for step in network.steps:
        if isinstance(step, ReluStep):
            lower, upper = known[step.operand]
            least = np.floor(_slope(lower[one], lower[other], 1 - _ROUNDING) * WHOLE)
            greatest = np.ceil(_slope(upper[one], upper[other], 1 + _ROUNDING) * WHOLE)
            found[step.value] = Slope(_whole(least, 0), _whole(greatest, WHOLE))
    return found


def _whole(slopes: F64, unknown: int) -> NDArray[np.int64]:
    known = np.where(np.isnan(slopes), unknown, slopes)
    found: NDArray[np.int64] = np.clip(known, 0, WHOLE).astype(np.int64)
    return found


def _slope(a: F64, b: F64, rounding: float) -> F64:
    """0 where both are at most 0, 1 where both are at least 0, exactly; else in between, times `rounding`,
    and not 0.  Where both are 0 these are the lower ends of numbers that are not below, if `rounding` lowers,
    or the upper ends of some that are not above."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    mixed = (low < 0) & (high > 0)
    with np.errstate(all="ignore"):
        part = 1.0 / (1.0 - low / np.where(mixed, high, 1.0))
    part = np.maximum(part, np.finfo(np.float64).tiny) * rounding
    above = (low >= 0) & ((high > 0) | (rounding < 1))
    known = np.where(above, 1.0, np.where(high <= 0, 0.0, np.nan))
    return np.where(mixed, part, known)
