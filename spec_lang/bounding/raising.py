"""Combinations of a conjunction's rows with slopes of their own, raised by gradient steps, over many boxes.

In: a batch of boxes whose relaxations are complete, and which conjunctions may hold on which box.  Out: for
each pair an affine lower bound of one combination of the conjunction's rows, rigorous, with the weights and
the lower slopes that it is made with, all of few bits.  The steps are plain float64 and decide only what is
tried [Xu et al. 2021, α-CROWN]; the bound is that of the numbers as they are stored.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang.bounding.clip import RowBounds
from spec_lang.bounding.context import Context
from spec_lang.bounding.linear import Owners
from spec_lang.bounding.plain import add
from spec_lang.bounding.plain_binary import PlainBinary, aligned
from spec_lang.bounding.plain_difference import PlainDifference
from spec_lang.bounding.plain_smooth import PlainSmooth
from spec_lang.bounding.program import F64, AffineStep, BinaryStep, SmoothStep
from spec_lang.bounding.raised import Raised, Sloped
from spec_lang.bounding.rows import Rows, start_of
from spec_lang.bounding.unstable import neuron_offsets
from spec_lang.obligations.certificate import MOST_WEIGHT, SLOPE_UNIT

STEPS: Final = 6
MIXING_STEPS: Final = 12  # on the rows' own bounds, which cost nothing more
RATE: Final = 0.4
RATE_DECAY: Final = 0.9
MOMENTUM: Final = 0.9
SQUARE_MOMENTUM: Final = 0.99


class Raising:
    """The combinations of one batch; `member` says which rows of the problem take part (rows, atoms)."""

    def __init__(
        self, rows: Rows, context: Context, owner: Owners, member: NDArray[np.bool_], known: RowBounds
    ) -> None:
        """`known` are bounds of the rows by themselves."""
        self.rows, self.context, self.owner, self.member = rows, context, owner, member
        atoms = np.arange(rows.count)
        self.start = start_of(rows, context, atoms)
        self.several = bool((member.sum(axis=1) > 1).any())
        self.layouts = context.layouts
        every = len(owner) == len(context.boxes) and bool((owner == np.arange(len(owner))).all())
        self.lines: dict[int, tuple[F64, F64, NDArray[np.bool_]]] = {}
        self.slopes: dict[int, F64] = {}
        for value, layout in self.layouts.items():
            part = layout.relaxation
            below, above, intercept = (
                each if every else each[owner]
                for each in (part.lower_slope, part.upper_slope, part.upper_intercept)
            )
            self.lines[value] = above, intercept, intercept > 0
            self.slopes[value] = below.copy()
        smooth = (s for s in context.program.steps if isinstance(s, SmoothStep))
        self.bent = {s.value: PlainSmooth.of(s, context, np.float64, owner) for s in smooth}
        gates = (s for s in context.program.steps if isinstance(s, BinaryStep))
        self.gates = {s.value: PlainBinary.of(s, context, np.float64, owner) for s in gates}
        self.joined = {value: PlainDifference.of(value, context, owner) for value in context.planes}
        self.center, self.radius = context.center[owner], context.radius[owner]
        self.mix = member / member.sum(axis=1, keepdims=True)
        if self.several:
            self._mix_known(known)

    def _mix_known(self, known: RowBounds) -> None:
        """Begin with the combination whose affine bounds have the largest minimum, roughly."""
        a, c = known.coefficients[self.owner], known.constant[self.owner]
        at_center = np.einsum("brd,bd->br", a, self.center) + c
        reach = np.einsum("brd,bd->br", abs(a), self.radius)
        scale = (abs(at_center - reach).max(axis=1) + 1e-6)[:, None]
        best, kept = np.full(len(c), -np.inf), self.mix
        for step in range(MIXING_STEPS):
            combined = np.matmul(self.mix[:, None, :], a)[:, 0]
            value = (self.mix * at_center).sum(axis=1) - (abs(combined) * self.radius).sum(axis=1)
            better = value > best
            best, kept = np.where(better, value, best), np.where(better[:, None], self.mix, kept)
            worst = -np.sign(combined) * self.radius
            gradient = at_center + np.matmul(a, worst[:, :, None])[:, :, 0]
            self.mix = self.mix * np.exp(np.clip(gradient / scale * (3 / (1 + 0.3 * step)), -30, 30))
            self.mix = self.mix / self.mix.sum(axis=1, keepdims=True)
        self.mix = np.nan_to_num(kept)

    def arriving(self) -> dict[int, F64]:
        """By value, the coefficients with which combinations arrive at ReLUs and at differences of two."""
        return self._backward()[1]

    def run(self, steps: int) -> Raised:
        """The best combinations that `steps` steps find, and their bounds."""
        moments = {v: (np.zeros_like(s), np.zeros_like(s)) for v, s in self.slopes.items()}
        best = np.full(len(self.owner), -np.inf)
        kept = {v: s.copy() for v, s in self.slopes.items()}
        kept_mix = self.mix
        for step in range(steps + 1):
            value, incoming, coefficients = self._backward()
            better = value > best
            best = np.where(better, value, best)
            kept_mix = np.where(better[:, None], self.mix, kept_mix)
            for number, slopes in self.slopes.items():
                np.copyto(kept[number], slopes, where=better[:, None])
            if step == steps:
                break
            parts = self._forward(incoming, coefficients, moments, step)
            if self.several:
                self._mix(parts, step)
        self.slopes, self.mix = kept, kept_mix
        return self._rigorous()

    def _backward(self) -> tuple[F64, dict[int, F64], F64]:
        """The combinations' bounds in plain floats, what arrives at every ReLU, and the coefficients of x."""
        program = self.context.program
        pending = {value: self.mix @ part for value, part in self.start.items()}
        constant = self.mix @ self.rows.constant
        incoming: dict[int, F64] = {}
        for step in reversed(program.steps):
            part = pending.pop(step.value, None)
            if part is None:
                continue
            if step.value in self.joined:
                incoming[step.value] = part
                pair = self.joined[step.value]
                of_x, of_delta, intercepts = pair.lowered(part)
                constant = constant + intercepts
                add(pending, pair.x, self.context.moved(pair.x, of_x, pair.carried))
                add(pending, pair.delta, self.context.moved(pair.delta, of_delta, pair.carried))
                continue
            if isinstance(step, AffineStep):
                columns = self.context.columns.get(step.value)
                constant = constant + part @ (step.bias if columns is None else step.bias[columns])
                for number, operand in enumerate(step.operands):
                    add(pending, operand, self.context.map_of(step, number).backward(part))
                continue
            if isinstance(step, SmoothStep):
                incoming[step.value] = part
                passed, lines = self.bent[step.value].lowered(part)
                constant = constant + lines
                add(pending, step.operand, passed)
                continue
            if isinstance(step, BinaryStep):
                incoming[step.value] = part
                constant = constant + self.gates[step.value].passed(self.context, part, pending)
                continue
            mixed = self.layouts[step.value].mixed
            head = part[:, :mixed]
            incoming[step.value] = head
            above, intercept, _ = self.lines[step.value]
            negative = np.minimum(head, 0.0)
            constant = constant + np.einsum("rn,rn->r", negative, intercept)
            relaxed = (head - negative) * self.slopes[step.value]
            negative *= above
            relaxed += negative
            if mixed < part.shape[1]:
                relaxed = np.concatenate([relaxed, part[:, mixed:]], axis=1)
            add(
                pending,
                step.operand,
                self.context.moved(step.operand, relaxed, self.layouts[step.value].columns),
            )
        coefficients = np.zeros((len(self.owner), program.input_size))
        for number, where in enumerate(program.input_slices):
            if number in pending:
                coefficients[:, where] = pending[number]
        least = np.einsum("rd,rd->r", coefficients, self.center)
        least -= np.einsum("rd,rd->r", abs(coefficients), self.radius)
        found: F64 = constant + least
        return found, incoming, coefficients

    def _forward(
        self,
        incoming: dict[int, F64],
        coefficients: F64,
        moments: dict[int, tuple[F64, F64]],
        step_number: int,
    ) -> F64:
        """Move the slopes along the gradient at the minimisers; the value of every row of the problem
        there."""
        context, program = self.context, self.context.program
        values = program.split_inputs(self.center - np.sign(coefficients) * self.radius)
        for step in program.steps:
            if step.value in self.joined:
                pair = self.joined[step.value]
                if step.value in incoming:
                    x, more = (
                        aligned(context, v, values[v], pair.carried).astype(np.float64, copy=False)
                        for v in (pair.x, pair.delta)
                    )
                    values[step.value] = pair.relaxed(incoming[step.value], x, more)
                continue
            if isinstance(step, AffineStep):
                columns = context.columns.get(step.value)
                total = step.bias if columns is None else step.bias[columns]
                for number, operand in enumerate(step.operands):
                    if operand not in values:
                        break
                    total = total + context.map_of(step, number).forward(values[operand])
                else:
                    values[step.value] = total
                continue
            if step.value not in incoming:
                continue
            if isinstance(step, BinaryStep):
                values[step.value] = self._crossed(step, incoming[step.value], values)
                continue
            if step.operand not in values:
                continue
            if isinstance(step, SmoothStep):
                part = self.bent[step.value].relaxed(incoming[step.value], values[step.operand])
                values[step.value] = part.astype(np.float64, copy=False)
                continue
            z = aligned(context, step.operand, values[step.operand], self.layouts[step.value].columns)
            head, part = z[:, : self.layouts[step.value].mixed], incoming[step.value]
            above, intercept, unstable = self.lines[step.value]
            slopes = self.slopes[step.value]
            falling = part < 0
            relaxed = np.where(falling, above * head + intercept, slopes * head)
            gradient = np.where(unstable & ~falling, part * head, 0.0)
            _ascend(slopes, gradient, moments[step.value], unstable, step_number)
            values[step.value] = np.concatenate([relaxed, z[:, head.shape[1] :]], axis=1)
        found = np.tile(self.rows.constant, (len(self.owner), 1))
        for value, part in self.start.items():
            found += values[value] @ part.T
        return found

    def _crossed(self, step: BinaryStep, arrived: F64, values: dict[int, F64]) -> F64:
        """A gate's value on the planes that rows take, which say nothing of z, or a product's."""
        gate = self.gates[step.value]
        second = aligned(self.context, step.second, values[step.second], gate.columns)
        first = second
        if step.first in values:
            first = aligned(self.context, step.first, values[step.first], gate.columns)
        return gate.relaxed(arrived, first, second).astype(np.float64, copy=False)

    def _mix(self, parts: F64, step: int) -> None:
        """Multiplicative-weights ascent on the combinations."""
        parts = np.where(self.member, parts, 0.0)
        scale = abs(parts).max(axis=1, keepdims=True) + 1e-6
        raised = self.mix * np.exp(np.clip(parts / scale / (1 + 0.1 * step), -30, 30))
        self.mix = raised / raised.sum(axis=1, keepdims=True)

    # -- what is certain -------------------------------------------------------------------------------

    def _rigorous(self) -> Raised:
        largest = self.mix.max(axis=1, keepdims=True)
        weights = np.rint(np.nan_to_num(self.mix / largest, nan=1.0) * MOST_WEIGHT).astype(np.uint8)
        weights[~self.member] = 0
        weights[self.member.sum(axis=1) == 1] = self.member[self.member.sum(axis=1) == 1]
        slopes = {
            value: np.rint(np.nan_to_num(part) * SLOPE_UNIT).astype(np.uint8)
            for value, part in self.slopes.items()
        }
        multipliers = weights.astype(np.float64)
        run = Sloped(self.context, self.owner, multipliers @ self.rows.constant, slopes)
        run.weight = 4 * (multipliers @ abs(self.rows.constant))
        sizes = {value: multipliers @ abs(part) for value, part in self.start.items()}
        run.inexact_start(sizes, self.context.program.gamma + self.rows.relative)
        coefficients = run.run({value: multipliers @ part for value, part in self.start.items()})
        used = {}
        for value, part in slopes.items():
            default = self.layouts[value].relaxation.lower_slope[self.owner] * SLOPE_UNIT
            _, _, unstable = self.lines[value]
            rising = run.incoming[value] > 0 if value in run.incoming else np.zeros_like(unstable)
            used[value] = unstable & rising & (part != default)
        points = self.center - np.sign(coefficients) * self.radius
        first = neuron_offsets(self.context)
        neurons = {v: first[v] + layout.columns[: layout.mixed] for v, layout in self.layouts.items()}
        return Raised(self.owner, weights, slopes, used, run.concretise(coefficients), points, neurons)


def _ascend(
    slopes: F64, gradient: F64, moments: tuple[F64, F64], unstable: NDArray[np.bool_], step: int
) -> None:
    """One step of Adam, in place, within [0, 1]; stable neurons stay as they are."""
    mean, square = moments
    mean *= MOMENTUM
    mean += (1 - MOMENTUM) * gradient
    np.multiply(gradient, gradient, out=gradient)
    square *= SQUARE_MOMENTUM
    square += (1 - SQUARE_MOMENTUM) * gradient
    root = np.sqrt(square / (1 - SQUARE_MOMENTUM ** (step + 1)))
    root += 1e-12
    move = mean / root
    move *= RATE * RATE_DECAY**step / (1 - MOMENTUM ** (step + 1))
    move *= unstable
    slopes += move
    np.clip(slopes, 0.0, 1.0, out=slopes)
