"""Pre-activation bounds of every ReLU over a batch of boxes, first layer to last.

In: a program, a batch of boxes, and bounds that are already known to hold there (those of the parent
box).  Out: a `Context` whose relaxations are complete, and the bounds.  Only neurons that the known
bounds leave unstable are bounded again.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.linear import UNDERFLOW, Context, lower_bounds
from spec_lang.bounding.program import F64, AffineStep, Program
from spec_lang.bounding.relax.relu import relax
from spec_lang.network.operators import is_elementwise

# Rows of one backward pass: as many as keep the coefficient arrays of a 50-wide layer in the L2 cache.
MAX_ROWS = 512


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """`lower <= value <= upper` for one value of the program, row by row (batch, n)."""

    lower: F64
    upper: F64

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Ranges:
        return Ranges(self.lower[rows], self.upper[rows])


Known = dict[int, Ranges]


def _never() -> bool:
    return False


def propagate(
    program: Program, boxes: Boxes, known: Known | None = None, expired: Callable[[], bool] = _never
) -> tuple[Context, Known]:
    """Complete the relaxations of every ReLU over `boxes`.

    Sound because known bounds of a larger box hold on a smaller one, new bounds are rigorous, and the
    tighter of two valid bounds is valid; a bound that came out NaN is ignored (`fmax`, `fmin`).
    Raises `Expired` when `expired` says so between two passes.
    """

    def bound_hidden(context: Context, value: int) -> Ranges:
        return pre_activation(context, value, None if known is None else known[value])

    return complete(Context.start(program, boxes, expired), bound_hidden)


def complete(context: Context, bound_hidden: Callable[[Context, int], Ranges]) -> tuple[Context, Known]:
    """Walk the program and relax every ReLU; `bound_hidden` gives the range of the value that enters one,
    once everything before it is relaxed."""
    ranges: Known = {}
    for step in context.program.steps:
        if isinstance(step, AffineStep):
            context.enter(step)
            continue
        operand = step.operand
        if operand not in ranges:
            ranges[operand] = bound_hidden(context, operand)
        context.relax(step, relax(ranges[operand].lower, ranges[operand].upper))
        context.magnitudes[step.value] = np.maximum(ranges[operand].upper, 0.0)
    return context, ranges


def pre_activation(context: Context, value: int, known: Ranges | None) -> Ranges:
    magnitude = context.magnitudes[value]
    lower, upper = (
        (-magnitude, magnitude.copy()) if known is None else (known.lower.copy(), known.upper.copy())
    )
    step = context.program.producer.get(value)
    if isinstance(step, AffineStep) and (found := around(context, step)) is not None:
        middle, spread = found
        low, high = np.nextafter(middle - spread, -np.inf), np.nextafter(middle + spread, np.inf)
        return Ranges(np.fmax(lower, low), np.fmin(upper, high))
    owner, neuron = np.nonzero((lower < 0) & (upper > 0))
    for first in range(0, len(owner), MAX_ROWS):
        context.check_time()
        rows, columns = owner[first : first + MAX_ROWS], neuron[first : first + MAX_ROWS]
        start, constant = start_rows(context, value, columns)
        both = {v: np.concatenate([c, -c]) for v, c in start.items()}
        bounds = lower_bounds(
            context, both, np.concatenate([constant, -constant]), np.concatenate([rows, rows])
        )
        low, high = np.split(bounds.minimum, 2)
        lower[rows, columns] = np.fmax(lower[rows, columns], low)
        upper[rows, columns] = np.fmin(upper[rows, columns], -high)
    return Ranges(lower, upper)


def around(context: Context, step: AffineStep) -> tuple[F64, F64] | None:
    """The centre and the reach, rounded upward, of an affine value over every box (batch, n), where its
    operands are graph inputs or, element by element, made of one.  Else None: backward bounds are tighter."""
    program = context.program
    center, reach = (program.split_inputs(part) for part in (context.center, context.radius))
    for operand in step.operands:
        if operand in center:
            continue
        before = program.producer.get(operand)
        if not isinstance(before, AffineStep) or not all(map(is_elementwise, before.maps)):
            return None
        if len(before.operands) > 1 or (found := around(context, before)) is None:
            return None
        center[operand], reach[operand] = found
    middle = step.forward(center)
    spread = step.magnitude(reach) - step.bias_magnitude
    slack = program.gamma * 1.01 * (context.magnitudes[step.value] + spread) + UNDERFLOW
    spread = spread + slack
    if step.value in context.errors:
        spread = spread + 1.0001 * context.errors[step.value]
    return middle, spread


def start_rows(context: Context, value: int, columns: NDArray[np.intp]) -> tuple[dict[int, F64], F64]:
    """The chosen elements of `value` as rows, over the operands of the step that makes it: exact copies.

    A step that rounds is not skipped: its error is the substitution's to subtract.
    """
    step = context.program.producer.get(value)
    if not isinstance(step, AffineStep) or value in context.errors:
        rows = np.eye(context.program.sizes[value])[columns]
        return {value: context.carried(value, rows)}, np.zeros(len(columns))
    start: dict[int, F64] = {}
    for operand, linear in zip(step.operands, step.maps, strict=True):
        rows = context.carried(operand, linear.rows(columns))
        start[operand] = start[operand] + rows if operand in start else rows
    return start, step.bias[columns]
