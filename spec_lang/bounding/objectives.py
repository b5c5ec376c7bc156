"""Rows to bound over one box: what they are made of, their phases and their parameters.

In: coefficients over a program's values.  Out: `Rows`, many of which may share one objective.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.program import F64, Indices
from spec_lang.bounding.unstable import Phases, Unstable
from spec_lang.network.operators.cast import Float


@dataclass(frozen=True, slots=True, eq=False)
class Objectives:
    """What rows bound: objective i has the parts `start[v][i]` of shape (parts, n_v), over the elements that
    passes carry.

    A row is a combination of them, by its `mix`.  Its parts are at most 0 where the conjunction that it
    stands for holds, and any combination will do; when `anchored`, the last part is what is bounded there:
    its weight is 1, and the others have any weights >= 0.
    """

    start: dict[int, F64]
    constant: F64  # (objectives, parts)
    relative: float = 0.0  # bound on the relative error of `start` and `constant`
    anchored: bool = False


@dataclass(slots=True, eq=False)
class Rows:
    """Rows to bound, each one of `objectives`, with phases and parameters of its own."""

    objectives: Objectives
    which: Indices  # (rows,)
    mix: F64  # (rows, parts), >= 0
    phases: Phases  # (rows, unstable)
    parameters: Float  # (rows, unstable)
    node: NDArray[np.intp]  # (rows,): what whoever searches knows the row by

    def __len__(self) -> int:
        return len(self.which)

    @property
    def start(self) -> dict[int, F64]:
        return {value: part[self.which] for value, part in self.objectives.start.items()}

    @property
    def constant(self) -> F64:
        found: F64 = self.objectives.constant[self.which]
        return found

    def mixed(self) -> tuple[dict[int, F64], F64]:
        """Each row's combination of its parts, and of their constants; plain floats."""
        parts = self.objectives.constant.shape[1]
        if parts == 1:
            weight = self.mix
            start = {v: part[self.which, 0] * weight for v, part in self.objectives.start.items()}
            return start, (self.constant * weight)[:, 0]
        start = {v: np.einsum("rp,rpn->rn", self.mix, part) for v, part in self.start.items()}
        return start, np.einsum("rp,rp->r", self.mix, self.constant)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Rows:
        return Rows(
            self.objectives,
            self.which[rows],
            self.mix[rows],
            self.phases[rows],
            self.parameters[rows],
            self.node[rows],
        )


def fresh_rows(objectives: Objectives, unstable: Unstable, which: Indices) -> Rows:
    """Rows with every phase open and the default slopes; an even mixture, or the last part alone and half of
    each other one."""
    count, parts = len(which), objectives.constant.shape[1]
    mix = np.full((count, parts), 1.0 / parts)
    if objectives.anchored:
        mix[:, :-1], mix[:, -1] = 0.5, 1.0
    phases: Phases = np.zeros((count, unstable.count), dtype=np.int8)
    parameters = np.tile(unstable.lower_slope, (count, 1))
    return Rows(objectives, which, mix, phases, parameters, np.arange(count))
