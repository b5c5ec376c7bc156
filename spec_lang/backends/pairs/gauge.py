"""The gauge of a convex domain: how far it has to be blown up about a centre to reach a point.

In: the domains of two points, and the inputs that are free.  Out: a `Gauge`; for a ball of radius ρ about
the centre it is the distance over ρ, in its own norm.  Plain float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import F64
from spec_lang.obligations.rounds import Quadratic
from spec_lang.obligations.two_points import Domain, Row


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """The gauge `(B + √(B² − 4AC)) / −2C` of `q <= 0`, where `q(centre + d) = A + B + C` with a square form
    A = d·square·d, a linear one B = linear·d, and C < 0."""

    square: F64
    linear: F64
    constant: float

    def of(self, d: F64) -> F64:
        """At offsets from the centre (…, n)."""
        a, b = np.einsum("...i,ij,...j->...", d, self.square, d), d @ self.linear
        found: F64 = (b + np.sqrt(np.maximum(b * b - 4 * a * self.constant, 0.0))) / (-2 * self.constant)
        return found

    def slope(self, d: F64) -> F64:
        """The gradient (…, n); 0 at the centre, where every slope between is one."""
        a, b = np.einsum("...i,ij,...j->...", d, self.square, d), d @ self.linear
        root = np.sqrt(np.maximum(b * b - 4 * a * self.constant, 0.0))
        inner = b[..., None] * self.linear - 4 * self.constant * (d @ self.square)
        part = inner / np.where(root > 0, root, 1.0)[..., None]
        found: F64 = (np.where(root > 0, 1.0, 0.0)[..., None] * self.linear + part) / (-2 * self.constant)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Gauge:
    """The largest of `rows @ d` and of `rounds` at d, `d = point − centre`, over the free inputs alone.

    `point` is the centre as a flat input; the inputs that are not free have their one value, or the middle.
    """

    point: tuple[Fraction, ...]
    free: tuple[int, ...]
    center: F64
    rows: F64  # (rows, n)
    rounds: tuple[Round, ...]

    def __call__(self, points: F64) -> F64:
        """At points (…, n)."""
        d = points - self.center
        found: F64 = (d @ self.rows.T).max(axis=-1)
        for one in self.rounds:
            found = np.maximum(found, one.of(d))
        return found

    def least(self, cells: Boxes) -> F64:
        """A lower bound on every cell (batch,): by rows exactly, else by the tangent where it is nearest."""
        lower, upper = cells.lower[:, self.free] - self.center, cells.upper[:, self.free] - self.center
        middle, radius = 0.5 * (lower + upper), 0.5 * (upper - lower)
        found: F64 = (middle @ self.rows.T - radius @ abs(self.rows).T).max(axis=1)
        nearest = np.clip(0.0, lower, upper)
        for one in self.rounds:
            slope = one.slope(nearest)
            found = np.maximum(found, (slope * middle - abs(slope) * radius).sum(axis=1))
        return np.maximum(found, 0.0)

    def tangent_point(self, point: F64) -> F64 | None:
        """Where the ray to a point (n,) leaves what the rounds say; None where there is none."""
        d = point - self.center
        reached = max((float(one.of(d)) for one in self.rounds), default=0.0)
        return self.center + d / reached if reached > 0 else None


def gauge_of(x: Domain, y: Domain, free: Sequence[int], around: Sequence[Fraction] | None = None) -> Gauge:
    """Of the hull of both boxes, with what is said of both points, around `around`, or else the box's middle.
    What does not hold there, or only just, is left out."""
    lower = tuple(map(min, x.lower, y.lower))
    upper = tuple(map(max, x.upper, y.upper))
    middle = tuple((a + b) / 2 for a, b in zip(lower, upper, strict=True))
    point = middle if around is None else tuple(around)
    rows = tuple(row for row in x.rows if row in y.rows)
    rounds = tuple(one for one in x.rounds if one in y.rounds)
    boxes = [Row(((i, Fraction(1)),), -upper[i]) for i in free]
    boxes += [Row(((i, Fraction(-1)),), lower[i]) for i in free]
    every = [row for row in (*boxes, *rows) if any(i in free for i, _ in row.inputs)]
    found = [_row(row, point, free) for row in every]
    return Gauge(
        point,
        tuple(free),
        np.array([float(point[i]) for i in free]),
        np.array(found).reshape(-1, len(free)),
        tuple(part for one in rounds if (part := _round(one, point, free)) is not None),
    )


def is_inside(x: Domain, y: Domain, point: Sequence[Fraction]) -> bool:
    """Whether all that is said of both points holds at a point with room to spare."""
    rows = [row for row in x.rows if row in y.rows]
    # A tangent has the function's own value at its point.
    rows += [Row(*one.tangent(tuple(point))) for one in x.rounds if one in y.rounds]
    return all(_room(row, point) > 0 for row in rows)


def _room(row: Row, point: Sequence[Fraction]) -> Fraction:
    return -row.constant - sum((c * point[i] for i, c in row.inputs), Fraction(0))


def _row(row: Row, point: Sequence[Fraction], free: Sequence[int]) -> list[float]:
    """Over the distance to it, from a point where it holds."""
    room = _room(row, point)
    terms = dict(row.inputs)
    return [float(terms.get(i, 0) / room) if room > 0 else 0.0 for i in free]


def _round(of: Quadratic, point: tuple[Fraction, ...], free: Sequence[int]) -> Round | None:
    """None where the point is not inside."""
    n, place = len(free), {i: k for k, i in enumerate(free)}
    square, linear = np.zeros((n, n)), np.zeros(n)
    constant = of.linear[1] + sum((c * point[i] for i, c in of.linear[0]), Fraction(0))
    for i, c in of.linear[0]:
        if i in place:
            linear[place[i]] += float(c)
    for weight, (terms, offset) in of.squares:
        value = offset + sum((c * point[i] for i, c in terms), Fraction(0))
        form = np.zeros(n)
        for i, c in terms:
            if i in place:
                form[place[i]] = float(c)
        square += float(weight) * np.outer(form, form)
        linear += 2 * float(weight * value) * form
        constant += weight * value * value
    return Round(square, linear, float(constant)) if constant < 0 else None
