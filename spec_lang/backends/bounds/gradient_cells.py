"""Ranges of all coordinates of a gradient over one box, by going through the cells of its network.

In: the gradient of an output, a box, limits.  Out: what a search finds, too, and the same kind of answer;
None where there are too many cells.  Only the cells at which a coordinate is greatest or least are looked
into: a point shows that there is such a cell, and a linear program with rigorous multipliers that there is
none.
"""

from __future__ import annotations

import time
from typing import Final

import numpy as np

from spec_lang.backends.bounds.explored import Explored, Limits, is_exact
from spec_lang.backends.bounds.gradient_leaf import Leaf, Patterns
from spec_lang.backends.bounds.gradient_witness import Reached
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.cells import Bits, Cells, cells_of
from spec_lang.bounding.gradient_ranges import Gradient, ranges_in
from spec_lang.bounding.program import F64, Indices
from spec_lang.bounding.propagate import Ranges, propagate

STEPS: Final = 48  # towards a point of a cell
INSIDE: Final = 1e-3  # of the box: how far from the planes points are to be
SURE: Final = 1e-9


def by_cells(gradient: Gradient, box: Boxes, limits: Limits) -> Explored | None:
    """The ranges over all cells; exact where every cell that an end comes from has a point."""

    # Half of the time, so that there is some left to look into cells, or for another search.
    half = Limits(None if limits.deadline is None else (time.monotonic() + limits.deadline) / 2)
    most = 2**62 if limits.nodes is None else limits.nodes
    cells = cells_of(gradient, box, most, half.expired)
    return None if cells is None else _Looking(gradient, box, limits, cells).run()


class _Looking:
    def __init__(self, gradient: Gradient, box: Boxes, limits: Limits, cells: Cells) -> None:
        self.gradient, self.box, self.limits, self.cells = gradient, box, limits, cells
        self.reached = Reached.of(gradient, box)
        self.reached.see(box.center)
        self.left = np.ones(len(cells), dtype=np.bool_)  # not shown to be empty
        self.seen = np.zeros(len(cells), dtype=np.bool_)  # looked into
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            self.root, self.known = propagate(gradient.program, box)
            self.whole = ranges_in(gradient, self.root)
        self.patterns = Patterns(gradient.program, self.root)

    def run(self) -> Explored:
        while len(rows := self._extremes()) and not self.limits.expired():
            inside, points = points_of(self.cells.take(rows), self.box)
            self.seen[rows] = True
            if inside.any():
                self.reached.see(points[inside])
            for row in rows[~inside].tolist():
                self._decide(row)
        lower, upper = self._ends()
        outer = Ranges(np.fmax(lower[None], self.whole.lower), np.fmin(upper[None], self.whole.upper))
        inner = Ranges(self.reached.lower[None], self.reached.upper[None])
        return Explored(outer, inner, is_exact(outer, inner, len(self.cells)), len(self.cells))

    def _ends(self) -> tuple[F64, F64]:
        found = self.cells.ranges
        return found.lower[self.left].min(axis=0), found.upper[self.left].max(axis=0)

    def _extremes(self) -> Indices:
        """Cells with an end of some coordinate beyond what is reached, that nothing is known of."""
        found, (lower, upper) = self.cells.ranges, self._ends()
        slack = SURE * np.maximum(upper - lower, SURE)
        low = np.where(self.left[:, None], found.lower, np.inf).argmin(axis=0)
        high = np.where(self.left[:, None], found.upper, -np.inf).argmax(axis=0)
        beyond = lower < self.reached.lower - slack, upper > self.reached.upper + slack
        rows: Indices = np.unique(np.concatenate([low[beyond[0]], high[beyond[1]]]))
        unseen: Indices = rows[~self.seen[rows]]
        return unseen

    def _decide(self, row: int) -> None:
        one = self.cells.take(np.array([row]))
        phases = {z: np.where(bits, 1, -1).astype(np.int8) for z, bits in one.open.items()}
        answer = self.patterns.decide(self.known, phases, self.limits.deadline)
        if isinstance(answer, np.ndarray):
            self.reached.see(answer[None])
        elif answer is Leaf.EMPTY:
            self.left[row] = False


def points_of(cells: Cells, box: Boxes) -> tuple[Bits, F64]:
    """Which cells a point is found of that is off their planes, and the points (cells, inputs), in floats:
    steps over the plane that is most in the way."""
    planes = cells.planes
    slope, constant = planes[:, :, :-1], planes[:, :, -1]
    points, every = np.zeros((len(planes), slope.shape[2])), np.arange(len(planes))
    inside = np.zeros(len(planes), dtype=np.bool_)
    if not planes.shape[1]:
        return ~inside, box.center + points
    for _ in range(STEPS):
        values = np.matmul(slope, points[:, :, None])[:, :, 0] + constant
        worst = values.argmin(axis=1)
        depth = values[every, worst]
        inside = depth > SURE
        if inside.all():
            break
        step = np.where(inside, 0.0, INSIDE - depth)[:, None] * slope[every, worst]
        points = np.clip(points + 1.5 * step, -1.0, 1.0)
    center = box.center
    return inside, np.clip(center + points * box.radius(center), box.lower, box.upper)
