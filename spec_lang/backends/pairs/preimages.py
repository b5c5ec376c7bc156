"""Another point at which a function has the value that it has at a given one, the nearest first.

In: an obligation whose second point is a single one, with as many rows as free inputs, one or two.  Out: the
point of the nearest other preimage, exactly, if there is one; None otherwise, which proves nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends.pairs.exact import Exact, Pattern, Vector
from spec_lang.backends.pairs.folds import BATCH, MOST_CELLS, NOISE, SMALL, sizes
from spec_lang.backends.pairs.gauge import Gauge
from spec_lang.backends.pairs.plane import BOX, Piece
from spec_lang.backends.pairs.refute import kernel_of, solved
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Context
from spec_lang.bounding.determinants import determinant_ranges, determinants
from spec_lang.bounding.linear import lower_bounds
from spec_lang.bounding.program import F64
from spec_lang.bounding.propagate import Ranges
from spec_lang.bounding.slopes import Slopes, Span, chords, patterns, phases

MOST_OPEN: Final = 6  # neurons of a cell all of whose pieces are solved
MOST_JOINED: Final = 8  # slopes between a cell and the point whose vertices are enumerated
_MARGIN: Final = 1e-12  # of values, relative
_NEAR: Final = 1e-9  # of a cell or of the domain: what counts as on its edge, or as the point itself


@dataclass(frozen=True, slots=True, eq=False)
class Preimage:
    """Where a piece has the value, as far as floats can tell."""

    gauge: float
    pattern: Pattern
    place: F64


class PreimageSearch:
    """Best-first over cells by the gauge; `done` counts them."""

    def __init__(self, slopes: Slopes, exact: Exact, gauge: Gauge, root: Boxes, point: Vector) -> None:
        self.slopes, self.exact, self.gauge, self.root = slopes, exact, gauge, root
        self.point, self.free = point, list(gauge.free)
        whole = np.array([[float(value) for value in point]])
        self._entering, values = slopes.entering(whole)
        self._target, self._center = values[0], whole[0, self.free]
        self.found: list[Preimage] = []
        self.done = 0
        self._waiting: list[tuple[float, int, F64, F64]] = [(0.0, 0, root.lower[0], root.upper[0])]
        self._count = 0
        self._best = 1.0

    @property
    def open(self) -> int:
        return len(self._waiting)

    def run(self, stop: Callable[[], bool]) -> bool:
        """Until the nearest is known, or that none was met; False where `stop` came first."""
        while self._waiting and self._waiting[0][0] < self._best and self.done < MOST_CELLS:
            if stop():
                return False
            cells: list[tuple[float, int, F64, F64]] = []
            while self._waiting and len(cells) < BATCH and self._waiting[0][0] < self._best:
                cells.append(heapq.heappop(self._waiting))
            self._look(Boxes(*(np.array([cell[side] for cell in cells]) for side in (2, 3))))
        self.found.sort(key=lambda one: one.gauge)
        return True

    def candidates(self) -> Iterator[Vector]:
        """Exact points that were met, the nearest first."""
        target = self.exact.ray(self.point, (Fraction(0),) * len(self.free)).rows
        for one in self.found:
            rows = self.exact.piece(one.pattern).rows
            change = tuple(value - row[-1] for value, row in zip(target, rows, strict=True))
            place = solved([row[:-1] for row in rows], change)
            if place is None:
                place = _on_line(rows, change, one.place)
            if place is not None:
                yield self._whole(place)

    def beside(self) -> Iterator[Vector]:
        """Points along which nothing changes, from the point itself on."""
        seen = set()
        for way in _around(len(self.free)):
            pattern = self.exact.ray(self.point, way).pattern
            if pattern.tobytes() in seen:
                continue
            seen.add(pattern.tobytes())
            kernel = kernel_of([row[:-1] for row in self.exact.piece(pattern).rows])
            for sign in (1, -1) if kernel is not None else ():
                along = tuple(sign * part for part in kernel or ())
                if not any(self.exact.ray(self.point, along).change):
                    for bits in (40, 20, 8, 4):
                        step = Fraction(1, 2**bits)
                        here = (self.point[i] for i in self.free)
                        yield self._whole(tuple(a + step * b for a, b in zip(here, along, strict=True)))

    def _whole(self, part: Vector) -> Vector:
        values = list(self.point)
        for i, value in zip(self.free, part, strict=True):
            values[i] = value
        return tuple(values)

    # -- cells -----------------------------------------------------------------------------------------

    def _look(self, cells: Boxes) -> None:
        self.done += len(cells)
        context, known = self.slopes.bounded(cells)
        ranges = self.slopes.ranges(known)
        closed = self._is_joined(cells, ranges)
        closed[~closed] = self._is_apart(context, cells, np.flatnonzero(~closed))
        span = phases(ranges)
        for i in np.flatnonzero(~closed).tolist():
            if int(span.counts[i]) <= MOST_OPEN:
                self._solve(span.take(slice(i, i + 1)), cells.lower[i], cells.upper[i])
            else:
                self._cut(cells.lower[i], cells.upper[i])

    def _is_joined(self, cells: Boxes, ranges: Ranges) -> NDArray[np.bool_]:
        """Whether all matrices between the point and the cell are nonsingular."""
        span = chords(ranges, Ranges(self._entering, self._entering))
        middle, radius = self.slopes.intervals(span)
        low, high = determinant_ranges(middle, radius)
        found = np.maximum(low, -high) > NOISE * np.maximum(abs(low), abs(high))
        lower, upper = cells.lower[:, self.free], cells.upper[:, self.free]
        gap = np.maximum(np.maximum(lower - self._center, self._center - upper), 0.0)
        near = (gap <= upper - lower).all(axis=1) & (span.counts <= MOST_JOINED)
        for i in np.flatnonzero(near & ~found).tolist():
            square = self.slopes.vertices(span.take(slice(i, i + 1)))[1]
            values, size = determinants(square), sizes(square)
            found[i] = bool((values > NOISE * size).all() or (values < -NOISE * size).all())
        return found

    def _is_apart(self, context: Context, cells: Boxes, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether some direction tells the cell's values from the point's: the axes, what is between at the
        middle, the rows of the inverse of the slope there."""
        n = len(self.free)
        if not len(rows):
            return np.zeros(0, dtype=np.bool_)
        entering, values = self.slopes.entering(cells.center[rows])
        inverse = np.linalg.pinv(self.slopes.matrices((entering > 0).astype(np.float64)))
        axes = np.broadcast_to(np.eye(n), (len(rows), n, n))
        between = (values - self._target)[:, None]
        ways = np.concatenate([between, axes, -axes, inverse, -inverse], axis=1)
        length = np.sqrt((ways**2).sum(axis=-1, keepdims=True))
        ways = (ways / np.where(length > 0, length, 1.0)).reshape(-1, n)
        owner = np.repeat(rows, len(ways) // len(rows))
        start: dict[int, F64] = {}
        first = 0
        for output in self.slopes.program.outputs:
            last = first + self.slopes.program.sizes[output]
            part = context.carried(output, ways @ self.slopes.rows[:, first:last])
            start[output] = start[output] + part if output in start else part
            first = last
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = lower_bounds(context, start, np.zeros(len(ways)), owner)
        margin = _MARGIN * (1 + abs(self._target).max())
        apart: NDArray[np.bool_] = (found.minimum - ways @ self._target).reshape(len(rows), -1).max(
            axis=1
        ) > margin
        return apart

    def _solve(self, span: Span, lower: F64, upper: F64) -> None:
        """Add where pieces of the cell have the value; of a flat one some place."""
        opened = np.flatnonzero(span.lower[0] < span.upper[0])
        slopes = np.repeat(span.lower, 2 ** len(opened), axis=0)
        slopes[:, opened] = patterns(len(opened))
        entering, rows = self.slopes.pieces(slopes)
        square = rows[..., :-1]
        flat = abs(determinants(square)) <= NOISE * sizes(square)
        signs = 2.0 * slopes[:, opened] - 1.0
        halves = signs[..., None] * entering[:, opened]
        if bool(flat.any()):
            cell = Piece.of_box(lower[self.free], upper[self.free])
            for i in np.flatnonzero(flat).tolist():
                piece = cell.cut_by((half[:-1], half[-1], BOX) for half in halves[i])
                place = None if not len(piece.corners) else level(piece, rows[i], self._target)
                if place is not None:
                    self._add(slopes[i], place)
            slopes, rows, halves = slopes[~flat], rows[~flat], halves[~flat]
        places = np.linalg.solve(rows[..., :-1], (self._target - rows[..., -1])[..., None])[..., 0]
        there = np.einsum("pkn,pn->pk", halves[..., :-1], places) + halves[..., -1]
        inside = (there >= -_NEAR * abs(halves).sum(axis=-1)).all(axis=1)
        width = (upper - lower)[self.free]
        inside &= (places >= lower[self.free] - _NEAR * width).all(axis=1)
        inside &= (places <= upper[self.free] + _NEAR * width).all(axis=1)
        for i in np.flatnonzero(inside).tolist():
            self._add(slopes[i], places[i])

    def _add(self, slopes: F64, place: F64) -> None:
        """What is not the point itself, and within the domain."""
        whole = (self.root.upper - self.root.lower)[0, self.free]
        gauge = float(self.gauge(place))
        if gauge <= 1 + _NEAR and bool((abs(place - self._center) > _NEAR * whole).any()):
            self.found.append(Preimage(gauge, slopes > 0.5, place))
            self._best = min(self._best, gauge)

    def _cut(self, lower: F64, upper: F64) -> None:
        width = np.zeros(len(lower))
        whole = (self.root.upper - self.root.lower)[0]
        width[self.free] = ((upper - lower) / np.where(whole > 0, whole, 1.0))[self.free]
        axis = int(width.argmax())
        if width[axis] <= SMALL:
            return
        high, low = upper.copy(), lower.copy()
        high[axis] = low[axis] = lower[axis] + 0.5 * (upper[axis] - lower[axis])
        halves = Boxes(np.array([lower, low]), np.array([high, upper]))
        for least, a, b in zip(self.gauge.least(halves), halves.lower, halves.upper, strict=True):
            if least < self._best:
                self._count += 1
                heapq.heappush(self._waiting, (float(least), self._count, a, b))


def level(piece: Piece, rows: F64, target: F64) -> F64 | None:
    """A point inside a piece where rows (m, n + 1) that are all multiples of one have some values; None where
    there is none, as far as floats can tell."""
    steepest = rows[int(abs(rows[:, :-1]).sum(axis=1).argmax())]
    values = piece.corners @ rows[:, :-1].T + rows[:, -1] - target
    slack = _NEAR * (abs(rows).sum(axis=1) + abs(target))
    if bool((values.min(axis=0) > slack).any() or (values.max(axis=0) < -slack).any()):
        return None
    if not steepest[:-1].any():
        return piece.middle
    mine = values[:, int(abs(rows[:, :-1]).sum(axis=1).argmax())]
    after, ends = np.roll(mine, -1), np.roll(piece.corners, -1, axis=0)
    met = np.flatnonzero((np.minimum(mine, after) <= 0) & (np.maximum(mine, after) >= 0))
    if not len(met):
        return None
    fall = mine[met] - after[met]
    share = np.where(fall == 0, 0.5, mine[met] / np.where(fall == 0, 1.0, fall))
    found: F64 = (piece.corners[met] + share[:, None] * (ends[met] - piece.corners[met])).mean(axis=0)
    return found if bool((abs(rows[:, :-1] @ found + rows[:, -1] - target) <= slack).all()) else None


def _on_line(rows: Sequence[Vector], change: Vector, place: F64) -> Vector | None:
    """The point moved along one input to where rows that are all multiples of one have their values."""
    point = [Fraction(float(value)) for value in place]
    for (*row, _), value in zip(rows, change, strict=True):
        steepest = max(range(len(row)), key=lambda i: abs(row[i]))
        if row[steepest]:
            rest = sum(
                (a * b for i, (a, b) in enumerate(zip(row, point, strict=True)) if i != steepest), Fraction(0)
            )
            point[steepest] = (value - rest) / row[steepest]
            break
    exact = all(
        sum((a * b for a, b in zip(row[:-1], point, strict=True)), Fraction(0)) == value
        for row, value in zip(rows, change, strict=True)
    )
    return tuple(point) if exact else None


def _around(n: int) -> Iterator[Vector]:
    """Directions into what is around a point of the line or of the plane."""
    steps = [Fraction(step) for step in (-2, -1, 0, 1, 2)]
    if n == 1:
        yield from ((step,) for step in steps if abs(step) == 1)
        return
    yield from ((a, b) for a in steps for b in steps if a or b)
