"""Backward linear bounds: rows over a graph's values, substituted back to rows over its inputs.

In: a program, a batch of input boxes, relaxations of the ReLUs.  Out: for every row an affine lower
bound in the inputs, `coefficients·x + constant <= row` on its whole box, and its minimum there.  All of
it outward-rounded: see `Substitution`.  Over-approximates [Zhang et al. 2018, CROWN].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.context import UNDERFLOW, Context
from spec_lang.bounding.program import F64, AffineStep, BinaryStep, ReluStep, SmoothStep
from spec_lang.bounding.relax.binary import Crossed

Owners = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class LinearBounds:
    """`coefficients @ x + constant` bounds each row from below; `minimum` is its least value on the box."""

    coefficients: F64  # (rows, in)
    constant: F64  # (rows,)
    minimum: F64  # (rows,)


def lower_bounds(
    context: Context, start: dict[int, F64], constant: F64, owner: Owners, relative: float = 0.0
) -> LinearBounds:
    """Affine lower bounds of the rows `Σ start[v]·value_v + constant`, row r over box `owner[r]`.

    `relative` bounds the relative error of the start coefficients and constants themselves.
    """
    substitution = Substitution(context, owner, constant)
    if relative or len(start) > 1:
        substitution.inexact_start(start, relative)
    coefficients = substitution.run(start)
    return substitution.concretise(coefficients)


class Substitution:
    """One backward pass.  `constant` and `weight` (what the error scales with) grow as it goes.

    Sound because every step loses at most γ times what `weight` gathers there: at an affine value the
    product A·W, the dot A·b and the slope product that made A each err by at most γ|A|·(|W||x| + |b|),
    which is at most γ‖A‖₂·norms; a ReLU's intercept term has one sign, so that its own sum bounds its
    error; the constant's running sum errs by γ times all that was added to it.  Rows that meet at one value
    may cancel each other, and with them what their own errors scale with: both are counted before they do.
    A difference of two ReLUs adds its planes' intercepts, and products that the affine steps behind x and δ
    take the measure of; a gate or a product counts its rows before and after, and its constants.  Under
    float32 an affine value is its map plus an error e with |e| <= errors: A·e is at least −|A|·errors.
    """

    def __init__(self, context: Context, owner: Owners, constant: F64) -> None:
        self.context, self.owner = context, owner
        self.planes = context.planes
        self.constant, self.weight = constant.copy(), abs(constant)
        self.gamma = context.program.gamma

    def inexact_start(self, start: dict[int, F64], relative: float) -> None:
        """Account for start rows that are themselves rounded, or that meet others at one value."""
        sizes = (self._size(value, coefficients) for value, coefficients in start.items())
        weight = sum(sizes, start=self.weight)
        # Twice: once for `relative`, once for the sum with what arrives at the same value.
        self.weight = self.weight + weight * (1.01 + 2 * relative / self.gamma)

    def run(self, start: dict[int, F64]) -> F64:
        """Substitute from the last value to the inputs; the coefficients of the flat input (rows, in)."""
        context = self.context
        pending = dict(start)
        for step in reversed(context.program.steps):
            coefficients = pending.pop(step.value, None)
            if coefficients is None:
                continue
            if step.value in self.planes:
                self._difference(step.value, coefficients, pending)
            elif isinstance(step, AffineStep):
                self._affine(step, coefficients, pending)
            elif isinstance(step, ReluStep):
                self._relu(step, coefficients, pending)
            elif isinstance(step, BinaryStep):
                self._binary(step, coefficients, pending)
            else:
                self._smooth(step, coefficients, pending)
        result = np.zeros((len(self.owner), context.program.input_size))
        for number, where in enumerate(context.inputs()):
            if number in pending:
                result[:, where] = pending[number]
        return result

    def _affine(self, step: AffineStep, coefficients: F64, pending: dict[int, F64]) -> None:
        self.weight += self._size(step.value, coefficients)
        columns = self.context.columns.get(step.value)
        self.constant += coefficients @ (step.bias if columns is None else step.bias[columns])
        errors = self.context.errors.get(step.value)
        if errors is not None:
            carried = errors if columns is None else errors[:, columns]
            lost = np.einsum("rn,rn->r", abs(coefficients), carried[self.owner])
            self.constant -= lost
            self.weight += lost
        for number, operand in enumerate(step.operands):
            self._accumulate(pending, operand, self.context.map_of(step, number).backward(coefficients))

    def _difference(self, value: int, coefficients: F64, pending: dict[int, F64]) -> None:
        context, owner, found = self.context, self.owner, self.planes[value]
        delta = context.program.deltas[value]
        positive = np.maximum(coefficients, 0.0)
        negative = coefficients - positive
        for part, plane in ((positive, found.lower), (negative, found.upper)):
            intercepts = part * np.take(plane.intercept, owner, axis=0)
            self.constant += intercepts.sum(axis=1)
            self.weight += abs(intercepts).sum(axis=1)
        for operand, slope in ((delta.x, "of_x"), (delta.delta, "of_delta")):
            rows = positive * np.take(getattr(found.lower, slope), owner, axis=0)
            rows += negative * np.take(getattr(found.upper, slope), owner, axis=0)
            self._accumulate(pending, operand, context.moved(operand, rows, found.carried))

    def _relu(self, step: ReluStep, coefficients: F64, pending: dict[int, F64]) -> None:
        chosen = self.context.layouts[step.value]
        owner, relaxation = self.owner, chosen.relaxation
        if chosen.mixed:
            part = coefficients[:, : chosen.mixed]
            positive = np.maximum(part, 0.0)
            negative = part - positive
            intercept = np.einsum("rn,rn->r", negative, np.take(relaxation.upper_intercept, owner, axis=0))
            self.constant += intercept
            self.weight -= intercept
            positive *= self.lower_slopes(step, part)
            negative *= np.take(relaxation.upper_slope, owner, axis=0)
            positive += negative
            active = coefficients[:, chosen.mixed :]
            coefficients = np.concatenate([positive, active], axis=1) if active.shape[1] else positive
        self.forward_to_operand(step, coefficients, pending)

    def _smooth(self, step: SmoothStep, coefficients: F64, pending: dict[int, F64]) -> None:
        """The rows are counted on both sides, whatever steps there are before and after."""
        context, owner = self.context, self.owner
        passed, constant, weight = context.lines[step.value].passed(coefficients, owner)
        self.constant += constant
        self.weight += weight + self._size(step.value, coefficients) + self._size(step.operand, passed)
        self._accumulate(pending, step.operand, context.carried(step.operand, passed))

    def _binary(self, step: BinaryStep, coefficients: F64, pending: dict[int, F64]) -> None:
        context, (found, owner) = self.context, self.crossed(step)
        first, second, constant, weight = found.passed(coefficients, owner)
        self.constant += constant
        self.weight += weight + self._size(step.value, coefficients)
        for operand, rows in ((step.first, first), (step.second, second)):
            if rows is not None:
                moved = context.moved(operand, rows, found.columns)
                self.weight += self._size(operand, moved)
                self._accumulate(pending, operand, moved)

    def crossed(self, step: BinaryStep) -> tuple[Crossed, Owners]:
        """The planes of a gate or a product, and which of them each row has."""
        return self.context.crossed[step.value], self.owner

    def lower_slopes(self, step: ReluStep, part: F64) -> F64:
        """The lower slopes of the mixed neurons for every row, whose coefficients are `part`; in [0, 1]."""
        del part
        return np.take(self.context.layouts[step.value].relaxation.lower_slope, self.owner, axis=0)

    def forward_to_operand(self, step: ReluStep, coefficients: F64, pending: dict[int, F64]) -> None:
        """Hand a ReLU's relaxed coefficients to its operand, in the order that the operand carries."""
        chosen = self.context.layouts[step.value].columns
        self._accumulate(pending, step.operand, self.context.moved(step.operand, coefficients, chosen))

    def _accumulate(self, pending: dict[int, F64], value: int, coefficients: F64) -> None:
        """Add to what is pending at `value`.

        Where rows meet they may cancel each other, and with them what their own rounding scales with.
        """
        if value not in pending:
            pending[value] = coefficients
            return
        self.weight += self._size(value, pending[value]) + self._size(value, coefficients)
        pending[value] = pending[value] + coefficients

    def _size(self, value: int, rows: F64) -> F64:
        """At least the sum of the rows' terms, all counted as positive (Cauchy–Schwarz)."""
        norms = np.sqrt(np.einsum("rn,rn->r", rows, rows)) + UNDERFLOW
        found: F64 = norms * self.context.norm_of(value)[self.owner]
        return found

    def concretise(self, coefficients: F64) -> LinearBounds:
        context, owner = self.context, self.owner
        center, radius = context.center[owner], context.radius[owner]
        magnitude = abs(coefficients)
        reach = np.einsum("rd,rd->r", magnitude, radius)
        size = np.einsum("rd,rd->r", magnitude, abs(center)) + reach
        constant = self.constant - (self.gamma * (1.01 * self.weight + size) + UNDERFLOW)
        least = np.einsum("rd,rd->r", coefficients, center) - reach + constant
        minimum = least - (self.gamma * (1.01 * (size + abs(constant))) + UNDERFLOW)
        return LinearBounds(coefficients, constant, minimum)
