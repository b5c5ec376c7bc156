"""A network as a graph of primitives over flat vectors, one example at a time.

Nodes stand in topological order and refer to earlier values by number: values `0 … len(inputs)−1` are
the inputs, then come the nodes' results.  The leading batch dimension of the ONNX file is gone; shapes
are kept beside the flat sizes for those who index by them.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.network.drift import Drift, Weights, agree
from spec_lang.network.primitives import Affine, Binary, Primitive, Smooth

OF_CLAIM: Final = -1


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor's ONNX name and its shape for one example (batch dropped, vectors squeezed)."""

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Node:
    """`primitive` applied to the values numbered `operands`; `tensor` is the ONNX tensor it computes.

    With `glue` it is exact under every semantics: a part of the claim and of no network, or of an ONNX node
    that only moves, selects and compares numbers.  `part` numbers the network that it comes from, where
    several stand side by side, and is `OF_CLAIM` where it comes from none.  `drift` says of a bound on what a
    sum may gain how weights that are off make it gain that.
    """

    primitive: Primitive
    operands: tuple[int, ...]
    tensor: TensorSpec
    glue: bool = False
    part: int = 0
    drift: Drift | None = None

    @property
    def size(self) -> int:
        return self.tensor.size


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A derived graph.  `outputs` are value numbers; the flat output is their concatenation.

    `tensors` names every ONNX tensor that has a value here, hidden ones included.  `precision` is the type of
    the numbers that the file's inputs hold, in which a runtime computes.  `shapes` are those of the tensors
    that have a value's elements in another shape than it has.
    """

    inputs: tuple[TensorSpec, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    tensors: tuple[tuple[str, int], ...] = ()
    precision: str = "float32"
    shapes: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def __post_init__(self) -> None:
        sizes = [spec.size for spec in self.inputs]
        for node in self.nodes:
            if any(not 0 <= operand < len(sizes) for operand in node.operands):
                raise InternalError(f"{node.tensor.name}: an operand is not an earlier value")
            if isinstance(node.primitive, Affine):
                expected = tuple(m.sizes[0] for m in node.primitive.maps)
                if expected != tuple(sizes[o] for o in node.operands):
                    raise InternalError(f"{node.tensor.name}: operand sizes do not fit the maps")
            elif any(sizes[operand] != node.size for operand in node.operands):
                raise InternalError(f"{node.tensor.name}: its operands have other sizes")
            sizes.append(node.size)
        if any(not 0 <= output < len(sizes) for output in self.outputs):
            raise InternalError("an output is not a value of the graph")

    @property
    def input_size(self) -> int:
        return sum(spec.size for spec in self.inputs)

    @property
    def output_size(self) -> int:
        return sum(self.value(output).size for output in self.outputs)

    def value(self, number: int) -> TensorSpec:
        """The name and shape of value `number`."""
        if number < len(self.inputs):
            return self.inputs[number]
        return self.nodes[number - len(self.inputs)].tensor

    @property
    def flat_outputs(self) -> list[tuple[int, int]]:
        """By flat output, the value and which element of it."""
        return [(value, i) for value in self.outputs for i in range(self.value(value).size)]

    def tensor(self, name: str) -> tuple[int, TensorSpec] | None:
        """The number of the value that an ONNX tensor has, and the value's name in the tensor's shape."""
        number = dict(self.tensors).get(name)
        if number is None:
            return None
        value = self.value(number)
        return number, replace(value, shape=dict(self.shapes).get(name, value.shape))

    @property
    def smooth(self) -> tuple[Node, ...]:
        """Its smooth nodes: without any, all of its values are piecewise linear."""
        return tuple(node for node in self.nodes if isinstance(node.primitive, Smooth))

    @property
    def irrational(self) -> tuple[Node, ...]:
        """Those but squares: without any, all of its values are rational where its inputs are."""
        return tuple(node for node in self.smooth if node.primitive is not Smooth.SQUARE)

    @property
    def binary(self) -> tuple[Node, ...]:
        """Its gates and products: without a gate, it has one value at every point."""
        return tuple(node for node in self.nodes if isinstance(node.primitive, Binary))

    @property
    def drifts(self) -> bool:
        """Whether weights of its networks may be off."""
        return any(node.drift is not None for node in self.nodes)

    @property
    def weights(self) -> tuple[Weights, ...] | None:
        """All that may be off, by network and array; None where two differ that are said to be the same."""
        found: dict[tuple[int, int], Weights] = {}
        for node in self.nodes:
            for weights in () if node.drift is None else node.drift.weights:
                known = found.setdefault(weights.key, weights)
                if known is not weights and not agree(known, weights):
                    return None
        return tuple(found[key] for key in sorted(found))

    def with_outputs(self, outputs: tuple[int, ...]) -> Graph:
        """The same graph seen at other values (hidden tensors, several at once); unused nodes are dropped."""
        used = set(outputs)
        first = len(self.inputs)
        for number in range(first + len(self.nodes) - 1, first - 1, -1):
            if number in used:
                used.update(self.nodes[number - first].operands)
        renumber = {number: number for number in range(first)}
        nodes: list[Node] = []
        for number, node in enumerate(self.nodes, start=first):
            if number in used:
                renumber[number] = first + len(nodes)
                operands = tuple(renumber[operand] for operand in node.operands)
                nodes.append(replace(node, operands=operands))
        tensors = tuple((name, renumber[n]) for name, n in self.tensors if n in renumber)
        numbers = tuple(renumber[o] for o in outputs)
        return Graph(self.inputs, tuple(nodes), numbers, tensors, self.precision, self.shapes)
