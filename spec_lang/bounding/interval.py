"""Interval arithmetic on affine values: the cheapest bounds, and the tightest where nothing comes before.

In: a context whose ReLUs before a value are relaxed.  Out: where the value lies, rounded outward.
Over-approximates, and exact but for rounding over inputs that no two terms share [Moore 1966].
"""

from __future__ import annotations

import numpy as np

from spec_lang.bounding.context import UNDERFLOW, Context
from spec_lang.bounding.program import F64, AffineStep, Program
from spec_lang.network.operators import is_elementwise


def is_direct(program: Program, step: AffineStep) -> bool:
    """Whether its operands are graph inputs or, element by element, made of one: then nothing bounds it more
    tightly than its interval."""
    waiting = list(step.operands)
    while waiting:
        operand = waiting.pop()
        if operand < len(program.input_slices):
            continue
        before = program.producer[operand]
        if not isinstance(before, AffineStep) or len(before.operands) > 1:
            return False
        if not all(map(is_elementwise, before.maps)):
            return False
        waiting += before.operands
    return True


def around(context: Context, step: AffineStep) -> tuple[F64, F64]:
    """Bounds of an affine value on every box (batch, n)."""
    found = context.intervals
    for before in _missing(context, step):
        found[before.value] = _spread(context, before)
    return found[step.value]


def _missing(context: Context, step: AffineStep) -> list[AffineStep]:
    """The affine steps that have no interval yet and that lead to this one without a step between that is
    not affine; in order."""
    waiting, missing = [step], {}
    while waiting:
        last = waiting.pop()
        if last.value in context.intervals or last.value in missing:
            continue
        missing[last.value] = last
        producers = (context.program.producer.get(operand) for operand in last.operands)
        waiting += [before for before in producers if isinstance(before, AffineStep)]
    return [missing[value] for value in sorted(missing)]


def _spread(context: Context, step: AffineStep) -> tuple[F64, F64]:
    center, reach = {}, {}
    for operand in step.operands:
        low, high = _ends(context, operand)
        center[operand] = middle = low + 0.5 * (high - low)
        reach[operand] = np.nextafter(np.maximum(high - middle, middle - low), np.inf)
    middle = step.forward(center)
    spread = step.magnitude(reach) - step.bias_magnitude
    # An interval's ends may lie beyond what is known of the value's magnitude.
    sizes = step.magnitude({operand: abs(center[operand]) + reach[operand] for operand in step.operands})
    spread = spread + (context.program.gamma * 1.01 * (sizes + spread) + UNDERFLOW)
    if step.value in context.errors:
        spread = spread + 1.0001 * context.errors[step.value]
    return np.nextafter(middle - spread, -np.inf), np.nextafter(middle + spread, np.inf)


def _ends(context: Context, value: int) -> tuple[F64, F64]:
    places = context.program.input_slices
    if value < len(places):
        where = places[value]
        return context.boxes.lower[:, where], context.boxes.upper[:, where]
    if value in context.intervals:
        return context.intervals[value]
    high = context.magnitudes[value]  # of a ReLU; what smooth steps give has an interval
    entering = context.floors.get(value)
    return (-high if entering is None else np.maximum(entering, 0.0)), high
