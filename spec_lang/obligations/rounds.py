"""Convex quadratic constraints of an obligation: balls and ellipsoids, as a claim's own squares say them.

In: a graph and an atom over squares of affine forms of the inputs.  Out: a `Quadratic` in the inputs,
exactly; None for an atom of another form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import accumulate

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import (
    Affine,
    Dense,
    Entries,
    Floats,
    LinearMap,
    PiecewiseLinear,
    Scale,
    Smooth,
)
from spec_lang.obligations.model import LinearAtom, Terms

Form = tuple[Terms, Fraction]  # terms·x + constant


@dataclass(frozen=True, slots=True)
class Quadratic:
    """`Σ weight·(form)² + linear <= 0`, every weight positive: a convex set."""

    squares: tuple[tuple[Fraction, Form], ...]
    linear: Form

    def moved(self, places: Mapping[int, int]) -> Quadratic | None:
        """The same over inputs numbered otherwise; None where one of them has no place."""
        forms = (self.linear, *(form for _, form in self.squares))
        if any(index not in places for terms, _ in forms for index, _ in terms):
            return None

        def move(form: Form) -> Form:
            return tuple(sorted((places[i], c) for i, c in form[0])), form[1]

        return Quadratic(tuple((w, move(form)) for w, form in self.squares), move(self.linear))

    def tangent(self, point: tuple[Fraction, ...]) -> Form:
        """A form that is at most 0 wherever this is: its first-order expansion at any point, which is nowhere
        above a convex function."""
        total: dict[int, Fraction] = dict(self.linear[0])
        constant = self.linear[1]
        for weight, (terms, offset) in self.squares:
            value = offset + sum((c * point[i] for i, c in terms), start=Fraction(0))
            # (a·x + b)² >= v² + 2v·(a·x + b − v) with v = a·p + b
            constant += weight * (2 * value * offset - value * value)
            for i, c in terms:
                total[i] = total.get(i, Fraction(0)) + 2 * weight * value * c
        return tuple(sorted((i, c) for i, c in total.items() if c)), constant


def quadratic(graph: Graph, atom: LinearAtom) -> Quadratic | None:
    """What an atom says of the inputs, where all outputs in it are squares of affine forms of them."""
    squares = []
    for index, weight in atom.outputs:
        form = form_behind(graph, index, Smooth.SQUARE) if weight > 0 else None
        if form is None:
            return None
        squares.append((weight, form))
    return Quadratic(tuple(squares), (atom.inputs, atom.constant)) if squares else None


def form_behind(graph: Graph, index: int, function: Smooth | PiecewiseLinear) -> Form | None:
    """The form of which a flat output is that function."""
    for output in graph.outputs:
        size = graph.value(output).size
        if index < size:
            break
        index -= size
    first = len(graph.inputs)
    node = graph.nodes[output - first] if output >= first else None
    if node is None or node.primitive != function:
        return None
    (operand,) = node.operands
    if operand < first:
        return ((_start(graph, operand) + index, Fraction(1)),), Fraction(0)
    entering = graph.nodes[operand - first]
    if not isinstance(entering.primitive, Affine) or any(o >= first for o in entering.operands):
        return None
    total: dict[int, Fraction] = {}
    for linear, source in zip(entering.primitive.maps, entering.operands, strict=True):
        row = row_of(linear, index)
        if row is None:
            return None
        for column, c in row:
            place = _start(graph, source) + column
            total[place] = total.get(place, Fraction(0)) + c
    constant = Fraction(float(entering.primitive.bias[index]))
    return tuple(sorted((i, c) for i, c in total.items() if c)), constant


def _start(graph: Graph, number: int) -> int:
    return [0, *accumulate(spec.size for spec in graph.inputs)][number]


def row_of(linear: LinearMap, index: int) -> list[tuple[int, Fraction]] | None:
    """A row of a map that is no convolution, by column."""
    match linear:
        case Scale(factor=factor):
            return [(index, Fraction(float(factor[index])))]
        case Dense(weight=weight):
            return list(_exact(weight[index]))
        case Entries(row=row, column=column, value=value):
            chosen = [k for k in range(len(row)) if row[k] == index]
            return [(int(column[k]), Fraction(float(value[k]))) for k in chosen]
        case _:
            return None


def _exact(row: Floats) -> Iterator[tuple[int, Fraction]]:
    for column in np.flatnonzero(row).tolist():
        yield column, Fraction(float(row[column]))
