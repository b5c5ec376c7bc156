"""Contexts that carry no more than some neurons depend on.

In: a context, and elements of a value whose ReLUs before it are relaxed.  Out: a context in which passes that
start at these elements carry only what they reach: in the first layers of a convolutional network a small
window.  Nothing is lost, as all coefficients elsewhere are 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang.bounding.context import Context
from spec_lang.bounding.program import AffineStep, Indices, Program, ReluStep
from spec_lang.bounding.relax.relu import Layout, Relaxation
from spec_lang.network.operators import Convolved, is_elementwise

WIDE: Final = 2048  # elements of the widest value: below, a pass costs less than to find out what it reaches
TILE: Final = 128  # neurons of one context
WORTH: Final = 0.5  # of what is carried: a context that carries more is not narrow

Mask = NDArray[np.bool_]


def tiles(context: Context, value: int, neurons: Indices) -> Iterator[tuple[Context, Indices]]:
    """The neurons in groups that lie near each other, each with a context for it."""
    if max(context.program.sizes) < WIDE or len(context.boxes) > 1 or context.lines or context.crossed:
        yield context, neurons
        return
    ordered = _by_place(context.program, value, neurons)
    for first in range(0, len(ordered), TILE):
        tile = np.sort(ordered[first : first + TILE])
        context.check_time()
        yield narrowed(context, value, tile) or context, tile


def narrowed(context: Context, value: int, neurons: Indices) -> Context | None:
    """A context for rows that start at `neurons` of `value`, all of which it carries in this order; None
    where it would carry about as much as before."""
    need = _reached(context, value, neurons)
    carried = sum(len(context.columns[v]) if v in context.columns else context.program.sizes[v] for v in need)
    if sum(int(mask.sum()) for mask in need.values()) > WORTH * carried:
        return None
    columns: dict[int, Indices] = {value: neurons}
    layouts: dict[int, Layout] = {}
    planes = {number: found.part(need[number]) for number, found in context.planes.items() if number in need}
    columns |= {number: found.carried for number, found in planes.items()}
    for step in context.program.steps:
        if isinstance(step, ReluStep) and step.value in need:
            before = context.layouts[step.value]
            layouts[step.value] = after = _part(before, need[step.value])
            columns[step.value] = after.columns
            if context.columns.get(step.operand) is before.columns:
                columns[step.operand] = after.columns
    for number, mask in need.items():
        columns.setdefault(number, np.flatnonzero(mask))
    return replace(context, layouts=layouts, planes=planes, columns=columns, narrow=True, _maps={})


def _reached(context: Context, value: int, neurons: Indices) -> dict[int, Mask]:
    """By value, the elements that the neurons depend on; those of the network's structure, not of numbers
    that happen to cancel."""
    program = context.program
    need = {value: np.zeros(program.sizes[value], dtype=np.bool_)}
    need[value][neurons] = True
    for step in reversed(program.steps):
        mask = need.get(step.value)
        if mask is None:
            continue
        if step.value in context.planes:
            delta, alive = program.deltas[step.value], np.zeros(len(mask), dtype=np.bool_)
            alive[context.planes[step.value].carried] = True
            for operand in (delta.x, delta.delta):
                _require(need, operand, mask & alive)
        elif isinstance(step, AffineStep):
            row = mask.astype(np.float64)[None]
            for operand, sizes in zip(step.operands, step.magnitudes, strict=True):
                _require(need, operand, sizes.backward(row)[0] > 0)
        elif isinstance(step, ReluStep):
            alive = np.zeros(len(mask), dtype=np.bool_)
            alive[context.layouts[step.value].columns] = True
            _require(need, step.operand, mask & alive)
    return need


def _require(need: dict[int, Mask], value: int, mask: Mask) -> None:
    need[value] = need[value] | mask if value in need else mask


def _part(before: Layout, mask: Mask) -> Layout:
    """The layout of some neurons; the dead ones stay out."""
    chosen = np.flatnonzero(mask[before.columns])
    mixed = int(np.searchsorted(chosen, before.mixed))
    head, old = chosen[:mixed], before.relaxation
    relaxation = Relaxation(old.lower_slope[:, head], old.upper_slope[:, head], old.upper_intercept[:, head])
    return Layout(before.columns[chosen], mixed, relaxation)


def _by_place(program: Program, value: int, neurons: Indices) -> Indices:
    """Neurons of a convolution by where they are, all channels of a small square together; others as they
    come."""
    step = program.producer.get(value)
    while isinstance(step, AffineStep) and len(step.maps) == 1 and is_elementwise(step.maps[0]):
        step = program.producer.get(step.operands[0])
    if not isinstance(step, AffineStep) or not isinstance(step.maps[0], Convolved):
        return neurons
    linear = step.maps[0].geometry.map
    shape = linear.size if linear.adjoint else linear.result
    spots = int(np.prod(shape))
    if program.sizes[value] % spots:
        return neurons
    channels = program.sizes[value] // spots
    side = max(1, round((TILE / channels) ** (1 / len(shape))))
    places = np.unravel_index(neurons % spots, shape)
    return neurons[np.lexsort([place // side for place in places])]
