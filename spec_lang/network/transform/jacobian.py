"""Rows of a network's Jacobian as outputs of a graph, and positive parts and squares of forms in them.

In: a graph, and combinations of its flat outputs.  Out: a graph over the same inputs whose flat outputs are
what was asked for, in this order.  Exact: all numbers are binary64's own, or it is `NotExact`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

import numpy as np

from spec_lang.network.graph import OF_CLAIM, Graph, Node, TensorSpec
from spec_lang.network.primitives import Affine, Entries, LinearMap, PiecewiseLinear, Smooth, frozen
from spec_lang.network.transform.gradient import with_gradient

Terms = tuple[tuple[int, Fraction], ...]
Form = tuple[Terms, Terms, Fraction]  # over flat inputs and flat outputs so far, and a constant


class NotExact(Exception):
    """No binary64 number is the one that is needed."""


class JacobianGraph:
    """The graph as it grows; every method answers with where its flat outputs start."""

    def __init__(self, graph: Graph) -> None:
        self._base = graph
        self._graph = graph
        self._values: list[int] = []  # the outputs
        self._size = 0

    @property
    def graph(self) -> Graph:
        return self._graph.with_outputs(tuple(self._values))

    def row(self, weights: Mapping[int, int]) -> int:
        """The gradient of a combination of the flat outputs of the graph at first, over the flat input."""
        if list(weights.values()) == [1]:
            (output,) = weights
            found = with_gradient(self._graph, output)
        else:
            whole = [(row, c) for row, c in sorted(weights.items())]
            value = self._affine(
                "sum", [((), tuple((i, Fraction(c)) for i, c in whole), Fraction(0))], self._base.outputs
            )
            outputs = self._graph.outputs
            widened = replace(self._graph, outputs=(*outputs, value))
            found = with_gradient(widened, self._base.output_size)
            found = replace(found, graph=replace(found.graph, outputs=outputs))
        self._graph = found.graph
        return self._show(found.by_input)

    def applied(self, function: PiecewiseLinear | Smooth, forms: Sequence[Form]) -> int:
        """A function of forms, one by one."""
        value = self._affine("form", forms, self._values)
        spec = TensorSpec("square" if function is Smooth.SQUARE else "positive", (len(forms),))
        return self._show((self._add(Node(function, (value,), spec, glue=True, part=OF_CLAIM)),))

    def _show(self, values: Sequence[int]) -> int:
        start = self._size
        self._values += values
        self._size += sum(self._graph.value(value).size for value in values)
        return start

    def _affine(self, name: str, forms: Sequence[Form], outputs: Sequence[int]) -> int:
        """Forms over the flat inputs and the concatenation of some values."""
        entries: dict[int, list[tuple[int, int, float]]] = {}
        inputs = tuple(range(len(self._graph.inputs)))
        for number, (of_inputs, of_outputs, _) in enumerate(forms):
            for values, terms in ((inputs, of_inputs), (outputs, of_outputs)):
                for index, c in terms:
                    value, place = self._located(values, index)
                    entries.setdefault(value, []).append((number, place, _float(c)))
        maps = {
            value: _entries(found, len(forms), self._graph.value(value).size)
            for value, found in entries.items()
        }
        if not maps:
            maps = {0: _entries([], len(forms), self._graph.inputs[0].size)}
        bias = frozen(np.array([_float(constant) for _, _, constant in forms]))
        spec = TensorSpec(name, (len(forms),))
        return self._add(
            Node(Affine(tuple(maps.values()), bias), tuple(maps), spec, glue=True, part=OF_CLAIM)
        )

    def _located(self, values: Sequence[int], index: int) -> tuple[int, int]:
        ends = list(accumulate(self._graph.value(value).size for value in values))
        number = next(number for number, end in enumerate(ends) if index < end)
        return values[number], index - (ends[number - 1] if number else 0)

    def _add(self, node: Node) -> int:
        self._graph = replace(self._graph, nodes=(*self._graph.nodes, node))
        return len(self._graph.inputs) + len(self._graph.nodes) - 1


def _entries(found: Sequence[tuple[int, int, float]], rows: int, columns: int) -> LinearMap:
    """A map by its non-zero entries, of which no two are at one place."""
    found = sorted(found)
    row = np.array([r for r, _, _ in found], dtype=np.intp)
    column = np.array([c for _, c, _ in found], dtype=np.intp)
    return Entries((rows, columns), row, column, frozen(np.array([v for _, _, v in found], dtype=np.float64)))


def _float(number: Fraction) -> float:
    try:
        value = float(number)
    except OverflowError:
        raise NotExact from None
    if Fraction(value) != number:
        raise NotExact
    return value
