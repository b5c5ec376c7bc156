"""Lines of inquiry that cover a decision's points: rules on a layer over parts of the domain, and boxes.

In: signatures at the data.  Out: generators of candidates, each about points that no proved one speaks of.
What is refuted is learnt again with the counterexample and points around it; what is undecided is asked
of parts, and larger parts are not asked again.  Nothing in here depends on time, only on verdicts.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator
from dataclasses import field

import numpy as np

from spec_lang._values import dataclass
from spec_lang.inference.attack import breaking, rows_of
from spec_lang.inference.growing import around, grown
from spec_lang.inference.inquiries import Inquiry, Setting, start_box
from spec_lang.inference.model import F64, Candidate, Indices, Literal, Mask, Method
from spec_lang.inference.proving import Finding
from spec_lang.inference.rules import Outside, needed, rule
from spec_lang.inference.signatures import Signatures, room, signatures
from spec_lang.kernel.verdict import Status

Box = tuple[F64, F64]

_DATA, _DRAWN = 2000, 2000  # points that a rule is learnt from, at most
_JITTER = 200  # points around a counterexample
_ROOMS = (0.1, 0.25, 0.5, 0.7)  # of the points of a decision so many count as others, one for each attempt
_MARGIN = 0.05  # of a neuron's standard deviation
_SEEDS = 12
_ASIDE = 0.5  # of the outputs' median distance from another decision
_REMEMBERED = 40  # batches of points that broke something
_OUTSIDE = 20_000  # points of other decisions that boxes are grown between
_MISSES = 12  # in a row, after which a line ends
_SHARES = tuple(2.0 ** (-n / 2) for n in range(16, 1, -1))  # of the domain, in every coordinate
_ROUNDS = 20  # of drawing points in a box
_LEAST = 2.0**-40  # of the domain's volume
_FALL, _RISE = 1 / 16, 2.0  # of the volume that is asked about, after what is not proved and what is
_WIDER, _NARROWER = 1.5, 0.3  # the same of boxes, where several lines go by it
_LESSONS = 6  # rules that are broken by points that are found, before one is for the engine
_STARTS = 300  # of descents
_KEPT = 500  # points that broke a rule


@dataclass(slots=True, eq=False)
class Cover:
    """Points of the data that are still to be covered, and points that refuted something."""

    setting: Setting
    decision: int
    support: int
    left: Mask
    limit: float = 1.0  # of the domain's volume: larger boxes are cut before they are asked about
    least: float = 0.0  # points that are nearer than this to another decision stay outside of boxes
    against: list[F64] = field(default_factory=list)
    draws: int = 0

    @classmethod
    def start(cls, setting: Setting, decision: int, support: int) -> Cover:
        found = setting.found
        own = found.decided == decision
        away = room(found.decisions[decision], found.points[own], found.outputs[own])
        least = _ASIDE * float(np.median(away)) if len(away) else 0.0
        return cls(setting, decision, support, own, least=least)

    def away(self, found: Signatures) -> Mask:
        """The points that stay outside of boxes."""
        distance = room(found.decisions[self.decision], found.points, found.outputs)
        return np.asarray(distance <= self.least)

    def rng(self) -> np.random.Generator:
        """Another one each time, the same in every run."""
        self.draws += 1
        return np.random.default_rng([self.setting.seed, self.decision, self.draws])

    def within(self, box: Box) -> Indices:
        """The points that are left in a box."""
        rows = np.flatnonzero(self.left)
        points = self.setting.found.points[rows]
        return rows[((points >= box[0]) & (points <= box[1])).all(axis=1)]

    def hear(self, candidate: Candidate, finding: Finding) -> None:
        """Cross off what is proved; keep a counterexample, and points around it that break the decision."""
        if finding.status is Status.PROVED:
            self.left &= ~self.setting.found.where(candidate)
        if finding.witness is None:
            return
        center = np.array([float(v) for v in finding.witness])
        low, high = self.setting.domain
        rng = self.rng()
        reach = np.geomspace(1e-4, 0.05, _JITTER)[:, None] * (high - low)
        near = np.clip(center + reach * rng.normal(size=(_JITTER, len(center))), low, high)
        every = np.concatenate([center[None], near])
        decided = self.evaluated(every).decided
        self.against.append(every[(decided != self.decision) | (np.arange(len(every)) == 0)])

    def evaluated(self, points: F64) -> Signatures:
        found = self.setting.found
        return signatures(found.subject, found.decisions, points)

    def others(self) -> F64:
        return (
            np.concatenate(self.against)
            if self.against
            else np.zeros((0, self.setting.found.points.shape[1]))
        )


def by_rules(cover: Cover, layer: int, most: int) -> Inquiry:
    """Rules on a layer: over the part of the domain with most points, then over halves of it."""
    setting, limit = cover.setting, 1.0
    parts = [(-int(cover.left.sum()), 0, setting.domain)]
    number = proved = missed = 0
    while parts and proved < most and missed < _MISSES:
        _, _, box = heapq.heappop(parts)
        here = cover.within(box)
        share = _volume(box, setting.domain)
        if len(here) < cover.support or not len(here):
            continue
        status = None
        if share <= limit:
            status = yield from _learnt(cover, layer, box)
            limit = min(1.0, limit * _RISE) if status is Status.PROVED else share * _FALL
            proved += status is Status.PROVED
            missed = 0 if status is Status.PROVED else missed + 1
        again = [box] if status is Status.PROVED else []
        for part in again or _divided(cover, box):
            number += 1
            if _volume(part, setting.domain) > _LEAST:
                heapq.heappush(parts, (-len(cover.within(part)), number, part))


def around_point(setting: Setting, layer: int, row: int) -> Inquiry:
    """Rules over small boxes around point `row`, then larger ones, up to the first that is not proved."""
    found = setting.found
    for share in _SHARES:
        box = around(found.points[row], setting.domain, share)
        left = np.zeros(len(found), dtype=np.bool_)
        left[row] = True
        cover = Cover(setting, int(found.decided[row]), 1, left)
        status = yield from _learnt(cover, layer, box)
        if status not in (None, Status.PROVED):
            return


def _learnt(cover: Cover, layer: int, box: Box) -> Generator[Candidate, Finding, Status | None]:
    """A rule over one part, learnt anew after each counterexample; None where there is none."""
    setting = cover.setting
    whole = bool((box[0] <= setting.domain[0]).all() and (box[1] >= setting.domain[1]).all())
    region = None if whole else setting.exact(box)
    if region is None and not whole:
        return None
    name = setting.found.subject.layers[layer].name
    for share in _ROOMS:
        learnt = _unbroken(cover, layer, box, share)
        if learnt is None:
            return None
        literals, shown = learnt
        method = Method.RULE if literals else Method.BOX
        words = f"without any one condition: {shown} times refuted by a point, {len(literals) - shown} open"
        note = f"a rule on the values of {name}; {words}" if literals else "nothing else is decided there"
        candidate = Candidate(cover.decision, method, literals, region, note)
        if int((setting.found.where(candidate) & cover.left).sum()) < cover.support:
            return None
        finding = yield candidate
        cover.hear(candidate, finding)
        if finding.witness is None:
            return finding.status
    return Status.REFUTED


def _unbroken(cover: Cover, layer: int, box: Box, share: float) -> tuple[tuple[Literal, ...], int] | None:
    """A rule that descents find no point against, and how many of its conditions a known point shows to be
    needed; None where there is none."""
    found, rng = cover.setting.found, cover.rng()
    for _ in range(_LESSONS):
        local, mine = _sample(cover, box)
        if not mine.any():
            return None
        decision = found.decisions[cover.decision]
        away = room(decision, local.points, local.outputs)
        least = max(float(np.quantile(away[mine], share)), 0.0) if (away <= 0).any() else 0.0
        values, enough = local.values(layer, np.arange(len(local))), away > least
        others = Outside(values[~enough], values[~enough])
        literals = rule(values[mine & enough], others, layer, _MARGIN)
        if literals is None:
            return None
        rows = rows_of(found.subject, decision, literals, 0.5 * least)
        starts = np.concatenate([_drawn(box, rng, _STARTS), local.points[mine][:_STARTS]])
        points = breaking(rows, box, starts)
        if not len(points):
            return literals, needed(values[local.decided != cover.decision], literals)
        cover.against.append(rng.permutation(points)[:_KEPT])
    return None


def _sample(cover: Cover, box: Box) -> tuple[Signatures, Mask]:
    """Signatures at points of a box, and which of these a rule is for: data, drawn points, many of them on
    the box's faces, and what has refuted earlier rules."""
    points = cover.setting.found.points
    rng = cover.rng()
    rows = np.flatnonzero(((points >= box[0]) & (points <= box[1])).all(axis=1))
    rows = np.sort(rng.permutation(rows)[:_DATA])
    known = cover.others()
    known = known[((known >= box[0]) & (known <= box[1])).all(axis=1)]
    local = cover.evaluated(np.concatenate([points[rows], _drawn(box, rng, _DRAWN), known]))
    mine = np.zeros(len(local), dtype=np.bool_)
    mine[: len(rows)] = cover.left[rows]
    drawn = slice(len(rows), len(local) - len(known))
    if mine.sum() < _DRAWN // 64:
        mine[drawn] |= local.decided[drawn] == cover.decision
    return local, mine


def _drawn(box: Box, rng: np.random.Generator, count: int) -> F64:
    """Points of a box, half of them with some coordinates at its ends."""
    shape = (count, len(box[0]))
    at = rng.random(shape)
    snapped = rng.random(shape) < np.where(np.arange(count) % 2, rng.random(count), 0.0)[:, None]
    return box[0] + np.where(snapped, np.round(at), at) * (box[1] - box[0])


def _volume(box: Box, domain: Box) -> float:
    """The share of the domain that a box is; of sides that are flat nothing is counted."""
    width = domain[1] - domain[0]
    return float(np.prod(np.where(width > 0, (box[1] - box[0]) / np.where(width > 0, width, 1.0), 1.0)))


def _divided(cover: Cover, box: Box) -> tuple[Box, Box]:
    """Two parts: cut where the decision is told best from the others, or where the box is wide."""
    domain = cover.setting.domain
    points = cover.setting.found.points
    rows = np.flatnonzero(((points >= box[0]) & (points <= box[1])).all(axis=1))[:2000]
    own = (cover.setting.found.decided[rows] == cover.decision).astype(np.float64)
    shares = np.arange(1, 8) / 8
    cuts = box[0] + shares[:, None] * (box[1] - box[0])
    width = (box[1] - box[0]) / np.where(domain[1] > domain[0], domain[1] - domain[0], 1.0)
    score = 0.3 * width / max(float(width.max()), 1e-300) - abs(shares - 0.5)[:, None] * 0.2
    if len(rows):
        below = (points[rows][:, None] <= cuts).astype(np.float64)
        score = score + _told(below, own)
    score = np.where(width > 0, score, -np.inf)
    cut, axis = np.unravel_index(int(np.argmax(score)), score.shape)
    first, second = box[1].copy(), box[0].copy()
    first[axis] = second[axis] = cuts[cut, axis]
    return (box[0], first), (second, box[1])


def _told(below: F64, own: F64) -> F64:
    """The share of the impurity [Gini] that a cut takes away."""
    total = len(own)
    count, mine = below.sum(axis=0), np.einsum("n,nca->ca", own, below)
    before = own.mean() * (1 - own.mean())
    rest, others = total - count, own.sum() - mine
    after = (
        mine * (count - mine) / np.maximum(count, 1) + others * (rest - others) / np.maximum(rest, 1)
    ) / total
    gain: F64 = (before - after) / max(float(before), 1e-12)
    return gain


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
            here, share = cover.within(part), _volume(part, cover.setting.domain)
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
            elif share > _LEAST:
                cover.limit = min(cover.limit, _NARROWER * share)
                waiting += _in_order(cover, part)


def _in_order(cover: Cover, box: Box) -> list[Box]:
    """Two parts, the one with most points last."""
    return sorted(_divided(cover, box), key=lambda half: len(cover.within(half)))


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
        drawn = _drawn(box, rng, _DRAWN)
        other = drawn[cover.away(cover.evaluated(drawn))]
        if not len(other):
            break
        cover.against.append(other[:_KEPT])
        smaller = grown(start, box, other)
        if np.array_equal(smaller, box):
            break
        box = smaller
    return box
