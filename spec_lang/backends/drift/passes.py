"""Values of networks whose weights are off, and slopes by inputs and weights, many networks at once.

In: the program of a graph with drifts, points, and for each point by how much every weight is off.  Out: the
values there, and the gradient of rows over the outputs.  Gates may open little by little, so that a gradient
says where a neuron changes its phase.  Plain float64, evidence of nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends.drift.products import F64, Product, product_of
from spec_lang.bounding.plain_binary import opening
from spec_lang.bounding.program import AffineStep, BinaryStep, Program, ReluStep, SmoothStep, Step
from spec_lang.network.drift import Weights
from spec_lang.network.evaluate import smooth_slopes
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Binary, Smooth


@dataclass(frozen=True, slots=True, eq=False)
class _Gain:
    """What a spread is, `bias` and `terms` by the place of their weights among all."""

    size: int
    terms: tuple[tuple[Product, int, int], ...]  # with the place of the weights, the value that is read
    bias: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """By value, and of gates the slopes by both operands, by their own value."""

    of: dict[int, F64]
    slopes: dict[int, tuple[F64, F64]]


class Passes:
    """`weights` are all that may be off, in the order of `Graph.weights`."""

    def __init__(self, graph: Graph, program: Program) -> None:
        self.program = program
        self.weights: tuple[Weights, ...] = graph.weights or ()
        self._place = {weights.key: place for place, weights in enumerate(self.weights)}
        self._gains = dict(self._all_gains(graph))

    @property
    def gathered(self) -> int:
        """How many numbers a pass gathers for one network, at most at once."""
        products = (product for gain in self._gains.values() for product, _, _ in gain.terms)
        return max((product.gathered for product in products), default=0)

    def _all_gains(self, graph: Graph) -> list[tuple[int, _Gain]]:
        found: list[tuple[int, _Gain]] = []
        first = len(graph.inputs)
        for value, node in enumerate(graph.nodes, start=first):
            reach = graph.nodes[node.operands[0] - first] if node.primitive is Smooth.SPREAD else None
            if reach is None or reach.drift is None:
                continue
            terms = tuple(
                (
                    product_of(term.linear, is_transposed=term.is_transposed),
                    self._place[term.weights.key],
                    reach.operands[term.operand],
                )
                for term in reach.drift.terms
            )
            bias = None if reach.drift.bias is None else self._place[reach.drift.bias.key]
            found.append((value, _Gain(node.size, terms, bias)))
        return found

    def values(self, points: F64, off: Sequence[F64], soft: float = 0.0) -> Values:
        """At `points` (batch, in), with numbers (batch, …) that every array of weights is off by; gates open
        over `soft` times the size of what opens them."""
        values, slopes = self.program.split_inputs(points), {}
        for step in self.program.steps:
            gain = self._gains.get(step.value)
            if gain is not None:
                values[step.value] = _gained(gain, values, off, len(points))
            elif isinstance(step, BinaryStep) and step.function is Binary.GATE and soft:
                z = values[step.first]
                spread = soft * np.sqrt((z * z).mean(axis=0))
                passed, of_z, of_g = (
                    part.astype(np.float64, copy=False) for part in opening(z, values[step.second], spread)
                )
                values[step.value], slopes[step.value] = passed, (of_z, of_g)
            else:
                values[step.value] = step.forward(values)
        return Values(values, slopes)

    def outputs(self, values: Values) -> F64:
        return np.concatenate([values.of[output] for output in self.program.outputs], axis=1)

    def gradient(self, values: Values, off: Sequence[F64], rows: F64) -> tuple[F64, list[F64]]:
        """Of `rows · outputs` (batch, out), by the inputs (batch, in) and by what each array is off by."""
        pending: dict[int, F64] = {}
        by_weights = [np.zeros_like(part) for part in off]
        column = 0
        for output in self.program.outputs:
            size = self.program.sizes[output]
            _add(pending, output, rows[:, column : column + size])
            column += size
        for step in reversed(self.program.steps):
            arrived = pending.pop(step.value, None)
            if arrived is None:
                continue
            gain = self._gains.get(step.value)
            if gain is None:
                for operand, part in _passed(step, values, arrived):
                    _add(pending, operand, part)
                continue
            if gain.bias is not None:
                by_weights[gain.bias] += arrived
            for product, place, read in gain.terms:
                by_weights[place] += product.slope(values.of[read], arrived)
                _add(pending, read, product.backward(off[place], arrived))
        found = np.zeros((len(rows), self.program.input_size))
        for number, where in enumerate(self.program.input_slices):
            if number in pending:
                found[:, where] = pending[number]
        return found, by_weights


def _gained(gain: _Gain, values: dict[int, F64], off: Sequence[F64], count: int) -> F64:
    total = np.zeros((count, gain.size))
    if gain.bias is not None:
        total = total + off[gain.bias]
    for product, place, read in gain.terms:
        total = total + product.forward(off[place], values[read])
    return total


def _passed(step: Step, values: Values, arrived: F64) -> list[tuple[int, F64]]:
    """The gradient by the operands of a step; a ReLU at 0 counts as off."""
    match step:
        case AffineStep():
            pairs = zip(step.operands, step.maps, strict=True)
            return [(operand, linear.backward(arrived)) for operand, linear in pairs]
        case ReluStep():
            return [(step.operand, arrived * (values.of[step.operand] > 0))]
        case SmoothStep():
            slopes = smooth_slopes(step.function, values.of[step.operand], values.of[step.value])
            return [(step.operand, arrived * slopes)]
        case BinaryStep():
            x, y = values.of[step.first], values.of[step.second]
            shut = (np.zeros_like(x), (x > 0).astype(np.float64))
            plain = shut if step.function is Binary.GATE else (y, x)
            by = values.slopes.get(step.value, plain)
            return [(operand, arrived * slope) for operand, slope in zip(step.operands, by, strict=True)]


def _add(pending: dict[int, F64], value: int, part: F64) -> None:
    pending[value] = pending[value] + part if value in pending else part
