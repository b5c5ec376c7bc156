"""What inference speaks of: layers of neurons, conditions on them, boxes, and candidates made of these.

In: numbers of layers, neurons and decisions.  Out: values that compare and hash by what they say, in one
order.  A condition is on the neuron's value after its ReLU, so that `> 0` is on and `<= 0` is off.
"""

from __future__ import annotations

from enum import Enum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.obligations.model import LinearAtom

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]


class Method(Enum):
    """Where a candidate comes from."""

    RELAX = "relax"  # a prefix of a point's signature, relaxed by linear programs
    LAYER = "layer"  # a layer's signature at a point, relaxed as far as the data allow
    TREE = "tree"  # a leaf of a decision tree
    RULE = "rule"  # thresholds on a layer's values, over the domain or a part of it
    BOX = "box"  # grown around points
    PARTITION = "partition"  # a part of the domain, halved until it has one decision


@dataclass(frozen=True, slots=True)
class Layer:
    """ReLUs of one node: `name` in the spec, `tensor` in the ONNX file, and their numbers in the graph."""

    name: str
    tensor: str
    value: int
    operand: int
    size: int
    is_vector: bool


@dataclass(frozen=True, slots=True, order=True)
class Literal:
    """Neuron `neuron` of layer number `layer` is above `bound`, or at most that."""

    layer: int
    neuron: int
    above: bool
    bound: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class InputBox:
    """`lower <= x <= upper` in network space, exact."""

    lower: tuple[Fraction, ...]
    upper: tuple[Fraction, ...]

    def contains(self, other: InputBox) -> bool:
        pairs = zip(self.lower, other.lower, self.upper, other.upper, strict=True)
        return all(low <= inner and upper >= end for low, inner, upper, end in pairs)


@dataclass(frozen=True, slots=True)
class Candidate:
    """All of `literals` imply decision number `decision`, in the whole domain or in `box` alone."""

    decision: int
    method: Method
    literals: tuple[Literal, ...] = ()
    box: InputBox | None = None
    note: str = ""  # what is worth a comment in the file: how it was found, how minimal it is

    @property
    def layers(self) -> tuple[int, ...]:
        return tuple(sorted({literal.layer for literal in self.literals}))

    def implied_by(self, other: Candidate) -> bool:
        """Whether `other` says the same of at least these inputs, by its form alone."""
        wider = other.box is None or (self.box is not None and other.box.contains(self.box))
        return self.decision == other.decision and wider and set(other.literals) <= set(self.literals)


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """What may be implied: its `formula` in a spec, and the ways it can fail.

    Every rival is a conjunction of atoms over the graph's inputs and outputs: the decision fails where all of
    one are true.
    """

    label: str
    formula: str
    rivals: tuple[tuple[LinearAtom, ...], ...]
