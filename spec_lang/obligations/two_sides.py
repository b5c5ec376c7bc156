"""Atoms of an obligation about two points x and y of one function, by what they say of each.

In: an obligation, and its two points.  Out: atoms as linear forms, squares and positive parts, told apart by
point.  Exact; None for an atom that speaks of anything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.graph import OF_CLAIM, Graph
from spec_lang.network.primitives import RELU, Affine, PiecewiseLinear, Smooth
from spec_lang.obligations.matching import Points
from spec_lang.obligations.model import LinearAtom, Terms
from spec_lang.obligations.rounds import row_of

_ZERO: Final = Fraction(0)
Function = PiecewiseLinear | Smooth  # RELU or SQUARE
_Pairs = Sequence[tuple[int, Fraction]]


@dataclass(frozen=True, slots=True)
class Form:
    """`outputs·(f(y) − f(x)) + inputs·(y − x)`."""

    outputs: Terms
    inputs: Terms


@dataclass(frozen=True, slots=True)
class Sided:
    """A form by points: over the outputs and the inputs of x, then of y; `common` over inputs of both."""

    outputs: tuple[Terms, Terms]
    inputs: tuple[Terms, Terms]
    common: Terms
    constant: Fraction

    def of(self, side: int) -> bool:
        """Whether it is of the input of one point alone."""
        return not any(self.outputs) and not self.inputs[1 - side]

    def difference(self) -> Form | None:
        """The form in the differences that it is, but for the constant."""
        (first, second), (here, there) = self.outputs, self.inputs
        if first == negated(second) and here == negated(there) and not self.common:
            return Form(second, there)
        return None

    def at(self, side: int) -> tuple[Terms, Fraction]:
        """The form over the input of one point."""
        return terms_of(dict((*self.inputs[side], *self.common))), self.constant


Curved = tuple[Fraction, Function, Sided]


class Reading:
    """The atoms of an obligation with its two points."""

    def __init__(self, graph: Graph, seen: Points) -> None:
        self.seen, self.graph = seen, graph
        sizes = [graph.value(value).size for value in graph.outputs]
        self.starts = [0, *accumulate(sizes)]
        self.flat = [0, *accumulate(spec.size for spec in graph.inputs)]

    def read(self, atom: LinearAtom) -> tuple[Sided, tuple[Curved, ...]] | None:
        """An atom by points: its linear part, and the claim's own squares and positive parts in it."""
        terms: list[tuple[int, Fraction]] = []
        curved: list[Curved] = []
        for index, c in atom.outputs:
            if index in self.seen.sides.outputs:
                terms.append((index, c))
                continue
            behind = self._behind(index)
            if behind is None:
                return None
            curved.append((c, *behind))
        sided = self._sided(atom.inputs, terms, atom.constant)
        return None if sided is None else (sided, tuple(curved))

    def _sided(
        self,
        inputs: Sequence[tuple[int, Fraction]],
        outputs: Sequence[tuple[int, Fraction]],
        constant: Fraction,
    ) -> Sided | None:
        sides = self.seen.sides
        parts: tuple[dict[int, Fraction], ...] = ({}, {}, {}, {}, {})
        for index, c in outputs:
            is_y, place = sides.outputs[index]
            parts[is_y][place] = parts[is_y].get(place, _ZERO) + c
        for index, c in inputs:
            at = sides.here.get(index, sides.there.get(index))
            if at is None:
                return None
            part = parts[2 if index not in sides.there else 3 if index not in sides.here else 4]
            part[at] = part.get(at, _ZERO) + c
        first, second, of_x, of_y, common = (terms_of(part) for part in parts)
        return Sided((first, second), (of_x, of_y), common, constant)

    def _behind(self, index: int) -> tuple[Function, Sided] | None:
        """The function and the form that a flat output of the claim's own is."""
        number = next(k for k, end in enumerate(self.starts[1:]) if index < end)
        value, place = self.graph.outputs[number], index - self.starts[number]
        first = len(self.graph.inputs)
        node = self.graph.nodes[value - first] if value >= first else None
        if node is None or node.part != OF_CLAIM or not isinstance(node.primitive, PiecewiseLinear | Smooth):
            return None
        if node.primitive != RELU and node.primitive is not Smooth.SQUARE:
            return None
        form = self._form(node.operands[0], place)
        return None if form is None else (node.primitive, form)

    def _form(self, value: int, place: int) -> Sided | None:
        """An element of a value as a form over inputs and what the two points are taken to."""
        first = len(self.graph.inputs)
        if (known := self._direct(value, [(place, Fraction(1))])) is not None:
            return self._sided(*known, _ZERO)
        node = self.graph.nodes[value - first]
        if not isinstance(node.primitive, Affine):
            return None
        inputs: list[tuple[int, Fraction]] = []
        outputs: list[tuple[int, Fraction]] = []
        for linear, source in zip(node.primitive.maps, node.operands, strict=True):
            row = row_of(linear, place)
            known = None if row is None else self._direct(source, row)
            if known is None:
                return None
            inputs += known[0]
            outputs += known[1]
        return self._sided(inputs, outputs, Fraction(float(node.primitive.bias[place])))

    def _direct(
        self, value: int, row: Sequence[tuple[int, Fraction]]
    ) -> tuple[list[tuple[int, Fraction]], list[tuple[int, Fraction]]] | None:
        """Terms over a value as terms over flat inputs, or over flat outputs of the two points."""
        if value < len(self.graph.inputs):
            return [(self.flat[value] + i, c) for i, c in row], []
        for output, start in zip(self.graph.outputs, self.starts, strict=False):
            if output == value and start in self.seen.sides.outputs:
                return [], [(start + i, c) for i, c in row]
        return None


def terms_of(part: Mapping[int, Fraction]) -> Terms:
    return tuple(sorted((index, c) for index, c in part.items() if c))


def negated(terms: Terms) -> Terms:
    return tuple((index, -c) for index, c in terms)
