"""The decision in the line and in the plane: folds first, then the degree; the rest is for pairs of cells.

In: two points of one function, as `twofold` sees them, and a session.  Out: `Refuted` by an exact pair next
to the fold that is nearest to the centre, or `Proved` by degree, or None where neither is to be had.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from typing import Final

import numpy as np

from spec_lang.backends.base import Progress, Session
from spec_lang.backends.pairs.boundary import crossing
from spec_lang.backends.pairs.degree import EVENLY, Enclosed, meeting
from spec_lang.backends.pairs.exact import Exact, Vector
from spec_lang.backends.pairs.folds import Fold, FoldSearch
from spec_lang.backends.pairs.gauge import Gauge, gauge_of, is_inside
from spec_lang.backends.pairs.plane import BOX, Nearest, Piece
from spec_lang.backends.pairs.preimages import PreimageSearch
from spec_lang.backends.pairs.refute import Pair, Pairs
from spec_lang.backends.pairs.weights import first_weights, fitted
from spec_lang.bounding.boxes import Boxes, outward
from spec_lang.bounding.determinants import determinants
from spec_lang.bounding.program import F64, compile_graph
from spec_lang.bounding.slopes import Slopes
from spec_lang.obligations.model import Box, Obligation, Terms
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome, Proved, Refuted
from spec_lang.obligations.two_points import Twofold

MOST_FOLDS: Final = 8  # of which pairs are tried
FEW_FOLDS: Final = 2  # where more rows are compared than there are inputs
MOST_REPAIRS: Final = 3  # of a proof, where the kernel's bounds are wider
MOST_PREIMAGES: Final = 40  # that are tried
SAMPLES: Final = 100  # points whose pieces weights are fitted to, to begin with
CLOSELY: Final = 128  # tangents of a disc, where a boundary of fewer meets itself
MOST_TRIES: Final = 4  # of weights that are fitted to the pieces that stood against those before
_CLOSE: Final = 2.0**-30  # the share of the box within which pieces count as those of the centre


class Planar:
    """One decision; `done` counts cells."""

    def __init__(self, found: Twofold, obligation: Obligation, session: Session, stamp: Attestation) -> None:
        self.found, self.obligation, self.session, self.stamp = found, obligation, session, stamp
        self.done = 0

    def decide(self) -> Outcome | None:
        if not np.isfinite(_root(self.found).magnitude).all():
            return None
        if self.found.fixed:
            return self._elsewhere()
        gauge = _centred(self.found)
        if gauge is None:
            return None
        slopes, equal = compared(self.found, gauge)
        pairs = Pairs(Exact(slopes, equal, gauge.point), gauge.point, gauge.free, self.session.nearest)
        if len(equal) < len(gauge.free):
            return self._refuted(self._at_centre(slopes, gauge), pairs)
        if len(equal) > len(gauge.free):
            return self._by_weights(slopes, gauge, pairs)
        signs = np.sign(determinants(slopes.matrices(_active(slopes, self._points(gauge, _CLOSE)))))
        sign = -1 if signs.sum() < 0 else 1
        search = FoldSearch(slopes, gauge, _root(self.found), np.eye(len(equal)), sign)
        if (stopped := self._run(search)) is not None:
            return stopped
        return self._refuted(search.folds, pairs) if search.folds else self._by_degree(search, pairs)

    # -- proofs --------------------------------------------------------------------------------

    def _by_weights(self, slopes: Slopes, gauge: Gauge, pairs: Pairs) -> Outcome | None:
        """With more rows than inputs: by a part of them, or by what weights make of them."""
        points = np.concatenate([self._points(gauge, _CLOSE), self._points(gauge, 1.0)])
        met = slopes.matrices(_active(slopes, points))
        for start in first_weights(met[0]):
            for _ in range(MOST_TRIES):
                weights = fitted(start, met)
                if weights is None:
                    break
                search = FoldSearch(slopes, gauge, _root(self.found), weights, 1)
                if (stopped := self._run(search)) is not None:
                    return stopped
                if not search.folds:
                    return self._by_degree(search, pairs)
                # A fold of the combined rows is seldom one of all.
                if (outcome := self._refuted(search.folds[:FEW_FOLDS], pairs)) is not None:
                    return outcome
                folded = slopes.matrices(np.array([fold.pattern for fold in search.folds], dtype=np.float64))
                met, start = np.concatenate([met, folded]), weights  # noqa: PLW2901 - the next start
        return None

    def _points(self, gauge: Gauge, share: float) -> F64:
        """Flat inputs around the centre, as far as a share of the box; with no neuron at 0, but by chance."""
        root, free = _root(self.found), list(gauge.free)
        ways = np.random.default_rng(0).uniform(-1, 1, (SAMPLES, len(free)))
        points = np.repeat(np.array([[float(value) for value in gauge.point]]), SAMPLES, axis=0)
        points[:, free] += share * ways * (0.5 * (root.upper - root.lower)[0, free])
        return points

    def _by_degree(self, search: FoldSearch, pairs: Pairs) -> Outcome | None:
        for evenly in (EVENLY, CLOSELY) if search.gauge.rounds else (EVENLY,):
            enclosed = Enclosed.around(search, self.found.x, self.found.y, evenly)
            polygon = enclosed.polygon()
            if (
                len(search.gauge.free) == 1
                or crossing(search.slopes, search.weights, polygon.corners) is None
            ):
                return self._checked(search, evenly)
            if len(search.weights) == len(search.weights[0]):
                refuted = self._confirmed(meeting(search, pairs.exact, polygon))
                if refuted is not None:
                    return refuted
        return None

    def _checked(self, search: FoldSearch, evenly: int) -> Outcome | None:
        """The proof, once the kernel's bounds close it; leaves that they leave open are cut again."""
        for _ in range(1 + MOST_REPAIRS):
            if search.stuck or search.folds:
                return None
            proof = Enclosed.around(search, self.found.x, self.found.y, evenly).proof()
            flaw = None if self.session.examine is None else self.session.examine(proof)
            if flaw is None:
                return Proved(self.stamp, proof)
            if not flaw.unclosed:
                return None
            search.reopen(leaf.node for leaf in flaw.unclosed)
            if (stopped := self._run(search)) is not None:
                return stopped
        return None

    # -- counterexamples -----------------------------------------------------------------------

    def _at_centre(self, slopes: Slopes, gauge: Gauge) -> list[Fold]:
        """The pieces nearest to the centre: with fewer rows than inputs all are flat."""
        root, free = _root(self.found), list(gauge.free)
        whole = Piece.of_box(root.lower[0, free], root.upper[0, free])
        found = []
        for share in (_CLOSE, 1e-3, 1.0):
            points = self._points(gauge, share)[:MOST_FOLDS]
            patterns = _active(slopes, points)
            for point, pattern, entering in zip(points, patterns, slopes.pieces(patterns)[0], strict=True):
                signs = 2.0 * pattern - 1.0
                halves = ((s * z[:-1], s * z[-1], BOX) for s, z in zip(signs, entering, strict=True))
                piece = whole.cut_by(halves)
                if len(piece.corners):
                    found.append(Fold(pattern > 0.5, piece, Nearest(0.0, point[free], ())))
        return found

    def _refuted(self, folds: Sequence[Fold], pairs: Pairs) -> Outcome | None:
        return self._confirmed(pair for fold in islice(folds, MOST_FOLDS) for pair in pairs.near(fold))

    def _confirmed(self, candidates: Iterator[Pair]) -> Outcome | None:
        for x, y in candidates:
            for one, other in ((x, y), (y, x)):
                point = whole_point(self.found, self.obligation, one, other)
                if self.session.confirm(point):
                    return Refuted(point)
        return None

    def _elsewhere(self) -> Outcome | None:
        """Another preimage of the value at the second point."""
        found = self.found
        point, alone = found.y.lower, replace(found, y=found.x)
        gauge = gauge_of(found.x, found.x, found.free, point)
        if not is_inside(found.x, found.x, point) or not (gauge.rows.any(axis=1)).all():
            gauge = _centred(alone) or gauge
        slopes, equal = compared(found, gauge)
        if len(equal) != len(found.free):
            return None
        exact = Exact(slopes, equal, point)
        search = PreimageSearch(slopes, exact, gauge, _root(alone), point)
        beside = self._confirmed((other, point) for other in search.beside())
        if beside is not None:
            return beside
        if (stopped := self._run(search)) is not None:
            return stopped
        others = islice(search.candidates(), MOST_PREIMAGES)
        return self._confirmed((other, point) for other in others) or self._injective(slopes)

    def _injective(self, slopes: Slopes) -> Outcome | None:
        """What is taken once on the whole box has no other preimage there."""
        whole = replace(self.found.x, rows=(), rounds=())
        gauge = gauge_of(whole, self.found.y, self.found.free)
        signs = np.sign(determinants(slopes.matrices(_active(slopes, self._points(gauge, _CLOSE)))))
        search = FoldSearch(
            slopes, gauge, _root(self.found), np.eye(len(gauge.free)), -1 if signs.sum() < 0 else 1
        )
        if (stopped := self._run(search)) is not None or search.folds:
            return stopped
        if len(gauge.free) > 1:
            enclosed = Enclosed.around(search, whole, self.found.y)
            if crossing(slopes, search.weights, enclosed.polygon().corners) is not None:
                return None
        return self._checked(search, EVENLY)

    # -- limits --------------------------------------------------------------------------------

    def _run(self, search: FoldSearch | PreimageSearch) -> Outcome | None:
        """None once the search has ended by itself."""
        before, begun = self.done, search.done

        def stop() -> bool:
            self.done = before + search.done - begun
            self.session.observe(Progress(self.done, search.open))
            return self._stop() is not None

        ended = search.run(stop)
        self.done = before + search.done - begun
        return None if ended else self._stop()

    def _stop(self) -> GaveUp | None:
        budget = self.session.budget
        if budget.expired():
            return GaveUp(GaveUpReason.TIMEOUT, f"{self.done} cells looked at")
        if self.done and budget.work is not None and self.done >= budget.work:
            spent = f"all {budget.work:,} units are spent, {self.done} cells looked at"
            return GaveUp(GaveUpReason.BUDGET, spent)
        return None


def is_planar(found: Twofold) -> bool:
    """Whether one or two inputs are free, and all others single numbers."""
    ends = found.x.lower, found.x.upper, found.y.lower, found.y.upper
    fixed = all(len({end[i] for end in ends}) == 1 for i in found.shared)
    return fixed and 1 <= len(found.free) <= 2


def compared(found: Twofold, gauge: Gauge) -> tuple[Slopes, tuple[Terms, ...]]:
    """The network as far as the rows read it, which other outputs are no part of; and the rows over it."""
    alone = found.compared()
    point = np.array([float(value) for value in gauge.point])
    return Slopes.of(compile_graph(alone.graph), alone.equal, gauge.free, point), alone.equal


def whole_point(found: Twofold, obligation: Obligation, x: Vector, y: Vector) -> Vector:
    """Both points as the obligation's flat input."""
    values = [Fraction(0)] * obligation.graph.input_size
    for places, point in ((found.first, x), (found.second, y)):
        for place, value in zip(places, point, strict=True):
            values[place] = value
    return obligation.completed(values)


def _root(found: Twofold) -> Boxes:
    lower = tuple(map(min, found.x.lower, found.y.lower))
    return outward(Box(lower, tuple(map(max, found.x.upper, found.y.upper))))


def _active(slopes: Slopes, points: F64) -> F64:
    return (slopes.entering(points)[0] > 0).astype(np.float64)


def _centred(found: Twofold) -> Gauge | None:
    """Around the middle of the box, or of what the rows leave of it; None where neither is inside."""
    gauge = gauge_of(found.x, found.y, found.free)
    if is_inside(found.x, found.y, gauge.point):
        return gauge
    root, free = _root(found), list(found.free)
    halves = [
        (np.array([-float(dict(row.inputs).get(i, 0)) for i in free]), -float(rest), BOX)
        for row in found.x.rows
        if row in found.y.rows
        for rest in [sum((c * gauge.point[i] for i, c in row.inputs if i not in free), row.constant)]
    ]
    left = Piece.of_box(root.lower[0, free], root.upper[0, free]).cut_by(halves)
    if not len(left.corners):
        return None
    point = list(gauge.point)
    for i, value in zip(free, left.corners.mean(axis=0), strict=True):
        point[i] = Fraction(float(value))
    return gauge_of(found.x, found.y, free, point) if is_inside(found.x, found.y, point) else None
