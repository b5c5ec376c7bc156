"""A network where the values of some neurons are known to lie between limits, and cannot leave them.

In: a graph and, for values that ReLUs make, limits of their elements.  Out: a graph in which these values
are cut at the limits, `u − relu(u − r)` and `l + relu(r − l)`; the two compute the same wherever the values
lie between the limits.  Nothing else is numbered or named differently to who asks by output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Primitive, Scale, frozen

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """`lower <= r <= upper`, element by element; −∞ and ∞ where nothing is known."""

    lower: F64
    upper: F64

    @classmethod
    def none(cls, size: int) -> Limits:
        return cls(np.full(size, -np.inf), np.full(size, np.inf))


def with_limits(graph: Graph, limits: Mapping[int, Limits]) -> Graph:
    """Sound because each value that is cut is the original's where its own limits hold, given that those
    before it do."""
    nodes: list[Node] = []
    numbers = list(range(len(graph.inputs)))

    def add(node: Node) -> int:
        nodes.append(node)
        return len(graph.inputs) + len(nodes) - 1

    for number, node in enumerate(graph.nodes, start=len(graph.inputs)):
        known = limits.get(number)
        if known is not None and known.lower.shape != (node.size,):
            raise InternalError("limits are those of a value's elements")
        place = add(replace(node, operands=tuple(numbers[operand] for operand in node.operands)))
        for ends, sign in () if known is None else ((known.upper, -1.0), (known.lower, 1.0)):
            if np.isfinite(ends).any():
                place = _cut(add, node, place, (ends, sign))
        numbers.append(place)
    return Graph(
        graph.inputs,
        tuple(nodes),
        tuple(numbers[output] for output in graph.outputs),
        tuple((name, numbers[value]) for name, value in graph.tensors),
        graph.precision,
    )


def _cut(add: Callable[[Node], int], node: Node, value: int, limit: tuple[F64, float]) -> int:
    """`value` no lower than its ends with sign 1, no higher with −1: `end + sign·relu(sign·(r − end))`."""
    ends, sign = limit
    chosen = np.isfinite(ends)
    at, picked = np.where(chosen, ends, 0.0), chosen.astype(np.float64)
    word = "above" if sign > 0 else "below"

    def glue(name: str, primitive: Primitive, operands: tuple[int, ...]) -> int:
        spec = TensorSpec(f"{node.tensor.name}/{word}/{name}", node.tensor.shape)
        return add(replace(node, primitive=primitive, operands=operands, tensor=spec, glue=True))

    rest, part = Scale(frozen(1.0 - picked)), Scale(frozen(sign * picked))
    beyond = glue("beyond", Affine((part,), frozen(-sign * at)), (value,))
    kinks = glue("kinks", RELU, (beyond,))
    return glue("cut", Affine((rest, part), frozen(at)), (value, kinks))
