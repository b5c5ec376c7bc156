"""A graph, prepared for the checks of proofs: float64 copies of its weights, and who reads what.

In: a graph of affine, ReLU and smooth nodes, gates and products.  Out: a `Network`, or `Unchecked` for what
no proof can be checked of.  float32 and float64 weights are exact in float64, so nothing is rounded here.
"""

from __future__ import annotations

from dataclasses import field
from fractions import Fraction
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.maps import Map, map_of
from spec_lang.network.graph import Graph, Node
from spec_lang.network.primitives import RELU, Affine, Binary, Smooth, most_terms, numbers_of
from spec_lang.network.transform.difference import Delta, deltas
from spec_lang.obligations.model import Semantics

F64 = NDArray[np.float64]


class Unchecked(Exception):
    """Why the kernel cannot check a proof."""


@dataclass(frozen=True, slots=True, eq=False)
class AffineStep:
    """`value = Σ maps[k](operands[k]) + bias`.

    `terms` bounds how many products one element sums; what is `exact` is so under every semantics.
    """

    value: int
    operands: tuple[int, ...]
    maps: tuple[Map, ...]
    bias: F64
    terms: int
    exact: bool


@dataclass(frozen=True, slots=True, eq=False)
class ReluStep:
    """`value = max(operand, 0)`; its neurons are numbered from `first`."""

    value: int
    operand: int
    first: int


@dataclass(frozen=True, slots=True, eq=False)
class SmoothStep:
    """`value = function(operand)`; it has no phases, and certificates do not count its elements."""

    value: int
    operand: int
    function: Smooth


@dataclass(frozen=True, slots=True, eq=False)
class BinaryStep:
    """`value = function(first, second)`; certificates do not count its elements.

    Where ReLUs read a gate's z as well, `neurons` is the number of the first of them, whose phases are the
    gate's; elsewhere it is None.
    """

    value: int
    first: int
    second: int
    function: Binary
    neurons: int | None

    @property
    def operands(self) -> tuple[int, int]:
        return self.first, self.second


Step = AffineStep | ReluStep | SmoothStep | BinaryStep


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """`inputs` are where each graph input sits in the flat input; `readers` counts the steps and outputs
    that read a value; `producer` has the affine step behind a value, where there is one; `bent` are the
    values that enter a smooth step or a product, of which both bounds are wanted everywhere; `deltas` are the
    differences of two ReLUs, by value."""

    sizes: tuple[int, ...]
    inputs: tuple[slice, ...]
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    readers: tuple[int, ...]
    producer: dict[int, AffineStep]
    neurons: int
    bent: frozenset[int] = frozenset()
    deltas: dict[int, Delta] = field(default_factory=dict)

    @property
    def input_size(self) -> int:
        return self.inputs[-1].stop if self.inputs else 0

    def sum_of(self, y: int) -> Delta | None:
        """The pair of ReLUs of which the second reads value `y`."""
        return next((delta for delta in self.deltas.values() if delta.y == y), None)

    def pair_of(self, base: int) -> Delta | None:
        """The pair of ReLUs of which the first is value `base`."""
        return next((delta for delta in self.deltas.values() if delta.base == base), None)

    def first_of(self, value: int) -> int:
        """The number of the first neuron of a ReLU, or 0 for any other value."""
        step = self.steps[value - len(self.inputs)]
        return step.first if isinstance(step, ReluStep) else 0

    @property
    def compared(self) -> frozenset[int]:
        """The values x and δ of the differences of two ReLUs."""
        return frozenset(value for pair in self.deltas.values() for value in (pair.x, pair.delta))

    @property
    def multiplications(self) -> int:
        """Products that one backward substitution of one row makes, roughly."""
        return sum(linear.products for step in self.producer.values() for linear in step.maps)

    @property
    def longest_sum(self) -> int:
        """A bound on how many numbers are added up at once, in either direction.

        Backwards, what reaches one element of a value comes from as many elements of a reader at most.
        """
        forwards = [step.terms + 1 for step in self.producer.values()]
        return max([1, self.input_size, *self.sizes, *forwards]) + max([0, *self.readers])


def float32_error(terms: int) -> tuple[Fraction, Fraction]:
    """γ and ε: a float32 sum of so many products and a bias errs by at most γ (Σ|w||x| + |b|) + ε.

    In any order, with or without fused operations: γ = k·u/(1 − k·u) with k = terms + 4 and u = 2^-24; each
    of the 2·terms + 1 operations may besides flush a result below 2^-126 to zero, which later roundings
    magnify by at most 1 + γ.  Raises `Unchecked`.
    """
    k = Fraction(terms + 4, 2**24)
    if k >= 1:
        raise Unchecked("a sum is too long for its float32 error to be bounded")
    gamma = k / (1 - k)
    return gamma, (1 + gamma) * (2 * terms + 1) * Fraction(1, 2**126)


def compiled(graph: Graph, semantics: Semantics = Semantics.REAL) -> Network:
    """Raises `Unchecked` for a piecewise linear function other than ReLU, for weights that are not finite,
    and under float32 for those that are not float32, for smooth functions of a network, and for gradients."""
    sizes = [spec.size for spec in graph.inputs] + [node.size for node in graph.nodes]
    ends = list(accumulate(sizes[: len(graph.inputs)], initial=0))
    readers = [0] * len(sizes)
    for value in (*graph.outputs, *(o for node in graph.nodes for o in node.operands)):
        readers[value] += 1
    steps: list[Step] = []
    count = 0
    for value, node in enumerate(graph.nodes, start=len(graph.inputs)):
        if isinstance(node.primitive, Affine):
            step = _affine(value, node, node.primitive)
            if semantics is Semantics.FLOAT32 and not node.glue and not _is_float32(node.primitive):
                raise Unchecked(f"{node.tensor.name}: its weights are not float32")
            steps.append(step)
            continue
        if isinstance(node.primitive, Smooth):
            if semantics is Semantics.FLOAT32 and not (node.glue and node.primitive is Smooth.SQUARE):
                raise Unchecked(f"{node.tensor.name}: how it is rounded is not known")
            steps.append(SmoothStep(value, node.operands[0], node.primitive))
            continue
        if isinstance(node.primitive, Binary):
            if semantics is Semantics.FLOAT32:
                raise Unchecked(f"{node.tensor.name}: how a gradient is rounded is not known")
            z, g = node.operands
            neurons = _neurons_at(steps, z)
            steps.append(BinaryStep(value, z, g, node.primitive, neurons))
            continue
        if node.primitive != RELU:
            raise Unchecked(f"{node.tensor.name}: only ReLU is checked among piecewise linear functions")
        steps.append(ReluStep(value, node.operands[0], count))
        count += node.size
    return Network(
        tuple(sizes),
        tuple(slice(a, b) for a, b in pairwise(ends)),
        tuple(steps),
        graph.outputs,
        tuple(readers),
        {step.value: step for step in steps if isinstance(step, AffineStep)},
        count,
        _bent(steps),
        _pairs(graph, semantics),
    )


def _neurons_at(steps: list[Step], operand: int) -> int | None:
    """The number of the first neuron of the ReLU that reads `operand`."""
    return next((s.first for s in steps if isinstance(s, ReluStep) and s.operand == operand), None)


def _bent(steps: list[Step]) -> frozenset[int]:
    smooth = (step.operand for step in steps if isinstance(step, SmoothStep))
    products = (s.operands for s in steps if isinstance(s, BinaryStep) and s.function is Binary.PRODUCT)
    return frozenset((*smooth, *(value for pair in products for value in pair)))


def _pairs(graph: Graph, semantics: Semantics) -> dict[int, Delta]:
    """The differences of two ReLUs; none under float32, where the sums that make them are rounded."""
    return {pair.value: pair for pair in deltas(graph)} if semantics is Semantics.REAL else {}


def _is_float32(primitive: Affine) -> bool:
    arrays = (*map(numbers_of, primitive.maps), primitive.bias)
    return all(array.dtype == np.float32 for array in arrays)


def _affine(value: int, node: Node, primitive: Affine) -> AffineStep:
    maps = tuple(map_of(m, np.asarray(numbers_of(m), dtype=np.float64)) for m in primitive.maps)
    bias = np.asarray(primitive.bias, dtype=np.float64)
    if not all(np.isfinite(array).all() for array in (*(m.numbers for m in maps), bias)):
        raise Unchecked(f"{node.tensor.name}: a weight is not finite")
    return AffineStep(value, node.operands, maps, bias, sum(map(most_terms, primitive.maps)), exact=node.glue)
