"""Random small graphs with nasty numbers, and their meaning in fractions: the oracle of many laws.

The evaluation here is deliberately naive and shares no code with the project's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, LinearMap, PiecewiseLinear, Scale, frozen
from tests.maps import applied

NASTY = (0.0, -0.0, 1.0, -1.0, 0.1, -0.3, 0.5, 1e-3, 3e4, -7e5, 2.0**-149, 1e-310, 5e-324, 1.0 + 2.0**-52)


def weights(shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    """Arrays mostly of moderate numbers, now and then nasty ones; float32 or float64."""
    size = int(np.prod(shape))
    number = st.one_of(st.floats(-3, 3, width=32), st.floats(-3, 3, width=32), st.sampled_from(NASTY))
    dtype = st.sampled_from([np.float32, np.float64])
    return st.builds(
        lambda values, kind: frozen(np.array(values, dtype=np.float64).astype(kind).reshape(shape)),
        st.lists(number, min_size=size, max_size=size),
        dtype,
    )


@st.composite
def chains(
    draw: st.DrawFn, inputs: int | None = None, outputs: int | None = None, hidden: int = 2, width: int = 4
) -> Graph:
    """`affine relu affine relu … affine` with up to `hidden` ReLU layers."""
    sizes = [inputs or draw(st.integers(1, 3))]
    sizes += draw(st.lists(st.integers(1, width), min_size=0, max_size=hidden))
    sizes.append(outputs or draw(st.integers(1, 3)))
    nodes: list[Node] = []
    for layer, (size_in, size_out) in enumerate(pairwise(sizes)):
        affine = Affine((Dense(draw(weights((size_out, size_in)))),), draw(weights((size_out,))))
        nodes.append(Node(affine, (len(nodes),), TensorSpec(f"z{layer}", (size_out,))))
        if layer < len(sizes) - 2:
            nodes.append(Node(RELU, (len(nodes),), TensorSpec(f"a{layer}", (size_out,))))
    return Graph((TensorSpec("x", (sizes[0],)),), tuple(nodes), (len(nodes),))


@st.composite
def dags(draw: st.DrawFn, steps: int = 6) -> Graph:
    """Any graph of one width: residual sums, ReLUs of inputs and of ReLUs, scalings, shared values,
    hidden outputs."""
    width = draw(st.integers(1, 3))
    spec = TensorSpec("x", (width,))
    nodes: list[Node] = []
    for step in range(draw(st.integers(1, steps))):
        tensor = TensorSpec(f"t{step}", (width,))
        operand = st.integers(0, step)
        if draw(st.booleans()):
            nodes.append(Node(RELU, (draw(operand),), tensor))
            continue
        operands = tuple(draw(st.lists(operand, min_size=1, max_size=2)))
        maps: list[LinearMap] = []
        for _ in operands:
            if draw(st.booleans()):
                maps.append(Scale(draw(weights((width,)))))
            else:
                maps.append(Dense(draw(weights((width, width)))))
        nodes.append(Node(Affine(tuple(maps), draw(weights((width,)))), operands, tensor))
    outputs = tuple(draw(st.lists(st.integers(0, len(nodes)), min_size=1, max_size=2)))
    return Graph((spec,), tuple(nodes), outputs)


def random_chain(sizes: Sequence[int], seed: int) -> Graph:
    """A dense ReLU network with standard normal weights, the same for the same seed."""
    rng = np.random.default_rng(seed)
    nodes: list[Node] = []
    for layer, (size_in, size_out) in enumerate(pairwise(sizes)):
        weight = frozen(rng.standard_normal((size_out, size_in)))
        affine = Affine((Dense(weight),), frozen(rng.standard_normal(size_out)))
        nodes.append(Node(affine, (len(nodes),), TensorSpec(f"z{layer}", (size_out,))))
        if layer < len(sizes) - 2:
            nodes.append(Node(RELU, (len(nodes),), TensorSpec(f"a{layer}", (size_out,))))
    return Graph((TensorSpec("x", (sizes[0],)),), tuple(nodes), (len(nodes),))


def exact_values(graph: Graph, point: Sequence[Fraction]) -> list[list[Fraction]]:
    """Every value of the graph at `point`, in fractions."""
    values: list[list[Fraction]] = []
    column = 0
    for spec in graph.inputs:
        values.append(list(point[column : column + spec.size]))
        column += spec.size
    for node in graph.nodes:
        operands = [values[o] for o in node.operands]
        if isinstance(node.primitive, PiecewiseLinear):
            values.append([max(t, Fraction(0)) for t in operands[0]])
            continue
        assert isinstance(node.primitive, Affine), "smooth functions have no exact values"
        total = [Fraction(float(b)) for b in node.primitive.bias]
        for linear, operand in zip(node.primitive.maps, operands, strict=True):
            total = [t + s for t, s in zip(total, applied(linear, operand), strict=True)]
        values.append(total)
    return values


def exact_outputs(graph: Graph, point: Sequence[Fraction]) -> list[Fraction]:
    values = exact_values(graph, point)
    return [v for output in graph.outputs for v in values[output]]
