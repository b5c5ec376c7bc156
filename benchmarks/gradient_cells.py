"""What a gradient really reaches over a box, by going through the cells on which the network is linear.

In: an output of a perceptron and a box.  Out: the least and the greatest of each coordinate over all cells
that meet the box, a neuron at 0 counting as either; None beyond a number of linear programs.  Floats, up to
the tolerance of the solver: what proved widths are held against, and no proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import highspy
import numpy as np
from numpy.typing import NDArray

from benchmarks.gradient_floats import Ends, Logit
from examples.perceptron import Array

# A neuron that comes as near to 0 as this, on the wrong side, is taken to reach it.
_TOUCHES = 1e-9


class TooMany(Exception):
    """More linear programs than were to be solved."""


@dataclass(slots=True)
class _Walk:
    """What is asked, and how many linear programs it has taken."""

    logit: Logit
    box: Ends
    most: int
    solver: highspy.Highs
    solved: int = 0

    def largest(
        self, row: Array, rows: Sequence[Array], limits: Sequence[float]
    ) -> tuple[float, Array] | None:
        """The greatest value of `row · x` on the cell, and where; None where there is no cell."""
        if self.solved >= self.most:
            raise TooMany
        self.solved += 1
        count = len(row)
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = count, len(rows)
        program.col_cost_ = -row
        program.col_lower_, program.col_upper_ = self.box
        program.row_lower_, program.row_upper_ = np.full(len(rows), -np.inf), np.array(limits)
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_ = np.arange(0, count * (len(rows) + 1), count)
        program.a_matrix_.index_ = np.tile(np.arange(count), len(rows))
        program.a_matrix_.value_ = np.concatenate([*rows, np.zeros(0)])
        self.solver.passModel(program)
        self.solver.run()
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        at = np.array(self.solver.getSolution().col_value)
        return float(row @ at), at


@dataclass(frozen=True, slots=True, eq=False)
class _Cell:
    """`rows · x <= limits` on it, and at one point; after the layers whose gates are chosen, the network is
    `x @ slopes + offset`."""

    at: Array
    rows: tuple[Array, ...]
    limits: tuple[float, ...]
    slopes: Array
    offset: Array
    gates: tuple[NDArray[np.bool_], ...] = ()


def exact(logit: Logit, box: Ends, most: int = 5_000) -> Ends | None:
    """The ends (in,) of each coordinate of the gradient over one box, whose ends are (in,)."""
    count = len(box[0])
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    walk = _Walk(logit, box, most, solver)
    middle = (box[0] + box[1]) / 2.0
    waiting = [_Cell(middle, (), (), np.eye(count), np.zeros(count))]
    lower, upper = np.full(count, np.inf), np.full(count, -np.inf)
    try:
        while waiting:
            cell = waiting.pop()
            if len(cell.gates) < len(logit.layers) - 1:
                waiting += _next_layer(walk, cell)
                continue
            gradient = cell.slopes @ logit.last
            lower, upper = np.minimum(lower, gradient), np.maximum(upper, gradient)
    except TooMany:
        return None
    return lower, upper


def _next_layer(walk: _Walk, cell: _Cell) -> list[_Cell]:
    """The cells into which the neurons of the next layer cut this one."""
    weight, bias = walk.logit.layers[len(cell.gates)]
    slopes, offset = cell.slopes @ weight, cell.offset @ weight + bias
    middle, radius = (walk.box[0] + walk.box[1]) / 2.0, (walk.box[1] - walk.box[0]) / 2.0
    center, reach = middle @ slopes + offset, radius @ abs(slopes)
    on = center > 0.0
    mixed = np.flatnonzero(abs(center) < reach)
    parts = [(cell, on)]
    for neuron in mixed:
        row, constant = slopes[:, neuron], offset[neuron]
        parts = [part for whole, gate in parts for part in _cut(walk, whole, gate, (neuron, row, constant))]
    return [
        _Cell(part.at, part.rows, part.limits, slopes * gate, offset * gate, (*cell.gates, gate))
        for part, gate in parts
    ]


def _cut(
    walk: _Walk, cell: _Cell, gate: NDArray[np.bool_], neuron: tuple[np.intp, Array, float]
) -> list[tuple[_Cell, NDArray[np.bool_]]]:
    """The sides of a neuron's plane that the cell reaches: the one of its point, and the other if a linear
    program finds it."""
    place, row, constant = neuron
    sign = 1.0 if row @ cell.at + constant > 0.0 else -1.0
    sides = [(sign, cell.at)]
    found = walk.largest(-sign * row, cell.rows, cell.limits)
    crosses = found is not None and bool(found[0] - sign * constant >= -_TOUCHES)
    if found is not None and crosses:
        sides.append((-sign, found[1]))
    result = []
    for side, at in sides:
        gates = gate.copy()
        gates[place] = side > 0.0
        # side · (row · x + constant) >= 0, which all of the cell satisfies where nothing crosses.
        rows, limits = (-side * row,) * crosses, (side * constant,) * crosses
        part = replace(cell, at=at, rows=cell.rows + rows, limits=cell.limits + limits)
        result.append((part, gates))
    return result
