"""A search for counterexamples by small random steps, batched: for many conditions on few inputs.

In: a problem.  Out: whether an exactly confirmed counterexample was found.  Where a conjunction has many
rows, as the phases of a pattern are, slopes of the row that holds least lead from one row to the next and
back; points that are kept for being better in all rows get there.  Plain float64: a miss proves nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang.backends._search.problem import Problem, Witnesses
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import F64, Indices

FIRST: Final = 2**13  # points to choose from, a root box
KEPT, CHILDREN, ROUNDS = 96, 12, 120
STEP, SHRINKS, EVERY = 0.06, 0.8, 12  # of the box's width, which shrinks every so many rounds
MOVED: Final = 0.6  # of the inputs, a step
FEW_INPUTS: Final = 20
MANY_ROWS: Final = 4
AFTER, AGAIN = 1000, 3


class Walks:
    """When to walk: first when so many boxes have been bounded, and again after so many times as many."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.next = AFTER if pays(problem) else np.inf

    def find(self, done: int, witnesses: Witnesses, rng: np.random.Generator) -> bool:
        """Whether it was time to, and a counterexample was found."""
        if done < self.next:
            return False
        self.next = AGAIN * done
        return wander(self.problem, witnesses, rng)


def pays(problem: Problem) -> bool:
    """Whether there are few inputs, and many rows that are to hold together."""
    rows = problem.rows.member.sum(axis=1).max(initial=0)
    return problem.program.input_size <= FEW_INPUTS and rows >= MANY_ROWS and not problem.obligation.ties


def wander(problem: Problem, witnesses: Witnesses, rng: np.random.Generator) -> bool:
    """For each conjunction from the best of many points in all root boxes."""
    with np.errstate(all="ignore"):
        for member in problem.rows.member:
            if _Wandering(problem, witnesses, np.flatnonzero(member), rng).run():
                return True
            if witnesses.expired():
                return False
    return False


class _Wandering:
    """Towards one conjunction, of the rows `chosen`."""

    def __init__(
        self, problem: Problem, witnesses: Witnesses, chosen: Indices, rng: np.random.Generator
    ) -> None:
        self.problem, self.witnesses, self.chosen, self.rng = problem, witnesses, chosen, rng
        self.scale = np.ones(len(chosen))

    def run(self) -> bool:
        box, points, values = self._start()
        self.scale = np.maximum(np.nan_to_num(values.std(axis=0)), np.finfo(np.float64).tiny)
        margins = self._margins(values)
        best = np.argsort(margins, kind="stable")[:KEPT]
        low, high, points, margins = box.lower[best], box.upper[best], points[best], margins[best]
        step = STEP
        for number in range(1, ROUNDS + 1):
            if self.witnesses.expired():
                return False
            if self._offered(points, margins):
                return True
            shape = (len(points), CHILDREN, points.shape[1])
            off = self.rng.normal(size=shape) * (self.rng.random(shape) < MOVED)
            tried = np.clip(points[:, None] + step * (high - low)[:, None] * off, low[:, None], high[:, None])
            found = self._margins(self._values(tried.reshape(-1, shape[2]))).reshape(shape[:2])
            child = found.argmin(axis=1)
            every = np.arange(len(points))
            better = found[every, child] < margins
            points = np.where(better[:, None], tried[every, child], points)
            margins = np.where(better, found[every, child], margins)
            if number % EVERY == 0:
                step *= SHRINKS
        return self._offered(points, margins)

    def _start(self) -> tuple[Boxes, F64, F64]:
        roots = self.problem.roots
        each = max(1, FIRST // len(roots))
        lower = np.concatenate([np.repeat(root.lower, each, axis=0) for root in roots])
        upper = np.concatenate([np.repeat(root.upper, each, axis=0) for root in roots])
        points = lower + (upper - lower) * self.rng.random(lower.shape)
        return Boxes(lower, upper), points, self._values(points)

    def _values(self, points: F64) -> F64:
        self.witnesses.tried += len(points)
        found: F64 = self.problem.rows.values(points, self.problem.evaluator(points))[:, self.chosen]
        return found

    def _margins(self, values: F64) -> F64:
        """The row that holds least, each by how much it varies; none where floats end."""
        found: F64 = np.nan_to_num((values / self.scale).max(axis=1), nan=np.inf)
        return found

    def _offered(self, points: F64, margins: F64) -> bool:
        return bool(margins.min() <= 0.0) and self.witnesses.try_points(points[margins <= 0.0])
