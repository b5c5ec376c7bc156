"""Random graphs of everything that a file may lower to: matrices, index maps, convolutions and their
transposes, shortcuts, and maxima and absolute values that are exact under every semantics.

In: a strategy for arrays of numbers.  Out: graphs whose values have at most a dozen elements.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
from hypothesis import strategies as st

from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import (
    RELU,
    Affine,
    Convolution,
    Dense,
    Entries,
    LinearMap,
    PiecewiseLinear,
    Scale,
    frozen,
)
from tests.graphs import weights
from tests.maps import index_map

Arrays = Callable[[tuple[int, ...]], st.SearchStrategy[np.ndarray]]
MOST = 12  # elements of a value


@st.composite
def nets(draw: st.DrawFn, arrays: Arrays = weights, steps: int = 5) -> Graph:
    """Any of them, with up to two outputs, hidden ones among them."""
    made = _Made(draw(st.lists(st.integers(1, 6), min_size=1, max_size=2)))
    for _ in range(draw(st.integers(1, steps))):
        value = draw(st.integers(0, len(made.sizes) - 1))
        layer = draw(st.sampled_from([_affine, _affine, _relu, _shortcut, _maximum, _absolute]))
        layer(draw, arrays, made, value)
    outputs = tuple(draw(st.lists(st.integers(0, len(made.sizes) - 1), min_size=1, max_size=2)))
    return Graph(made.inputs, tuple(made.nodes), outputs)


class _Made:
    """A graph so far."""

    def __init__(self, inputs: list[int]) -> None:
        self.inputs = tuple(TensorSpec(f"x{i}", (size,)) for i, size in enumerate(inputs))
        self.sizes = list(inputs)
        self.nodes: list[Node] = []

    def add(self, primitive: Affine | PiecewiseLinear, *operands: int, glue: bool = False) -> int:
        size = self.sizes[operands[0]] if isinstance(primitive, PiecewiseLinear) else len(primitive.bias)
        self.nodes.append(Node(primitive, operands, TensorSpec(f"t{len(self.nodes)}", (size,)), glue=glue))
        self.sizes.append(size)
        return len(self.sizes) - 1


def _affine(draw: st.DrawFn, arrays: Arrays, made: _Made, value: int) -> None:
    linear = draw(maps_from(made.sizes[value], arrays))
    made.add(Affine((linear,), draw(arrays((linear.sizes[1],)))), value)


def _relu(draw: st.DrawFn, _: Arrays, made: _Made, value: int) -> None:
    made.add(RELU, value, glue=draw(st.booleans()))


def _shortcut(draw: st.DrawFn, arrays: Arrays, made: _Made, value: int) -> None:
    """What a map makes of a value, and another value of that size, which may be the same."""
    linear = draw(maps_from(made.sizes[value], arrays))
    size = linear.sizes[1]
    others = [number for number, other in enumerate(made.sizes) if other == size]
    if others:
        scale = Scale(draw(arrays((size,))))
        made.add(Affine((linear, scale), draw(arrays((size,)))), value, draw(st.sampled_from(others)))


def _maximum(_: st.DrawFn, __: Arrays, made: _Made, value: int) -> None:
    """Of the two halves of a value: `a + relu(b − a)`."""
    half = made.sizes[value] // 2
    if not half:
        return
    size, zeros = made.sizes[value], frozen(np.zeros(half, dtype=np.float32))
    row = np.repeat(np.arange(half), 2)
    column = np.stack([np.arange(half), np.arange(half) + half], axis=1).ravel()
    signs = frozen(np.tile(np.array([-1, 1], dtype=np.float32), half))
    difference = made.add(Affine((Entries((half, size), row, column, signs),), zeros), value, glue=True)
    rest = made.add(RELU, difference, glue=True)
    first, ones = index_map(range(half), size), Scale(frozen(np.ones(half, dtype=np.float32)))
    made.add(Affine((first, ones), zeros), value, rest, glue=True)


def _absolute(_: st.DrawFn, __: Arrays, made: _Made, value: int) -> None:
    """`2 relu(x) − x`"""
    rest, size = made.add(RELU, value, glue=True), made.sizes[value]
    two, less = (Scale(frozen(np.full(size, factor, dtype=np.float32))) for factor in (2, -1))
    made.add(Affine((two, less), frozen(np.zeros(size, dtype=np.float32))), rest, value, glue=True)


@st.composite
def maps_from(draw: st.DrawFn, size: int, arrays: Arrays = weights) -> LinearMap:
    """A linear map that takes so many elements."""
    form = draw(st.sampled_from(["matrix", "scale", "entries", "convolution", "convolution"]))
    if form == "matrix":
        return Dense(draw(arrays((draw(st.integers(1, 4)), size))))
    if form == "scale":
        return Scale(draw(arrays((size,))))
    if form == "entries":
        out = draw(st.integers(1, 6))
        places = sorted(draw(st.sets(st.tuples(st.integers(0, out - 1), st.integers(0, size - 1)))))
        row, column = (np.array([place[k] for place in places], dtype=np.intp) for k in (0, 1))
        return Entries((out, size), row, column, draw(arrays((len(places),))))
    return draw(_convolutions(size, arrays))


@st.composite
def _convolutions(draw: st.DrawFn, size: int, arrays: Arrays) -> Convolution:
    channels, length = draw(st.sampled_from([(c, size // c) for c in range(1, size + 1) if size % c == 0]))
    sides = draw(
        st.sampled_from([(length,), *((a, length // a) for a in range(1, length + 1) if length % a == 0)])
    )
    groups = draw(st.sampled_from([g for g in (1, 2, 3) if channels % g == 0]))
    kernel, strides, dilations, pads = (
        tuple(draw(st.integers(low, high)) for _ in sides) for low, high in ((1, 3), (1, 2), (1, 2), (0, 2))
    )
    others = groups * draw(st.integers(1, 2))
    ends = tuple(draw(st.integers(1, 3)) for _ in sides)
    while others * prod(ends) > MOST and max(ends) > 1:
        ends = tuple(max(1, end - 1) for end in ends)
    adjoint = draw(st.booleans())
    shape = (channels, others // groups) if adjoint else (others, channels // groups)
    taken, given = (ends, sides) if adjoint else (sides, ends)
    weight = draw(arrays((*shape, *kernel)))
    return Convolution(weight, groups, taken, given, strides, dilations, pads, adjoint)
