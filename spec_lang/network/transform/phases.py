"""A network where some neurons are known to be on or off, without the kinks of these.

In: a graph and, for values that ReLUs make, what is known of each element.  Out: a graph in which a neuron
that is on passes what enters it and one that is off is 0; the two compute the same wherever the phases are
as they are said to be, a 0 that enters counting as either.  Nothing else is numbered or named differently
to who asks by output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, LinearMap, Scale, frozen

Phases = NDArray[np.int8]  # 1 where a neuron is on, −1 where it is off, 0 where nothing is known


@dataclass(frozen=True, slots=True, eq=False)
class Phased:
    """`numbers` are the values in `graph` of the original's."""

    graph: Graph
    numbers: tuple[int, ...]


def with_phases(graph: Graph, phases: Mapping[int, Phases]) -> Phased:
    """Sound because each replaced node has the value of the original where its own phases hold, given that
    those before it have; gates keep every choice at their kinks."""
    nodes: list[Node] = []
    numbers = list(range(len(graph.inputs)))

    def add(node: Node) -> int:
        nodes.append(node)
        return len(graph.inputs) + len(nodes) - 1

    for number, node in enumerate(graph.nodes, start=len(graph.inputs)):
        operands = tuple(numbers[operand] for operand in node.operands)
        known = phases.get(number)
        if known is None or not known.any():
            numbers.append(add(replace(node, operands=operands)))
            continue
        if node.primitive != RELU or known.shape != (node.size,):
            raise InternalError("phases are those of a ReLU's elements")
        (z,), zero, parts = operands, frozen(np.zeros(node.size)), list[tuple[LinearMap, int]]()
        if not known.all():
            left = _glue(node, "open", Affine((_only(known == 0),), zero), (z,))
            relu = replace(node, operands=(add(left),), tensor=_named(node, "kinks"))
            parts.append((_only(known == 0), add(relu)))
        if (known > 0).any() or not parts:
            parts.append((_only(known > 0), z))
        whole = Affine(tuple(linear for linear, _ in parts), zero)
        numbers.append(add(replace(node, primitive=whole, operands=tuple(v for _, v in parts), glue=True)))
    made = Graph(
        graph.inputs,
        tuple(nodes),
        tuple(numbers[output] for output in graph.outputs),
        tuple((name, numbers[value]) for name, value in graph.tensors),
        graph.precision,
    )
    return Phased(made, tuple(numbers))


def _glue(node: Node, name: str, affine: Affine, operands: tuple[int, ...]) -> Node:
    return replace(node, primitive=affine, operands=operands, tensor=_named(node, name), glue=True)


def _named(node: Node, name: str) -> TensorSpec:
    return TensorSpec(f"{node.tensor.name}/{name}", node.tensor.shape)


def _only(chosen: NDArray[np.bool_]) -> Scale:
    """Whether float32 or not: a number times 1 or 0 is exact."""
    return Scale(frozen(chosen.astype(np.float64)))
