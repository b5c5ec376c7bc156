"""The gradient of one output of a network, as values of a larger graph.

In: a graph, and the number of one of its flat outputs.  Out: the same graph with the backward pass appended,
value by value the derivative of the output with respect to it.  Exact: every map is the transpose of one of
the network's own; where a ReLU has its kink, a gate has both slopes, and neurons choose one by one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

import numpy as np

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.network.graph import OF_CLAIM, Graph, Node, TensorSpec
from spec_lang.network.primitives import (
    RELU,
    Affine,
    Binary,
    Convolution,
    Dense,
    Entries,
    Floats,
    LinearMap,
    PiecewiseLinear,
    Scale,
    Smooth,
    frozen,
)

Term = tuple[LinearMap, int]  # a map, and the value that it is applied to


@dataclass(frozen=True, slots=True)
class Gradient:
    """`graph` has the values of the graph that it was made of under the same numbers, and after them the
    derivatives; `by_input` are those with respect to each input."""

    graph: Graph
    by_input: tuple[int, ...]


def with_gradient(graph: Graph, output: int) -> Gradient:
    """`graph` with the gradient of its flat output number `output`; its outputs stay as they are."""
    value, place = located(graph, output)
    unit = np.zeros(graph.value(value).size)
    unit[place] = 1.0
    backward = Backward(graph, f"d{output}")
    backward.start(value, backward.constant(value, unit))
    return backward.finished()


def with_cotangent(graph: Graph, value: int, cotangent: int) -> Gradient:
    """`graph` with the gradient of `Σ cotangent_i · value_i`, whose weights, a value of the graph that may
    depend on the inputs itself, are held fast."""
    backward = Backward(graph, f"c{cotangent}")
    backward.start(value, cotangent)
    return backward.finished()


def transposed(linear: LinearMap) -> LinearMap:
    """The transpose of a map: exact."""
    match linear:
        case Dense(weight=weight):
            return Dense(frozen(weight.T))
        case Scale():
            return linear
        case Entries(shape=(out, width), row=row, column=column, value=value):
            order = np.lexsort((row, column))
            return Entries((width, out), column[order], row[order], frozen(value[order]))
        case Convolution(adjoint=adjoint):
            return replace(linear, adjoint=not adjoint)
        case _ as unreachable:
            assert_never(unreachable)


class Backward:
    """The walk from the output to the inputs; `pending` has what is known of the derivative of a value.

    New nodes read values of `graph` where `at` says they are.
    """

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph, self.name = graph, name
        self.nodes = list(graph.nodes)
        self.pending: dict[int, list[Term]] = {}

    def start(self, value: int, cotangent: int) -> None:
        self.add(value, (identity(self.graph.value(value).size), cotangent))

    def finished(self) -> Gradient:
        first = len(self.graph.inputs)
        for value in range(first + len(self.graph.nodes) - 1, first - 1, -1):
            if value in self.pending:
                self._pass(self.graph.nodes[value - first], value, self._settled(value))
        by_input = tuple(
            self._settled(number) if number in self.pending else self.constant(number, np.zeros(spec.size))
            for number, spec in enumerate(self.graph.inputs)
        )
        return Gradient(self.extended(), by_input)

    def at(self, value: int) -> int:
        """The number in the new graph of a value of the old one."""
        return value

    def extended(self) -> Graph:
        return replace(self.graph, nodes=tuple(self.nodes))

    def passed(self, node: Node, operand: int, linear: LinearMap, g: int) -> None:
        """The derivative `g` with respect to an affine node, for an operand that it maps by `linear`."""
        del node
        self.add(operand, (transposed(linear), g))

    def _pass(self, node: Node, value: int, g: int) -> None:
        """What the derivative `g` with respect to `value` is with respect to the operands of its node."""
        match node.primitive:
            case Affine(maps=maps):
                for linear, operand in zip(maps, node.operands, strict=True):
                    self.passed(node, operand, linear, g)
            case PiecewiseLinear() as function:
                self._piecewise(function, node.operands[0], g)
            case Smooth() as function:
                slope = self._slope(function, value, node.operands[0])
                product = self._new(value, Binary.PRODUCT, (slope, g))
                self.add(node.operands[0], (identity(node.size), product))
            case Binary():
                raise InternalError("the gradient of a gradient")
            case _ as unreachable:
                assert_never(unreachable)

    def _piecewise(self, function: PiecewiseLinear, operand: int, g: int) -> None:
        """The slope is the first one, and changes at every knot that lies below."""
        size = self.graph.value(operand).size
        if function.slopes[0]:
            self.add(operand, (_factor(size, function.slopes[0]), g))
        for knot, before, after in zip(function.knots, function.slopes, function.slopes[1:], strict=False):
            z = self.at(operand)
            if function != RELU and knot:
                shift = Affine((identity(size),), frozen(np.full(size, -knot)))
                z = self._new(operand, shift, (z,))
            gate = self._new(operand, Binary.GATE, (z, g))
            for slope in (after, -before):
                if slope:
                    self.add(operand, (_factor(size, slope), gate))

    def _slope(self, function: Smooth, value: int, operand: int) -> int:
        """σ' = σ − σ², tanh' = 1 − tanh², softplus' = σ, and 2z for the square of z."""
        size = self.graph.value(value).size
        if function is Smooth.SQUARE:
            return self._affine(operand, ((_factor(size, 2.0), self.at(operand)),))
        if function is Smooth.SOFTPLUS:
            return self._new(value, Smooth.SIGMOID, (self.at(operand),))
        if function is Smooth.SPREAD:
            raise InternalError("the gradient of what has no single value")
        square = self._new(value, Smooth.SQUARE, (self.at(value),))
        terms: tuple[Term, ...] = ((_factor(size, -1.0), square),)
        if function is Smooth.SIGMOID:
            return self._affine(value, ((identity(size), self.at(value)), *terms))
        return self._affine(value, terms, np.ones(size))

    def add(self, value: int, term: Term) -> None:
        self.pending.setdefault(value, []).append(term)

    def _settled(self, value: int) -> int:
        """The derivative with respect to a value all of whose readers have been passed."""
        terms = self.pending[value]
        if len(terms) == 1 and _is_identity(terms[0][0]):
            return terms[0][1]
        return self._affine(value, tuple(terms))

    def _affine(self, about: int, terms: tuple[Term, ...], bias: Floats | None = None) -> int:
        size = terms[0][0].sizes[1]
        constant = frozen(np.zeros(size) if bias is None else bias)
        return self._new(about, Affine(tuple(m for m, _ in terms), constant), tuple(v for _, v in terms))

    def constant(self, about: int, numbers: Floats) -> int:
        """A value that is the same everywhere."""
        return self._affine(about, ((nothing(len(numbers), self.graph.inputs[0].size), 0),), numbers)

    def _new(self, about: int, primitive: Affine | Smooth | Binary, operands: tuple[int, ...]) -> int:
        spec = self.graph.value(about)
        tensor = TensorSpec(f"{spec.name}/{self.name}", spec.shape)
        self.nodes.append(Node(primitive, operands, tensor, glue=True, part=OF_CLAIM))
        return len(self.graph.inputs) + len(self.nodes) - 1


def located(graph: Graph, output: int) -> tuple[int, int]:
    """The value that a flat output is an element of, and which."""
    for value in graph.outputs:
        size = graph.value(value).size
        if output < size:
            return value, output
        output -= size
    raise InternalError("there is no such output")


def identity(size: int) -> LinearMap:
    return _factor(size, 1.0)


def nothing(size: int, width: int) -> LinearMap:
    """The map that gives 0."""
    none = np.zeros(0, dtype=np.intp)
    return Entries((size, width), none, none, frozen(np.zeros(0)))


def _factor(size: int, number: float) -> LinearMap:
    return Scale(frozen(np.full(size, number)))


def _is_identity(linear: LinearMap) -> bool:
    return isinstance(linear, Scale) and bool((linear.factor == 1).all())
