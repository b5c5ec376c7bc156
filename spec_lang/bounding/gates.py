"""Which input to cut, so that gates are relaxed less.

In: a batch of boxes whose relaxations are complete, and the coefficients with which rows arrive at gates.
Out: a score for every box and input.  Plain floats: it decides only what is tried.

The bound of a gradient does not depend on the inputs but by which gates are open on a box.  What counts is
how much the planes of an open gate cost a row, times the share of the range of its z along an input.
"""

from __future__ import annotations

import numpy as np

from spec_lang.bounding.context import Context
from spec_lang.bounding.linear import Owners
from spec_lang.bounding.program import F64, AffineStep, BinaryStep, Program, ReluStep, SmoothStep, Step
from spec_lang.network.evaluate import smooth_slopes
from spec_lang.network.primitives import Binary

TINY = float(np.finfo(np.float64).tiny)


def scores(context: Context, arriving: dict[int, F64], owner: Owners, weight: F64) -> F64:
    """(batch, inputs): of rows, row r over box `owner[r]`, which counts `weight[r]` times."""
    program = context.program
    found = np.zeros((len(context.boxes), program.input_size))
    boxes = np.unique(owner)
    place = np.zeros(len(context.boxes), dtype=np.intp)
    place[boxes] = np.arange(len(boxes))
    slopes = _slopes(program, context, boxes)
    radius = context.radius[boxes]
    for step in program.steps:
        if not isinstance(step, BinaryStep) or step.function is not Binary.GATE or step.value not in arriving:
            continue
        if step.first not in slopes:
            continue
        gate = context.crossed[step.value]
        columns = gate.columns[: gate.mixed]
        cost = np.zeros((len(boxes), gate.mixed))
        np.add.at(cost, place[owner], abs(arriving[step.value][:, : gate.mixed]) * weight[:, None])
        low, high = (end[boxes][:, columns] for end in context.entering[step.second])
        middle = 0.5 * low + 0.5 * high
        gap = gate.above.of_second[boxes] * middle + gate.above.constant[boxes]
        gap -= gate.below.of_second[boxes] * middle + gate.below.constant[boxes]
        low, high = (end[boxes][:, columns] for end in context.entering[step.first])
        cost *= np.maximum(gap, 0.0) / np.maximum(high - low, TINY)
        found[boxes] += np.einsum("bn,bdn->bd", cost, abs(slopes[step.first][:, :, columns])) * radius
    return found


def _slopes(program: Program, context: Context, boxes: Owners) -> dict[int, F64]:
    """By value that enters a gate, its derivatives by the inputs in the middle of the boxes (boxes, in, n);
    none where it comes out of a gate or a product itself."""
    inputs, center = program.input_size, context.center[boxes]
    last = max(step.first for step in program.gates.values())
    values = program.split_inputs(center)
    whole = np.broadcast_to(np.eye(inputs), (len(boxes), inputs, inputs)).reshape(-1, inputs)
    slopes = program.split_inputs(whole)
    for step in program.steps:
        if step.value > last:
            break
        values[step.value] = step.forward(values)
        if any(operand not in slopes for operand in _operands(step)):
            continue  # what comes out of a gate has no slope to go by
        if isinstance(step, AffineStep):
            total: F64 = np.zeros(1)
            for operand, linear in zip(step.operands, step.maps, strict=True):
                total = total + linear.forward(slopes[operand])
            slopes[step.value] = total
        elif isinstance(step, ReluStep):
            mask = np.repeat(values[step.operand] > 0, inputs, axis=0)
            slopes[step.value] = slopes[step.operand] * mask
        elif isinstance(step, SmoothStep):
            steep = smooth_slopes(step.function, values[step.operand], values[step.value])
            slopes[step.value] = slopes[step.operand] * np.repeat(steep, inputs, axis=0)
    return {value: part.reshape(len(boxes), inputs, -1) for value, part in slopes.items()}


def _operands(step: Step) -> tuple[int, ...]:
    return step.operands if isinstance(step, AffineStep | BinaryStep) else (step.operand,)
