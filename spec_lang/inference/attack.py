"""Points that break a candidate, found by descents in floats: cheaper than to have it refuted.

In: a candidate, and points to start from.  Out: points of its box that satisfy its conditions and are decided
otherwise, as floats see it.  A hint like all data: a candidate that none is found for is for the engine.
"""

from __future__ import annotations

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._search.attack import input_gradient
from spec_lang.bounding.program import Program, compile_graph
from spec_lang.inference.model import F64, Decision, Indices, Literal, Mask
from spec_lang.inference.subject import Subject

_STEPS = 25
_FIRST, _LAST = 0.25, 0.01  # of the box's width
_MOMENTUM, _SQUARES = 0.7, 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """`inputs @ x + values @ v + constant <= 0`, row by row; a point breaks the candidate where all rows of
    one of `ways` (ways, rows) hold."""

    program: Program
    inputs: F64
    values: F64
    constant: F64
    ways: Mask

    def at(self, points: F64) -> tuple[list[F64], F64]:
        """All values of the program, and those of the rows."""
        values = self.program.split_inputs(points)
        for step in self.program.steps:
            values[step.value] = step.forward(values)
        joined = np.concatenate([values[number] for number in self.program.outputs], axis=1)
        rows = points @ self.inputs.T + joined @ self.values.T + self.constant
        return [values[number] for number in range(len(values))], rows


def rows_of(subject: Subject, decision: Decision, literals: tuple[Literal, ...], room: float) -> Rows:
    """The negation of `literals => decision`, and points that are nearer to it than `room` in the outputs."""
    graph = subject.graph
    layers = sorted({literal.layer for literal in literals})
    wanted = (*(subject.layers[layer].operand for layer in layers), *graph.outputs)
    program = compile_graph(graph.with_outputs(wanted))
    starts = np.cumsum([0, *(program.sizes[number] for number in wanted)]).tolist()
    atoms = [atom for rival in decision.rivals for atom in rival]
    count = len(literals) + len(atoms)
    inputs, values = np.zeros((count, graph.input_size)), np.zeros((count, starts[-1]))
    constant = np.zeros(count)
    for row, literal in enumerate(literals):
        sign = -1.0 if literal.above else 1.0
        values[row, starts[layers.index(literal.layer)] + literal.neuron] = sign
        constant[row] = -sign * float(literal.bound)
    for row, atom in enumerate(atoms, start=len(literals)):
        constant[row] = float(atom.constant) - room
        inputs[row, [index for index, _ in atom.inputs]] = [float(factor) for _, factor in atom.inputs]
        places = [starts[len(layers)] + index for index, _ in atom.outputs]
        values[row, places] = [float(factor) for _, factor in atom.outputs]
    owner = np.repeat(np.arange(len(decision.rivals)), [len(rival) for rival in decision.rivals])
    ways = np.ones((len(decision.rivals), count), dtype=np.bool_)
    ways[:, len(literals) :] = owner == np.arange(len(decision.rivals))[:, None]
    return Rows(program, inputs, values, constant, ways)


def breaking(rows: Rows, box: tuple[F64, F64], starts: F64) -> F64:
    """Points on the way of Adam's descents [Kingma and Ba 2015] on the row of a point's way that holds least;
    the points take ways in turns."""
    width = box[1] - box[0]
    x = np.clip(starts, box[0], box[1])
    mean, square = np.zeros_like(x), np.zeros_like(x)
    found: list[F64] = [x[:0]]
    if not len(rows.ways):
        return found[0]
    goal: Indices = np.arange(len(x)) % len(rows.ways)
    with np.errstate(all="ignore"):
        for rate in np.geomspace(_FIRST, _LAST, _STEPS):
            values, margins = rows.at(x)
            held = np.where(rows.ways[goal], margins, -np.inf)
            found.append(x[held.max(axis=1) <= 0])
            worst = held.argmax(axis=1)
            slope = input_gradient(rows.program, values, rows.values[worst], {}) + rows.inputs[worst]
            slope *= width
            mean = _MOMENTUM * mean + (1 - _MOMENTUM) * slope
            square = _SQUARES * square + (1 - _SQUARES) * slope * slope
            move = np.nan_to_num(mean / (np.sqrt(square) + np.finfo(np.float64).tiny))
            x = np.clip(x - rate * width * move, box[0], box[1])
    return np.concatenate(found)
