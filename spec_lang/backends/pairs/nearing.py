"""Exact pairs of points that a function brings too near to each other, from pairs of cells that stay open.

In: open pairs, and the limits of an `Expansion`.  Out: a counterexample that the session has confirmed, or
None.  On one affine piece any two points in the worst direction break it if its matrix does; two pieces are
searched by trial, always around the best pairs found so far.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, islice
from typing import Final

import numpy as np

from spec_lang.backends.base import Point, Session
from spec_lang.backends.pairs.by_cells import Ways
from spec_lang.backends.pairs.cells import Cells, Question
from spec_lang.backends.pairs.closing import Mask, Pairs
from spec_lang.backends.pairs.decide import whole_point
from spec_lang.backends.pairs.domains import Domain
from spec_lang.backends.pairs.expansion import Spreading
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import F64, Indices
from spec_lang.obligations.expansion import Expansion
from spec_lang.obligations.model import Obligation

SAMPLES: Final = 512  # pairs of points
ROUNDS: Final = 6  # of trials around the best
KEPT: Final = 32  # the best
TRIES: Final = 16  # pairs that are confirmed exactly
BEYOND: Final = 1 + 1e-9  # by how many times a limit is more than the rows
STEPS: Final = (2.0**-12, 2.0**-20, 2.0**-28)  # between two points of one piece, as shares of the box
_MOST_CHOICES: Final = 20  # of rows


def spreading(asked: Expansion, obligation: Obligation, session: Session) -> Ways:
    """How the search by pairs of cells goes for an `Expansion`."""
    question, closer = Question.of(asked.pair), Spreading.of(asked)
    return Ways(question, closer.closed, Nearing(question, closer.limits, obligation, session).near)


class Nearing:
    """`limits` as a matrix (limits, inputs)."""

    def __init__(self, question: Question, limits: F64, obligation: Obligation, session: Session) -> None:
        self.question, self.obligation, self.session = question, obligation, session
        found = question.found
        self.found, self.limits = found, limits
        self.lower = np.array([[float(v) for v in side.lower] for side in (found.x, found.y)])
        self.upper = np.array([[float(v) for v in side.upper] for side in (found.x, found.y)])
        self.width = self.upper[0] - self.lower[0]
        self.domain = Domain(found)
        self.rng = np.random.default_rng(0)

    def near(self, cells: Cells, pairs: Pairs) -> Point | None:
        """A counterexample."""
        x, y = self._starts(cells, pairs)
        for one, other in islice((*self._local(x, y), *self._apart(x, y)), 2 * TRIES):
            point = self._confirmed(one, other)
            if point is not None:
                return point
        return None

    def _starts(self, cells: Cells, pairs: Pairs) -> tuple[F64, F64]:
        """Points of open pairs, evenly."""
        count = len(pairs[0])
        chosen = np.resize(np.linspace(0, count - 1, min(count, SAMPLES)).astype(np.intp), SAMPLES)
        x, y = (self._inside(cells, side[chosen]) for side in pairs)
        return self._as_pair(x, y)

    def _inside(self, cells: Cells, chosen: Indices) -> F64:
        lower, upper = cells.boxes.lower[chosen], cells.boxes.upper[chosen]
        found: F64 = lower + self.rng.random(lower.shape) * (upper - lower)
        return found

    def _as_pair(self, x: F64, y: F64) -> tuple[F64, F64]:
        x, y = np.clip(x, self.lower[0], self.upper[0]), np.clip(y, self.lower[1], self.upper[1])
        if not self.found.fixed:
            y[:, list(self.found.shared)] = x[:, list(self.found.shared)]
        return x, y

    def _are_inside(self, points: F64) -> Mask:
        return ~self.domain.outside(Boxes(points, points))

    # -- on one piece ----------------------------------------------------------------------------------

    def _local(self, x: F64, y: F64) -> Iterator[tuple[F64, F64]]:
        """Pairs of points in the worst directions of the worst pieces."""
        slopes, free = self.question.slopes, self.question.slopes.free
        points = np.concatenate([x, y])
        points = points[self._are_inside(points)]
        if not len(points):
            return
        active = slopes.entering(points)[0] > 0
        _, places = np.unique(active, axis=0, return_index=True)
        points = points[places]
        ways, gain = stretches(self.limits[:, free], slopes.matrices(active[places].astype(np.float64)))
        for k in np.argsort(-gain, kind="stable")[: TRIES // 4].tolist():
            if gain[k] <= BEYOND:
                return
            step = np.zeros(points.shape[1])
            step[free] = ways[k] / max(float((abs(ways[k]) / self.width[free]).max()), 1e-300)
            for share in STEPS:
                ends = np.stack([points[k] + share * step, points[k] - share * step])
                kept = (ends >= self.lower[1]) & (ends <= self.upper[1])
                for end in ends[kept.all(axis=1) & self._are_inside(ends)]:
                    yield points[k], end
                    break

    # -- on two ----------------------------------------------------------------------------------------

    def _apart(self, x: F64, y: F64) -> Iterator[tuple[F64, F64]]:
        """The worst pairs of points that trials find."""
        for number in range(ROUNDS):
            kept = self._are_inside(x) & (self._are_inside(y) | self.found.fixed)
            x, y = x[kept], y[kept]
            order = np.argsort(-self._gain(x, y), kind="stable")[:KEPT]
            x, y = x[order], y[order]
            if not len(x):
                return
            if number < ROUNDS - 1:
                reach = self.width * 0.25 ** (number + 2)
                moved = [
                    np.repeat(side, SAMPLES // KEPT, axis=0)
                    + reach * self.rng.uniform(-1, 1, (len(side) * (SAMPLES // KEPT), side.shape[1]))
                    for side in (x, y)
                ]
                more_x, more_y = self._as_pair(*moved)
                x, y = np.concatenate([x, more_x]), np.concatenate([y, more_y])
        gain = self._gain(x, y)
        yield from ((x[k], y[k]) for k in range(min(len(x), TRIES // 4)) if gain[k] > BEYOND)

    def _gain(self, x: F64, y: F64) -> F64:
        """How many times the greatest limit is what the greatest difference of rows is; 0 for one point."""
        values = self.question.slopes.entering(np.concatenate([x, y]))[1]
        size = abs(values[: len(x)] - values[len(x) :]).max(axis=1)
        limit = abs((x - y) @ self.limits.T).max(axis=1)
        found: F64 = np.where(limit > 0, limit / np.maximum(size, np.finfo(np.float64).tiny), 0.0)
        return found

    def _confirmed(self, x: F64, y: F64) -> Point | None:
        one, other = (tuple(map(Fraction, side.tolist())) for side in (x, y))
        if self.found.fixed:
            other = self.found.y.lower
        else:
            other = tuple(one[i] if i in self.found.shared else v for i, v in enumerate(other))
        point = whole_point(self.found, self.obligation, one, other)
        return point if self.session.confirm(point) else None


def stretches(limits: F64, matrices: F64) -> tuple[F64, F64]:
    """Of matrices of rows (batch, m, n) the direction v in which the greatest limit is most, compared with
    the greatest row, as far as choices of rows show; and how many times as much: (batch, n), (batch,)."""
    rows, columns = matrices.shape[1:]
    found = [np.linalg.svd(matrices)[2][:, -1:]]
    for chosen in islice(combinations(range(rows), columns), _MOST_CHOICES):
        inverse = np.linalg.pinv(matrices[:, list(chosen)])
        signs = np.sign(limits @ inverse)  # (batch, limits, n)
        found.append(signs @ np.swapaxes(inverse, 1, 2))
    ways = np.concatenate(found, axis=1)
    size = abs(ways @ np.swapaxes(matrices, 1, 2)).max(axis=-1)
    gain = abs(ways @ limits.T).max(axis=-1) / np.maximum(size, np.finfo(np.float64).tiny)
    best = gain.argmax(axis=1)
    every = np.arange(len(ways))
    return ways[every, best], gain[every, best]
