"""Linear programs over the inputs of a network: what a waist's elements can be, and where they are that.

In: the forms of the elements and of the premises, in floats, and a box of inputs.  Out: directions in which
the premises leave the elements less room, and inputs.  All of it hints: directions are evaluated, and points
replayed, exactly by others.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._lp.highs import Answer, Solver, Status
from spec_lang.backends._lp.model import Model, Unfit
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import F64
from spec_lang.kernel.suffix import Seen

_APART: Final = 1e-7  # of an element's range: what is nearer to a point that is reached counts as reached
_NEGLIGIBLE: Final = 1e-10  # a multiplier, beside the largest


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """`weights·u − multipliers·premises` is less everywhere in the box than `weights·u` at some point."""

    weights: F64  # (elements,)
    multipliers: F64  # (premises,)


class Preimages:
    """The programs of one obligation.  `programs` counts those that have been solved."""

    def __init__(self, seen: Seen, box: Boxes, deadline: float | None) -> None:
        """Raises `Unfit`."""
        self.read, self.premises = seen.read.floats(), seen.premises.floats()
        self.lower, self.upper = box.lower[0], box.upper[0]
        if not (np.isfinite(self.read).all() and np.isfinite(self.premises).all()):
            raise Unfit("a coefficient is not finite")
        self.width = _positive(self._reach(self.read))
        self.room = _positive(self._reach(self.premises))
        self.deadline = deadline
        self.programs = 0
        self._nearest: Solver | None = None

    def _reach(self, rows: F64) -> F64:
        found: F64 = abs(rows[:, :-1]) @ (self.upper - self.lower)
        return found

    def _inputs(self) -> Model:
        model = Model()
        model.add_columns(self.lower, self.upper, np.maximum(abs(self.lower), abs(self.upper)))
        return model

    def _require(self, model: Model, rows: F64) -> slice:
        """Rows that are at most 0; their places."""
        added = model.add_rows(np.full(len(rows), -np.inf), -rows[:, -1])
        model.put_block(added, np.arange(len(self.lower)), rows[:, :-1])
        return slice(int(added[0]), int(added[-1]) + 1) if len(added) else slice(0, 0)

    def _solved(self, solver: Solver) -> Answer:
        self.programs += 1
        return solver.run(self.deadline)

    def of_ranges(self) -> F64:
        """Multipliers by which the elements' ends, all upper ones first, are as narrow as premises make them;
        (2 * elements, premises)."""
        found = np.zeros((2 * len(self.read), len(self.premises)))
        if not len(self.premises):
            return found
        model = self._inputs()
        where = self._require(model, self.premises)
        for number, row in enumerate(np.concatenate([self.read, -self.read])):
            answer = self._solved(Solver(model, -row[:-1]))
            if answer.status is Status.OPTIMAL and answer.duals is not None:
                found[number] = _multipliers(-answer.duals[where])
        return found

    def apart(self, u: F64) -> tuple[Cut | None, F64 | None]:
        """What separates u from all that is reached where the premises hold, or inputs that are led there."""
        if self._nearest is None:
            self._nearest = self._distance()
        count, every = len(self.read), 2 * len(self.read) + len(self.premises)
        low, high = np.full(every, -np.inf), np.full(every, np.inf)
        high[:count] = low[count : 2 * count] = u - self.read[:, -1]
        high[2 * count :] = -self.premises[:, -1]
        self._nearest.bound_rows(np.arange(every), low, high)
        answer = self._solved(self._nearest)
        if answer.status is not Status.OPTIMAL or answer.duals is None or answer.x is None:
            return None, None
        weights = answer.duals[count : 2 * count] + answer.duals[:count]
        cut = self._cut(weights, _multipliers(-answer.duals[2 * count :]), u)
        point = np.clip(answer.x[: len(self.lower)], self.lower, self.upper)
        return cut, point if cut is None else None

    def _distance(self) -> Solver:
        """The least s by which all elements are near where they should be, and no premise fails by more."""
        model = self._inputs()
        s = model.add_columns(np.zeros(1), np.full(1, np.inf), np.ones(1))
        x = np.arange(len(self.lower))
        blocks = ((self.read, -self.width), (self.read, self.width), (self.premises, -self.room))
        for rows, slack in blocks:
            added = model.add_rows(np.full(len(rows), -np.inf), np.full(len(rows), np.inf))
            model.put_block(added, x, rows[:, :-1])
            model.put(added, np.repeat(s, len(added)), slack)
        cost = np.zeros(model.columns)
        cost[s] = 1.0
        return Solver(model, cost)

    def _cut(self, weights: F64, multipliers: F64, u: F64) -> Cut | None:
        """The direction, where it separates u clearly."""
        size = float((abs(weights) * self.width).sum() + multipliers @ self.room)
        if size <= 0:
            return None
        weights, multipliers = weights / size, multipliers / size
        row = weights @ self.read - multipliers @ self.premises
        greatest = float(np.maximum(row[:-1] * self.lower, row[:-1] * self.upper).sum() + row[-1])
        return Cut(weights, multipliers) if weights @ u > greatest + _APART else None

    def deepest(self, rows: F64) -> F64 | None:
        """Inputs where all `rows` (r, elements + 1) over the elements, and the premises, are at most 0, by as
        much as can be in proportion to their coefficients."""
        through = rows[:, :-1] @ self.read
        through[:, -1] += rows[:, -1]
        every = np.concatenate([through, self.premises])
        weights = np.linalg.norm(every[:, :-1], axis=1)
        every, weights = every[weights > 0], weights[weights > 0]
        model = self._inputs()
        size = float(np.linalg.norm(self.upper - self.lower))
        s = model.add_columns(np.zeros(1), np.full(1, size), np.full(1, size))
        where = self._require(model, every)
        places = np.arange(where.start, where.stop)
        model.put(places, np.repeat(s, len(places)), weights)
        cost = np.zeros(model.columns)
        cost[s] = -1.0
        answer = self._solved(Solver(model, cost))
        if answer.status is not Status.OPTIMAL or answer.x is None:
            return None
        found: F64 = np.clip(answer.x[: len(self.lower)], self.lower, self.upper)
        return found


def _multipliers(values: F64) -> F64:
    """What a solver says of multipliers, without those that are as good as 0."""
    found = np.maximum(values, 0.0)
    found[found <= _NEGLIGIBLE * found.max(initial=0.0)] = 0.0
    return found


def _positive(sizes: F64) -> F64:
    return np.where(sizes > 0, sizes, 1.0)
