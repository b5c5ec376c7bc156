"""Networks whose weights are near those of one network, as one graph, and the gradients of their outputs.

In: a graph, and by what share of it every weight and bias may change.  Out: a graph of which every value may
be that of any such network: an over-approximation, since what a layer's sum gains is bounded for each of its
elements alone, and the same weights may change otherwise on the way back.  A sum `Σ w_j·a_j + b` gains at
most `share·(Σ |w_j||a_j| + |b|)` either way, which a spread says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

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
    Floats,
    LinearMap,
    Primitive,
    Scale,
    Smooth,
    frozen,
    numbers_of,
    with_numbers,
)
from spec_lang.network.transform.gradient import (
    Backward,
    Gradient,
    Term,
    identity,
    located,
    nothing,
    transposed,
)


@dataclass(frozen=True, slots=True, eq=False)
class Perturbed:
    """`graph` has the original's inputs and outputs; `numbers` are the values there of the original's."""

    original: Graph
    graph: Graph
    numbers: tuple[int, ...]
    share: Fraction

    def with_gradient(self, graph: Graph, output: int) -> Gradient:
        """`graph`, which is this one with something appended or not, with the gradient of the flat output
        number `output` of any of the networks."""
        value, place = located(self.original, output)
        unit = np.zeros(self.original.value(value).size)
        unit[place] = 1.0
        backward = _PerturbedBackward(self, graph, f"d{output}")
        backward.start(value, backward.constant(value, unit))
        return backward.finished()

    def with_cotangent(self, graph: Graph, value: int, cotangent: int) -> Gradient:
        """As `gradient.with_cotangent`, of any of the networks; `value` is one of the original's."""
        backward = _PerturbedBackward(self, graph, f"c{cotangent}")
        backward.start(value, cotangent)
        return backward.finished()


def perturbed(graph: Graph, share: Fraction) -> Perturbed:
    """The networks whose every weight and bias is off by at most `share` of it; what moves, selects, adds or
    subtracts numbers element by element has no weights."""
    forward = _Forward(graph, share)
    for node in graph.nodes:
        forward.add(node)
    outputs = tuple(forward.numbers[output] for output in graph.outputs)
    tensors = tuple((name, forward.numbers[value]) for name, value in graph.tensors)
    made = Graph(graph.inputs, tuple(forward.nodes), outputs, tensors, graph.precision)
    return Perturbed(graph, made, tuple(forward.numbers), share)


class _Noise:
    """Nodes that say what sums may gain."""

    def __init__(self, share: Fraction, inputs: Sequence[TensorSpec], nodes: list[Node]) -> None:
        self.share, self.inputs, self.nodes = share, inputs, nodes

    def new(self, spec: TensorSpec, primitive: Primitive, operands: tuple[int, ...], part: int) -> int:
        self.nodes.append(Node(primitive, operands, spec, glue=True, part=part))
        return len(self.inputs) + len(self.nodes) - 1

    def of(self, about: tuple[TensorSpec, int], terms: Sequence[Term], bias: Floats | None) -> int | None:
        """What `Σ map(value) + bias` gains; None where none of it has weights."""
        spec, part = about
        weighty = [(linear, value) for linear, value in terms if _has_weights(linear)]
        constant = None if bias is None or not bias.any() else bias
        if not self.share or (not weighty and constant is None):
            return None
        maps = [with_numbers(m, _share_of(numbers_of(m), self.share)) for m, _ in weighty]
        operands = [self.absolute(value, part) for _, value in weighty]
        offset = np.zeros(spec.size) if constant is None else _share_of(constant, self.share)
        if not maps:
            maps, operands = [nothing(spec.size, self.inputs[0].size)], [0]
        name = TensorSpec(f"{spec.name}/reach", spec.shape)
        reach = self.new(name, Affine(tuple(maps), frozen(offset)), tuple(operands), part)
        return self.new(TensorSpec(f"{spec.name}/drift", spec.shape), Smooth.SPREAD, (reach,), part)

    def absolute(self, value: int, part: int) -> int:
        """|value|: the value itself where it cannot be negative."""
        place = value - len(self.inputs)
        if place >= 0 and self.nodes[place].primitive in (
            RELU,
            Smooth.SIGMOID,
            Smooth.SQUARE,
            Smooth.SOFTPLUS,
        ):
            return value
        spec = self.inputs[value] if place < 0 else self.nodes[place].tensor
        one, other = identity(spec.size), Scale(frozen(np.full(spec.size, -1.0)))
        zero = frozen(np.zeros(spec.size))
        negated = self.new(
            TensorSpec(f"{spec.name}/minus", spec.shape), Affine((other,), zero), (value,), part
        )
        sides = [
            self.new(TensorSpec(f"{spec.name}/side", spec.shape), RELU, (side,), part)
            for side in (value, negated)
        ]
        name = TensorSpec(f"{spec.name}/size", spec.shape)
        return self.new(name, Affine((one, one), zero), tuple(sides), part)


class _Forward:
    """The network's own nodes, one after the other; `numbers` are their values in the new graph."""

    def __init__(self, graph: Graph, share: Fraction) -> None:
        self.nodes: list[Node] = []
        self.noise = _Noise(share, graph.inputs, self.nodes)
        self.numbers = list(range(len(graph.inputs)))

    def add(self, node: Node) -> None:
        operands = tuple(self.numbers[operand] for operand in node.operands)
        self.nodes.append(replace(node, operands=operands))
        value = len(self.noise.inputs) + len(self.nodes) - 1
        if isinstance(node.primitive, Binary):
            raise InternalError("the weights of a gradient")
        if isinstance(node.primitive, Affine) and not node.glue:
            terms = list(zip(node.primitive.maps, operands, strict=True))
            drift = self.noise.of((node.tensor, node.part), terms, node.primitive.bias)
            if drift is not None:
                one = identity(node.size)
                both = Affine((one, one), frozen(np.zeros(node.size)))
                spec = TensorSpec(f"{node.tensor.name}/near", node.tensor.shape)
                value = self.noise.new(spec, both, (value, drift), node.part)
        self.numbers.append(value)


class _PerturbedBackward(Backward):
    """The walk back through a network, over the values of the perturbed one."""

    def __init__(self, made: Perturbed, graph: Graph, name: str) -> None:
        super().__init__(made.original, name)
        self.made, self.onto, self.nodes = made, graph, list(graph.nodes)
        self.noise = _Noise(made.share, graph.inputs, self.nodes)

    def at(self, value: int) -> int:
        return self.made.numbers[value]

    def extended(self) -> Graph:
        return replace(self.onto, nodes=tuple(self.nodes))

    def passed(self, node: Node, operand: int, linear: LinearMap, g: int) -> None:
        super().passed(node, operand, linear, g)
        if not node.glue:
            about = self.graph.value(operand)
            drift = self.noise.of((about, OF_CLAIM), [(transposed(linear), g)], None)
            if drift is not None:
                self.add(operand, (identity(about.size), drift))


def _has_weights(linear: LinearMap) -> bool:
    """Sums, differences and selections have none, matrices and convolutions whatever their numbers are."""
    if isinstance(linear, Dense | Convolution):
        return True
    return not bool(np.isin(numbers_of(linear), (-1.0, 0.0, 1.0)).all())


def _share_of(numbers: Floats, share: Fraction) -> Floats:
    """At least so much of their sizes, exactly or rounded up."""
    sizes = np.abs(numbers.astype(np.float64))
    near = float(share)
    rate = near if Fraction(near) >= share else float(np.nextafter(near, np.inf))
    return frozen(np.where(sizes > 0, np.nextafter(sizes * rate, np.inf), 0.0))
