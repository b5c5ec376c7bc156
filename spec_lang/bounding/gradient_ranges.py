"""Ranges of the gradient of one output, all coordinates at once, over one box or many.

In: a network, the number of an output, boxes.  Out: rigorous ranges of every coordinate, and beside them
those of plain interval arithmetic.  Gates that are at their kink somewhere count with both slopes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Context
from spec_lang.bounding.interval import around
from spec_lang.bounding.linear import lower_bounds
from spec_lang.bounding.program import F64, AffineStep, Program, compile_graph
from spec_lang.bounding.propagate import Known, Ranges, complete, propagate, propagate_in, start_rows
from spec_lang.diagnostics import InternalError
from spec_lang.kernel.scene import Mask, Phases
from spec_lang.network.graph import Graph
from spec_lang.network.transform.gradient import with_gradient

MAX_ROWS = 512  # of one backward pass


@dataclass(frozen=True, slots=True, eq=False)
class Gradient:
    """`program` computes the network and after it the gradient, whose values by input are `by_input`."""

    program: Program
    graph: Graph
    by_input: tuple[int, ...]

    @classmethod
    def of(cls, graph: Graph, output: int) -> Gradient:
        found = with_gradient(graph, output)
        whole = found.graph.with_outputs((*graph.outputs, *found.by_input))
        return cls(compile_graph(whole), whole, found.by_input)

    @property
    def size(self) -> int:
        return sum(self.program.sizes[value] for value in self.by_input)


def gradient_ranges(gradient: Gradient, boxes: Boxes) -> Ranges:
    """Of every coordinate on every box (batch, inputs), by linear bounds; infinite where floats end."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        context, _ = propagate(gradient.program, boxes)
        return ranges_in(gradient, context)


def interval_ranges(gradient: Gradient, boxes: Boxes) -> Ranges:
    """The same by intervals alone, of the neurons as well."""

    def by_intervals(context: Context, value: int) -> Ranges:
        return Ranges(*_interval(context, value))

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        context, _ = complete(Context.start(gradient.program, boxes, lambda: False), by_intervals)
        parts = [_interval(context, value) for value in gradient.by_input]
        return _usable(context, *(np.concatenate(side, axis=1) for side in zip(*parts, strict=True)))


def ranges_in(gradient: Gradient, context: Context, wanted: Mask | None = None) -> Ranges:
    """Of every coordinate over the boxes of a context whose relaxations are complete: by backward passes, and
    by intervals of the last map, whichever is tighter; of those that are not `wanted` (batch, inputs) by
    intervals alone."""
    found, first = [], 0
    for value in gradient.by_input:
        last = first + gradient.program.sizes[value]
        found.append(_coordinates(context, value, None if wanted is None else wanted[:, first:last]))
        first = last
    return _usable(context, *(np.concatenate(side, axis=1) for side in zip(*found, strict=True)))


def within(
    gradient: Gradient,
    boxes: Boxes,
    fixed: tuple[Known, dict[int, Phases]],
    wanted: Mask,
    expired: Callable[[], bool] = lambda: False,
) -> tuple[Context, Known, Ranges]:
    """Ranges where some phases are fixed; what is known of their neurons has been cut at 0.  Of coordinates
    that are not `wanted` they may be wide.  Raises `Expired`."""
    known, phases = fixed
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        start = Context.start(gradient.program, boxes, expired)
        start.phases = phases
        context, ranges = propagate_in(start, known)
        return context, ranges, ranges_in(gradient, context, wanted)


def _interval(context: Context, value: int) -> tuple[F64, F64]:
    step = context.program.producer.get(value)
    if isinstance(step, AffineStep):
        return around(context, step)
    if value in context.intervals:
        return context.intervals[value]
    if value in context.floors:  # a ReLU's
        return np.maximum(context.floors[value], 0.0), context.magnitudes[value]
    where = context.program.input_slices
    if value < len(where):
        return context.boxes.lower[:, where[value]], context.boxes.upper[:, where[value]]
    raise InternalError(f"nothing is known of value {value} yet")


def _coordinates(context: Context, value: int, wanted: Mask | None) -> tuple[F64, F64]:
    lower, upper = (end.copy() for end in _interval(context, value))
    owner, column = np.nonzero(np.ones(lower.shape, dtype=np.bool_) if wanted is None else wanted)
    for first in range(0, len(owner), MAX_ROWS):
        context.check_time()
        rows, columns = owner[first : first + MAX_ROWS], column[first : first + MAX_ROWS]
        start, constant = start_rows(context, value, columns)
        both = {v: np.concatenate([part, -part]) for v, part in start.items()}
        owners = np.concatenate([rows, rows])
        found = lower_bounds(context, both, np.concatenate([constant, -constant]), owners).minimum
        low, high = np.split(found, 2)
        lower[rows, columns] = np.fmax(lower[rows, columns], low)
        upper[rows, columns] = np.fmin(upper[rows, columns], -high)
    return lower, upper


def _usable(context: Context, lower: F64, upper: F64) -> Ranges:
    good = context.usable()[:, None]
    return Ranges(np.where(good, lower, -np.inf), np.where(good, upper, np.inf))
