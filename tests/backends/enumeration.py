"""A complete decision of small obligations: every activation region that there is, in integers.

In: a graph of piecewise linear functions and a region.  Out: counterexamples, and exact infima.  On one
activation region a network is affine, so that its corners decide what holds there.  Shares no code with the
kernel, the bounds or any backend.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import lcm
from typing import Final

from spec_lang.backends.base import Point
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import All, Condition, LinearAtom, Obligation, Region
from tests.backends.cells import Cell, Cells
from tests.backends.polyhedra import Polyhedron, Row, integer_row, polyhedra_of

ANYWHERE: Final = All(())


def counterexample(obligation: Obligation) -> Point | None:
    """A counterexample, or None when there is none.  Exact and complete."""
    return Enumeration(obligation.graph, obligation.region).counterexample(obligation.violation)


class Enumeration:
    """All cells of a graph on a region, to be asked several things."""

    def __init__(self, graph: Graph, region: Region) -> None:
        self._size = graph.input_size
        network = Cells(graph)
        self._exponents = network.output_exponents
        self._strict = [self._integers(constraint) for constraint in region.constraints if constraint.strict]
        self.cells: list[Cell] = []
        for box in region.boxes:
            for polyhedron in polyhedra_of(box):
                part = polyhedron
                for constraint in region.constraints:
                    part = part.cut(_over_inputs(constraint, self._size)) if not part.empty else part
                if not part.empty:
                    self.cells.extend(network.of(part))

    def counterexample(self, violation: Condition) -> Point | None:
        """A point of the region that makes `violation` true, or None when there is none."""
        for atoms in self._conjunctions(violation):
            for cell in self.cells:
                found = _point_of(cell, (*atoms, *self._strict))
                if found is not None:
                    return found
        return None

    def infimum(self, objective: LinearAtom, condition: Condition = ANYWHERE) -> Fraction | None:
        """The greatest lower bound of the objective's left side where `condition` holds, strict atoms taken
        as closed; None where nothing is, and where it is unbounded."""
        target = self._integers(objective)
        least: Fraction | None = None
        for atoms in self._conjunctions(condition):
            for cell in self.cells:
                part = _cut(cell, atoms)
                if part.empty:
                    continue
                found = part.minimum(target.over(cell))
                if found is None:
                    return None
                least = found if least is None else min(least, found)
        return None if least is None else least / target.scale

    def _conjunctions(self, condition: Condition) -> list[tuple[_Integers, ...]]:
        return [tuple(map(self._integers, atoms)) for atoms in conjunctions(condition)]

    def _integers(self, atom: LinearAtom) -> _Integers:
        numbers = [atom.constant, *(c for _, c in atom.inputs), *(c for _, c in atom.outputs)]
        shared = max((self._exponents[j] for j, _ in atom.outputs), default=0)
        scale = lcm(*(n.denominator for n in numbers)) << shared
        row = [int(atom.constant * scale), *([0] * self._size)]
        for i, coefficient in atom.inputs:
            row[i + 1] += int(coefficient * scale)
        outputs = tuple((j, int(c * scale) >> self._exponents[j]) for j, c in atom.outputs)
        return _Integers(tuple(row), outputs, scale, atom.strict)


def conjunctions(condition: Condition) -> Iterator[tuple[LinearAtom, ...]]:
    """The disjunctive normal form, left to right."""
    if isinstance(condition, LinearAtom):
        yield (condition,)
    elif isinstance(condition, All):
        for choice in product(*(tuple(conjunctions(part)) for part in condition.parts)):
            yield tuple(atom for part in choice for atom in part)
    else:
        for part in condition.parts:
            yield from conjunctions(part)


@dataclass(frozen=True, slots=True)
class _Integers:
    """`scale` times an atom's left side: a row over the inputs, and multiples of the outputs' forms."""

    row: Row
    outputs: tuple[tuple[int, int], ...]
    scale: int
    strict: bool

    def over(self, cell: Cell) -> Row:
        """The left side over the inputs alone, as it is in the cell."""
        total = list(self.row)
        for j, factor in self.outputs:
            total = [t + factor * c for t, c in zip(total, cell.outputs[j], strict=True)]
        return tuple(total)


def _cut(cell: Cell, atoms: Sequence[_Integers]) -> Polyhedron:
    where = cell.where
    for atom in atoms:
        if where.empty:
            break
        where = where.cut(atom.over(cell))
    return where


def _point_of(cell: Cell, atoms: Sequence[_Integers]) -> Point | None:
    """A point of the cell where every atom holds.

    Where they all hold as closed ones, the strict ones do at an inner point, unless one of them is 0 on the
    whole part: then it holds nowhere in the cell.
    """
    part = _cut(cell, atoms)
    if part.empty:
        return None
    for atom in atoms:
        if atom.strict and not any(value < 0 for value in part.values(atom.over(cell))):
            return None
    return part.inner_point()


def _over_inputs(atom: LinearAtom, size: int) -> Row:
    terms = [Fraction(0)] * size
    for i, coefficient in atom.inputs:
        terms[i] += coefficient
    return integer_row(atom.constant, terms)
