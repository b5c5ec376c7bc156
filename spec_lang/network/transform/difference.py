"""The difference graph of two networks side by side: what one has beyond the other, layer by layer.

In: a graph with two parts, f and g, that read the same inputs.  Out: a graph of the same function, in which a
value of g is `x + δ`, x its twin in f, wherever layers pair up:

    δ = W'_g D + (W_g − W_f) h + (b_g − b_f)      D = relu(x + δ) − relu(x)      h = relu(x)

for affine layers and for ReLUs [Paulsen et al. 2020, ReluDiff, NeuroDiff].  Exact: every number is a
difference that a float64 holds, or the sum of two that do.  `deltas` recognises the pairs again by their
form, so that bounds can treat `D` as one function of x and δ.  A layer of g may lack neurons of f's.  What
other layers do, or what has no twin, is computed from `x + δ` as it stands in g.
"""

from __future__ import annotations

from dataclasses import field, replace

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.graph import OF_CLAIM, Graph, Node, TensorSpec
from spec_lang.network.primitives import (
    RELU,
    Affine,
    Entries,
    Indices,
    LinearMap,
    Scale,
    Smooth,
    frozen,
    numbers_of,
    with_numbers,
)
from spec_lang.network.transform.align import aligned, can_align
from spec_lang.network.transform.larger_first import larger_first
from spec_lang.network.transform.minus import minus, split_difference


@dataclass(frozen=True, slots=True)
class Delta:
    """`value = other − base`, where `base = relu(x)` and `other = relu(y)` with `y = x + delta`."""

    value: int
    x: int
    delta: int
    y: int
    base: int
    other: int


def difference(graph: Graph) -> Graph | None:
    """The difference graph, its values at the same outputs; None where no ReLU of one part has a twin in the
    other, where there are not two parts, and where a difference of weights overflows."""
    if {node.part for node in graph.nodes} - {OF_CLAIM} != {0, 1}:
        return None
    graph = larger_first(graph)
    build = _Difference(graph)
    for value, node in enumerate(graph.nodes, start=len(graph.inputs)):
        build.add(value, node)
    if all(graph.nodes[value - len(graph.inputs)].primitive != RELU for value in build.taken):
        return None
    outputs = tuple(build.actual(value) for value in graph.outputs)
    whole = Graph(graph.inputs, tuple(build.nodes), outputs, (), graph.precision)
    return whole.with_outputs(outputs) if all(map(_is_finite, whole.nodes)) else None


def deltas(graph: Graph) -> tuple[Delta, ...]:
    """The pairs of ReLUs whose difference is a value of the graph, recognised by their form alone."""
    first, found = len(graph.inputs), []

    def relu(value: int) -> int | None:
        """What enters the ReLU that makes `value`."""
        node = graph.nodes[value - first] if value >= first else None
        return node.operands[0] if node is not None and node.primitive == RELU else None

    for value, node in enumerate(graph.nodes, start=first):
        if not _adds(node, -1.0):
            continue
        other, base = node.operands
        y, x = relu(other), relu(base)
        if y is None or x is None or y < first:
            continue
        entering = graph.nodes[y - first]
        if _adds(entering, 1.0) and entering.operands[0] == x:
            found.append(Delta(value, x, entering.operands[1], y, base, other))
    return tuple(found)


def _adds(node: Node, factor: float) -> bool:
    """Whether a node is `operands[0] + factor · operands[1]`."""
    match node.primitive:
        case Affine(maps=(Scale(factor=one), Scale(factor=second)), bias=bias):
            return not bias.any() and bool((one == 1.0).all() and (second == factor).all())
        case _:
            return False


@dataclass(frozen=True, slots=True, eq=False)
class _Twin:
    """Of a value of part 1: its twin in part 0, and the new value of its δ, None where that is 0.

    Element j is compared with element `match[j]` of the twin, None where that is j; the twin may have more,
    whose δ is 0.
    """

    base: int
    delta: int | None
    match: Indices | None = None


@dataclass(slots=True)
class _Difference:
    """`numbers` are the new values of what is computed as it stands; `sums` those of `x + δ`, over all of
    x."""

    graph: Graph
    nodes: list[Node] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    sums: dict[int, int] = field(default_factory=dict)
    twins: dict[int, _Twin] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)  # values of part 0 that have a twin

    def __post_init__(self) -> None:
        for number in range(len(self.graph.inputs)):
            self.numbers[number] = number
            self.twins[number] = _Twin(number, None)

    def add(self, value: int, node: Node) -> None:
        if node.part == 0:
            operands = tuple(self.numbers[operand] for operand in node.operands)
            self.numbers[value] = self._new(replace(node, operands=operands))
            return
        if node.part == OF_CLAIM and isinstance(node.primitive, Affine):
            self.numbers[value] = self._of_claim(node, node.primitive)
            return
        twin = self._twin(node) if node.part == 1 else None
        if twin is None:
            operands = tuple(self.actual(operand) for operand in node.operands)
            self.numbers[value] = self._new(replace(node, operands=operands))
            return
        self.taken.add(twin)
        base = self.graph.nodes[twin - len(self.graph.inputs)]
        twins = tuple(self.twins[operand] for operand in node.operands)
        if isinstance(node.primitive, Affine) and isinstance(base.primitive, Affine):
            matches = tuple(each.match for each in twins)
            own, kept, match = aligned(node.primitive, base.primitive, matches)
            self.twins[value] = _Twin(twin, self._affine(base.tensor, own, kept, twins), match)
            return
        (operand,) = twins
        if operand.delta is None:
            self.twins[value] = _Twin(twin, None, operand.match)
            return
        entering = self._whole(node.operands[0])
        self.sums[value] = whole = self._new(replace(node, operands=(entering,), tensor=base.tensor))
        delta = self._sum(base.tensor, whole, self.numbers[twin], -1.0)
        self.twins[value] = _Twin(twin, delta, operand.match)

    def actual(self, value: int) -> int:
        """The new value of any value of the graph."""
        if value not in self.numbers:
            twin, whole = self.twins[value], self._whole(value)
            self.numbers[value] = whole if twin.match is None else self._some(value, whole, twin.match)
        return self.numbers[value]

    def _whole(self, value: int) -> int:
        """`x + δ`"""
        if value not in self.sums:
            twin = self.twins[value]
            base = self.numbers[twin.base]
            delta, tensor = twin.delta, self.graph.value(twin.base)
            self.sums[value] = base if delta is None else self._sum(tensor, base, delta, 1.0)
        return self.sums[value]

    def _twin(self, node: Node) -> int | None:
        """The first value of part 0 that nobody has for a twin yet and that is computed in the same way."""
        if any(operand not in self.twins for operand in node.operands):
            return None
        operands = tuple(self.twins[operand].base for operand in node.operands)
        matches = tuple(self.twins[operand].match for operand in node.operands)
        for value, other in enumerate(self.graph.nodes, start=len(self.graph.inputs)):
            alike = other.part == 0 and other.operands == operands and value not in self.taken
            if alike and _are_alike(node, other, matches):
                return value
        return None

    def _of_claim(self, node: Node, own: Affine) -> int:
        """A sum of a claim's own, in which `x + δ` is put for a value that has a twin: what it has of both x
        and `x + δ` with opposite signs cancels."""
        maps: list[LinearMap] = []
        operands: list[int] = []

        def put(linear: LinearMap, operand: int) -> None:
            if operand not in operands:
                maps.append(linear)
                operands.append(operand)
                return
            place = operands.index(operand)
            before, _ = maps.pop(place), operands.pop(place)
            for part in minus(before, with_numbers(linear, frozen(-numbers_of(linear)))):
                maps.append(part)
                operands.append(operand)

        for linear, operand in zip(own.maps, node.operands, strict=True):
            twin = self.twins.get(operand)
            if twin is None or twin.match is not None:
                put(linear, self.actual(operand))
                continue
            put(linear, self.numbers[twin.base])
            if twin.delta is not None:
                put(linear, twin.delta)
        if not maps:
            operands, maps = [0], [_zero(node.size, self.graph.value(0).size)]
        affine = Affine(tuple(maps), own.bias)
        return self._new(replace(node, primitive=affine, operands=tuple(operands)))

    def _affine(self, tensor: TensorSpec, own: Affine, base: Affine, twins: tuple[_Twin, ...]) -> int | None:
        """`Σ W'_k D_k + (W'_k − W_k) v_k + (b' − b)`, D_k what operand k has beyond its twin v_k."""
        maps: list[LinearMap] = []
        operands: list[int] = []
        for twin, mine, theirs in zip(twins, own.maps, base.maps, strict=True):
            if twin.delta is not None:
                maps.append(mine)
                operands.append(twin.delta)
            for part in minus(mine, theirs):
                maps.append(part)
                operands.append(self.numbers[twin.base])
        bias, rest = split_difference(own.bias, base.bias)
        if not maps and not bias.any():
            return None
        if not maps:  # a constant: any operand will do
            operands = [self.numbers[twins[0].base]]
            maps = [_zero(tensor.size, self.graph.value(twins[0].base).size)]
        spec = TensorSpec(f"{tensor.name}/difference", tensor.shape)
        value = self._new(Node(Affine(tuple(maps), bias), tuple(operands), spec, glue=True, part=1))
        if rest.any():
            ones = Scale(frozen(np.ones(tensor.size)))
            value = self._new(Node(Affine((ones,), rest), (value,), spec, glue=True, part=1))
        return value

    def _some(self, value: int, whole: int, match: Indices) -> int:
        """The elements `match` of a value."""
        tensor, size = self.graph.value(value), self.graph.value(self.twins[value].base).size
        rows = np.arange(len(match))
        chosen = Entries((len(match), size), rows, match, frozen(np.ones(len(match))))
        affine = Affine((chosen,), frozen(np.zeros(len(match))))
        return self._new(Node(affine, (whole,), tensor, glue=True, part=1))

    def _sum(self, tensor: TensorSpec, first: int, second: int, factor: float) -> int:
        """`first + factor · second`."""
        size = tensor.size
        maps = Scale(frozen(np.ones(size))), Scale(frozen(np.full(size, factor)))
        spec = TensorSpec(f"{tensor.name}/{'twin' if factor > 0 else 'difference'}", tensor.shape)
        affine = Affine(maps, frozen(np.zeros(size)))
        return self._new(Node(affine, (first, second), spec, glue=True, part=1))

    def _new(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.graph.inputs) + len(self.nodes) - 1


def _are_alike(node: Node, other: Node, matches: tuple[Indices | None, ...]) -> bool:
    """Whether two nodes, whose operands are twins, are the same kind of function, of which the second has no
    fewer elements.  A spread is no function, and what bounds one is kept as it is."""
    if node.primitive is Smooth.SPREAD or node.drift is not None or other.drift is not None:
        return False
    if isinstance(node.primitive, Affine) and isinstance(other.primitive, Affine):
        same = node.size == other.size and all(match is None for match in matches)
        return same or can_align(node.primitive, other.primitive)
    return node.primitive == other.primitive


def _is_finite(node: Node) -> bool:
    match node.primitive:
        case Affine(maps=maps, bias=bias):
            return all(bool(np.isfinite(numbers).all()) for numbers in (*map(numbers_of, maps), bias))
        case _:
            return True


def _zero(out: int, width: int) -> LinearMap:
    none = np.zeros(0, dtype=np.intp)
    return Entries((out, width), none, none, frozen(np.zeros(0)))
