"""Which input to cut, so that differences of two ReLUs are relaxed less.

In: a batch of boxes whose relaxations are complete, and the coefficients with which rows arrive at the
differences.  Out: a score for every box and input.  Plain floats: it decides only what is tried.

The bound of a difference is nearly flat in the inputs while its relaxations are far from tight, so that its
own slopes say little of where to cut.  What counts is how much a difference's planes cost the row, times the
share of the range of x, which enters the first ReLU, that lies along an input.
"""

from __future__ import annotations

import numpy as np

from spec_lang.bounding.context import Context
from spec_lang.bounding.linear import Owners
from spec_lang.bounding.program import F64, Program
from spec_lang.kernel.differences import Joined


def scores(context: Context, arriving: dict[int, F64], owner: Owners, weight: F64) -> F64:
    """(batch, inputs): of rows, row r over box `owner[r]`, which counts `weight[r]` times."""
    program, found = context.program, np.zeros((len(context.boxes), context.program.input_size))
    open_boxes = np.unique(owner)
    values = _on_faces(program, context, open_boxes)
    place = np.zeros(len(context.boxes), dtype=np.intp)
    place[open_boxes] = np.arange(len(open_boxes))
    for value, rows in arriving.items():
        if value not in context.planes:
            continue
        pair, planes = program.deltas[value], context.planes[value]
        low, high = context.entering[pair.x]
        cost = np.zeros((len(context.boxes), len(planes.carried)))
        np.add.at(cost, owner, abs(rows) * weight[:, None])
        cost *= _gaps(context, planes, value)
        ends = values[pair.x][..., planes.carried]  # (open boxes, inputs, 2, n)
        width = np.maximum((high - low)[open_boxes][:, None, planes.carried], np.finfo(np.float64).tiny)
        share = np.minimum(abs(ends[:, :, 1] - ends[:, :, 0]) / width, 1.0)
        found[open_boxes] += np.einsum("bn,bdn->bd", cost[open_boxes], share)
    return found


def _gaps(context: Context, planes: Joined, value: int) -> F64:
    """Between the two planes, in the middle of the ranges (batch, carried)."""
    pair, (low, high) = context.program.deltas[value], (planes.lower, planes.upper)
    x, delta = (
        (0.5 * lower + 0.5 * upper)[:, planes.carried]
        for lower, upper in (context.entering[pair.x], context.entering[pair.delta])
    )
    gap = (high.of_x - low.of_x) * x + (high.of_delta - low.of_delta) * delta
    found: F64 = np.maximum(gap + high.intercept - low.intercept, 0.0)
    return found


def _on_faces(program: Program, context: Context, boxes: Owners) -> dict[int, F64]:
    """What the network itself has in the middle of both faces of every box along every input, as far as the
    last x: (boxes, inputs, 2, n)."""
    center, inputs = context.center[boxes], program.input_size
    points = np.broadcast_to(center[:, None, None], (len(boxes), inputs, 2, inputs)).copy()
    along = np.arange(inputs)
    points[:, along, 0, along] = context.boxes.lower[boxes]
    points[:, along, 1, along] = context.boxes.upper[boxes]
    values = program.split_inputs(points.reshape(-1, inputs))
    last = max(pair.x for pair in program.deltas.values())
    for step in program.steps:
        if step.value > last:
            break
        values[step.value] = step.forward(values)
    return {v: part.reshape(len(boxes), inputs, 2, part.shape[-1]) for v, part in values.items()}
