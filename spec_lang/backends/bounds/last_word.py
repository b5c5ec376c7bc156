"""The last word on rows over gradients, where no gate that counts is open: linear programs.

In: a row whose phases leave the gradient one value.  Out: multipliers that show that no point has these
phases, or a counterexample, or neither: where a pattern has points at kinks alone.  A gradient step finds
neither soon: what has to be shown is a contradiction among constraints.
"""

from __future__ import annotations

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._lp.highs import Answer
from spec_lang.backends._lp.model import Unfit
from spec_lang.backends._lp.pattern import Active, active_at, deepest, with_phases
from spec_lang.backends._lp.relaxation import Triangle
from spec_lang.backends._search.problem import Problem, Witnesses
from spec_lang.bounding.context import Context
from spec_lang.bounding.leaves import Leaves, closing, closing_clash
from spec_lang.bounding.objectives import Rows
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.program import F64, ReluStep
from spec_lang.bounding.propagate import Ranges
from spec_lang.bounding.rows import Conjunction
from spec_lang.bounding.unstable import Phases, Unstable


@dataclass(slots=True, eq=False)
class LastWord:
    """Over one relaxed box; `programs` has one linear program for every conjunction that was asked about."""

    problem: Problem
    witnesses: Witnesses
    optimiser: Optimiser
    programs: dict[int, Triangle]

    def on(self, row: Rows, k: int) -> Leaves | None:
        """What closes the one row, of conjunction k; None where nothing does, or a point was found that
        breaks the claim."""
        try:
            program = self._program(k)
        except Unfit:
            return None
        deadline = self.witnesses.session.budget.deadline
        program.fix(row.phases[0])
        answer = program.solve(deadline, closely=True)
        if isinstance(answer, Answer):
            return None
        tried = row.take(slice(None))
        tried.parameters, tried.mix = answer.parameters[None], answer.mix[None]
        if answer.clash:
            tried, found = closing_clash(self.optimiser, tried)
        else:
            found = closing(self.optimiser, tried)
        if found.bound[0] > 0:
            return found
        if answer.point is not None:
            self._try(answer.point, row, k)
        return None

    def _try(self, point: F64, row: Rows, k: int) -> None:
        """The point, and the one of its pattern that is furthest from all kinks."""
        if self.witnesses.try_points(point[None]) or not (row.phases != 0).any():
            return
        active = active_at(self.problem.program, self.problem.evaluator.values(point[None]))
        context, unstable = self.optimiser.context, self.optimiser.unstable
        # What the row leaves open is as it is at the point.
        phases = np.where(row.phases[0] == 0, _phases_in(active, context, unstable), row.phases[0])
        pattern = with_phases(active, context, unstable, phases.astype(np.int8))
        deadline = self.witnesses.session.budget.deadline
        inner = deepest(self.problem, k, pattern, point, deadline)
        if inner is not None:
            self.witnesses.try_points(inner[None])

    def _program(self, k: int) -> Triangle:
        if k not in self.programs:
            context = self.optimiser.context
            known = {value: Ranges(*ends) for value, ends in context.entering.items()}
            self.programs[k] = Triangle(self.optimiser, known, Conjunction(self.problem.rows, k))
        return self.programs[k]


def _phases_in(active: Active, context: Context, unstable: Unstable) -> Phases:
    """The phases of the unstable neurons in a pattern."""
    found: Phases = np.zeros(unstable.count, dtype=np.int8)
    for step in context.program.steps:
        if isinstance(step, ReluStep):
            layout = context.layouts[step.value]
            mask = active[step.operand][layout.columns[: layout.mixed]]
            found[unstable.slices[step.value]] = np.where(mask, 1, -1)
    return found
