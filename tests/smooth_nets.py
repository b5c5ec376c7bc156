"""Random small graphs with smooth nodes, and their meaning in decimals of 60 digits: the oracle of laws.

The evaluation here is deliberately naive and shares no code with the project's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Final

import numpy as np
from hypothesis import strategies as st

from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import (
    RELU,
    Affine,
    Convolution,
    Dense,
    LinearMap,
    PiecewiseLinear,
    Primitive,
    Scale,
    Smooth,
    frozen,
)
from tests.graphs import weights
from tests.maps import applied

DIGITS: Final = 60
ERROR: Final = Fraction(1, 10**50)  # of a value of a smooth function here, amply
FAR: Final = 140  # beyond it σ is within 10^-60 of its ends, and tanh more so

S_SHAPED: Final = (Smooth.SIGMOID, Smooth.TANH)
TRANSCENDENTAL: Final = (*S_SHAPED, Smooth.SOFTPLUS)
functions = st.sampled_from(TRANSCENDENTAL)
squares = st.just(Smooth.SQUARE)
ends = st.one_of(
    st.floats(-4, 4),
    st.floats(-1e3, 1e3),
    st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1e-310, -1e-310, 1e-17, -1e-17, 2.0**-30]),
    st.sampled_from([36.8, -36.8, 349.0, -351.0, 699.9, -699.9, 700.1, -700.1, 745.2, -746.0, 1e4, -1e5]),
    st.sampled_from([999999.0, -1e6, 1e7, -1e7, 1e300, -1e300]),
)


def smooth_value(function: Smooth, t: Fraction) -> Fraction:
    """The function at `t`, to within `ERROR`; a square is exact."""
    if function is Smooth.SQUARE:
        return t * t
    with localcontext(Context(prec=DIGITS)):
        if abs(t) > FAR:
            return max(t, Fraction(0)) if function is Smooth.SOFTPLUS else Fraction(function.ends[t > 0] or 0)
        near = Decimal(t.numerator) / Decimal(t.denominator)
        if function is Smooth.SOFTPLUS:
            return Fraction((-abs(near)).exp().__add__(1).ln() + max(near, Decimal(0)))
        if function is Smooth.SIGMOID:
            return Fraction(1 / (1 + (-near).exp()))
        e = (-2 * abs(near)).exp()
        return Fraction((1 - e) / (1 + e)) * (1 if t > 0 else -1)


def smooth_slope(function: Smooth, t: Fraction) -> Fraction:
    """The slope of a function but the square at `t`, to within 8 `ERROR`."""
    if function is Smooth.SOFTPLUS:
        return smooth_value(Smooth.SIGMOID, t)
    least, most = (end or 0 for end in function.ends)
    share = (smooth_value(function, t) - least) / (most - least)
    return (4 if function is Smooth.TANH else 1) * share * (1 - share)


def near_values(graph: Graph, point: Sequence[Fraction]) -> list[list[Fraction]]:
    """Every value of the graph at `point`, each smooth function off by at most `ERROR`."""
    values: list[list[Fraction]] = []
    column = 0
    for spec in graph.inputs:
        values.append(list(point[column : column + spec.size]))
        column += spec.size
    for node in graph.nodes:
        operands = [values[operand] for operand in node.operands]
        if isinstance(node.primitive, Smooth):
            function = node.primitive
            values.append([smooth_value(function, t) for t in operands[0]])
        elif isinstance(node.primitive, PiecewiseLinear):
            values.append([max(t, Fraction(0)) for t in operands[0]])
        else:
            assert isinstance(node.primitive, Affine)
            total = [Fraction(float(b)) for b in node.primitive.bias]
            for linear, operand in zip(node.primitive.maps, operands, strict=True):
                total = [t + s for t, s in zip(total, applied(linear, operand), strict=True)]
            values.append(total)
    return values


def off(graph: Graph) -> Fraction:
    """By how much `near_values` may be off: all sums' greatest factors multiplied; squares, which have no
    greatest slope, are of exact numbers."""
    if not graph.irrational:
        return Fraction(0)
    factor = Fraction(1)
    for node in graph.nodes:
        if isinstance(node.primitive, Affine):
            factor *= 1 + sum(
                sum(abs(Fraction(float(w))) for w in _numbers(linear).ravel())
                for linear in node.primitive.maps
            )
    return ERROR * factor * (1 + len(graph.nodes))


def _numbers(linear: LinearMap) -> np.ndarray:
    if isinstance(linear, Dense | Convolution):
        return linear.weight
    return linear.factor if isinstance(linear, Scale) else linear.value


@st.composite
def smooth_dags(draw: st.DrawFn, steps: int = 6, functions: st.SearchStrategy[Smooth] = functions) -> Graph:
    """Any graph of one width with at least one smooth node: sums, ReLUs and smooth functions of inputs and of
    each other, shared values, hidden outputs."""
    width = draw(st.integers(1, 3))
    nodes: list[Node] = []
    place = draw(st.integers(0, steps - 1))
    for step in range(draw(st.integers(place + 1, steps))):
        operand = st.integers(0, step)
        primitive: Primitive = RELU
        operands: tuple[int, ...] = (draw(operand),)
        kind = "smooth" if step == place else draw(st.sampled_from(["smooth", "relu", "sum", "sum"]))
        if kind == "smooth":
            primitive = draw(functions)
        elif kind == "sum":
            operands = tuple(draw(st.lists(operand, min_size=1, max_size=2)))
            scale = st.builds(Scale, weights((width,)))
            matrix = st.builds(Dense, weights((width, width)))
            maps = tuple(draw(st.one_of(scale, matrix)) for _ in operands)
            primitive = Affine(maps, draw(weights((width,))))
        nodes.append(Node(primitive, operands, TensorSpec(f"t{step}", (width,))))
    outputs = tuple(draw(st.lists(st.integers(0, len(nodes)), min_size=1, max_size=2)))
    return Graph((TensorSpec("x", (width,)),), tuple(nodes), outputs)


def random_net(sizes: Sequence[int], kinds: Sequence[Primitive], seed: int) -> Graph:
    """A dense network with these functions between its layers, in turn; the same for the same seed."""
    rng = np.random.default_rng(seed)
    nodes: list[Node] = []
    last = len(sizes) - 2
    for layer, (before, after) in enumerate(pairwise(sizes)):
        weight = (1.5 * rng.standard_normal((after, before)) / np.sqrt(before)).astype(np.float32)
        bias = (0.3 * rng.standard_normal(after)).astype(np.float32)
        affine = Affine((Dense(frozen(weight)),), frozen(bias))
        nodes.append(Node(affine, (len(nodes),), TensorSpec(f"z{layer}", (after,))))
        if layer < last:
            kind = kinds[layer % len(kinds)]
            nodes.append(Node(kind, (len(nodes),), TensorSpec(f"a{layer}", (after,))))
    return Graph((TensorSpec("x", (sizes[0],)),), tuple(nodes), (len(nodes),))
