"""A graph, prepared for bounding: float64 copies of the weights and the structure of the passes.

In: a graph of primitives, and which function it denotes.  Out: a `Program`, immutable, shared by every pass
over it.  float32 and float64 weights are exact in float64, so nothing is rounded here; a graph that the
passes cannot take is refused with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.float32 import Rounding, roundings
from spec_lang.network.evaluate import smooth_values
from spec_lang.network.graph import Graph
from spec_lang.network.operators import Operator, operator_of
from spec_lang.network.primitives import RELU, Affine, Binary, PiecewiseLinear, Smooth
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

    def forward(self, values: dict[int, F64]) -> F64:
        """The plain float64 evaluation, batch first.  Not rigorous."""
        return np.maximum(values[self.operand], 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class SmoothStep:
    """It is never split, and has no slopes to choose."""

    value: int
    operand: int
    function: Smooth

    def forward(self, values: dict[int, F64]) -> F64:
        """The plain float64 evaluation, batch first.  Not rigorous."""
        return smooth_values(self.function, values[self.operand])


@dataclass(frozen=True, slots=True, eq=False)
class BinaryStep:
    """A gate or a product of two values; a gate is open where the ReLU that reads its z is."""

    value: int
    first: int
    second: int
    function: Binary

    @property
    def operands(self) -> tuple[int, int]:
        return self.first, self.second

    def forward(self, values: dict[int, F64]) -> F64:
        """The plain float64 evaluation, batch first; of a gate's two values where z is 0 the one of a dead
        neuron.  Not rigorous."""
        first, second = values[self.first], values[self.second]
        return np.where(first > 0, second, 0.0) if self.function is Binary.GATE else first * second


Step = AffineStep | ReluStep | SmoothStep | BinaryStep


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """The steps in topological order, and what every pass asks of them.

    `sizes[v]` is the length of value v; `input_slices` where each graph input sits in the flat input;
    `producer[v]` is the step that makes value v; `gamma` bounds the relative error of any sum that a
    pass accumulates (Higham's γ_k with k above every inner dimension and the number of steps).
    `rounding[v]` says how far the network's own arithmetic may carry affine value v from what the step
    says; it is empty where the network computes in reals.  `bent` are the values that enter a smooth step or
    a product: of those both bounds are wanted, wherever they lie.  `gates` are the gates, by the value that
    enters them second.  `deltas` are the differences of two ReLUs, by value.
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
    gates: dict[int, BinaryStep]
    deltas: dict[int, Delta]

    @property
    def input_size(self) -> int:
        return self.input_slices[-1].stop if self.input_slices else 0

    def reaches_relus(self, values: Iterable[int]) -> bool:
        """Whether rows over these values pass a ReLU on their way to the inputs, or gates alone."""
        reached = set(values)
        for step in reversed(self.steps):
            if step.value not in reached:
                continue
            if isinstance(step, ReluStep):
                return True
            if isinstance(step, BinaryStep):
                reached.update(step.operands[1:] if step.function is Binary.GATE else step.operands)
            else:
                reached.update(step.operands if isinstance(step, AffineStep) else (step.operand,))
        return False

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
        if isinstance(primitive, Binary) and semantics is not Semantics.REAL:
            return f"{node.tensor.name}: how a gradient is rounded is not known"
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
        elif isinstance(node.primitive, Binary):
            first, second = node.operands
            steps.append(BinaryStep(number, first, second, node.primitive))
        else:
            steps.append(ReluStep(number, node.operands[0]))
    # One sum has at most `inner` terms per operand; the constant term of a pass gathers two more a
    # step.  The 32 covers the few products around each sum (slopes, concretisation, the 1 % slack).
    inner = max([1, *sizes])
    operands = max([1, *(len(s.operands) for s in steps if isinstance(s, AffineStep))])
    k = inner * operands + 2 * len(steps) + 32
    gamma = 1.01 * k * UNIT_ROUNDOFF / (1 - k * UNIT_ROUNDOFF)
    consumers = [0] * len(sizes)
    # Rows may read outputs and inputs, too; no rows pass a gate to what enters it first.
    for read in (*range(len(graph.inputs)), *graph.outputs, *_read(graph)):
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
        _bent(steps),
        {s.second: s for s in reversed(steps) if isinstance(s, BinaryStep) and s.function is Binary.GATE},
        # Under float32 the sums that make them are rounded.
        {pair.value: pair for pair in deltas(graph)} if semantics is Semantics.REAL else {},
    )


def _read(graph: Graph) -> Iterator[int]:
    for node in graph.nodes:
        yield from node.operands[1:] if node.primitive is Binary.GATE else node.operands


def _bent(steps: list[Step]) -> frozenset[int]:
    smooth = (step.operand for step in steps if isinstance(step, SmoothStep))
    products = (s.operands for s in steps if isinstance(s, BinaryStep) and s.function is Binary.PRODUCT)
    return frozenset((*smooth, *(value for pair in products for value in pair)))


def _affine(value: int, operands: tuple[int, ...], primitive: Affine) -> AffineStep:
    maps = tuple(operator_of(linear) for linear in primitive.maps)
    bias = np.asarray(primitive.bias, dtype=np.float64)
    return AffineStep(value, operands, maps, tuple(m.magnitude() for m in maps), bias, abs(bias))
