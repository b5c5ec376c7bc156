"""The triangle relaxation of one conjunction over one box, as a linear program with fixed phases.

In: a `Context` and what enters its ReLUs.  Out, for any phases: the program's value, its minimiser, and the
multipliers and slopes that its duals amount to.  All of it is a hint; what `Optimiser.evaluate` makes of the
slopes is rigorous.  Minimising the largest of the conjunction's rows keeps it feasible unless phases clash.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._lp.highs import Answer, Solver, Status
from spec_lang.backends._lp.model import Model
from spec_lang.backends._lp.network import Encoder, Encoding
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.program import F64, Indices
from spec_lang.bounding.propagate import Known
from spec_lang.bounding.rows import Conjunction, Rows
from spec_lang.bounding.unstable import Phases

_TINY: Final = 1e-12
LOOSELY, CLOSELY = 1e-7, 1e-10  # of the solver's own units


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """What one program says: a bound, a point, and dual slopes; or, with `clash`, that the phases contradict
    each other, the multipliers being those that show it.

    `mix` and `parameters` are as in `bounding.phases.Rows`; `gaps` is by how much each open neuron's
    relaxation is off at the minimiser, weighted by what it costs; `passing` is which gates of the encoding
    are nearer to being open than shut there.
    """

    bound: float
    point: F64 | None  # (in,)
    mix: F64  # (parts,)
    parameters: F64  # (unstable,)
    gaps: F64  # (unstable,)
    passing: NDArray[np.bool_]  # (gates,)
    clash: bool = False


class Triangle:
    """One conjunction over one box; `solve` starts from the last basis.

    With a `value` the atoms hold, and instead of the largest of them an element of that value is minimised.
    """

    def __init__(self, optimiser: Optimiser, known: Known, of: Conjunction, value: int | None = None) -> None:
        """`known` is what the relaxations of `optimiser` are made of.  Raises `Unfit`."""
        context, unstable = optimiser.context, optimiser.unstable
        self.unstable, self.value = unstable, value
        self.inputs = context.program.input_size
        model = Model()
        wanted = (*context.program.outputs, *(() if value is None else (value,)))
        self.encoding: Encoding = Encoder(model, context, known, unstable).encode(wanted)
        most = np.inf if value is None else 0.0
        self.atoms, self.margin = add_atoms(model, self.encoding, of.rows, of.number, most)
        cost = np.zeros(model.columns)
        cost[self.margin] = 1.0
        self.solver = Solver(model, cost)
        self.phases: Phases = np.zeros(unstable.count, dtype=np.int8)
        self.used = self.encoding.z >= 0

    def aim(self, element: int, side: float) -> None:
        """Minimise `side` times an element of the value, if there is one, from now on."""
        if self.value is not None:
            self.solver.minimise(int(self.encoding.column[self.value][element]), side)

    def fix(self, phases: Phases) -> None:
        """Fix these phases, and free all others."""
        changed = np.flatnonzero((phases != self.phases) & self.used)
        new, code = phases[changed], self.encoding
        free, zero = np.full(len(changed), np.inf), np.zeros(len(changed))
        self.solver.bound_columns(
            code.z[changed], np.where(new > 0, zero, -free), np.where(new < 0, zero, free)
        )
        self.solver.bound_columns(code.a[changed], zero, np.where(new < 0, zero, free))
        # Only the bounds of z may say what the phase says: their multiplier is the certificate's.
        below, above = np.where(new < 0, -free, zero), np.where(new > 0, zero, free)
        self.solver.bound_rows(code.lower_row[changed], below, above)
        intercept = self.unstable.intercept[changed]
        self.solver.bound_rows(code.upper_row[changed], -free, np.where(new == 0, intercept, free))
        code.gates.fix(self.solver, self.phases, phases)
        self.phases = phases.copy()

    def solve(self, deadline: float | None, *, closely: bool = False) -> Relaxed | Answer:
        """The program's answer; the solver's own where it has none that is of use.

        With `closely` the solver may violate less: for phases that contradict each other by very little.
        """
        self.solver.tolerate(CLOSELY if closely else LOOSELY)
        answer = self.solver.run(deadline)
        if answer.status is Status.OPTIMAL and answer.x is not None:
            if answer.duals is None or answer.reduced is None:
                return answer
            mix, parameters = self._slopes(answer.duals, answer.reduced)
            gaps, passing = self._gaps(answer), self.encoding.gates.passing(answer.x)
            return Relaxed(answer.objective, answer.x[: self.inputs], mix, parameters, gaps, passing)
        if answer.status is Status.INFEASIBLE and answer.ray is not None:
            mix, parameters = self._slopes(answer.ray, self._reduced(answer.ray))
            gaps, none = np.zeros(self.unstable.count), np.zeros(0, dtype=np.bool_)
            return Relaxed(np.inf, None, mix, parameters, gaps, none, clash=True)
        return answer

    def _reduced(self, ray: F64) -> F64:
        """What a ray leaves of the columns, in the model's units: `−Aᵀ ray`."""
        scaled = self.solver.scaled
        row = np.repeat(np.arange(len(scaled.row_lower)), np.diff(scaled.start))
        found = np.zeros(len(scaled.cost))
        np.subtract.at(found, scaled.index, scaled.value * (ray / scaled.rows)[row])
        result: F64 = found / scaled.columns
        return result

    def _slopes(self, duals: F64, reduced: F64) -> tuple[F64, F64]:
        """Mixture and parameters from multipliers of rows and columns.

        What leaves neuron j has, in the combination of all rows, the coefficient `own + below − above`; the
        part `below − slope·above` of it arrives at what enters it.  Their quotient is the lower slope.
        """
        code, used = self.encoding, self.used
        below, above, own, into = (np.zeros(self.unstable.count) for _ in range(4))
        below[used] = np.maximum(duals[code.lower_row[used]], 0.0)
        above[used] = np.maximum(-duals[code.upper_row[used]], 0.0)
        own[used], into[used] = reduced[code.a[used]], reduced[code.z[used]]
        total = own + below - above
        arriving = below - self.unstable.upper_slope * above
        clear = total > _TINY
        slope = np.clip(arriving / np.where(clear, total, 1.0), 0.0, 1.0)
        slope = np.where(clear, slope, self.unstable.lower_slope)
        # Of an active neuron a = z, so that `a >= 0` says the same as `z >= 0`.
        multiplier = np.maximum(np.where(self.phases > 0, into + own, -into), 0.0)
        mix = np.maximum(-duals[self.atoms], 0.0)
        return mix, np.where(self.phases == 0, slope, multiplier)

    def _gaps(self, answer: Answer) -> F64:
        gaps = np.zeros(self.unstable.count)
        if answer.x is None or answer.duals is None:
            return gaps
        code, used = self.encoding, self.used & (self.phases == 0)
        z, a = answer.x[code.z[used]], answer.x[code.a[used]]
        weight = abs(answer.duals[code.lower_row[used]]) + abs(answer.duals[code.upper_row[used]])
        gaps[used] = abs(a - np.maximum(z, 0.0)) * (weight + _TINY)
        known = code.gates.neuron >= 0
        np.add.at(gaps, code.gates.neuron[known], code.gates.gaps(answer.x, answer.duals)[known])
        return gaps


def add_atoms(model: Model, code: Encoding, rows: Rows, k: int, most: float) -> tuple[Indices, Indices]:
    """Rows `atom <= margin` for the distinct atoms of conjunction k, with a new column `margin <= most`;
    their numbers, and the column's."""
    mine = np.flatnonzero(rows.member[k])
    size = _sizes(model, code, rows, mine)
    margin = model.add_columns(np.array([-np.inf]), np.array([most]), np.array([size]))
    added = model.add_rows(np.full(len(mine), -np.inf), -rows.constant[mine])
    place = 0
    for output in code.program.outputs:
        size = code.program.sizes[output]
        model.put_block(added, code.column[output], rows.outputs[mine, place : place + size])
        place += size
    for number, where in enumerate(code.program.input_slices):
        model.put_block(added, code.column[number], rows.inputs[mine, where])
    model.put(added, np.repeat(margin, len(mine)), -np.ones(len(mine)))
    return added, margin


def _sizes(model: Model, code: Encoding, rows: Rows, mine: Indices) -> float:
    """How far from 0 one of these atoms can be."""
    size = np.append(np.concatenate(model.size), 0.0)  # the last for what is 0
    outputs = np.concatenate([size[code.column[output]] for output in code.program.outputs])
    inputs = np.concatenate([size[code.column[number]] for number in range(len(code.program.input_slices))])
    total = abs(rows.outputs[mine]) @ outputs + abs(rows.inputs[mine]) @ inputs + abs(rows.constant[mine])
    return float(total.max())
