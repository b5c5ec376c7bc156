"""Boxes of many numbers, of a layer's values or of inputs, over which bounds tell a decision.

In: a view of the decision, a point, and points to keep.  Out: boxes around the point with many of these in
them: cut from all values, or grown from the point, and then widened where it costs nothing.  Greedy; bounds
that are far from 0 in all of a box say little, so that boxes of inputs are grown and those of layers are cut.
"""

from __future__ import annotations

import numpy as np

from spec_lang.inference.cover import Box
from spec_lang.inference.model import F64
from spec_lang.inference.views import View

_CUTS = 12  # places at which a side may be cut, besides the point's own
_KEPT = 1000  # points that cuts are chosen by
_NEAREST = 24  # points that a box may be grown to
_GROWN = 60  # times
_PREFIXES = 32  # numbers of sides that are tried together
_WIDENED = 4  # rounds of that
_HALF = 0.5  # of the way to the point; of a point, what a cut costs that loses none


def cut(view: View, point: F64, kept: F64, room: float) -> Box | None:
    """All values, cut until every rival is farther than `room`, each time where it brings most for the points
    of `kept` that are lost; None where the point itself is nearer."""
    low, high = view.lower.copy(), view.upper.copy()
    kept = kept[:_KEPT]
    for _ in range(4 * (_CUTS + 1) * len(point)):
        (slopes,), (least,) = view.margins(low[None], high[None])
        missing = np.where(least > room, 0.0, room - least)
        if not missing.any():
            return low, high
        inside = kept[((kept >= low) & (kept <= high)).all(axis=1)]
        if (low == high).all():
            return None
        if not _shortened((low, high), point, inside, (slopes, missing)):
            # Flat bounds of what is wide: they have slopes again nearer to the point.
            low, high = point - _HALF * (point - low), point + _HALF * (high - point)
    return None


def _shortened(box: Box, point: F64, inside: F64, of: tuple[F64, F64]) -> bool:
    """Moves the end of one side, in place, to where some of `inside` end, or to the point; False where no cut
    would bring anything."""
    (low, high), (slopes, missing) = box, of
    shares = np.linspace(0.0, 1.0, _CUTS)
    places = np.quantile(np.concatenate([inside, point[None]]), shares, axis=0, method="nearest")
    up = np.clip(np.concatenate([np.minimum(places, point), point[None]]), low, None)
    down = np.clip(np.concatenate([np.maximum(places, point), point[None]]), None, high)
    scores = []
    for ends, old, sign in ((up, low, 1.0), (down, high, -1.0)):
        brought = np.maximum(sign * slopes, 0.0)[:, None] * abs(ends - old)
        gain = np.minimum(brought, missing[:, None, None]).sum(axis=0)
        lost = np.count_nonzero(sign * inside[:, None] < sign * ends, axis=0)
        scores.append(gain / (_HALF + lost))
    side, place, column = np.unravel_index(int(np.argmax(scores)), np.shape(scores))
    if not scores[side][place, column] > 0:
        return False
    if side:
        high[column] = down[place, column]
    else:
        low[column] = up[place, column]
    return True


def grown(view: View, point: F64, kept: F64) -> Box | None:
    """From the point, each time to the one of the nearest of `kept` that leaves the rivals farthest."""
    low = high = point
    if (view.margins(low[None], high[None])[1] <= 0).any():
        return None
    for _ in range(_GROWN):
        beyond = np.maximum(low - kept, 0.0) + np.maximum(kept - high, 0.0)
        outside = np.flatnonzero(beyond.any(axis=1))
        near = kept[outside[np.argsort(beyond[outside].sum(axis=1), kind="stable")[:_NEAREST]]]
        if not len(near):
            break
        lows, highs = np.minimum(low, near), np.maximum(high, near)
        least = view.margins(lows, highs)[1].min(axis=1, initial=np.inf)
        best = int(np.argmax(least))
        if least[best] <= 0:
            break
        low, high = lows[best], highs[best]
    return low, high


def widened(view: View, box: Box, room: float) -> Box:
    """Sides are moved to the ends of all values while every rival stays farther than `room`: those that cost
    least by the slopes of the bounds first, as many together as can be."""
    low, high = box[0].copy(), box[1].copy()
    size, stuck = len(low), np.zeros(2 * len(low), dtype=np.bool_)
    for _ in range(_WIDENED):
        slopes, least = (found[0] for found in view.margins(low[None], high[None]))
        moved = np.concatenate([low - view.lower, view.upper - high])
        price = np.concatenate([np.maximum(slopes, 0.0), np.maximum(-slopes, 0.0)], axis=1) * moved
        price = (price / np.maximum(least, 1e-12)[:, None]).max(axis=0, initial=0.0)
        order = np.flatnonzero((moved > 0) & ~stuck)
        order = order[np.argsort(price[order], kind="stable")]
        if not len(order):
            break
        counts = np.unique(np.linspace(1, len(order), min(_PREFIXES, len(order))).astype(np.intp))
        free = np.zeros((len(counts), 2 * size), dtype=np.bool_)
        for row, count in zip(free, counts.tolist(), strict=True):
            row[order[:count]] = True
        lows = np.where(free[:, :size], view.lower, low)
        highs = np.where(free[:, size:], view.upper, high)
        enough = (view.margins(lows, highs)[1] > room).all(axis=1)
        best = int(np.flatnonzero(enough).max(initial=-1))
        if best >= 0:
            low, high = lows[best], highs[best]
        last = 0 if best < 0 else int(counts[best])
        stuck[order[last : last + 1]] = True
    return low, high
