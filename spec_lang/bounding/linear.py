"""Backward linear bounds: rows over a graph's values, substituted back to rows over its inputs.

In: a program, a batch of input boxes, relaxations of the ReLUs.  Out: for every row an affine lower
bound in the inputs, `coefficients·x + constant <= row` on its whole box, and its minimum there.  All of
it outward-rounded: see `Substitution`.  Over-approximates [Zhang et al. 2018, CROWN].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.columns import rearranged
from spec_lang.bounding.float32 import LARGEST32
from spec_lang.bounding.program import F64, AffineStep, Program, ReluStep, SmoothStep
from spec_lang.bounding.relax.relu import Layout, Relaxation, layout
from spec_lang.bounding.relax.smooth import Lines
from spec_lang.diagnostics import InternalError
from spec_lang.network.operators import Operator

Owners = NDArray[np.intp]

# Magnitudes beyond this leave the range in which the underflow term below is a proof.
MAGNITUDE_LIMIT = 1e120
# Covers every product that underflows: each loses at most 2^-1074, times a magnitude within the limit,
# times fewer terms than any graph has.
UNDERFLOW = 1e-140


class Expired(Exception):
    """The deadline passed while a batch was being bounded; what was computed of it is dropped."""


@dataclass(frozen=True, slots=True, eq=False)
class LinearBounds:
    """`coefficients @ x + constant` bounds each row from below; `minimum` is its least value on the box."""

    coefficients: F64  # (rows, in)
    constant: F64  # (rows,)
    minimum: F64  # (rows,)


@dataclass(slots=True, eq=False)
class Context:
    """What is known of a batch of boxes so far: relaxations and magnitudes, value by value.

    `norms[v]` is, box by box, the Euclidean norm of a bound on |Σ|W||x| + |b|| at affine value v: with
    the Euclidean norm of a row's coefficients it bounds that row's rounding error there
    (Cauchy–Schwarz), at the price of one pass over the coefficients.  `errors[v]` bounds how far the
    network's own float32 arithmetic carries affine value v from its exact affine map of what it reads; it
    has no entries under real semantics.
    """

    program: Program
    boxes: Boxes
    center: F64
    radius: F64
    magnitudes: dict[int, F64]  # (batch, n) or (1, n)
    expired: Callable[[], bool]
    floors: dict[int, F64] = field(default_factory=dict)  # by ReLU value: lower bounds of its operand
    intervals: dict[int, tuple[F64, F64]] = field(default_factory=dict)  # of affine values (batch, n)
    norms: dict[int, F64] = field(default_factory=dict)  # (batch,)
    errors: dict[int, F64] = field(default_factory=dict)  # (batch, n)
    layouts: dict[int, Layout] = field(default_factory=dict)  # by ReLU value
    lines: dict[int, Lines] = field(default_factory=dict)  # by smooth value
    columns: dict[int, NDArray[np.intp]] = field(default_factory=dict)  # by value: the elements carried
    narrow: bool = False  # `columns` has all that rows reach, of inputs, too, and nothing else
    _maps: dict[tuple[int, int], Operator] = field(default_factory=dict)

    @classmethod
    def start(cls, program: Program, boxes: Boxes, expired: Callable[[], bool]) -> Context:
        center = boxes.center
        magnitudes = program.split_inputs(boxes.magnitude)
        return cls(program, boxes, center, boxes.radius(center), magnitudes, expired)

    def check_time(self) -> None:
        """Raises `Expired` once the deadline has passed: called between passes, which are short."""
        if self.expired():
            raise Expired

    def enter(self, step: AffineStep) -> None:
        """Record the magnitudes of an affine value whose operands are known."""
        magnitude = step.magnitude(self.magnitudes) * 1.0001 + UNDERFLOW
        magnitude = np.broadcast_to(magnitude, (len(self.boxes), magnitude.shape[-1]))
        rounding = self.program.rounding.get(step.value)
        if rounding is not None:
            self.errors[step.value] = error = rounding.error(magnitude)
            magnitude = magnitude + 1.0001 * error
        self.magnitudes[step.value] = magnitude
        self.norms[step.value] = np.sqrt(np.einsum("bn,bn->b", magnitude, magnitude)) * 1.0001

    def norm_of(self, value: int) -> F64:
        """Box by box (batch,) the Euclidean norm of the magnitudes of any value, all its elements; rounded up
        by enough for one sum."""
        if value in self.norms:
            return self.norms[value]
        magnitude = self.magnitudes[value]
        norm = np.sqrt(np.einsum("bn,bn->b", magnitude, magnitude)) * 1.0001 + UNDERFLOW
        return np.broadcast_to(norm, (len(self.boxes),))

    def relax(self, step: ReluStep, relaxation: Relaxation) -> None:
        """Record a ReLU's relaxation; from here on passes carry only the neurons that matter."""
        self.layouts[step.value] = chosen = layout(relaxation)
        self.columns[step.value] = chosen.columns
        is_free = step.operand not in self.columns and step.operand not in self.lines
        if self.program.consumers[step.operand] == 1 and is_free:
            self.columns[step.operand] = chosen.columns
            # Maps cut before this point were cut to other elements.
            self._maps = {key: m for key, m in self._maps.items() if key[0] != step.operand}

    def map_of(self, step: AffineStep, operand: int) -> Operator:
        """The step's map for its operand number `operand`, cut to the elements that are carried."""
        key = (step.value, operand)
        if key not in self._maps:
            rows, columns = self.columns.get(step.value), self.columns.get(step.operands[operand])
            self._maps[key] = step.maps[operand].cut(rows, columns)
        return self._maps[key]

    def carried(self, value: int, rows: F64) -> F64:
        """Rows over all of `value`, cut to the elements that passes carry.

        Sound because what is cut off a ReLU's value is dead in every box, so that those elements are 0.
        A ReLU's operand is cut as well, but there the rest is not 0, and no row may start there.
        """
        columns = self.columns.get(value)
        if columns is None:
            return rows
        if value not in self.layouts:
            raise InternalError("a row starts at a value of which only a part is carried")
        return np.ascontiguousarray(rows[:, columns])

    def moved(self, value: int, rows: F64, chosen: NDArray[np.intp]) -> F64:
        """Rows over the elements `chosen` of `value`, as rows over those that passes carry."""
        columns, size = self.columns.get(value), self.program.sizes[value]
        return rearranged(rows, chosen, columns, size, droppable=value in self.layouts)

    def widths(self) -> list[int]:
        """How many elements passes carry of each value."""
        columns, sizes = self.columns, self.program.sizes
        if self.narrow:
            return list(map(len, columns.values()))
        return [len(columns[v]) if v in columns else size for v, size in enumerate(sizes)]

    def inputs(self) -> list[slice | NDArray[np.intp]]:
        """Where what is carried of each graph input sits in the flat input."""
        places = self.program.input_slices
        return [
            where.start + self.columns[number] if number in self.columns else where
            for number, where in enumerate(places)
        ]

    def usable(self) -> NDArray[np.bool_]:
        """Boxes whose magnitudes are finite and within the range that the error terms assume; under float32
        also those where no sum can overflow, in any order: (1 + γ)(Σ|W||x| + |b|) is within range."""
        good = np.ones(len(self.boxes), dtype=np.bool_)
        for norm in self.norms.values():
            good &= norm < MAGNITUDE_LIMIT  # False for NaN
        for value in self.errors:
            good &= (self.magnitudes[value] < LARGEST32).all(axis=1)
        return good


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
    Under float32 an affine value is its map plus an error e with |e| <= errors, so that A·e is at least
    −|A|·errors.
    """

    def __init__(self, context: Context, owner: Owners, constant: F64) -> None:
        self.context, self.owner = context, owner
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
            if isinstance(step, AffineStep):
                self._affine(step, coefficients, pending)
            elif isinstance(step, ReluStep):
                self._relu(step, coefficients, pending)
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
