"""A ReLU network in integers: its affine forms under a choice of phases, however a kink is decided.

In: a graph of affine nodes and ReLUs with dyadic numbers, and one phase for every ReLU.  Out: the affine map
that the network is with these phases.  Written from the definition, forward; it shares no code with what the
project computes gradients by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine
from tests.backends.polyhedra import Row
from tests.maps import rows_of

Vector = tuple[Fraction, ...]
Matrix = tuple[Vector, ...]
Forms = list[Row]  # c0 + c·x, times the scale of the value


@dataclass(frozen=True, slots=True)
class AffineMap:
    """`jacobian x + offset`; a row of the Jacobian is one output's gradient."""

    jacobian: Matrix
    offset: Vector

    def at(self, x: Sequence[Fraction]) -> Vector:
        """Its value at a point."""
        rows = zip(self.jacobian, self.offset, strict=True)
        return tuple(sum((a * b for a, b in zip(row, x, strict=True)), start) for row, start in rows)


class IntegerNetwork:
    """A graph whose value number v is integer forms over the inputs, divided by `scales[v]`."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.scales = [1] * len(graph.inputs)
        self._steps: list[_Affine | None] = []
        for node in graph.nodes:
            if node.primitive == RELU:
                self._steps.append(None)
                self.scales.append(self.scales[node.operands[0]])
                continue
            assert isinstance(node.primitive, Affine), "the oracle knows affine maps and ReLUs"
            step = _Affine(node.primitive, [self.scales[operand] for operand in node.operands], graph)
            self._steps.append(step)
            self.scales.append(step.scale)
        self.under = cache(self._under)

    @property
    def relus(self) -> int:
        """How many ReLUs there are, neuron by neuron."""
        return sum(node.size for node in self.graph.nodes if node.primitive == RELU)

    def inputs(self) -> list[Forms]:
        """The values before the first node: the inputs themselves."""
        size = self.graph.input_size
        rows = [tuple(int(j == i + 1) for j in range(size + 1)) for i in range(size)]
        values: list[Forms] = []
        for spec in self.graph.inputs:
            values.append(rows[: spec.size])
            rows = rows[spec.size :]
        return values

    def affine(self, number: int, values: Sequence[Forms]) -> Forms | None:
        """What node `number` gives; None of a ReLU."""
        step = self._steps[number]
        operands = self.graph.nodes[number].operands
        return None if step is None else step([values[operand] for operand in operands])

    def _under(self, phases: tuple[bool, ...]) -> AffineMap:
        """The map with these phases, in the order of the nodes; `under` remembers it."""
        values, used = self.inputs(), 0
        for number, node in enumerate(self.graph.nodes):
            forms = self.affine(number, values)
            if forms is None:
                operand = values[node.operands[0]]
                chosen = zip(phases[used : used + len(operand)], operand, strict=True)
                forms = [form if active else (0,) * len(form) for active, form in chosen]
                used += len(operand)
            values.append(forms)
        rows = [
            [Fraction(c, self.scales[output]) for c in form]
            for output in self.graph.outputs
            for form in values[output]
        ]
        return AffineMap(tuple(tuple(row[1:]) for row in rows), tuple(row[0] for row in rows))


class _Affine:
    """An affine node in integers."""

    def __init__(self, affine: Affine, inner: Sequence[int], graph: Graph) -> None:
        weights = [rows_of(linear) for linear in affine.maps]
        biases = [Fraction(float(b)) for b in affine.bias]
        denominators = [
            scale * _denominator(Fraction(w) for row in rows for w in row.values())
            for rows, scale in zip(weights, inner, strict=True)
        ]
        self.scale = max(*denominators, _denominator(biases))  # all are powers of two
        self._biases = [(int(b * self.scale), *([0] * graph.input_size)) for b in biases]
        self._terms: list[list[tuple[int, int, int]]] = [[] for _ in biases]  # operand, element, factor
        for operand, (rows, scale) in enumerate(zip(weights, inner, strict=True)):
            for terms, row in zip(self._terms, rows, strict=True):
                whole = ((i, int(Fraction(w) * (self.scale // scale))) for i, w in row.items())
                terms += [(operand, i, factor) for i, factor in whole if factor]

    def __call__(self, operands: Sequence[Forms]) -> Forms:
        result = []
        for bias, terms in zip(self._biases, self._terms, strict=True):
            total: list[int] = list(bias)
            for operand, element, factor in terms:
                form = operands[operand][element]
                total = [t + factor * c for t, c in zip(total, form, strict=True)]
            result.append(tuple(total))
        return result


def _denominator(numbers: Iterable[Fraction]) -> int:
    return max((number.denominator for number in numbers), default=1)
