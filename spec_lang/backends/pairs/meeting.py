"""Exact pairs of points with the same rows, from pairs of cells that stay open.

In: open pairs.  Out: a counterexample that the session has confirmed, or None.  Gauss–Newton from points of
the cells finds where the rows agree nearly; the affine pieces at both points are then solved in rationals.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends.base import Point, Session
from spec_lang.backends.pairs.cells import Cells, Question
from spec_lang.backends.pairs.closing import Pairs
from spec_lang.backends.pairs.exact import Exact
from spec_lang.backends.pairs.gauge import gauge_of
from spec_lang.bounding.program import F64, Indices
from spec_lang.bounding.slopes import Slopes
from spec_lang.network.evaluate import Evaluator
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.two_points import Domain

STARTS: Final = 64
STEPS: Final = 8
TRIES: Final = 16  # candidates that are solved exactly
AGREE: Final = 1e-8  # how nearly the rows agree at a candidate, relative
DIFFER: Final = 1e-9  # how far its points are apart, as a share of the box


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    x: F64
    y: F64
    patterns: tuple[F64, F64]
    derivative: F64  # of the difference of the rows by the unknowns


class Meeting:
    """The unknowns are x's inputs, those of y's that are not x's too, unless y is a single point; those that
    are single numbers apart."""

    def __init__(self, question: Question, obligation: Obligation, session: Session) -> None:
        self.question, self.obligation, self.session = question, obligation, session
        found = question.found
        self.found = found
        inputs = range(len(found.first))
        self.slopes = Slopes.of(question.program, found.equal, inputs)
        self.lower = np.array([[float(v) for v in side.lower] for side in (found.x, found.y)])
        self.upper = np.array([[float(v) for v in side.upper] for side in (found.x, found.y)])
        moves = [i for i in inputs if found.x.lower[i] < found.x.upper[i]]
        self.of_x = np.array(moves, dtype=np.intp)
        self.of_y = np.array([i for i in moves if i not in found.shared and not found.fixed], dtype=np.intp)
        around = found.y.lower if found.fixed else None
        self.gauge = gauge_of(found.x, found.x if found.fixed else found.y, found.free, around)
        self.rng = np.random.default_rng(0)
        self._exact: Exact | None = None

    def near(self, cells: Cells, pairs: Pairs) -> Point | None:
        """A counterexample; those nearest to the centre are tried first."""
        x, y = self._starts(cells, pairs)
        for _ in range(STEPS):
            difference, _, derivative = self._at(x, y)
            step = -(np.linalg.pinv(derivative) @ difference[..., None])[..., 0]
            x, y = self._moved(x, y, step)
        difference, patterns, derivative = self._at(x, y)
        width = np.maximum(self.upper[0] - self.lower[0], np.finfo(np.float64).tiny)
        meets = abs(difference).max(axis=1) <= AGREE * cells.scale
        meets &= (abs(x - y) / width).max(axis=1) > DIFFER
        meets &= self._breaks(x, y, AGREE * cells.scale)
        free = list(self.found.free)
        far = np.maximum(self.gauge(x[:, free]), self.gauge(y[:, free]))
        chosen = [k for k in np.argsort(far, kind="stable").tolist() if meets[k]]
        for k in chosen[:TRIES]:
            one = _Candidate(x[k], y[k], (patterns[0][k], patterns[1][k]), derivative[k])
            point = self._solved(one)
            if point is not None and self.session.confirm(point):
                return point
        return None

    def _breaks(self, x: F64, y: F64, tolerance: float) -> NDArray[np.bool_]:
        """Whether some case of what is said besides holds nearly."""
        question, forms = self.question, self.question.forms
        evaluate = Evaluator(self.found.graph)
        first, second = (evaluate(points) @ question.values.T for points in (x, y))
        values = first @ forms.first.T + second @ forms.second.T + x @ forms.here.T + y @ forms.there.T
        met = values + forms.constant <= tolerance
        held = [met[:, case].all(axis=1) for case in question.cases]
        return np.logical_or.reduce(held, axis=0) if held else np.ones(len(x), dtype=np.bool_)

    def _starts(self, cells: Cells, pairs: Pairs) -> tuple[F64, F64]:
        """Points of open pairs: of the nearest to the centre, and of some everywhere."""
        every = np.arange(len(pairs[0]))
        if len(every) > STARTS // 2:
            near = self.gauge.least(cells.boxes)
            far = np.maximum(near[pairs[0]], near[pairs[1]])
            evenly = np.linspace(0, len(every) - 1, STARTS // 2).astype(np.intp)
            every = np.concatenate([np.argsort(far, kind="stable")[: STARTS // 2], evenly])
        every = np.resize(every, STARTS)
        x, y = (self._inside(cells, side[every]) for side in pairs)
        shared = list(self.found.shared)
        if self.found.fixed:
            y[:] = self.lower[1]
        else:
            y[:, shared] = x[:, shared]
        return x, y

    def _inside(self, cells: Cells, chosen: Indices) -> F64:
        lower, upper = cells.boxes.lower[chosen], cells.boxes.upper[chosen]
        found: F64 = lower + self.rng.random(lower.shape) * (upper - lower)
        return found

    def _at(self, x: F64, y: F64) -> tuple[F64, tuple[F64, F64], F64]:
        """How the rows differ, the patterns at both points, and the derivative by the unknowns."""
        entering, rows = self.slopes.entering(np.concatenate([x, y]))
        active = (entering > 0).astype(np.float64)
        matrices = self.slopes.matrices(active)
        (at_x, at_y), (of_x, of_y) = np.split(rows, 2), np.split(matrices, 2)
        shared = [i for i in self.of_x.tolist() if i in self.found.shared and not self.found.fixed]
        by_x = of_x.copy()
        by_x[..., shared] -= of_y[..., shared]
        patterns = np.split(active, 2)
        derivative = np.concatenate([by_x[..., self.of_x], -of_y[..., self.of_y]], axis=-1)
        return at_x - at_y, (patterns[0], patterns[1]), derivative

    def _moved(self, x: F64, y: F64, step: F64) -> tuple[F64, F64]:
        """Within both boxes."""
        x, y = x.copy(), y.copy()
        x[:, self.of_x] += np.where(np.isfinite(step), step, 0.0)[:, : len(self.of_x)]
        y[:, self.of_y] += np.where(np.isfinite(step), step, 0.0)[:, len(self.of_x) :]
        x = np.clip(x, self.lower[0], self.upper[0])
        if not self.found.fixed:
            shared = list(self.found.shared)
            y = np.clip(y, self.lower[1], self.upper[1])
            y[:, shared] = x[:, shared]
        return x, y

    # -- exactly ---------------------------------------------------------------------------------------

    def _solved(self, one: _Candidate) -> Point | None:
        """Rational points of the candidate's pieces at which the rows agree: as many unknowns as there are
        independent equations follow from the others, which stay as they are."""
        found = self.found
        if self._exact is None:
            self._exact = Exact(self.slopes, found.equal, (Fraction(0),) * len(found.first))
        x, y = _inside(one.x, found.x), _inside(one.y, found.y)
        tied = [] if found.fixed else [i for i in self.of_x.tolist() if i in found.shared]
        for i in found.shared if not found.fixed else ():
            y[i] = x[i]
        pieces = [self._exact.piece(pattern > 0).rows for pattern in one.patterns]
        equations = []
        for of_x, of_y in zip(*pieces, strict=True):
            row = [of_x[i] - (of_y[i] if i in tied else 0) for i in self.of_x.tolist()]
            row += [-of_y[i] for i in self.of_y.tolist()]
            now = of_x[-1] - of_y[-1] + _dot(of_x[:-1], x) - _dot(of_y[:-1], y)
            equations.append([*row, -now])
        step = _steps(equations, self._order(one))
        if step is None:
            return None
        for i, change in zip(self.of_x.tolist(), step, strict=False):
            x[i] += change
            if i in tied:
                y[i] += change
        for i, change in zip(self.of_y.tolist(), step[len(self.of_x) :], strict=True):
            y[i] += change
        return self._point(x, y)

    def _order(self, one: _Candidate) -> list[int]:
        """Unknowns, those first that are best solved for: that count much and have room to move."""
        x = np.minimum(one.x - self.lower[0], self.upper[0] - one.x)[self.of_x]
        y = np.minimum(one.y - self.lower[1], self.upper[1] - one.y)[self.of_y]
        left = one.derivative * np.concatenate([x, y])
        order: list[int] = []
        for _ in range(min(left.shape)):
            sizes = (left**2).sum(axis=0)
            sizes[order] = -1.0
            order.append(int(sizes.argmax()))
            column = left[:, order[-1]].copy()
            square = float(column @ column)
            if square > 0:
                left = left - np.outer(column, column @ left) / square
        return [*order, *(k for k in range(left.shape[1]) if k not in order)]

    def _point(self, x: Sequence[Fraction], y: Sequence[Fraction]) -> Point:
        """The obligation's flat input."""
        point = [Fraction(0)] * self.obligation.graph.input_size
        for places, values in ((self.found.second, y), (self.found.first, x)):
            for place, value in zip(places, values, strict=True):
                point[place] = value
        return self.obligation.completed(point)


def _inside(point: F64, domain: Domain) -> list[Fraction]:
    """The nearest point of the box, exactly."""
    ends = zip(point.tolist(), domain.lower, domain.upper, strict=True)
    return [min(max(Fraction(value), low), high) for value, low, high in ends]


def _dot(row: Sequence[Fraction], values: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(row, values, strict=True) if a), Fraction(0))


def _steps(equations: list[list[Fraction]], order: Sequence[int]) -> list[Fraction] | None:
    """A solution of equations, their right side last, in which as few unknowns as can be, the first of
    `order`, are not 0; None where there is none."""
    rows, solved = [list(row) for row in equations], list[tuple[int, list[Fraction]]]()
    for column in order:
        lead = next((row for row in rows if row[column]), None)
        if lead is None:
            continue
        rows.remove(lead)
        lead = [value / lead[column] for value in lead]
        rows = [_less(row, row[column], lead) for row in rows]
        solved = [(place, _less(row, row[column], lead)) for place, row in solved]
        solved.append((column, lead))
    if any(row[-1] for row in rows):
        return None
    found = [Fraction(0)] * len(order)
    for column, row in solved:
        found[column] = row[-1]
    return found


def _less(row: Sequence[Fraction], times: Fraction, other: Sequence[Fraction]) -> list[Fraction]:
    return [a - times * b for a, b in zip(row, other, strict=True)] if times else list(row)
