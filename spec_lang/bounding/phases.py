"""Bounds of rows whose ReLU phases are partly fixed, over one box.

In: rows over a program's values, each with its own phases and parameters.  Out: for each row a rigorous
lower bound wherever its phases hold; `optimise` raises it by gradient steps on the parameters.  One parameter
per unstable neuron serves twice: the lower slope α in [0, 1] while the phase is open, the multiplier β >= 0
once it is fixed [Xu et al. 2021, α-CROWN; Wang et al. 2021, β-CROWN].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.ascent import climb
from spec_lang.bounding.context import Context
from spec_lang.bounding.linear import LinearBounds, Owners, Substitution
from spec_lang.bounding.objectives import Rows
from spec_lang.bounding.phase_pairs import pairs_of
from spec_lang.bounding.plain import Plain
from spec_lang.bounding.program import F64, BinaryStep, ReluStep
from spec_lang.bounding.relax.binary import Crossed
from spec_lang.bounding.unstable import Unstable
from spec_lang.network.primitives import Binary

# Values up to this size leave float32 enough digits to climb by.
SINGLE_LIMIT = 1e6


class PhaseSubstitution(Substitution):
    """A backward pass with one set of slopes a row.

    Sound because any α in [0, 1] is a lower slope of an open neuron, a fixed neuron is linear, and
    `−β z` (active, z >= 0) or `+β z` (inactive, z <= 0) is at most 0 wherever the phase holds.
    """

    def __init__(self, context: Context, unstable: Unstable, rows: Rows, constant: F64) -> None:
        owner: Owners = np.zeros(len(rows), dtype=np.intp)
        super().__init__(context, owner, constant)
        self.unstable, self.rows = unstable, rows
        self.pairs = pairs_of(context, unstable) if context.planes else {}
        self.chosen = {
            value: pair.chosen(rows.phases, fixed=bool(rows.phases.any()))
            for value, pair in self.pairs.items()
        }
        self.first = {pair.delta.base: pair for pair in self.pairs.values()}

    def run(self, start: dict[int, F64]) -> F64:
        """As without phases; what these add to rows over gradients is for ReLUs that those do not reach."""
        pending = dict(start)
        for value in self.unstable.fixed(self.rows.phases) if self.context.crossed else ():
            columns = self.context.layouts[value].columns
            pending.setdefault(value, np.zeros((len(self.rows), len(columns))))
        return super().run(pending)

    def _relu(self, step: ReluStep, coefficients: F64, pending: dict[int, F64]) -> None:
        where = self.unstable.slices[step.value]
        phases = self.rows.phases[:, where].astype(np.float64)
        parameters = self.rows.parameters[:, where].astype(np.float64)
        mixed = phases.shape[1]
        is_open, active = abs(phases), np.maximum(phases, 0.0)
        np.subtract(1.0, is_open, out=is_open)
        # The parts are exact: each element is in one of them, and 0 in the other.
        positive = np.maximum(coefficients[:, :mixed], 0.0)
        negative = coefficients[:, :mixed] - positive
        pair, upper = self.first.get(step.value), self.unstable.upper_slope[where]
        if pair is None:
            intercept = (negative * is_open) @ self.unstable.intercept[where]
        else:
            upper, above = pair.lines(self.rows.phases)
            intercept = np.einsum("rn,rn->r", negative * is_open, above)
        self.constant += intercept
        self.weight -= intercept
        # Where the phase is fixed, both lines have the slope of the phase.
        positive *= is_open * parameters + active
        negative *= is_open * upper + active
        positive += negative
        phases *= parameters
        phases *= 1.0 - is_open
        positive -= phases
        if coefficients.shape[1] > mixed:
            positive = np.concatenate([positive, coefficients[:, mixed:]], axis=1)
        self.forward_to_operand(step, positive, pending)

    def crossed(self, step: BinaryStep) -> tuple[Crossed, Owners]:
        """Gates of neurons whose phases are fixed are open or shut.

        Sound because of any point and choice `z >= 0 and g passes` or `z <= 0 and nothing does` is true.
        """
        found = self.context.crossed[step.value]
        if step.function is not Binary.GATE:
            return found, self.owner
        return found.with_phases(self.unstable.at(self.rows.phases, step.value)), np.arange(len(self.rows))

    def _difference(self, value: int, coefficients: F64, pending: dict[int, F64]) -> None:
        """As without phases, by the planes that these leave; what y's phases add to rows is for y's own
        step, which nothing else need reach."""
        chosen, context = self.chosen[value], self.context
        pair = chosen.pair
        of_x, of_delta, constants = chosen.lowered(coefficients)
        self.constant += constants.sum(axis=1)
        self.weight += abs(constants).sum(axis=1)
        for operand, rows in ((pair.delta.x, of_x), (pair.delta.delta, of_delta)):
            self._accumulate(pending, operand, context.moved(operand, rows, pair.carried))
        if chosen.fixed and pair.has_y:
            columns = context.layouts[pair.delta.other].columns
            pending.setdefault(pair.delta.other, np.zeros((len(coefficients), len(columns))))


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """One evaluation: bounds, the point that attains them, and what to branch on."""

    bounds: LinearBounds
    points: F64  # (rows, in)
    gaps: F64  # (rows, unstable): what relaxing the neuron costs this row at the trace
    intercepts: F64  # (rows, unstable): what its upper line's intercept costs


class Optimiser:
    """Bounds rows over the one box of `context`, whose relaxations are complete as far as rows need."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.unstable = Unstable(context)
        self._plain: dict[type[np.floating[Any]], Plain] = {}

    @property
    def kind(self) -> type[np.floating[Any]]:
        """The floats to look for parameters with: float32 where it is precise enough, which small differences
        of large values do not leave it."""
        if self.context.planes:
            return np.float64
        sizes = [norm.max(initial=0.0) for norm in self.context.norms.values()]
        return np.float32 if max(sizes, default=0.0) < SINGLE_LIMIT else np.float64

    def plain(self, kind: type[np.floating[Any]]) -> Plain:
        if kind not in self._plain:
            self._plain[kind] = Plain(self.context, self.unstable, kind)
        return self._plain[kind]

    def bounds(self, rows: Rows) -> LinearBounds:
        """Rigorous ones."""
        start, constant = rows.mixed()
        substitution = PhaseSubstitution(self.context, self.unstable, rows, constant)
        relative = rows.objectives.relative
        single = rows.objectives.constant.shape[1] == 1 and bool((rows.mix == 1.0).all())
        # The mixture is rounded once for every part: a relative error of the start rows.
        if not single or len(start) > 1 or relative:
            sizes, weight = _sizes(rows)
            substitution.inexact_start(sizes, self.context.program.gamma + relative)
            substitution.weight += 4 * weight
        return substitution.concretise(substitution.run(start))

    def evaluate(self, rows: Rows, *, gradient: bool = True) -> Pass:
        """Rigorous bounds; with `gradient` also a trace in plain floats."""
        bounds = self.bounds(rows)
        points = np.where(bounds.coefficients > 0, self.context.boxes.lower, self.context.boxes.upper)
        if not gradient:
            none = np.zeros((len(rows), 0))
            return Pass(bounds, points, none, none)
        found = climb(self.plain(np.float64), rows, 0, scores=True)
        return Pass(bounds, points, found.gaps.astype(np.float64), found.intercepts.astype(np.float64))

    def optimise(self, rows: Rows, steps: int, goal: float = 0.0) -> tuple[F64, Rows, Pass]:
        """Rigorous bounds after at most `steps` gradient steps, the rows at their best parameters, and the
        pass there."""
        found = climb(self.plain(np.float64), rows, steps, goal)
        last = self.evaluate(found.rows, gradient=False)
        best = np.where(np.isfinite(last.bounds.minimum), last.bounds.minimum, -np.inf)
        return best, found.rows, last


def _sizes(rows: Rows) -> tuple[dict[int, F64], F64]:
    """The mixture of the parts' absolute values, and of their constants'."""
    sizes = {v: np.einsum("rp,rpn->rn", rows.mix, abs(part)) for v, part in rows.start.items()}
    return sizes, np.einsum("rp,rp->r", rows.mix, abs(rows.constant))
