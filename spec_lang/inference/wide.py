"""Lines of inquiry for networks of many inputs: rules on a layer and boxes of inputs that bounds tell.

In: what is to be covered.  Out: generators of candidates, each about points that no proved one speaks of.
Points drawn from a domain of many inputs are like none of the data, and boxes of its parts are never decided:
so rules are cut from what the layer's values may be, and boxes are grown from one point to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from spec_lang.inference.cover import Cover
from spec_lang.inference.cutting import cut, grown, widened
from spec_lang.inference.inquiries import Inquiry
from spec_lang.inference.model import F64, Candidate, Indices, Literal, Method
from spec_lang.inference.numbers import decimal
from spec_lang.inference.rules import needed
from spec_lang.inference.signatures import Signatures, room
from spec_lang.inference.views import View, of_inputs, of_layer
from spec_lang.kernel.verdict import Status

MANY_INPUTS = 16  # of more, no box of a part of the domain is small
_SEEDS = 4  # points that are tried for each candidate
_MISSES = 4  # in a row, after which a line ends
_ROOM = 0.2  # of the outputs' median distance from another decision, that bounds leave at a rule
_AGAIN = 2.0  # times that, after a rule that was not decided
_NEIGHBOURS = 5  # of a point, by which it is told whether others are near
_COMPARED = 300  # points
_DIGITS = 5


def by_cuts(cover: Cover, layer: int, most: int) -> Inquiry:
    """Rules on a layer, over the domain."""
    found = cover.setting.found
    decision = found.decisions[cover.decision]
    view = of_layer(found, decision, layer)
    if view is None or not cover.left.any():
        return
    away = room(decision, found.points, found.outputs)
    enough = _ROOM * float(np.median(away[cover.left]))
    proved = missed = 0
    while cover.left.any() and proved < most and missed < _MISSES:
        rows = np.flatnonzero(cover.left)
        seeds = rows[np.argsort(-away[rows], kind="stable")][missed * _SEEDS :][:_SEEDS]
        candidate = _largest(cover, _rules(cover, view, (layer, enough), seeds))
        missed += 1
        if candidate is not None:
            finding = yield candidate
            cover.hear(candidate, finding)
            if finding.status is Status.PROVED:
                proved, missed = proved + 1, 0
            else:
                enough *= _AGAIN


def _rules(cover: Cover, view: View, of: tuple[int, float], seeds: Indices) -> Iterator[Candidate]:
    (layer, enough), found = of, cover.setting.found
    kept, others = view.values[cover.left], view.values[found.decided != cover.decision]
    name = found.subject.layers[layer].name
    for point in view.values[seeds]:
        box = cut(view, point, kept, enough)
        if box is None:
            continue
        literals = _literals(view, widened(view, box, enough), layer)
        shown = needed(others, literals)
        words = f"{shown} times refuted by a point, {len(literals) - shown} open"
        note = f"limits of the values of {name}; without any one condition: {words}"
        yield Candidate(cover.decision, Method.RULE, literals, note=note)


def _literals(view: View, box: tuple[F64, F64], layer: int) -> tuple[Literal, ...]:
    """The sides that are not all there may be.  Their ends are rounded outward, by much less than bounds have
    left, so that the points at them are in."""
    above = [
        Literal(layer, n, above=True, bound=max(Fraction(0), _rounded(box[0][n], up=False)))
        for n in np.flatnonzero(box[0] > view.lower).tolist()
    ]
    below = [
        Literal(layer, n, above=False, bound=_rounded(box[1][n], up=True))
        for n in np.flatnonzero(box[1] < view.upper).tolist()
    ]
    return tuple(sorted((*above, *below)))


def _rounded(value: float, *, up: bool) -> Fraction:
    """The next decimal, and never the number itself but for 0: at a lower limit it would be left out."""
    exact = Fraction(value)
    if exact and not up:
        exact *= 1 - Fraction(1, 10 ** (2 * _DIGITS))
    return Fraction(decimal(exact, up=up, digits=_DIGITS))


def by_growth(cover: Cover, most: int) -> Inquiry:
    """Boxes of inputs; inputs that do not matter may be anything."""
    setting = cover.setting
    view = of_inputs(setting.found, setting.found.decisions[cover.decision])
    proved = missed = 0
    while cover.left.any() and proved < most and missed < _MISSES:
        candidate = _largest(cover, _boxes(cover, view, missed))
        missed += 1
        if candidate is not None:
            finding = yield candidate
            cover.hear(candidate, finding)
            if finding.status is Status.PROVED:
                proved, missed = proved + 1, 0


def _boxes(cover: Cover, view: View, missed: int) -> Iterator[Candidate]:
    kept = cover.setting.found.points[cover.left]
    kept = kept[cover.rng().permutation(len(kept))[:_COMPARED]]
    apart = np.stack([abs(kept - point).sum(axis=1) for point in kept])
    near = np.sort(apart, axis=1)[:, 1 : 1 + _NEIGHBOURS].sum(axis=1)
    for point in kept[np.argsort(near, kind="stable")][missed * _SEEDS :][:_SEEDS]:
        box = grown(view, point, kept)
        region = None if box is None else cover.setting.exact(widened(view, box, 0.0))
        if region is not None:
            yield Candidate(cover.decision, Method.BOX, box=region, note="grown from point to point")


def _largest(cover: Cover, candidates: Iterator[Candidate]) -> Candidate | None:
    """The one with most points that are left."""
    best, most = None, cover.support - 1
    for candidate in candidates:
        count = int((cover.setting.found.where(candidate) & cover.left).sum())
        if count > most:
            best, most = candidate, count
    return best


def told(found: Signatures, candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    """Those about one layer that bounds of what follows it tell."""
    views: dict[tuple[int, int], View | None] = {}
    for candidate in candidates:
        ((layer, *others), decision) = candidate.layers or (0,), candidate.decision
        if others or not candidate.literals:
            continue
        if (decision, layer) not in views:
            views[decision, layer] = of_layer(found, found.decisions[decision], layer)
        view = views[decision, layer]
        if view is None:
            continue
        low, high = view.lower.copy(), view.upper.copy()
        for literal in candidate.literals:
            ends = (low, np.maximum) if literal.above else (high, np.minimum)
            ends[0][literal.neuron] = ends[1](ends[0][literal.neuron], float(literal.bound))
        if (low <= high).all() and (view.margins(low[None], high[None])[1] > 0).all():
            yield candidate
