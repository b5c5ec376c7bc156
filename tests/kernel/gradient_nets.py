"""Random networks with the gradient of an output, often at kinks, and what their values are there.

In: Hypothesis.  Out: graphs whose outputs are those of the network and the gradient, and all values at a
point for a choice of what gates do at 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Binary, Dense, Scale, Smooth, frozen
from spec_lang.network.transform.gradient import with_gradient
from tests.graphs import chains
from tests.kernel.nets import nets
from tests.maps import rows_of

Choice = Callable[[int, int], bool]  # whether a gate passes where its z, an element of a value, is 0


def always(_value: int, _place: int) -> bool:
    return True


def never(_value: int, _place: int) -> bool:
    return False


def some(value: int, place: int) -> bool:
    return (value + place) % 2 == 0


CHOICES: tuple[Choice, ...] = (always, never, some)


@st.composite
def gradient_graphs(draw: st.DrawFn) -> Graph:
    """Networks of ReLUs, their outputs, and the gradient of one."""
    graph = draw(st.one_of(chains(), nets(), kinked()))
    found = with_gradient(graph, draw(st.integers(0, graph.output_size - 1)))
    return found.graph.with_outputs((*graph.outputs, *found.by_input))


@st.composite
def kinked(draw: st.DrawFn) -> Graph:
    """Small whole weights: at the corners and in the middle of small boxes, ReLUs are at their kinks."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=3, max_size=4))
    number = st.sampled_from([-1.0, 0.0, 1.0, 0.5])
    nodes: list[Node] = []
    for value, (width, size) in enumerate(pairwise(sizes)):
        weight = draw(st.lists(number, min_size=width * size, max_size=width * size))
        bias = draw(st.lists(number, min_size=size, max_size=size))
        affine = Affine((Dense(frozen(np.array(weight).reshape(size, width))),), frozen(np.array(bias)))
        nodes.append(Node(affine, (2 * value,), TensorSpec(f"z{value}", (size,))))
        nodes.append(Node(RELU, (2 * value + 1,), TensorSpec(f"a{value}", (size,))))
    return Graph((TensorSpec("x", (sizes[0],)),), tuple(nodes[:-1]), (len(nodes) - 1,))


@st.composite
def product_graphs(draw: st.DrawFn) -> Graph:
    """Products of values of a network of ReLUs, and of a square's slope."""
    graph = draw(st.one_of(chains(), kinked()))
    output, first = graph.outputs[0], len(graph.inputs)
    size, value = graph.value(output).size, len(graph.inputs) + len(graph.nodes)
    half = Affine((Scale(frozen(np.full(size, 0.5))),), frozen(np.ones(size)))
    spec = TensorSpec("p", (size,))
    more = (
        Node(half, (output,), spec),
        Node(Binary.PRODUCT, (output, value), spec),
        Node(Smooth.SQUARE, (value + 1,), spec),
        Node(Binary.PRODUCT, (value + 2, value), spec),
    )
    assert first
    return replace(graph, nodes=(*graph.nodes, *more), outputs=(output, value + 1, value + 3))


def values_at(graph: Graph, point: Sequence[Fraction], choice: Choice) -> list[list[Fraction]]:
    """Every value of the graph, in fractions."""
    values: list[list[Fraction]] = []
    rest = list(point)
    for spec in graph.inputs:
        values.append(rest[: spec.size])
        rest = rest[spec.size :]
    for node in graph.nodes:
        operands = [values[operand] for operand in node.operands]
        match node.primitive:
            case Affine(maps=maps, bias=bias):
                total = [Fraction(float(b)) for b in bias]
                for linear, operand in zip(maps, operands, strict=True):
                    for place, row in enumerate(rows_of(linear)):
                        total[place] += sum(Fraction(w) * operand[column] for column, w in row.items())
                values.append(total)
            case Binary.PRODUCT:
                values.append([x * y for x, y in zip(*operands, strict=True)])
            case Binary.GATE:
                passes = [
                    z > 0 or (z == 0 and choice(node.operands[0], i)) for i, z in enumerate(operands[0])
                ]
                values.append([g if p else Fraction(0) for g, p in zip(operands[1], passes, strict=True)])
            case Smooth.SQUARE:
                values.append([x * x for x in operands[0]])
            case _:
                assert node.primitive == RELU
                values.append([max(x, Fraction(0)) for x in operands[0]])
    return values
