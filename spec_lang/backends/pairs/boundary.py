"""The boundary of a polygon and its image under a piecewise-linear function, in plain floats.

In: slope matrices, weights that make the rows two, and a polygon.  Out: the polygon's corners with all the
kinks on its edges, their images, and where the images of two edges cross.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends.pairs.plane import cross
from spec_lang.bounding.program import F64, Indices
from spec_lang.bounding.slopes import Slopes

MOST_KINKS: Final = 3000  # of a boundary: all pairs of its edges are looked at


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """Two points of the boundary that have one image, as far as floats can tell."""

    x: F64
    y: F64


def crossing(slopes: Slopes, weights: F64, corners: F64) -> Crossing | None:
    """A pair of edges of the boundary whose images cross; None where there is none, or too many to look."""
    path = with_kinks(slopes, corners)
    if len(path) > MOST_KINKS:
        return None
    image = slopes.entering(_whole(slopes, path))[1] @ weights.T
    found = _crossing_edges(image)
    if found is None:
        return None
    i, j, s, t = found
    after = np.roll(path, -1, axis=0)
    return Crossing(path[i] + s * (after[i] - path[i]), path[j] + t * (after[j] - path[j]))


def with_kinks(slopes: Slopes, corners: F64) -> F64:
    """The closed way along `corners` (k, 2), with a point wherever a neuron's kink crosses it."""
    path = corners
    for value, start in slopes.starts.items():
        # Between two points of the way what enters this step is affine.
        here = slopes.entering(_whole(slopes, path))[0][:, start : start + slopes.program.sizes[value]]
        there, after = np.roll(here, -1, axis=0), np.roll(path, -1, axis=0)
        edge, neuron = np.nonzero(((here > 0) & (there < 0)) | ((here < 0) & (there > 0)))
        share = here[edge, neuron] / (here[edge, neuron] - there[edge, neuron])
        new = path[edge] + share[:, None] * (after[edge] - path[edge])
        order = np.lexsort(
            (np.concatenate([np.zeros(len(path)), share]), np.concatenate([np.arange(len(path)), edge]))
        )
        path = np.concatenate([path, new])[order]
    return path


def _whole(slopes: Slopes, points: F64) -> F64:
    """As flat inputs."""
    found = np.repeat(slopes.point[None], len(points), axis=0)
    found[:, slopes.free] = points
    return found


def _crossing_edges(image: F64) -> tuple[int, int, float, float] | None:
    """Two edges of a closed polygon that cross in their insides, and how far along them."""
    start, end = image, np.roll(image, -1, axis=0)
    low, high = np.minimum(start, end), np.maximum(start, end)
    one, two = _overlapping(low, high)
    between = (two - one > 1) & ~((one == 0) & (two == len(image) - 1))
    one, two = one[between], two[between]
    a, b = end[one] - start[one], end[two] - start[two]
    offset = start[two] - start[one]
    turn = cross(a, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        s, t = cross(offset, b) / turn, cross(offset, a) / turn
    crossed = np.flatnonzero((turn != 0) & (s > 0) & (s < 1) & (t > 0) & (t < 1))
    if not len(crossed):
        return None
    # The one that floats are surest of.
    middle = np.minimum.reduce([s[crossed], 1 - s[crossed], t[crossed], 1 - t[crossed]])
    best = crossed[int(middle.argmax())]
    return int(one[best]), int(two[best]), float(s[best]), float(t[best])


def _overlapping(low: F64, high: F64) -> tuple[Indices, Indices]:
    """Pairs (i, j), i < j, of boxes that meet."""
    meet = np.ones((len(low), len(low)), dtype=np.bool_)
    for axis in range(low.shape[1]):
        meet &= low[:, None, axis] <= high[None, :, axis]
        meet &= low[None, :, axis] <= high[:, None, axis]
    one, two = np.nonzero(np.triu(meet, 1))
    return one, two
