"""A decision seen from a layer's values, or from the inputs: bounds over many boxes of these at once.

In: signatures, a decision, and a layer or none.  Out: by box and rival an affine lower bound of how far the
rival is from holding, in floats that are rounded outward.  A hint like all of inference: where it is above 0
over a layer's box, what follows the layer alone tells that the decision holds, wherever the inputs are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.linear import lower_bounds
from spec_lang.bounding.program import Program, compile_graph
from spec_lang.bounding.propagate import propagate
from spec_lang.inference.model import F64, Decision, Indices
from spec_lang.inference.signatures import Signatures
from spec_lang.network.graph import Graph

_ROOM = 1 << 22  # numbers in the coefficients of one pass


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """`program` goes on from values between `lower` and `upper` (n,), which are `values` (points, n) at the
    data; the rows are `inputs @ value + outputs @ y + constant`, one for each atom, and `rival` says whose.
    """

    program: Program
    values: F64
    lower: F64
    upper: F64
    inputs: F64
    outputs: F64
    constant: F64
    rival: Indices

    def margins(self, lower: F64, upper: F64) -> tuple[F64, F64]:
        """Over boxes (boxes, n): the coefficients (boxes, rivals, n) and least values (boxes, rivals) of one
        row for each rival, the one that excludes it best."""
        widest = max(self.program.sizes)
        step = max(1, _ROOM // (widest * max(widest, len(self.constant))))
        parts = [
            self._margins(lower[start : start + step], upper[start : start + step])
            for start in range(0, len(lower), step)
        ]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def _margins(self, lower: F64, upper: F64) -> tuple[F64, F64]:
        boxes, rows = len(lower), len(self.constant)
        context, _ = propagate(self.program, Boxes(lower, upper))
        start = {self.program.outputs[0]: np.tile(self.outputs, (boxes, 1))}
        if self.inputs.any():
            start[0] = np.tile(self.inputs, (boxes, 1))
        owner = np.repeat(np.arange(boxes), rows)
        found = lower_bounds(context, start, np.tile(self.constant, boxes), owner)
        slopes = found.coefficients.reshape(boxes, rows, -1)
        least = np.nan_to_num(found.minimum, nan=-np.inf).reshape(boxes, rows)
        rivals = range(int(self.rival.max(initial=-1)) + 1)
        best = [np.where(self.rival == k, least, -np.inf).argmax(axis=1) for k in rivals]
        chosen = np.stack(best, axis=1) if best else np.zeros((boxes, 0), dtype=np.intp)
        which = np.arange(boxes)[:, None]
        return slopes[which, chosen], least[which, chosen]


def of_inputs(found: Signatures, decision: Decision) -> View:
    domain = found.subject.domain
    low, high = (np.array([float(v) for v in side]) for side in (domain.lower, domain.upper))
    return View(found.program, found.points, low, high, *_rows(found, decision))


def of_layer(found: Signatures, decision: Decision, layer: int) -> View | None:
    """None where more than the layer's values counts for the decision."""
    about = found.subject.layers[layer]
    inputs, outputs, constant, rival = _rows(found, decision)
    graph = _behind(found.subject.graph, about.value)
    if graph is None or inputs.any():
        return None
    domain = found.subject.domain
    low, high = (np.array([[float(v) for v in side]]) for side in (domain.lower, domain.upper))
    _, known = propagate(found.program, Boxes(low, high))
    upper = np.maximum(known[about.operand].upper[0], 0.0)
    values = found.values(layer, np.arange(len(found)))
    rows = np.zeros((len(constant), about.size)), outputs, constant, rival
    return View(compile_graph(graph), values, np.zeros(about.size), upper, *rows)


def _rows(found: Signatures, decision: Decision) -> tuple[F64, F64, F64, Indices]:
    atoms = [atom for rival in decision.rivals for atom in rival]
    graph = found.subject.graph
    inputs = np.zeros((len(atoms), graph.input_size))
    outputs = np.zeros((len(atoms), graph.output_size))
    for row, atom in enumerate(atoms):
        inputs[row, [index for index, _ in atom.inputs]] = [float(factor) for _, factor in atom.inputs]
        outputs[row, [index for index, _ in atom.outputs]] = [float(factor) for _, factor in atom.outputs]
    owner = np.repeat(np.arange(len(decision.rivals)), [len(rival) for rival in decision.rivals])
    return inputs, outputs, np.array([float(atom.constant) for atom in atoms]), owner


def _behind(graph: Graph, value: int) -> Graph | None:
    """What makes the outputs of one value; None where they need another."""
    numbers, nodes = {value: 0}, []
    for number, node in enumerate(graph.nodes, start=len(graph.inputs)):
        if number > value and all(operand in numbers for operand in node.operands):
            nodes.append(replace(node, operands=tuple(numbers[operand] for operand in node.operands)))
            numbers[number] = len(nodes)
    if any(output not in numbers for output in graph.outputs):
        return None
    return Graph((graph.value(value),), tuple(nodes), tuple(numbers[output] for output in graph.outputs))
