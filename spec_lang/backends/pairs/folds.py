"""The fold nearest to a centre: best-first search over cells by the gauge of the domain.

In: slope matrices, weights that make them square, the sign that determinants shall have, and a gauge.  Out:
the pieces of other sign within the domain, nearest first; or, where there is none, the tree of cells that was
looked at, in which every pattern of slopes has the sign or lies outside.  A cell is dropped once all of its
patterns have the sign; where few have not, their polygons are clipped, so that folds are found exactly.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import field
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends.pairs.exact import Pattern
from spec_lang.backends.pairs.gauge import Gauge
from spec_lang.backends.pairs.plane import Nearest, Piece, nearest
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.determinants import determinant_ranges, determinants
from spec_lang.bounding.program import F64
from spec_lang.bounding.slopes import Slopes, Span, patterns, phases
from spec_lang.obligations.pair_certificate import LEAF

MOST_OPEN: Final = 10  # neurons of a cell whose patterns are enumerated
MOST_BAD: Final = 16  # patterns that are clipped, of a cell with more open neurons than these
FEW_OPEN: Final = 5
BATCH: Final = 16
# Where kinks of many neurons lie on one line, cells along it have too many open ones at any size.
MOST_CELLS: Final = 2**16
MOST_STUCK: Final = 64
# Beyond this gauge a piece counts as outside: it may touch the domain, as far as floats can tell.
EDGE: Final = 1 - 1e-12
NEARLY: Final = 1e-4  # the share of the root's width from which on all bad patterns are clipped
SMALL: Final = 1e-11  # the share of the root's width from which on a cell is not cut
NOISE: Final = 1e-12  # the share of its terms that a determinant has to exceed


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """A piece whose determinant has not the sign: its slopes, what of it lies in the cell, and the place that
    is nearest to the centre; the labels of the piece are numbers of neurons."""

    pattern: Pattern
    piece: Piece
    place: Nearest


@dataclass(slots=True, eq=False)
class Tree:
    """Cells by number, the root first: their boxes, and `LEAF` for the axis of one that is not cut."""

    boxes: list[tuple[F64, F64]]
    axis: list[int] = field(default_factory=lambda: [LEAF])
    children: dict[int, tuple[int, int]] = field(default_factory=dict)

    def cut(self, node: int, axis: int) -> tuple[int, int]:
        """Its halves; the check cuts in the same place."""
        lower, upper = self.boxes[node]
        high, low = upper.copy(), lower.copy()
        high[axis] = low[axis] = lower[axis] + 0.5 * (upper[axis] - lower[axis])
        halves = len(self.axis), len(self.axis) + 1
        self.axis[node], self.children[node] = axis, halves
        self.axis += [LEAF, LEAF]
        self.boxes += [(lower, high), (low, upper)]
        return halves

    def preorder(self) -> list[int]:
        """All cells, as a proof lists them."""
        found, waiting = [], [0]
        while waiting:
            found.append(waiting.pop())
            waiting += self.children.get(found[-1], ())[::-1]
        return found


class FoldSearch:
    """One search; `done` counts cells, `outside` and `beyond` have bad pieces and cells that lie outside the
    domain, `stuck` counts cells that are too small to be cut."""

    def __init__(self, slopes: Slopes, gauge: Gauge, root: Boxes, weights: F64, sign: int) -> None:
        self.slopes, self.gauge, self.root = slopes, gauge, root
        self.weights, self.sign = weights, sign
        self.tree = Tree([(root.lower[0], root.upper[0])])
        self.folds: list[Fold] = []
        self.outside: list[Fold] = []
        self.beyond: list[tuple[F64, F64]] = []
        self.done = self.stuck = 0
        self._waiting: list[tuple[float, int]] = [(0.0, 0)]
        self._best = EDGE

    @property
    def open(self) -> int:
        return len(self._waiting)

    def run(self, stop: Callable[[], bool]) -> bool:
        """Until the nearest fold is known, or that there is none; False where `stop` came first.  With too
        many cells, or too small ones, some stay undecided, and count as stuck."""
        while self._waiting and self._waiting[0][0] < self._best:
            if stop():
                return False
            if self.stuck >= MOST_STUCK or self.done >= MOST_CELLS:
                self.stuck += len(self._waiting)
                break
            nodes: list[int] = []
            while self._waiting and len(nodes) < BATCH and self._waiting[0][0] < self._best:
                nodes.append(heapq.heappop(self._waiting)[1])
            boxes = [self.tree.boxes[node] for node in nodes]
            self._look(nodes, Boxes(*(np.array(side) for side in zip(*boxes, strict=True))))
        self.folds.sort(key=lambda fold: fold.place.value)
        return True

    def _look(self, nodes: list[int], cells: Boxes) -> None:
        self.done += len(nodes)
        slopes = self.slopes
        span = phases(slopes.ranges(slopes.bounded(cells)[1]))
        middle, radius = slopes.intervals(span)
        low, high = determinant_ranges(self.weights @ middle, abs(self.weights) @ radius)
        least = low if self.sign > 0 else -high
        closed = least > NOISE * np.maximum(abs(low), abs(high))
        counts, width = span.counts, (cells.upper - cells.lower) / self._width()
        bad: list[tuple[int, F64]] = []  # cells, and patterns of theirs
        for i in np.flatnonzero(~closed).tolist():
            small = float(width[i].max())
            found = None
            if counts[i] <= MOST_OPEN:
                found = self._bad(span.take(slice(i, i + 1)), cells.lower[i], cells.upper[i])
            if found is not None and (len(found) <= MOST_BAD or counts[i] <= FEW_OPEN or small < NEARLY):
                bad += [(i, pattern) for pattern in found]
            elif small > SMALL:
                self._cut(nodes[i], int(width[i].argmax()))
            else:
                self.stuck += 1
        if bad:
            self._clip(bad, span, cells)

    def _width(self) -> F64:
        found: F64 = np.maximum(self.root.upper[0] - self.root.lower[0], 1e-300)
        found[np.setdiff1d(np.arange(len(found)), self.gauge.free)] = np.inf
        return found

    def _bad(self, span: Span, lower: F64, upper: F64) -> F64:
        """Slopes, of all neurons, of the patterns of one cell whose determinant has not the sign."""
        opened, matrices = self.slopes.vertices(span)
        square = self.weights @ matrices
        found, size = determinants(square), sizes(square)
        bad = np.flatnonzero(~(self.sign * found > NOISE * size))
        slopes = np.repeat(span.lower, len(bad), axis=0)
        slopes[:, opened] = patterns(len(opened))[bad]
        if not len(bad):
            return slopes
        # A pattern with a neuron that has the wrong sign all over the cell is met nowhere.
        entering = self.slopes.pieces(slopes)[0][:, opened]
        signs = 2.0 * slopes[:, opened] - 1.0
        free = list(self.gauge.free)
        middle, reach = 0.5 * (lower + upper)[free], 0.5 * (upper - lower)[free]
        most = signs * (entering[..., :-1] @ middle + entering[..., -1]) + abs(entering[..., :-1]) @ reach
        return slopes[(most > 0).all(axis=1)]

    def _clip(self, bad: list[tuple[int, F64]], span: Span, cells: Boxes) -> None:
        """Add to the folds, or to what is outside, what the patterns have of their cells."""
        slopes = np.array([pattern for _, pattern in bad])
        entering = self.slopes.pieces(slopes)[0]
        pieces, owners = [], []
        free = list(self.gauge.free)
        for number, (i, pattern) in enumerate(bad):
            opened = np.flatnonzero(span.lower[i] < span.upper[i]).tolist()
            signs = 2.0 * pattern - 1.0
            halves = (
                (signs[j] * entering[number, j, :-1], signs[j] * entering[number, j, -1], j) for j in opened
            )
            piece = Piece.of_box(cells.lower[i, free], cells.upper[i, free]).cut_by(halves)
            if len(piece.corners):
                pieces.append(piece)
                owners.append(number)
        for piece, number, place in zip(pieces, owners, nearest(pieces, self.gauge), strict=True):
            if piece.holds(self.gauge.center):
                place = Nearest(0.0, self.gauge.center, ())  # noqa: PLW2901 - no edge is nearest
            fold = Fold(slopes[number] > 0.5, piece, place)
            if place.value >= EDGE:
                self.outside.append(fold)
            else:
                self.folds.append(fold)
                self._best = min(self._best, place.value)

    def _cut(self, node: int, axis: int) -> None:
        halves = self.tree.cut(node, axis)
        lower, upper = (
            np.array(side) for side in zip(*(self.tree.boxes[half] for half in halves), strict=True)
        )
        least = self.gauge.least(Boxes(lower, upper)).tolist()
        for half, value in zip(halves, least, strict=True):
            if value < EDGE:
                heapq.heappush(self._waiting, (value, half))
            else:
                self.beyond.append(self.tree.boxes[half])

    def reopen(self, places: Iterable[int]) -> None:
        """Cut leaves once more that the check leaves open, by their place in the proof."""
        order = self.tree.preorder()
        for place in places:
            lower, upper = self.tree.boxes[order[place]]
            self._cut(order[place], int(((upper - lower) / self._width()).argmax()))


def sizes(square: F64) -> F64:
    """What the rounding of determinants of matrices (…, n, n) scales with: the product of the rows' norms."""
    found: F64 = abs(square).sum(axis=-1).prod(axis=-1)
    return found
