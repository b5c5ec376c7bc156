"""What an ONNX operator is: one file that lowers its nodes to primitives.

An operator sees its operands as constants (numpy arrays, exactly as stored) or as values of the graph
under construction, with their full ONNX shapes; it answers with a constant or a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.network.primitives import Primitive

Constant = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor that depends on the input: its number in the graph, its ONNX shape (batch included, as 1),
    the type of its elements where the network is run."""

    number: int
    shape: tuple[int, ...]
    type: str = "float32"

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    def with_shape(self, shape: tuple[int, ...]) -> Value:
        """The same elements in another shape of the same size."""
        return Value(self.number, shape, self.type)


Operand = Constant | Value | None  # None: an optional input that was left out


class UnsupportedNode(Exception):
    """This node cannot be represented; the message says which part of it, in the user's words."""


class Builder(Protocol):
    """The graph under construction."""

    def add(
        self,
        primitive: Primitive,
        operands: Sequence[Value],
        shape: tuple[int, ...],
        *,
        exact: bool = False,
    ) -> Value:
        """Append a node; `shape` is its ONNX shape.

        `exact` says that the ONNX node which this one belongs to gives its result without rounding when it
        is run, whatever the float type.
        """


@dataclass(frozen=True, slots=True)
class NodeView:
    """One ONNX node: operator, opset of its domain, attributes as Python values, operands in order, and how
    many results it has."""

    name: str
    opset: int
    attributes: Mapping[str, Any]
    operands: tuple[Operand, ...]
    results: int = 1


@runtime_checkable
class Operator(Protocol):
    """An operator, as a module constant `OP`."""

    name: str  # the ONNX op_type
    since: int  # the oldest opset whose meaning `lower` has been checked against
    documentation: str  # the ONNX page
    attributes: frozenset[str]  # all that it knows of; a node with another one is refused

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        """The node's results.  Raises `UnsupportedNode`."""
