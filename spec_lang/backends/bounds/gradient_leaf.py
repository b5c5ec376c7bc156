"""Whether any point of a box has given phases: linear programs, and bounds that repeat what they say.

In: phases of all neurons that are unstable on the box.  Out: `EMPTY`, shown by rigorous bounds with the
program's multipliers; a point in the middle of those that have the phases; or `UNSURE`.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._lp.highs import Solver, Status
from spec_lang.backends._lp.model import Model, Unfit
from spec_lang.bounding.context import Context
from spec_lang.bounding.objectives import Objectives, fresh_rows
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.program import F64, AffineStep, Program, ReluStep
from spec_lang.bounding.propagate import Known
from spec_lang.kernel.scene import Phases

SURE: Final = 1e-9  # of the box's size: a pattern this thin may be an edge of others


class Leaf(Enum):
    """What is not a point."""

    EMPTY = "no point has these phases"
    UNSURE = "only points at kinks may have them, or the program was not solved"


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """The phases of the unstable neurons, and `side·z`, which is at least 0, as forms of the inputs."""

    phases: Phases  # (unstable,)
    rows: F64  # (unstable, in + 1)
    norms: F64


@dataclass(frozen=True, slots=True, eq=False)
class Clash:
    """Phases of the unstable neurons that contradict each other: `Σ β·side·z <= −1` everywhere, about."""

    phases: Phases  # (unstable,)
    multipliers: F64


class Patterns:
    """Over the one box of `context`, whose relaxations are complete."""

    def __init__(self, program: Program, context: Context) -> None:
        self.program, self.context = program, context
        self.optimiser = Optimiser(context)

    def decide(self, known: Known, phases: dict[int, Phases], deadline: float | None) -> F64 | Leaf:
        """Of the phases that are fixed, and those that ranges fix, but for neurons after open ones."""
        found = self.clash(known, phases, deadline)
        return Leaf.EMPTY if isinstance(found, Clash) else found

    def clash(self, known: Known, phases: dict[int, Phases], deadline: float | None) -> F64 | Leaf | Clash:
        """The same, with what shows that there is no point."""
        asked = self._asked(known, phases)
        lower, upper = self.context.boxes.lower[0], self.context.boxes.upper[0]
        size = float(np.linalg.norm(upper - lower))
        model = Model()
        x = model.add_columns(lower, upper, np.maximum(abs(lower), abs(upper)))
        s = model.add_columns(np.full(1, -np.inf), np.full(1, size), np.full(1, max(size, 1.0) * 1e3))
        try:
            added = model.add_rows(-asked.rows[:, -1], np.full(len(asked.rows), np.inf))
            model.put_block(added, x, asked.rows[:, :-1])
            model.put(added, np.repeat(s, len(added)), -asked.norms)
            cost = np.zeros(model.columns)
            cost[s] = -1.0
            answer = Solver(model, cost).run(deadline)
        except Unfit:
            return Leaf.UNSURE
        if answer.status is not Status.OPTIMAL or answer.x is None or answer.duals is None:
            return Leaf.UNSURE
        deepest = -float(answer.objective)
        if deepest > SURE * size:
            found: F64 = np.clip(answer.x[: len(lower)], lower, upper)
            return found
        multipliers = np.maximum(answer.duals[added], 0.0)
        if not self._is_empty(asked, multipliers, -deepest):
            return Leaf.UNSURE
        return Clash(asked.phases, multipliers / -deepest)

    def _asked(self, known: Known, phases: dict[int, Phases]) -> _Asked:
        """As far as neurons are linear in the inputs: up to the first step with an open one."""
        program, unstable = self.program, self.optimiser.unstable
        found = np.zeros(unstable.count, dtype=np.int8)
        rows = np.zeros((unstable.count, program.input_size + 1))
        unit = np.eye(program.input_size + 1)[:, :-1]
        forms = {number: unit[:, where] for number, where in enumerate(program.input_slices)}
        for step in program.steps:
            if isinstance(step, AffineStep) and all(operand in forms for operand in step.operands):
                forms[step.value] = form = np.zeros((program.input_size + 1, program.sizes[step.value]))
                form[-1] = step.bias
                for operand, linear in zip(step.operands, step.maps, strict=True):
                    form += linear.forward(forms[operand])
            if not isinstance(step, ReluStep) or step.operand not in forms:
                continue
            z, layout, where = step.operand, self.context.layouts[step.value], unstable.slices[step.value]
            fixed = phases[z][0] if z in phases else np.zeros(program.sizes[z], dtype=np.int8)
            sides = np.where(fixed, fixed, 1 * (known[z].lower[0] >= 0) - 1 * (known[z].upper[0] <= 0))
            columns = layout.columns[: layout.mixed]
            found[where], rows[where] = sides[columns], forms[z][:, columns].T
            if not sides.all():
                break
            forms[step.value] = forms[z] * (sides > 0)
        rows = rows * found[:, None]
        return _Asked(found, rows, np.linalg.norm(rows[:, :-1], axis=1))

    def _is_empty(self, asked: _Asked, multipliers: F64, depth: float) -> bool:
        """Rigorously: `−1 − Σ β·side·z > 0` on all of the box where the phases hold, if only β are large
        enough; there it is below 0.

        Sound because a neuron's phase that its range implies may be taken for fixed.
        """
        if not depth > 0 or not multipliers.any():
            return False
        program = self.program
        output = program.outputs[-1]
        start = {output: self.context.carried(output, np.zeros((1, program.sizes[output])))[:, None]}
        objectives = Objectives(start, np.full((1, 1), -1.0))
        row = fresh_rows(objectives, self.optimiser.unstable, np.zeros(1, dtype=np.intp))
        row.phases = asked.phases[None]
        row.parameters = (multipliers * (2.0 / depth))[None]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return bool(self.optimiser.bounds(row).minimum[0] > 0)
