"""A graph, prepared for bounding: float64 copies of the weights and the structure of the passes.

In: a graph of primitives, and which function it denotes.  Out: a `Program`, immutable, shared by every pass
over it.  float32 and float64 weights are exact in float64, so nothing is rounded here; a graph that the
passes cannot take is refused with the reason.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.float32 import Rounding, roundings
from spec_lang.network.graph import Graph
from spec_lang.network.operators import Operator, operator_of
from spec_lang.network.primitives import RELU, Affine, PiecewiseLinear, Smooth
from spec_lang.network.transform.difference import Delta, deltas
from spec_lang.obligations.model import Semantics

F64 = NDArray[np.float64]
Indices = NDArray[np.intp]

UNIT_ROUNDOFF = 2.0**-53


@dataclass(frozen=True, slots=True, eq=False)
class AffineStep:
    """`value = Σ map_k(operand_k) + bias`."""

    value: int
    operands: tuple[int, ...]
    maps: tuple[Operator, ...]
    magnitudes: tuple[Operator, ...]  # of the maps' absolute values
    bias: F64
    bias_magnitude: F64

    def forward(self, values: dict[int, F64]) -> F64:
        """The plain float64 evaluation, batch first.  Not rigorous."""
        total = self.bias
        for operand, linear in zip(self.operands, self.maps, strict=True):
            total = total + linear.forward(values[operand])
        return total

    def magnitude(self, of: dict[int, F64]) -> F64:
        """`Σ |map_k|(of_k) + |bias|`, batch first: what the rounding error of this step scales with."""
        total: F64 = self.bias_magnitude
        for operand, linear in zip(self.operands, self.magnitudes, strict=True):
            total = total + linear.forward(of[operand])
        return total


@dataclass(frozen=True, slots=True, eq=False)
class ReluStep:
    value: int
    operand: int


@dataclass(frozen=True, slots=True, eq=False)
class SmoothStep:
    """It is never split, and has no slopes to choose."""

    value: int
    operand: int
    function: Smooth


Step = AffineStep | ReluStep | SmoothStep


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """The steps in topological order, and what every pass asks of them.

    `sizes[v]` is the length of value v; `input_slices` where each graph input sits in the flat input;
    `producer[v]` is the step that makes value v; `gamma` bounds the relative error of any sum that a
    pass accumulates (Higham's γ_k with k above every inner dimension and the number of steps).
    `rounding[v]` says how far the network's own arithmetic may carry affine value v from what the step
    says; it is empty where the network computes in reals.  `bent` are the values that enter a smooth step: of
    those both bounds are wanted, wherever they lie.  `deltas` are the differences of two ReLUs, by value.
    """

    sizes: tuple[int, ...]
    input_slices: tuple[slice, ...]
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    producer: dict[int, Step]
    consumers: tuple[int, ...]  # by value: how many steps, and rows, may read it
    gamma: float
    rounding: dict[int, Rounding]
    bent: frozenset[int]
    deltas: dict[int, Delta]

    @property
    def input_size(self) -> int:
        return self.input_slices[-1].stop if self.input_slices else 0

    def delta_of(self, y: int) -> Delta | None:
        """The pair whose second ReLU reads value `y`."""
        return next((delta for delta in self.deltas.values() if delta.y == y), None)

    def delta_from(self, value: int) -> Delta | None:
        """The pair whose δ is `value`."""
        return next((delta for delta in self.deltas.values() if delta.delta == value), None)

    def split_inputs(self, points: F64) -> dict[int, F64]:
        """The graph's input values as columns of the flat `points` (batch, in)."""
        return {number: points[:, where] for number, where in enumerate(self.input_slices)}


def unsupported(graph: Graph, semantics: Semantics = Semantics.REAL) -> str | None:
    """Why the passes cannot take this graph, or None."""
    for node in graph.nodes:
        primitive = node.primitive
        exact = node.glue and primitive is Smooth.SQUARE
        if isinstance(primitive, Smooth) and not exact and semantics is not Semantics.REAL:
            return f"{node.tensor.name}: how a {primitive.value} is rounded is not known"
        if isinstance(primitive, PiecewiseLinear) and primitive != RELU:
            return f"{node.tensor.name}: only ReLU is bounded among piecewise-linear functions"
    return None


def compile_graph(graph: Graph, semantics: Semantics = Semantics.REAL) -> Program:
    """The program of a graph that `unsupported` accepts."""
    sizes = [spec.size for spec in graph.inputs] + [node.size for node in graph.nodes]
    ends = np.cumsum([0, *sizes[: len(graph.inputs)]])
    slices = tuple(slice(int(a), int(b)) for a, b in pairwise(ends))
    steps: list[Step] = []
    for number, node in enumerate(graph.nodes, start=len(graph.inputs)):
        if isinstance(node.primitive, Affine):
            steps.append(_affine(number, node.operands, node.primitive))
        elif isinstance(node.primitive, Smooth):
            steps.append(SmoothStep(number, node.operands[0], node.primitive))
        else:
            steps.append(ReluStep(number, node.operands[0]))
    # One sum has at most `inner` terms per operand; the constant term of a pass gathers two more a
    # step.  The 32 covers the few products around each sum (slopes, concretisation, the 1 % slack).
    inner = max([1, *sizes])
    operands = max([1, *(len(s.operands) for s in steps if isinstance(s, AffineStep))])
    k = inner * operands + 2 * len(steps) + 32
    gamma = 1.01 * k * UNIT_ROUNDOFF / (1 - k * UNIT_ROUNDOFF)
    consumers = [0] * len(sizes)
    # Rows may read outputs and inputs, too.
    for read in (
        *range(len(graph.inputs)),
        *graph.outputs,
        *(o for node in graph.nodes for o in node.operands),
    ):
        consumers[read] += 1
    producer = {step.value: step for step in steps}
    return Program(
        tuple(sizes),
        slices,
        tuple(steps),
        graph.outputs,
        producer,
        tuple(consumers),
        gamma,
        roundings(graph, semantics),
        frozenset(step.operand for step in steps if isinstance(step, SmoothStep)),
        # Under float32 the sums that make them are rounded.
        {pair.value: pair for pair in deltas(graph)} if semantics is Semantics.REAL else {},
    )


def _affine(value: int, operands: tuple[int, ...], primitive: Affine) -> AffineStep:
    maps = tuple(operator_of(linear) for linear in primitive.maps)
    bias = np.asarray(primitive.bias, dtype=np.float64)
    return AffineStep(value, operands, maps, tuple(m.magnitude() for m in maps), bias, abs(bias))
