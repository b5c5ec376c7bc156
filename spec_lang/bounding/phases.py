"""Optimised bounds of rows whose ReLU phases are partly fixed, over one box.

In: rows over a program's values, each with its own phases and parameters.  Out: for each row a rigorous
lower bound wherever its phases hold, raised by gradient steps on the parameters.  One parameter per
unstable neuron serves twice: the lower slope α in [0, 1] while the phase is open, the multiplier β >= 0
once it is fixed [Xu et al. 2021, α-CROWN; Wang et al. 2021, β-CROWN].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.linear import Context, LinearBounds, Owners, Substitution
from spec_lang.bounding.program import F64, AffineStep, ReluStep

Phases = NDArray[np.int8]  # 0 open, +1 active (z >= 0), −1 inactive (z <= 0)

SLOPE_RATE, MULTIPLIER_RATE, RATE_DECAY = 0.1, 0.05, 0.97
MOMENTUM, SQUARE_MOMENTUM = 0.9, 0.999


@dataclass(slots=True, eq=False)
class Rows:
    """Rows to bound: `mix @ outputs`-coefficients by value, constants, phases and parameters.

    `start[v]` has shape (rows, parts, n_v): a row is the convex combination, by `mix`, of its parts, all
    of which are at most 0 where the conjunction that it stands for holds.
    """

    start: dict[int, F64]
    constant: F64  # (rows, parts)
    mix: F64  # (rows, parts), >= 0, sum 1
    phases: Phases  # (rows, unstable)
    parameters: F64  # (rows, unstable)
    node: NDArray[np.intp]  # (rows,): what whoever searches knows the row by
    relative: float = 0.0  # bound on the relative error of `start` and `constant`

    def __len__(self) -> int:
        return len(self.constant)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Rows:
        start = {value: part[rows] for value, part in self.start.items()}
        return Rows(
            start,
            self.constant[rows],
            self.mix[rows],
            self.phases[rows],
            self.parameters[rows],
            self.node[rows],
            self.relative,
        )


class Unstable:
    """Where each ReLU's unstable neurons sit among all of them, in the order of the program."""

    def __init__(self, context: Context) -> None:
        self.slices: dict[int, slice] = {}
        count = 0
        for value, layout in context.layouts.items():
            self.slices[value] = slice(count, count + layout.mixed)
            count += layout.mixed
        self.count = count
        relaxations = [layout.relaxation for layout in context.layouts.values()]
        empty = np.zeros(0)
        self.lower_slope = np.concatenate([empty, *(r.lower_slope[0] for r in relaxations)])
        self.upper_slope = np.concatenate([empty, *(r.upper_slope[0] for r in relaxations)])
        self.intercept = np.concatenate([empty, *(r.upper_intercept[0] for r in relaxations)])


class PhaseSubstitution(Substitution):
    """A backward pass with one set of slopes a row; keeps what the gradient needs.

    Sound because any α in [0, 1] is a lower slope of an open neuron, a fixed neuron is linear, and
    `−β z` (active, z >= 0) or `+β z` (inactive, z <= 0) is at most 0 wherever the phase holds.
    """

    def __init__(self, context: Context, unstable: Unstable, rows: Rows, constant: F64) -> None:
        owner: Owners = np.zeros(len(rows), dtype=np.intp)
        super().__init__(context, owner, constant)
        self.unstable, self.rows = unstable, rows
        self.negative: dict[int, NDArray[np.bool_]] = {}
        self.incoming: dict[int, F64] = {}

    def _relu(self, step: ReluStep, coefficients: F64, pending: dict[int, F64]) -> None:
        where = self.unstable.slices[step.value]
        phases, parameters = self.rows.phases[:, where], self.rows.parameters[:, where]
        mixed = phases.shape[1]
        part = coefficients[:, :mixed]
        is_open, active = phases == 0, phases > 0
        negative = part < 0
        self.negative[step.value], self.incoming[step.value] = negative, part
        intercept = np.einsum(
            "rn,rn->r",
            np.minimum(part, 0.0) * is_open,
            np.broadcast_to(self.unstable.intercept[where], part.shape),
        )
        self.constant += intercept
        self.weight -= intercept
        slope = np.where(is_open, np.where(negative, self.unstable.upper_slope[where], parameters), active)
        coefficients = coefficients.copy()
        coefficients[:, :mixed] = part * slope - phases * parameters
        self.forward_to_operand(step, coefficients, pending)


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """One evaluation: bounds, the point that attains them, and the gradients of the bounds."""

    bounds: LinearBounds
    points: F64  # (rows, in)
    gradient: F64  # (rows, unstable)
    parts: F64  # (rows, parts): each part's value at the relaxed trace
    gaps: F64  # (rows, unstable): what relaxing the neuron costs this row at the trace
    intercepts: F64  # (rows, unstable): what its upper line's intercept costs


class Optimiser:
    """Bounds rows over the one box of `context`, whose relaxations are complete as far as rows need."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.unstable = Unstable(context)

    def evaluate(self, rows: Rows, *, gradient: bool = True) -> Pass:
        start = {v: np.einsum("rp,rpn->rn", rows.mix, part) for v, part in rows.start.items()}
        constant = np.einsum("rp,rp->r", rows.mix, rows.constant)
        substitution = PhaseSubstitution(self.context, self.unstable, rows, constant)
        # The mixture is rounded once for every part: a relative error of the start rows.
        if rows.mix.shape[1] > 1 or len(start) > 1 or rows.relative:
            sizes = {v: np.einsum("rp,rpn->rn", rows.mix, abs(part)) for v, part in rows.start.items()}
            substitution.inexact_start(sizes, self.context.program.gamma + rows.relative)
            substitution.weight += 4 * np.einsum("rp,rp->r", rows.mix, abs(rows.constant))
        coefficients = substitution.run(start)
        bounds = substitution.concretise(coefficients)
        points = np.where(coefficients > 0, self.context.boxes.lower, self.context.boxes.upper)
        if not gradient:
            none = np.zeros((len(rows), 0))
            return Pass(bounds, points, none, none, none, none)
        return self._trace(rows, substitution, bounds, points)

    def _trace(self, rows: Rows, substitution: PhaseSubstitution, bounds: LinearBounds, points: F64) -> Pass:
        """Forward along the relaxed network at the minimiser: the derivative of every parameter."""
        program, unstable = self.context.program, self.unstable
        values = program.split_inputs(points)
        gradient, gaps, intercepts = (np.zeros(rows.parameters.shape) for _ in range(3))
        last = max(rows.start)
        for step in program.steps:
            if step.value > last:
                break
            # What no row reaches has no coefficients, and nothing on the way to a row reads it.
            if isinstance(step, AffineStep):
                if all(operand in values for operand in step.operands):
                    values[step.value] = self._affine(step, values)
                continue
            if step.value not in substitution.negative:
                continue
            where = unstable.slices[step.value]
            z = self._aligned(step, values[step.operand])
            mixed = where.stop - where.start
            negative, incoming = substitution.negative[step.value], substitution.incoming[step.value]
            phases, parameters = rows.phases[:, where], rows.parameters[:, where]
            is_open = phases == 0
            head = z[:, :mixed]
            line = np.where(negative, unstable.upper_slope[where], parameters)
            relaxed = np.where(
                is_open, line * head + negative * unstable.intercept[where], (phases > 0) * head
            )
            gradient[:, where] = np.where(is_open, np.maximum(incoming, 0.0), -phases) * head
            gaps[:, where] = abs(incoming * (relaxed - np.maximum(head, 0.0))) * is_open
            intercepts[:, where] = -np.minimum(incoming, 0.0) * unstable.intercept[where] * is_open
            values[step.value] = np.concatenate([relaxed, z[:, mixed:]], axis=1)
        parts = rows.constant.copy()
        for value, part in rows.start.items():
            if value in values:
                parts += np.einsum("rpn,rn->rp", part, values[value])
        return Pass(bounds, points, gradient, parts, gaps, intercepts)

    def _affine(self, step: AffineStep, values: dict[int, F64]) -> F64:
        columns = self.context.columns.get(step.value)
        total = step.bias if columns is None else step.bias[columns]
        for number, operand in enumerate(step.operands):
            total = total + self.context.map_of(step, number).forward(values[operand])
        return total

    def _aligned(self, step: ReluStep, z: F64) -> F64:
        """The operand's values in the order in which the ReLU's own are carried."""
        chosen, carried = self.context.layouts[step.value], self.context.columns.get(step.operand)
        if carried is chosen.columns:
            return z
        if carried is None:
            return z[:, chosen.columns]
        full = np.zeros((len(z), self.context.program.sizes[step.operand]))
        full[:, carried] = z
        return full[:, chosen.columns]

    def optimise(self, rows: Rows, steps: int, goal: float = 0.0) -> tuple[F64, Rows, Pass]:
        """Best bounds within `steps` gradient steps, the rows at their best parameters, the last pass.

        Stops early when every row has passed `goal`.  Every intermediate bound is valid, so the best
        one is kept; the last pass is of the parameters that the next step would start from.
        """
        current = rows.take(slice(None))
        current.parameters, current.mix = rows.parameters.copy(), rows.mix.copy()
        best = np.full(len(rows), -np.inf)
        kept = rows
        mean, square = np.zeros_like(current.parameters), np.zeros_like(current.parameters)
        is_open = rows.phases == 0
        rate = np.where(is_open, SLOPE_RATE, MULTIPLIER_RATE)
        ceiling = np.where(is_open, 1.0, np.inf)
        for step in range(steps + 1):
            found = self.evaluate(current)
            value = np.where(np.isfinite(found.bounds.minimum), found.bounds.minimum, -np.inf)
            better = value > best
            best = np.where(better, value, best)
            if better.any():
                kept = Rows(
                    rows.start,
                    rows.constant,
                    np.where(better[:, None], current.mix, kept.mix),
                    rows.phases,
                    np.where(better[:, None], current.parameters, kept.parameters),
                    rows.node,
                    rows.relative,
                )
            if step == steps or bool((best > goal).all()) or self.context.expired():
                break
            mean = MOMENTUM * mean + (1 - MOMENTUM) * found.gradient
            square = SQUARE_MOMENTUM * square + (1 - SQUARE_MOMENTUM) * found.gradient**2
            mean_hat = mean / (1 - MOMENTUM ** (step + 1))
            root = np.sqrt(square / (1 - SQUARE_MOMENTUM ** (step + 1))) + 1e-8
            parameters = current.parameters + rate * RATE_DECAY**step * mean_hat / root
            current.parameters = np.clip(parameters, 0.0, ceiling)
            if rows.mix.shape[1] > 1:
                current.mix = _raise_mix(current.mix, found.parts, step)
        return best, kept, found


def _raise_mix(mix: F64, parts: F64, step: int) -> F64:
    """Multiplicative-weights ascent on the convex combination of a conjunction's parts."""
    finite = np.where(mix > 0, parts, 0.0)
    scale = abs(finite).max(axis=1, keepdims=True) + 1e-6
    raised = mix * np.exp(np.clip(finite / scale / (1 + 0.1 * step), -30, 30))
    normalised: F64 = raised / raised.sum(axis=1, keepdims=True)
    return normalised
