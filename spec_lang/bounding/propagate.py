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
from spec_lang.bounding.context import Context
from spec_lang.bounding.interval import around, is_direct
from spec_lang.bounding.linear import lower_bounds
from spec_lang.bounding.narrow import tiles
from spec_lang.bounding.program import F64, AffineStep, BinaryStep, Indices, Program, SmoothStep
from spec_lang.bounding.quick import Quick
from spec_lang.bounding.relax.binary import is_open
from spec_lang.bounding.relax.relu import relax
from spec_lang.diagnostics import InternalError
from spec_lang.kernel.differences import counts, joined, needs_bounds_of_its_own, range_of_sum
from spec_lang.kernel.scene import Ends
from spec_lang.network.transform.difference import Delta

# Rows of one backward pass: as many as keep the coefficient arrays of a 50-wide layer in the L2 cache.
MAX_ROWS, QUICK_ROWS, LEAST_ROWS = 512, 1024, 32
ROOM = 2**22  # numbers in the coefficients of one pass, whatever the network's size


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """`lower <= value <= upper` for one value of the program, row by row (batch, n)."""

    lower: F64
    upper: F64

    @property
    def ends(self) -> tuple[F64, F64]:
        return self.lower, self.upper

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Ranges:
        return Ranges(self.lower[rows], self.upper[rows])


Known = dict[int, Ranges]


def _never() -> bool:
    return False


def propagate(
    program: Program,
    boxes: Boxes,
    known: Known | None = None,
    expired: Callable[[], bool] = _never,
    *,
    quick: bool = False,
) -> tuple[Context, Known]:
    """Complete the relaxations of every ReLU over `boxes`.

    Sound because known bounds of a larger box hold on a smaller one, new bounds are rigorous, and the
    tighter of two valid bounds is valid; a bound that came out NaN is ignored (`fmax`, `fmin`).  With `quick`
    new bounds are those of plain float32, which are not rigorous.
    Raises `Expired` when `expired` says so between two passes.
    """
    return propagate_in(Context.start(program, boxes, expired), known, quick=quick)


def propagate_in(start: Context, known: Known | None, *, quick: bool = False) -> tuple[Context, Known]:
    """The same for a context that nothing has been added to but phases, if any: bounds hold where gates
    choose so, and what is known of their z has been cut at 0."""
    single = Quick(start) if quick else None

    def bound_hidden(context: Context, value: int) -> Ranges:
        return pre_activation(context, value, None if known is None else known[value], single)

    return complete(start, bound_hidden)


def complete(context: Context, bound_hidden: Callable[[Context, int], Ranges]) -> tuple[Context, Known]:
    """Walk the program and relax every step that is not affine; `bound_hidden` gives the range of a value
    that enters one, once everything before it is relaxed."""
    ranges: Known = {}
    program = context.program
    for step in program.steps:
        if isinstance(step, AffineStep):
            _enter(context, step)
            continue
        if isinstance(step, BinaryStep):
            for value in step.operands:
                if value not in ranges:
                    ranges[value] = bound_hidden(context, value)
                    context.entering[value] = ranges[value].ends
            context.cross(step, ranges[step.first].ends, ranges[step.second].ends)
            continue
        operand = step.operand
        if operand not in ranges:
            delta = program.delta_of(operand)
            for value in (operand,) if delta is None else (delta.delta, operand):
                ranges[value] = bound_hidden(context, value)
                context.entering[value] = ranges[value].ends
        if isinstance(step, SmoothStep):
            context.bend(step, *ranges[operand].ends)
            continue
        context.relax(step, relax(ranges[operand].lower, ranges[operand].upper))
        context.magnitudes[step.value] = np.maximum(ranges[operand].upper, 0.0)
        context.floors[step.value] = ranges[operand].lower
    return context, ranges


def _enter(context: Context, step: AffineStep) -> None:
    delta = context.program.deltas.get(step.value)
    if delta is None:
        context.enter(step)
        return
    x, y, ends = (context.entering[value] for value in (delta.x, delta.y, delta.delta))
    context.join(step.value, joined(x, y, ends), ends)


def pre_activation(context: Context, value: int, known: Ranges | None, quick: Quick | None = None) -> Ranges:
    """The range of a value; backward passes bound what its interval, or what is known of a larger box, leaves
    on both sides of 0."""
    program = context.program
    step = program.producer.get(value)
    direct = isinstance(step, AffineStep) and is_direct(program, step)
    magnitude = context.magnitudes[value]
    lower, upper = (
        (-magnitude, magnitude.copy()) if known is None else (known.lower.copy(), known.upper.copy())
    )
    if isinstance(step, AffineStep) and (direct or known is None):
        low, high = around(context, step)
        lower, upper = np.fmax(lower, low), np.fmin(upper, high)
    if (pair := program.delta_of(value)) is not None:
        lower, upper = _sum(context, pair, (lower, upper))
    if not direct:
        owner, neuron = np.nonzero(_wanted(context, value, lower, upper))
        if quick is not None:
            _tighten(context, value, (owner, neuron), (lower, upper), quick)
        elif len(context.boxes) > 1:
            _tighten(context, value, (owner, neuron), (lower, upper))
        else:
            for narrow, tile in tiles(context, value, neuron):
                _tighten(narrow, value, (np.zeros_like(tile), tile), (lower, upper))
    return Ranges(lower, upper)


def _wanted(context: Context, value: int, lower: F64, upper: F64) -> NDArray[np.bool_]:
    """The elements of which a tighter range can make the relaxation tighter."""
    program = context.program
    if value in program.bent:
        return np.ones(lower.shape, dtype=np.bool_)
    if value in program.gates:
        z = program.gates[value].first
        return is_open(context.entering[z], context.phases.get(z))
    if (pair := program.delta_from(value)) is not None:
        return counts(context.entering[pair.x], (lower, upper))
    mixed: NDArray[np.bool_] = (lower < 0) & (upper > 0)
    if (pair := program.delta_of(value)) is not None:
        x, more = context.entering[pair.x], context.entering[pair.delta]
        return mixed & needs_bounds_of_its_own(x, more)
    return mixed


def _sum(context: Context, pair: Delta, known: Ends) -> Ends:
    """The range of y by those of x and δ."""
    lower, upper = range_of_sum(context.entering[pair.x], context.entering[pair.delta])
    return np.fmax(known[0], lower), np.fmin(known[1], upper)


def _tighten(
    context: Context,
    value: int,
    of: tuple[Indices, Indices],
    ends: tuple[F64, F64],
    quick: Quick | None = None,
) -> None:
    """Both ends of the neurons `of` (their boxes, their places), in place."""
    (owner, neuron), (lower, upper) = of, ends
    most = MAX_ROWS if quick is None else QUICK_ROWS
    room = max(LEAST_ROWS, min(most, ROOM // max(context.widths())))
    for first in range(0, len(owner), room):
        context.check_time()
        rows, columns = owner[first : first + room], neuron[first : first + room]
        start, constant = start_rows(context, value, columns)
        both = {v: np.concatenate([c, -c]) for v, c in start.items()}
        constants, owners = np.concatenate([constant, -constant]), np.concatenate([rows, rows])
        if quick is None:
            bounds = lower_bounds(context, both, constants, owners)
        else:
            bounds = quick.bounds(both, constants, owners)
        low, high = np.split(bounds.minimum, 2)
        lower[rows, columns] = np.fmax(lower[rows, columns], low)
        upper[rows, columns] = np.fmin(upper[rows, columns], -high)


def start_rows(context: Context, value: int, neurons: Indices) -> tuple[dict[int, F64], F64]:
    """The chosen elements of `value` as rows, over the operands of the step that makes it: exact copies.

    A step that rounds is not skipped: its error is the substitution's to subtract; nor is one in a narrow
    context, which carries these elements.
    """
    step = context.program.producer.get(value)
    if not isinstance(step, AffineStep) or value in context.errors or context.narrow:
        return {value: unit_rows(context, value, neurons)}, np.zeros(len(neurons))
    start: dict[int, F64] = {}
    for operand, linear in zip(step.operands, step.maps, strict=True):
        rows = context.carried(operand, linear.rows(neurons))
        start[operand] = start[operand] + rows if operand in start else rows
    return start, step.bias[neurons]


def unit_rows(context: Context, value: int, neurons: Indices) -> F64:
    """Elements of a value as rows over what is carried of it."""
    columns = context.columns.get(value)
    size = context.program.sizes[value] if columns is None else len(columns)
    rows = np.zeros((len(neurons), size))
    if columns is None:
        rows[np.arange(len(neurons)), neurons] = 1.0
        return rows
    place = np.full(context.program.sizes[value], -1, dtype=np.intp)
    place[columns] = np.arange(size)
    present = np.flatnonzero(place[neurons] >= 0)
    if len(present) < len(neurons) and not context.drops_zeros(value):
        raise InternalError("a row starts at an element that is not carried")
    rows[present, place[neurons[present]]] = 1.0  # what a ReLU does not carry is 0
    return rows
