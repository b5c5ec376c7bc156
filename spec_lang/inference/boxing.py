"""Lines of inquiry that cover a decision's points by boxes of inputs.

In: what is to be covered.  Out: generators of candidates: boxes that are grown around points, away from
where the decision is close, and parts of those that are too large to be decided.
"""

from __future__ import annotations

import numpy as np

from spec_lang.inference.cover import LEAST, Box, Cover, divided, drawn, volume_of
from spec_lang.inference.growing import grown
from spec_lang.inference.inquiries import Inquiry, start_box
from spec_lang.inference.model import Candidate, Method
from spec_lang.kernel.verdict import Status

_SEEDS = 12
_OUTSIDE = 20_000  # points of other decisions that boxes are grown between
_MISSES = 12  # in a row, after which a line ends
_ROUNDS = 20  # of drawing points in a box
_WIDER, _NARROWER = 1.5, 0.3  # the same of boxes, where several lines go by it
_DRAWN = 2000
_KEPT = 500  # points that broke a rule


def by_boxes(cover: Cover, most: int) -> Inquiry:
    """Boxes of inputs: the one with most points that are left, of several that are grown; halves of it where
    it is too large."""
    found, proved, missed = cover.setting.found, 0, 0
    while cover.left.any() and proved < most and missed < _MISSES:
        box = _largest(cover)
        missed += box is None
        waiting = [] if box is None else [box]
        while waiting and proved < most and missed < _MISSES:
            part = waiting.pop()
            here, share = cover.within(part), volume_of(part, cover.setting.domain)
            if share > cover.limit:
                waiting += _in_order(cover, part)
                continue
            region = cover.setting.exact(part)
            if len(here) < max(cover.support, 1) or region is None:
                continue
            candidate = Candidate(cover.decision, Method.BOX, box=region, note="grown around points")
            claimed = found.where(candidate) & cover.left
            if not claimed.any():
                continue
            cover.left &= ~claimed  # other lines look elsewhere meanwhile
            finding = yield candidate
            if finding.status is not Status.PROVED:
                cover.left |= claimed
            cover.hear(candidate, finding)
            missed += 1
            if finding.status is Status.PROVED:
                proved, missed = proved + 1, 0
                cover.limit = max(cover.limit, min(1.0, _WIDER * share))
            elif finding.witness is not None:
                break
            elif share > LEAST:
                cover.limit = min(cover.limit, _NARROWER * share)
                waiting += _in_order(cover, part)


def _in_order(cover: Cover, box: Box) -> list[Box]:
    """Two parts, the one with most points last."""
    return sorted(divided(cover, box), key=lambda half: len(cover.within(half)))


def _largest(cover: Cover) -> Box | None:
    """Of boxes that are grown around some points that are left, the one with most of them."""
    found, domain = cover.setting.found, cover.setting.domain
    rng = cover.rng()
    away = cover.away(found)
    mine = np.flatnonzero(cover.left & ~away)
    if not len(mine):
        mine = np.flatnonzero(cover.left)
    seeds = rng.permutation(mine)[:_SEEDS].tolist()
    other = rng.permutation(np.flatnonzero(away))[:_OUTSIDE]
    outside = np.concatenate([found.points[other], cover.others()])
    boxes = [(grown((p, p), domain, outside), row) for row, p in zip(seeds, found.points[seeds], strict=True)]
    box, row = max(boxes, key=lambda pair: len(cover.within(pair[0])))
    start = start_box(cover.setting, row)
    start = np.maximum(start[0], box[0]), np.minimum(start[1], box[1])
    if (start[0] > start[1]).any():
        start = (found.points[row], found.points[row])
    for _ in range(_ROUNDS):
        points = drawn(box, rng, _DRAWN)
        other = points[cover.away(cover.evaluated(points))]
        if not len(other):
            break
        cover.against.append(other[:_KEPT])
        smaller = grown(start, box, other)
        if np.array_equal(smaller, box):
            break
        box = smaller
    return box
