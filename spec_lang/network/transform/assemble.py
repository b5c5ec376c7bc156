"""One graph out of several: networks side by side, on shared inputs or on each other's outputs.

In: the inputs of the new graph, and parts, each a graph with where its inputs come from.  Out: a graph
whose outputs are the parts' values that were asked for, in order.  Exact: an affine map between parts has
numbers of binary64 alone.  A single part on the same inputs is that graph itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.network.graph import OF_CLAIM, Graph, Node, TensorSpec
from spec_lang.network.primitives import Affine, Dense, LinearMap, Scale, frozen

CLAIM: Final = "claim"  # what the tensors of a claim are called after

Terms = tuple[tuple[int, Fraction], ...]
Located = tuple[tuple[int, int, int, Fraction], ...]  # part, value in it, flat offset, coefficient


@dataclass(frozen=True, slots=True)
class InputSource:
    """An input of the new graph, by number."""

    block: int


@dataclass(frozen=True, slots=True)
class AffineSource:
    """Element by element: `Σ inputs·x + Σ outputs of earlier parts + constant`; x are the flat inputs."""

    inputs: tuple[Terms, ...]
    outputs: tuple[Located, ...]
    constants: tuple[Fraction, ...]
    shape: tuple[int, ...]


Source = InputSource | AffineSource


@dataclass(frozen=True, slots=True)
class Part:
    """A graph, where its inputs come from, and what its tensors are called after; it is a network, or,
    without a label, a part of the claim."""

    graph: Graph
    sources: tuple[Source, ...]
    label: str | None


def assemble(
    inputs: tuple[TensorSpec, ...], parts: tuple[Part, ...], outputs: tuple[tuple[int, int], ...]
) -> Graph:
    """The graph over `inputs` whose outputs are (part, value) pairs.

    Raises `InternalError` for a coefficient that binary64 does not hold.
    """
    if len(parts) == 1 and parts[0].sources == tuple(map(InputSource, range(len(inputs)))):
        graph = parts[0].graph
        numbers = tuple(value for _, value in outputs)
        return graph if numbers == graph.outputs else graph.with_outputs(numbers)
    return _Assembly(inputs, parts).graph(outputs)


class _Assembly:
    def __init__(self, inputs: tuple[TensorSpec, ...], parts: tuple[Part, ...]) -> None:
        self._inputs = inputs
        self._parts = parts
        self._starts = [0, *accumulate(spec.size for spec in inputs)]
        self._nodes: list[Node] = []
        self._numbers: list[dict[int, int]] = []  # of every part: its values in the new graph
        self._tensors: list[tuple[str, int]] = []
        self._networks = 0

    def graph(self, outputs: tuple[tuple[int, int], ...]) -> Graph:
        for part in self._parts:
            self._add(part)
        numbers = tuple(self._numbers[part][value] for part, value in outputs)
        types = {part.graph.precision for part in self._parts if part.label is not None}
        precision = types.pop() if len(types) == 1 else "mixed"
        whole = Graph(self._inputs, tuple(self._nodes), numbers, tuple(self._tensors), precision)
        return whole.with_outputs(numbers)

    def _add(self, part: Part) -> None:
        graph, index = part.graph, OF_CLAIM
        if part.label is not None:
            index, self._networks = self._networks, self._networks + 1
        label = part.label or CLAIM
        numbers = {place: self._source(source, label, index) for place, source in enumerate(part.sources)}
        first = len(graph.inputs)
        for place, node in enumerate(graph.nodes, start=first):
            operands = tuple(numbers[operand] for operand in node.operands)
            name = f"{label}/{node.tensor.name}"
            spec = TensorSpec(name, node.tensor.shape)
            owner = OF_CLAIM if node.part == OF_CLAIM else index
            numbers[place] = self._node(replace(node, operands=operands, tensor=spec, part=owner))
        self._numbers.append(numbers)
        self._tensors += ((f"{label}/{name}", numbers[value]) for name, value in graph.tensors)

    def _node(self, node: Node) -> int:
        self._nodes.append(node)
        return len(self._inputs) + len(self._nodes) - 1

    def _source(self, source: Source, label: str, number: int) -> int:
        if isinstance(source, InputSource):
            return source.block
        rows: dict[int, list[tuple[int, int, float]]] = {}  # by value: row, column, coefficient
        for row, (terms, located) in enumerate(zip(source.inputs, source.outputs, strict=True)):
            for index, coefficient in terms:
                block = next(b for b, start in enumerate(self._starts[1:]) if index < start)
                entry = (row, index - self._starts[block], _exact(coefficient))
                rows.setdefault(block, []).append(entry)
            for other, value, offset, coefficient in located:
                entry = (row, offset, _exact(coefficient))
                rows.setdefault(self._numbers[other][value], []).append(entry)
        size = len(source.constants)
        maps = tuple(_linear_map(entries, size, self._size(value)) for value, entries in rows.items())
        bias = frozen(np.array([_exact(constant) for constant in source.constants], dtype=np.float64))
        spec = TensorSpec(f"{label}/point", source.shape)
        return self._node(Node(Affine(maps, bias), tuple(rows), spec, glue=True, part=number))

    def _size(self, value: int) -> int:
        if value < len(self._inputs):
            return self._inputs[value].size
        return self._nodes[value - len(self._inputs)].size


def _linear_map(entries: Sequence[tuple[int, int, float]], rows: int, columns: int) -> LinearMap:
    if rows == columns and all(row == column for row, column, _ in entries):
        factor = np.zeros(rows)
        for row, _, coefficient in entries:
            factor[row] = coefficient
        return Scale(frozen(factor))
    weight = np.zeros((rows, columns))
    for row, column, coefficient in entries:
        weight[row, column] = coefficient
    return Dense(frozen(weight))


def _exact(number: Fraction) -> float:
    value = float(number)
    if Fraction(value) != number:
        raise InternalError(f"{number} is not a number of binary64")
    return value
