"""Any piecewise linear function as ReLUs: the same network, for engines that know no other.

In: an obligation.  Out: an equal one whose graph has no other piecewise linear functions; exact, since
`f(t) = anchor + s0 (t − k0) + Σ s_{i+1} relu(t − k_i) − Σ s_i relu(t − k_i)` has no number that f has not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, LinearMap, PiecewiseLinear, Primitive, Scale, frozen
from spec_lang.obligations.model import Obligation


def with_relus(obligation: Obligation) -> Obligation:
    """The obligation itself where its graph has no other piecewise linear functions."""
    graph = obligation.graph
    if not any(_is_other(node) for node in graph.nodes):
        return obligation
    return replace(obligation, graph=_with_relus(graph))


def _is_other(node: Node) -> bool:
    return isinstance(node.primitive, PiecewiseLinear) and node.primitive != RELU


def _with_relus(graph: Graph) -> Graph:
    number = {value: value for value in range(len(graph.inputs))}
    nodes: list[Node] = []

    def add(primitive: Primitive, operands: tuple[int, ...], like: Node, *, glue: bool) -> int:
        nodes.append(Node(primitive, operands, like.tensor, glue, like.part))
        return len(graph.inputs) + len(nodes) - 1

    for old, node in enumerate(graph.nodes, start=len(graph.inputs)):
        operands = tuple(number[operand] for operand in node.operands)
        function, size = node.primitive, node.size
        if not isinstance(function, PiecewiseLinear) or function == RELU:
            number[old] = add(function, operands, node, glue=node.glue)
            continue
        parts: list[int] = []
        maps: list[LinearMap] = []
        for place, knot in enumerate(function.knots):
            past = Affine((_scale(1.0, size),), frozen(np.full(size, -knot)))
            # At a knot at 0 a gate may read the same z, and has its neuron's phase then.
            shifted = add(past, operands, node, glue=True) if knot else operands[0]
            if not place:
                parts.append(shifted)
                maps.append(_scale(function.slopes[0], size))
            bent = add(RELU, (shifted,), node, glue=True)
            parts += [bent, bent]
            maps += [_scale(function.slopes[place + 1], size), _scale(-function.slopes[place], size)]
        total = Affine(tuple(maps), frozen(np.full(size, function.anchor)))
        number[old] = add(total, tuple(parts), node, glue=True)
    inputs: tuple[TensorSpec, ...] = graph.inputs
    return Graph(inputs, tuple(nodes), tuple(number[output] for output in graph.outputs))


def _scale(factor: float, size: int) -> Scale:
    return Scale(frozen(np.full(size, factor)))
