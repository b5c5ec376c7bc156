"""Networks whose weights are near those of one network, as one graph, and the gradients of their outputs.

In: a graph, and by what share of it every weight and bias may change.  Out: a graph of which every value may
be that of any such network: an over-approximation, since what a layer's sum gains is bounded for each of its
elements alone, and the same weights may change otherwise on the way back.  A sum `Σ w_j·a_j + b` gains at
most `share·(Σ |w_j||a_j| + |b|)` either way, which a spread says.  Who has one of the networks finds in the
bound's `drift` what the sum gains there: of the weights that are surely the network's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.network.drift import Drift, Weights
from spec_lang.network.drift import Term as DriftTerm
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
    stored: _Stored

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


def perturbed(graph: Graph, share: Fraction, number: int = 0, name: str = "") -> Perturbed:
    """The networks whose every weight and bias is off by at most `share` of it; what moves, selects, adds or
    subtracts numbers element by element has no weights.  Networks of different `number` are off independently
    of each other; `name` is what a reader is told of this one."""
    stored = _Stored(graph, share, number, name)
    forward = _Forward(graph, stored)
    for node in graph.nodes:
        forward.add(node)
    outputs = tuple(forward.numbers[output] for output in graph.outputs)
    tensors = tuple((name, forward.numbers[value]) for name, value in graph.tensors)
    made = Graph(graph.inputs, tuple(forward.nodes), outputs, tensors, graph.precision)
    return Perturbed(graph, made, tuple(forward.numbers), stored)


class _Stored:
    """Which numbers of a graph are surely the network's own weights, and which of them are the same.

    Those of matrices and convolutions are, and the biases beside them.  What else has numbers may be a part
    of an operator, a mean's or a leaky slope; so may a convolution all of whose numbers are one.  Arrays that
    are equal, or transposes of each other, may be one that the file uses twice.
    """

    def __init__(self, graph: Graph, share: Fraction, network: int, owner: str) -> None:
        self.share, self.network, self.owner = share, network, owner
        self._arrays: dict[tuple[object, ...], Weights] = {}  # by their content
        self._maps: dict[int, tuple[Weights, LinearMap, bool]] = {}  # by the map's identity
        self._biases: dict[int, Weights] = {}
        for node in graph.nodes:
            if isinstance(node.primitive, Affine) and not node.glue:
                self._look(node.primitive, node.tensor.name)

    def _look(self, affine: Affine, name: str) -> None:
        stored = [linear for linear in affine.maps if isinstance(linear, Dense | Convolution)]
        for linear in stored:
            self._look_at(linear, name)
        if stored and affine.bias.any():
            self._biases[id(affine.bias)] = self._known("bias", affine.bias, f"biases of {name}", alike=True)

    def _look_at(self, linear: Dense | Convolution, name: str) -> None:
        numbers, name = linear.weight, f"weights of {name}"
        if isinstance(linear, Convolution):
            if bool((numbers != numbers.flat[0]).any()):
                kind, alike = f"kernel in {linear.groups}", linear.groups > 1
                self._maps[id(linear)] = self._known(kind, numbers, name, alike=alike), linear, False
            return
        turned = self._arrays.get(("matrix", *_content(numbers.T)))
        if turned is None or ("matrix", *_content(numbers)) in self._arrays:
            self._maps[id(linear)] = self._known("matrix", numbers, name, alike=False), linear, False
        else:
            self._maps[id(linear)] = turned, Dense(turned.numbers), True

    def _known(self, kind: str, numbers: Floats, name: str, *, alike: bool) -> Weights:
        """What is known of these numbers already, or is from now on."""
        key = (kind, *_content(numbers))
        if key not in self._arrays:
            number = len(self._arrays)
            self._arrays[key] = Weights(self.network, number, numbers, self.share, alike, name, self.owner)
        return self._arrays[key]

    def term(self, linear: LinearMap, operand: int, *, backwards: bool) -> DriftTerm | None:
        """What a map, or its transpose if it is passed backwards, gains; None where no weights are known."""
        if id(linear) not in self._maps:
            return None
        weights, own, turned = self._maps[id(linear)]
        return DriftTerm(operand, weights, own, turned is not backwards)

    def bias(self, bias: Floats | None) -> Weights | None:
        return None if bias is None else self._biases.get(id(bias))


class _Noise:
    """Nodes that say what sums may gain."""

    def __init__(self, stored: _Stored, inputs: Sequence[TensorSpec], nodes: list[Node]) -> None:
        self.stored, self.share, self.inputs, self.nodes = stored, stored.share, inputs, nodes

    def new(self, spec: TensorSpec, primitive: Primitive, operands: tuple[int, ...], part: int) -> int:
        self.nodes.append(Node(primitive, operands, spec, glue=True, part=part))
        return len(self.inputs) + len(self.nodes) - 1

    def of(self, about: tuple[TensorSpec, int], terms: Sequence[Term], bias: Floats | None) -> int | None:
        """What `Σ map(value) + bias` gains; None where none of it has weights."""
        return self._gained(about, terms, bias, backwards=False)

    def back(self, about: tuple[TensorSpec, int], linear: LinearMap, g: int) -> int | None:
        """What the transpose of a map gains."""
        return self._gained(about, [(linear, g)], None, backwards=True)

    def _gained(
        self, about: tuple[TensorSpec, int], terms: Sequence[Term], bias: Floats | None, *, backwards: bool
    ) -> int | None:
        spec, part = about
        weighty = [(linear, value) for linear, value in terms if _has_weights(linear)]
        constant = None if bias is None or not bias.any() else bias
        if not self.share or (not weighty and constant is None):
            return None
        applied = [transposed(linear) if backwards else linear for linear, _ in weighty]
        maps = [with_numbers(m, _share_of(numbers_of(m), self.share)) for m in applied]
        operands = [self.absolute(value, part) for _, value in weighty]
        drift: list[DriftTerm] = []
        for linear, value in weighty:
            if value not in operands:  # it is read, and adds nothing to the bound
                operands.append(value)
                maps.append(nothing(spec.size, self._size(value)))
            term = self.stored.term(linear, operands.index(value), backwards=backwards)
            drift += [] if term is None else [term]
        offset = np.zeros(spec.size) if constant is None else _share_of(constant, self.share)
        if not maps:
            maps, operands = [nothing(spec.size, self.inputs[0].size)], [0]
        name = TensorSpec(f"{spec.name}/reach", spec.shape)
        reach = self.new(name, Affine(tuple(maps), frozen(offset)), tuple(operands), part)
        own = Drift(tuple(drift), self.stored.bias(bias))
        self.nodes[-1] = replace(self.nodes[-1], drift=own)
        return self.new(TensorSpec(f"{spec.name}/drift", spec.shape), Smooth.SPREAD, (reach,), part)

    def _size(self, value: int) -> int:
        place = value - len(self.inputs)
        return self.inputs[value].size if place < 0 else self.nodes[place].size

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

    def __init__(self, graph: Graph, stored: _Stored) -> None:
        self.nodes: list[Node] = []
        self.noise = _Noise(stored, graph.inputs, self.nodes)
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
        self.noise = _Noise(made.stored, graph.inputs, self.nodes)

    def at(self, value: int) -> int:
        return self.made.numbers[value]

    def extended(self) -> Graph:
        return replace(self.onto, nodes=tuple(self.nodes))

    def passed(self, node: Node, operand: int, linear: LinearMap, g: int) -> None:
        super().passed(node, operand, linear, g)
        if not node.glue:
            about = self.graph.value(operand)
            drift = self.noise.back((about, OF_CLAIM), linear, g)
            if drift is not None:
                self.add(operand, (identity(about.size), drift))


def _has_weights(linear: LinearMap) -> bool:
    """Sums, differences and selections have none, matrices and convolutions whatever their numbers are."""
    if isinstance(linear, Dense | Convolution):
        return True
    return not bool(np.isin(numbers_of(linear), (-1.0, 0.0, 1.0)).all())


def _content(array: Floats) -> tuple[object, ...]:
    return array.dtype, array.shape, np.ascontiguousarray(array).tobytes()


def _share_of(numbers: Floats, share: Fraction) -> Floats:
    """At least so much of their sizes, exactly or rounded up."""
    sizes = np.abs(numbers.astype(np.float64))
    near = float(share)
    rate = near if Fraction(near) >= share else float(np.nextafter(near, np.inf))
    return frozen(np.where(sizes > 0, np.nextafter(sizes * rate, np.inf), 0.0))
