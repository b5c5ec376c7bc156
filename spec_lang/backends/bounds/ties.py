"""Boxes that are closed if equality holds: floats cannot say so, exact arithmetic may.

In: boxes with bounds of their rows.  Out: the same without those that are set aside, where some strict row
of every open conjunction misses 0 by no more than rounding may cost.  Nothing is decided here: a box that is
set aside is a leaf of the proof, which the kernel closes in integers, or names as open.
"""

from __future__ import annotations

from dataclasses import field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._search.halving import Found
from spec_lang.backends._search.problem import Problem
from spec_lang.backends.bounds.frontier import Frontier
from spec_lang.bounding.context import UNDERFLOW, Context
from spec_lang.bounding.leaves import TIE
from spec_lang.bounding.linear import lower_bounds
from spec_lang.bounding.program import F64
from spec_lang.bounding.rows import start_of

# Nodes of a record: the kernel checks larger proofs in floats alone, which find no ties.
MOST_NODES: Final = 250
# Bounds in float32 that are nearer to 0 than this share of a row's size are computed again.
LOOK: Final = 1e-4


@dataclass(slots=True, eq=False)
class Ties:
    """Of one search; `hopeful` until the proof is too large, or the kernel has not closed what was tied."""

    problem: Problem
    hopeful: bool
    aside: list[Frontier] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(map(len, self.aside))

    def are_tied(self, context: Context, found: Found, alive: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The boxes (batch,) to set aside, whose open conjunctions are `alive`."""
        rows = self.problem.rows
        if not (self.hopeful and rows.strict.any()):
            return np.zeros(len(alive), dtype=np.bool_)
        size = self._sizes(context)
        near = rows.strict & (found.minimum >= -LOOK * size) & (alive.astype(np.float64) @ rows.member > 0)
        tied = np.zeros_like(near)
        owner, row = np.nonzero(near)
        if len(owner):
            start = start_of(rows, context, row)
            least = lower_bounds(context, start, rows.constant[row], owner, rows.relative).minimum
            tied[owner, row] = least >= -TIE * size[owner, row] - 1e3 * UNDERFLOW
        # A conjunction is false with any of its rows.
        spared = tied.astype(np.float64) @ rows.member.T > 0
        return np.asarray(alive.any(axis=1) & (spared | ~alive).all(axis=1), dtype=np.bool_)

    def _sizes(self, context: Context) -> F64:
        """What the rows add up, at most (batch, rows): rounding errors are shares of it."""
        rows = self.problem.rows
        found = np.tile(abs(rows.constant), (len(context.boxes), 1))
        for value, part in start_of(rows, context, np.arange(rows.count)).items():
            magnitude, columns = context.magnitudes[value], context.columns.get(value)
            found += (magnitude if columns is None else magnitude[:, columns]) @ abs(part).T
        return found

    def given_up(self) -> list[Frontier]:
        """What was set aside, to be searched as any other box, and nothing will be again."""
        found, self.aside, self.hopeful = self.aside, [], False
        return found
