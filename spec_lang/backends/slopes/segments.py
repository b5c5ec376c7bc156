"""Two points that break a claim, around a point whose gradient does.

In: an obligation about two points, and points.  Out: an exact pair that the kernel has confirmed, or None.
On the piece of a point f is affine, so that any two of its points in a bad direction break the claim: steps
are as long as the region, then shorter.  Plain float64 but for the pairs themselves.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import inf
from typing import Final, assert_never

import numpy as np
from numpy.typing import NDArray

from spec_lang.backends.base import Point, Session
from spec_lang.network.evaluate import Evaluator
from spec_lang.network.primitives import Smooth
from spec_lang.obligations.differences import Differences
from spec_lang.obligations.gradient_tests import Column, Ellipsoid, Question, Ray, Spread, Test
from spec_lang.obligations.model import Obligation, Terms

SAMPLES: Final = 512  # points at once: of the whole region, then around the best
BEST: Final = 16
MOST_SEARCHED: Final = 3  # questions
NARROWER: Final = (0.3, 0.1, 0.03, 0.01, 0.003)
MOST_TRIED: Final = 8  # points, before questions are asked
POINTS_A_UNIT: Final = 64  # of work
MOST_DIRECTIONS: Final = 4
_SHARES: Final = tuple(Fraction(1, 1 << k) for k in (0, 2, 5, 9, 14, 20, 27, 35, 44))
_INWARD: Final = (Fraction(0), *(Fraction(1, 1 << k) for k in (6, 14, 24, 36)))
_BITS: Final = 24  # of a step
_CLOSE: Final = 1e-9  # what rounding may make of a point of an equation
Vector = tuple[Fraction, ...]
F64 = NDArray[np.float64]
_ZERO: Final = Fraction(0)


class Segments:
    """The search for one obligation; `found` is a pair once there is one, as a point of the obligation."""

    def __init__(self, obligation: Obligation, asked: Differences, session: Session) -> None:
        self.obligation, self.asked, self.session = obligation, asked, session
        self.found: Point | None = None
        self.tried = 0  # points
        self.lower, self.upper = (np.array(list(map(float, side))) for side in (asked.lower, asked.upper))
        middle = [(low + high) / 2 for low, high in zip(asked.lower, asked.upper, strict=True)]
        self.centre = self._completed(middle)

    def by_promise(self, questions: Sequence[Question]) -> list[int]:
        """The questions' numbers, those first that some point is nearest to failing; the points that pass a
        test are tried, the worst first.

        Gradients are constant on pieces: around the best points others are drawn, from boxes ever smaller.
        """
        rng = np.random.default_rng(0)
        width = self.upper - self.lower
        drawn = self.lower + rng.random((SAMPLES, len(width))) * width
        drawn = np.concatenate([drawn, 0.5 * (self.lower + self.upper)[None]])
        best = {number: self._best(question, drawn) for number, question in enumerate(questions)}

        def promise(number: int) -> float:
            return -float(best[number][1].max(initial=-inf))

        for number in sorted(best, key=promise)[:MOST_SEARCHED]:
            for share in NARROWER:
                points = best[number][0]
                starts = points[np.arange(SAMPLES) % len(points)]
                drawn = starts + share * width * rng.uniform(-1, 1, starts.shape)
                best[number] = self._best(questions[number], np.concatenate([points, drawn]))
        found = [
            (margin, number, point)
            for number, (points, margins) in best.items()
            for margin, point in zip(margins.tolist(), points, strict=True)
            if margin > 0
        ]
        for _, number, point in sorted(found, key=lambda one: -one[0])[:MOST_TRIED]:
            if self.found is None:
                self.found = self.around(questions[number], tuple(map(Fraction, point.tolist())))
        return sorted(best, key=promise)

    def _best(self, question: Question, points: F64) -> tuple[F64, F64]:
        """The best of some points, once they are moved into the box and onto equations."""
        points = np.clip(points, self.lower, self.upper)
        if self.asked.ties:
            points = np.array(
                [list(map(float, self._completed(map(Fraction, row)))) for row in points.tolist()]
            )
        margins = np.full(len(points), -inf)
        if not question.tests or self._is_spent():
            return points[:1], margins[:1]
        self.tried += len(points)
        with np.errstate(all="ignore"):
            gradients = _gradients(question, points)
            for test in question.tests:
                margins = np.fmax(margins, _margins(test, gradients))
            margins[~self._is_inside(points)] = -inf
        order = np.argsort(-margins, kind="stable")[:BEST]
        return points[order], margins[order]

    def _is_spent(self) -> bool:
        """Whether half of what may be done has been."""
        budget = self.session.budget
        if budget.deadline is not None and time.monotonic() > budget.deadline:
            return True
        return budget.work is not None and 2 * (self.tried // POINTS_A_UNIT) >= budget.work

    def _is_inside(self, points: F64) -> NDArray[np.bool_]:
        """Whether points are where both may lie, about."""
        found = np.ones(len(points), dtype=np.bool_)
        for terms, constant in self.asked.rows:
            found &= _values(terms, constant, points) <= _CLOSE
        for one in self.asked.rounds:
            total = _values(one.linear, one.constant, points)
            for factor, terms, constant in one.curved:
                form = _values(terms, constant, points)
                total = total + float(factor) * (
                    form**2 if one.function is Smooth.SQUARE else np.maximum(form, 0)
                )
            found &= total <= _CLOSE
        return found

    def _completed(self, point: Iterator[Fraction] | Sequence[Fraction]) -> Vector:
        values = list(point)
        for tie in self.asked.ties:
            values[tie.input] = tie.constant + sum((c * values[i] for i, c in tie.terms), _ZERO)
        return tuple(values)

    # -- pairs -----------------------------------------------------------------------------------------

    def around(self, question: Question, point: Point) -> Point | None:
        """A pair on a segment through a point, or through one a little nearer to the centre."""
        point = self._completed(point)
        gradients = _gradients(question, np.array([list(map(float, point))]))
        for direction in self._directions(question, gradients):
            for inward in _INWARD:
                start = tuple(a + inward * (b - a) for a, b in zip(point, self.centre, strict=True))
                ahead = self._room(start, direction)
                behind = self._room(start, tuple(-c for c in direction))
                if ahead + behind == 0:
                    continue
                for share in _SHARES:
                    first = _moved(start, -share * behind, direction)
                    second = _moved(start, share * ahead, direction)
                    for pair in ((first, second), (second, first)):
                        whole = self._whole(*pair)
                        if self.session.confirm(whole):
                            return whole
        return None

    def _directions(self, question: Question, gradients: F64) -> list[Vector]:
        """Those in which the tests say that f changes too much, the worst first."""
        worst = sorted(question.tests, key=lambda test: -float(_margins(test, gradients)[0]))
        return [direction for test in worst[:MOST_DIRECTIONS] for direction in self._of(test, gradients[0])]

    def _of(self, test: Test, gradients: F64) -> Iterator[Vector]:
        """`gradients` is (rows, inputs)."""
        found = [_ZERO] * len(self.asked.lower)
        match test:
            case Ray(direction=terms):
                for i, c in terms:
                    found[i] = c
            case Spread(inputs, lower, upper):
                for i, low, high in zip(inputs, lower, upper, strict=True):
                    found[i] = high if gradients[0, i] > 0 else low
            case Column(input=place, sign=sign):
                found[place] = Fraction(sign)
            case Ellipsoid(inputs, axes, lengths, factors):
                scale = 1 / np.sqrt(np.array(list(map(float, lengths))))
                along = gradients[:, inputs] @ np.array(axes, dtype=np.float64).T * scale
                rows = np.sqrt(np.array(list(map(float, factors))))[:, None] * along
                *_, ways = np.linalg.svd(np.nan_to_num(rows))
                for axis, share in zip(axes, (ways[0] * scale).tolist(), strict=True):
                    for i, part in zip(inputs, axis, strict=True):
                        found[i] += _short(Fraction(share)) * part
            case _ as unreachable:
                assert_never(unreachable)
        if any(found):
            yield tuple(found)

    def _room(self, point: Vector, way: Vector) -> Fraction:
        """How many times `way` a point may go and stay in the box and within the rows; a little less."""
        limits = [(c, bound - a if c > 0 else a - bound) for a, c, bound in self._ends(point, way)]
        for terms, constant in self.asked.rows:
            speed = sum((c * way[i] for i, c in terms), _ZERO)
            if speed > 0:
                limits.append((speed, -constant - sum((c * point[i] for i, c in terms), _ZERO)))
        room = min((slack / abs(speed) for speed, slack in limits), default=_ZERO)
        return _short(room) if room > 0 else _ZERO

    def _ends(self, point: Vector, way: Vector) -> Iterator[tuple[Fraction, Fraction, Fraction]]:
        for a, c, low, high in zip(point, way, self.asked.lower, self.asked.upper, strict=True):
            if c:
                yield a, c, high if c > 0 else low

    def _whole(self, x: Vector, y: Vector) -> Point:
        """The two points as one of the obligation."""
        (box,) = self.obligation.region.boxes
        values = [low if low is not None else _ZERO for low in box.lower]
        for places, point in ((self.asked.first, x), (self.asked.second, y)):
            for place, value in zip(places, point, strict=True):
                values[place] = value
        return self.obligation.completed(values)


def _values(terms: Terms, constant: Fraction, points: F64) -> F64:
    """A form at points (n, in)."""
    return sum((float(c) * points[:, i] for i, c in terms), np.full(len(points), float(constant)))


def _gradients(question: Question, points: F64) -> F64:
    """(points, rows, inputs)"""
    inputs = points.shape[1]
    values = Evaluator(question.obligation.graph)(points)[:, : len(question.rows) * inputs]
    return values.reshape(len(points), -1, inputs)


def _margins(test: Test, gradients: F64) -> F64:
    """By how much points (n, rows, inputs) pass a test; at most 0 where they do not.  Where something is
    bounded by something, the share of it that is too much: so tests can be compared."""
    first = gradients[:, 0]
    match test:
        case Ray(direction, level):
            total = sum((float(c) * first[:, i] for i, c in direction), np.zeros(len(first)))
            return np.asarray(total / -float(level) - 1 if level < 0 else total + float(level))
        case Spread(inputs, lower, upper):
            low, high = (np.array(list(map(float, side))) for side in (lower, upper))
            own = first[:, inputs]
            return np.asarray(np.maximum(low * own, high * own).sum(axis=1) - 1)
        case Column(place, sign, factors, slopes, level):
            own = sign * gradients[:, :, place]
            bent, plain = (np.array(list(map(float, side))) for side in (factors, slopes))
            total = np.maximum(own, 0) @ bent + own @ plain
            return np.asarray(total / float(level) - 1 if level > 0 else total - float(level))
        case Ellipsoid(inputs, axes, lengths, factors):
            along = gradients[:, :, inputs] @ np.array(axes, dtype=np.float64).T
            squares = (along**2 / np.array(list(map(float, lengths)))).sum(axis=2)
            return np.asarray(squares @ np.array(list(map(float, factors))) - 1)
        case _ as unreachable:
            assert_never(unreachable)


def _moved(point: Vector, step: Fraction, way: Vector) -> Vector:
    return tuple(a + step * b for a, b in zip(point, way, strict=True))


def _short(number: Fraction) -> Fraction:
    """A number of few bits that is a little nearer to 0."""
    size = abs(number)
    if not size:
        return _ZERO
    shift = _BITS - (size.numerator.bit_length() - size.denominator.bit_length())
    unit = Fraction(1 << shift) if shift >= 0 else Fraction(1, 1 << -shift)
    near = Fraction(int(size * unit)) / unit
    return near if number > 0 else -near
