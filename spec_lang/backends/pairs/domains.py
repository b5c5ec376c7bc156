"""Which cells hold no point of a domain: by its rows, and by rows that touch its rounds.

In: where both points lie.  Out: for cells whether they are outside, and the points whose tangents say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import F64
from spec_lang.obligations.model import Terms
from spec_lang.obligations.rounds import Quadratic
from spec_lang.obligations.two_points import Twofold

EVENLY: Final = 16  # tangents in the plane to start with
FEW: Final = 5  # inputs: of more the diagonals are not among the first tangents
MOST_TANGENTS: Final = 128
MARGIN: Final = 1e-9  # relative
SWEEPS: Final = 8  # of the search for a cell's nearest point


class Domain:
    """What is said of x and of y, or of x alone where y is a single point.  `tangents` grows as cells come
    that no tangent shows to be outside, though they are."""

    def __init__(self, found: Twofold) -> None:
        x, y = found.x, found.x if found.fixed else found.y
        self._rounds = tuple(one for one in x.rounds if one in y.rounds)
        rows = [(row.inputs, row.constant) for row in x.rows if row in y.rows]
        self._rows = _matrix(rows, len(x.lower))
        self.tangents: list[F64] = []
        lower = np.array([float(min(a, b)) for a, b in zip(x.lower, y.lower, strict=True)])
        upper = np.array([float(max(a, b)) for a, b in zip(x.upper, y.upper, strict=True)])
        around = _around(np.flatnonzero(upper > lower).tolist(), len(lower))
        for one in self._rounds:
            for direction in around:
                point = _crossing(one, 0.5 * (lower + upper), direction)
                if point is not None:
                    self._touch(point)

    def outside(self, cells: Boxes) -> NDArray[np.bool_]:
        """Which cells hold no point of it."""
        found = self._outside(cells, self._rows)
        for one in self._rounds:
            pending = np.flatnonzero(~found)
            nearest = _nearest(one, cells.lower[pending], cells.upper[pending])
            beyond = _value(one, nearest) > 0
            for cell, point in zip(pending[beyond].tolist(), nearest[beyond], strict=True):
                if not found[cell] and len(self.tangents) < MOST_TANGENTS:
                    found |= self._outside(cells, self._touch(point))
        return found

    def _touch(self, point: F64) -> F64:
        """The rows of one more tangent."""
        self.tangents.append(point)
        exact = tuple(map(Fraction, point.tolist()))
        rows = _matrix([one.tangent(exact) for one in self._rounds], len(point))
        self._rows = np.concatenate([self._rows, rows])
        return rows

    @staticmethod
    def _outside(cells: Boxes, rows: F64) -> NDArray[np.bool_]:
        coefficients, constants = rows[:, :-1], rows[:, -1]
        center = cells.center
        reach = cells.radius(center) @ abs(coefficients).T
        size = abs(center) @ abs(coefficients).T + reach + abs(constants)
        least = center @ coefficients.T + constants - reach
        found: NDArray[np.bool_] = np.logical_or.reduce(least > MARGIN * size, axis=1)
        return found


def _matrix(forms: Sequence[tuple[Terms, Fraction]], inputs: int) -> F64:
    """Coefficients, and the constant last."""
    full = np.zeros((len(forms), inputs + 1))
    for number, (terms, constant) in enumerate(forms):
        full[number, -1] = float(constant)
        for i, c in terms:
            full[number, i] = float(c)
    return full


def _around(inputs: Sequence[int], width: int) -> F64:
    """Directions of the inputs that are not single numbers."""
    n = len(inputs)
    if n == 2:
        angle = np.arange(EVENLY) * (2 * np.pi / EVENLY)
        some = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    else:
        some = np.concatenate([np.eye(n), -np.eye(n)])
        if n <= FEW:
            some = np.concatenate([some, np.array(list(product((-1.0, 1.0), repeat=n))).reshape(-1, n)])
    full = np.zeros((len(some), width))
    full[:, inputs] = some
    return full


def _value(one: Quadratic, points: F64) -> F64:
    """At points (batch, inputs)."""
    total = np.full(len(points), float(one.linear[1]))
    for i, c in one.linear[0]:
        total = total + float(c) * points[:, i]
    for weight, (terms, offset) in one.squares:
        form = float(offset) + sum(float(c) * points[:, i] for i, c in terms)
        total = total + float(weight) * form * form
    return total


def _crossing(one: Quadratic, start: F64, direction: F64) -> F64 | None:
    """Where a ray leaves what a form says, by its values at three points of it."""
    ahead = start + np.array([[0.0], [1.0], [-1.0]]) * direction
    here, more, less = _value(one, ahead).tolist()
    square, slope = 0.5 * (more + less) - here, 0.5 * (more - less)
    inside = slope * slope - 4 * square * here
    if square <= 0 or inside <= 0:
        return None
    point: F64 = start + (-slope + float(np.sqrt(inside))) / (2 * square) * direction
    return point


def _nearest(one: Quadratic, lower: F64, upper: F64) -> F64:
    """About where a form is least on each cell, input by input: exactly there where no square has two."""
    point = 0.5 * (lower + upper)
    inputs = sorted({i for _, (terms, _) in one.squares for i, _ in terms})
    mixed = any(len(terms) > 1 for _, (terms, _) in one.squares)
    for _ in range(SWEEPS if mixed else 1):
        for i in inputs:
            step = np.zeros((1, point.shape[1]))
            step[0, i] = 1.0
            here, more, less = (_value(one, point + side * step) for side in (0.0, 1.0, -1.0))
            square, slope = 0.5 * (more + less) - here, 0.5 * (more - less)
            moved = point[:, i] - slope / np.where(square > 0, 2 * square, np.inf)
            point[:, i] = np.clip(moved, lower[:, i], upper[:, i])
    for i, c in one.linear[0]:
        if i not in inputs:
            point[:, i] = lower[:, i] if c > 0 else upper[:, i]
    return point
