"""Lines of inquiry that cover a decision's points by rules on a layer, over parts of the domain.

In: what is to be covered.  Out: generators of candidates, each about points that no proved one speaks of.
What is refuted is learnt again with the counterexample and points around it; what is undecided is asked of
parts, and larger parts are not asked again.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator

import numpy as np

from spec_lang.inference.attack import breaking, rows_of
from spec_lang.inference.cover import LEAST, Box, Cover, divided, drawn, volume_of
from spec_lang.inference.growing import around
from spec_lang.inference.inquiries import Inquiry, Setting
from spec_lang.inference.model import Candidate, Literal, Mask, Method
from spec_lang.inference.proving import Finding
from spec_lang.inference.rules import Outside, needed, rule
from spec_lang.inference.signatures import Signatures, room
from spec_lang.kernel.verdict import Status

_DATA, _DRAWN = 2000, 2000  # points that a rule is learnt from, at most
_ROOMS = (0.1, 0.25, 0.5, 0.7)  # of the points of a decision so many count as others, one for each attempt
_MARGIN = 0.05  # of a neuron's standard deviation
_MISSES = 12  # in a row, after which a line ends
_SHARES = tuple(2.0 ** (-n / 2) for n in range(16, 1, -1))  # of the domain, in every coordinate
_FALL, _RISE = 1 / 16, 2.0  # of the volume that is asked about, after what is not proved and what is
_LESSONS = 6  # rules that are broken by points that are found, before one is for the engine
_STARTS = 300  # of descents
_KEPT = 500  # points that broke a rule


def by_rules(cover: Cover, layer: int, most: int) -> Inquiry:
    """Rules on a layer: over the part of the domain with most points, then over halves of it."""
    setting, limit = cover.setting, 1.0
    parts = [(-int(cover.left.sum()), 0, setting.domain)]
    number = proved = missed = 0
    while parts and proved < most and missed < _MISSES:
        _, _, box = heapq.heappop(parts)
        here = cover.within(box)
        share = volume_of(box, setting.domain)
        if len(here) < cover.support or not len(here):
            continue
        status = None
        if share <= limit:
            status = yield from _learnt(cover, layer, box)
            limit = min(1.0, limit * _RISE) if status is Status.PROVED else share * _FALL
            proved += status is Status.PROVED
            missed = 0 if status is Status.PROVED else missed + 1
        again = [box] if status is Status.PROVED else []
        for part in again or divided(cover, box):
            number += 1
            if volume_of(part, setting.domain) > LEAST:
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
        starts = np.concatenate([drawn(box, rng, _STARTS), local.points[mine][:_STARTS]])
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
    local = cover.evaluated(np.concatenate([points[rows], drawn(box, rng, _DRAWN), known]))
    mine = np.zeros(len(local), dtype=np.bool_)
    mine[: len(rows)] = cover.left[rows]
    fresh = slice(len(rows), len(local) - len(known))
    if mine.sum() < _DRAWN // 64:
        mine[fresh] |= local.decided[fresh] == cover.decision
    return local, mine
