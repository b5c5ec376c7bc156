"""What a claim appends to a network's graph: probabilities, losses, and gradients of any of its outputs.

In: the signature of a network, and what is wanted.  Out: the numbers of values of a graph that grows, the
network's own keep theirs.  What has been appended once is not appended again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from spec_lang.diagnostics import InternalError
from spec_lang.network.graph import OF_CLAIM, Graph, Node, TensorSpec
from spec_lang.network.primitives import Affine, Primitive, Scale, Smooth, frozen
from spec_lang.network.transform.gradient import with_cotangent, with_gradient
from spec_lang.network.transform.softmax import (
    Ratios,
    loss_cotangent,
    losses,
    probability_cotangent,
    ratios,
    sigmoid_cotangent,
)
from spec_lang.obligations.model import IDENTITY_SCALING
from spec_lang.semantics.claim_graph.signature import Signature
from spec_lang.semantics.terms.values import Head


class Appended:
    """A network's graph and what is appended to it; where the file did not load, `graph` is None, and numbers
    are ones that nothing else has."""

    __slots__ = ("_known", "_missing", "_signature", "graph")

    def __init__(self, signature: Signature) -> None:
        self.graph: Graph | None = signature.graph
        self._signature = signature
        self._known: dict[Hashable, tuple[int, ...]] = {}
        self._missing = -1 - len(signature.outputs)

    def head(self, head: Head) -> int:
        """The value of a head over all outputs."""
        return self._appended(head, 1, lambda graph: (self._head(head, graph),))[0]

    def gradient(self, head: Head | None, output: int) -> tuple[int, ...]:
        """The values of the gradient of a flat output, or of what a head makes of it, by input."""
        inputs = len(self._signature.inputs)

        def made(graph: Graph) -> tuple[int, ...]:
            nearby = self._signature.nearby
            if head is None:
                found = (
                    with_gradient(graph, output) if nearby is None else nearby.with_gradient(graph, output)
                )
            elif nearby is None:
                logits, cotangent = self._logits(graph), self._cotangent(head, output)
                found = with_cotangent(self._present, logits, cotangent)
            else:
                cotangent = self._scaled(self._cotangent(head, output))
                found = nearby.with_cotangent(self._present, nearby.original.outputs[0], cotangent)
            self.graph = found.graph
            return found.by_input

        return self._appended((head, output), inputs, made)

    def _appended(
        self, key: Hashable, count: int, made: Callable[[Graph], tuple[int, ...]]
    ) -> tuple[int, ...]:
        if key not in self._known:
            if self.graph is None:
                self._known[key] = tuple(range(self._missing - count + 1, self._missing + 1))
                self._missing -= count
            else:
                self._known[key] = made(self.graph)
        return self._known[key]

    @property
    def _present(self) -> Graph:
        if self.graph is None:
            raise InternalError("nothing can be appended to a graph that is not there")
        return self.graph

    # -- heads -----------------------------------------------------------------------------------------

    @property
    def _size(self) -> int:
        return self._signature.output.size

    def _head(self, head: Head, graph: Graph) -> int:
        if head is Head.SIGMOID:
            return self._add(Smooth.SIGMOID, (self._logits(graph),), self._size)
        found = self._ratios(graph)
        if head is Head.SOFTMAX:
            return found.probability
        return losses(found.gap, self._size, self._add)

    def _cotangent(self, head: Head, output: int) -> int:
        if head is Head.SIGMOID:
            return sigmoid_cotangent(self.head(head), self._size, output, self._add)
        probability = self.head(Head.SOFTMAX)
        made = probability_cotangent if head is Head.SOFTMAX else loss_cotangent
        return made(probability, self._size, output, self._add)

    def _ratios(self, graph: Graph) -> Ratios:
        def made(_: Graph) -> tuple[int, int]:
            classes = np.arange(self._size)[np.newaxis]
            found = ratios(self._logits(graph), self._size, classes, self._add)
            return found.gap, found.probability

        return Ratios(*self._appended("ratios", 2, made))

    def _logits(self, graph: Graph) -> int:
        """The outputs in the spec's own units: scaled, where a network is decoded."""
        scalings = [axis.scaling for axis in self._signature.output.axes]
        (value,) = graph.outputs
        if all(scaling == IDENTITY_SCALING for scaling in scalings):
            return value

        def made(_: Graph) -> tuple[int]:
            factor, offset = (
                frozen(np.array([float(number) for number in numbers]))
                for numbers in ([s.factor for s in scalings], [s.offset for s in scalings])
            )
            return (self._add(Affine((Scale(factor),), offset), (value,), self._size),)

        return self._appended("logits", 1, made)[0]

    def _scaled(self, cotangent: int) -> int:
        """A cotangent of the logits as one of the network's own outputs."""
        factors = [axis.scaling.factor for axis in self._signature.output.axes]
        if all(factor == 1 for factor in factors):
            return cotangent
        scale = Scale(frozen(np.array([float(factor) for factor in factors])))
        return self._add(Affine((scale,), frozen(np.zeros(self._size))), (cotangent,), self._size)

    def _add(self, primitive: Primitive, operands: tuple[int, ...], size: int) -> int:
        graph = self._present
        name = f"{graph.value(graph.outputs[0]).name}/h{len(graph.nodes)}"
        node = Node(primitive, operands, TensorSpec(name, (size,)), glue=True, part=OF_CLAIM)
        self.graph = replace(graph, nodes=(*graph.nodes, node))
        return len(graph.inputs) + len(graph.nodes)


def head_obstacle(signature: Signature, head: Head) -> str | None:
    """Why no head can be put onto a network, or None; whether its numbers are floats is not looked at."""
    if len(signature.outputs) != 1:
        return f"`{head.value}` of a network takes one output tensor; `{signature.use.label}` has several"
    if head is not Head.SIGMOID and signature.output.size == 1:
        return f"`{signature.use.label}` has one output, and its share of a softmax is 1 everywhere"
    return None


def is_exact(signature: Signature) -> bool:
    """Whether floats hold the scalings of a network's outputs."""
    scalings = [axis.scaling for axis in signature.output.axes]
    return all(_is_float(number) for s in scalings for number in (s.factor, s.offset))


def _is_float(number: Fraction) -> bool:
    try:
        return Fraction(float(number)) == number
    except OverflowError:
        return False
