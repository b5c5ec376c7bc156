"""A projected-gradient search for counterexamples over one relaxed box, batched over restarts.

In: the network over the box in plain floats.  Out: whether an exactly confirmed counterexample was found.
Steps follow the sign of the gradient's running mean [Dong et al. 2018]; what is dead in the box costs
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from spec_lang.backends._search.problem import Problem, Witnesses, conjunction_margins
from spec_lang.bounding.plain import Plain
from spec_lang.bounding.program import Indices
from spec_lang.bounding.rows import start_of
from spec_lang.network.operators.cast import Float

FIRST_STEP, LAST_STEP = 0.25, 0.005  # of the box's width: shrinking geometrically from one to the other
MOMENTUM: Final = 0.75
POINTS: Final = 256  # of one pass


class Attack:
    """Descents within the box of `plain`; `margin` is the least that any point has come to, conjunction by
    conjunction."""

    def __init__(self, problem: Problem, witnesses: Witnesses, plain: Plain) -> None:
        self.problem, self.witnesses, self.plain = problem, witnesses, plain
        self.margin = np.full(len(problem.rows.member), np.inf)

    def random(self, ks: Sequence[int], restarts: int, steps: int, rng: np.random.Generator) -> bool:
        """Uniform starts, half of them corners, for each of the conjunctions."""
        goal = np.tile(np.array(ks, dtype=np.intp), restarts)
        share = rng.random((len(goal), self.problem.program.input_size))
        corners = np.arange(len(goal)) % 2 == 1
        share[corners] = np.round(share[corners])
        return self.descend(self.plain.lower + self.plain.width * share, goal, steps)

    def descend(self, points: Float, goal: Indices, steps: int) -> bool:
        """From each point towards its own conjunction."""
        with np.errstate(all="ignore"):
            return any(
                self._descend(points[i : i + POINTS].astype(self.plain.kind), goal[i : i + POINTS], steps)
                for i in range(0, len(goal), POINTS)
            )

    def _descend(self, x: Float, goal: Indices, steps: int) -> bool:
        plain, rows = self.plain, self.problem.rows
        mean = np.zeros_like(x)
        highest = plain.lower + plain.width
        for rate in np.geomspace(FIRST_STEP, LAST_STEP, steps).astype(plain.kind):
            if self.witnesses.expired():
                return False
            self.witnesses.tried += len(x)
            masks: dict[int, tuple[Float, ...]] = {}
            outputs = plain.outputs(plain.values(x, masks))
            values = rows.values(x.astype(np.float64), outputs.astype(np.float64))
            if self._offer(x, values):
                return True
            worst = np.where(rows.member[goal], values, -np.inf).argmax(axis=1)
            start = start_of(rows, plain.context, worst)
            gradient = plain.gradient(masks, {v: part.astype(plain.kind) for v, part in start.items()})
            gradient /= abs(gradient).mean(axis=1, keepdims=True) + np.finfo(plain.kind).tiny
            mean *= plain.kind(MOMENTUM)
            mean += gradient
            x = x - rate * plain.width * np.sign(mean)
            np.clip(x, plain.lower, highest, out=x)
        return self.offer(x)

    def offer(self, points: Float) -> bool:
        """Whether one of the points is a counterexample."""
        outputs = self.plain.outputs(self.plain.values(points))
        values = self.problem.rows.values(points.astype(np.float64), outputs.astype(np.float64))
        return self._offer(points, values)

    def _offer(self, points: Float, values: Float) -> bool:
        margins = conjunction_margins(self.problem.rows, values.astype(np.float64))
        np.fmin(self.margin, margins.min(axis=0), out=self.margin)
        least = margins.min(axis=1)
        close = least <= self.witnesses.slack + self.plain.noise
        return bool(close.any()) and self.witnesses.try_points(points[close].astype(np.float64))
