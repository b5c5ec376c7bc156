"""Where a ReLU network's phases are constant inside a convex region, down to edges and corners, exactly.

In: a graph of affine nodes and ReLUs, and a box, cut by half-spaces or not.  Out: faces.  Every point of the
region lies in the relative interior of exactly one; there every neuron is positive, negative or 0, and the
one-sided gradients are those of the face's maps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import product

from spec_lang.network.graph import Graph
from spec_lang.obligations.model import Box
from tests.backends.polyhedra import Polyhedron, Row, dot, integer_row, polyhedra_of
from tests.gradients.forms import AffineMap, Forms, IntegerNetwork, Matrix, Vector

HalfSpace = tuple[Fraction, ...]  # (c0, c1, …): c0 + c·x <= 0


@dataclass(frozen=True, slots=True)
class Region:
    """A box, of which sides may have no width, cut by closed half-spaces."""

    lower: Vector
    upper: Vector
    half_spaces: tuple[HalfSpace, ...] = ()

    def contains(self, x: Sequence[Fraction]) -> bool:
        point = integer_row(Fraction(1), x)
        return all(dot(row, point) <= 0 for row in self.rows)

    @property
    def rows(self) -> tuple[Row, ...]:
        """All that limits it, as rows `<= 0`."""
        size = len(self.lower)
        units = [[Fraction(i == j) for j in range(size)] for i in range(size)]
        above = [integer_row(-hi, unit) for hi, unit in zip(self.upper, units, strict=True)]
        below = [integer_row(lo, [-e for e in unit]) for lo, unit in zip(self.lower, units, strict=True)]
        return (*above, *below, *(integer_row(row[0], row[1:]) for row in self.half_spaces))

    def polyhedron(self) -> Polyhedron | None:
        """None where there is nothing."""
        found = polyhedra_of(Box(self.lower, self.upper))
        if not found:
            return None
        polyhedron = found[0]
        for row in self.half_spaces:
            polyhedron = polyhedron.cut(integer_row(row[0], row[1:]))
        return None if polyhedron.empty else polyhedron


@dataclass(frozen=True, slots=True)
class Face:
    """A closed polytope, in whose relative interior every neuron has the sign of `signs`.

    `inside` are the rows that are < 0 there, and only there in the polytope.  `cut` says that a neuron's 0
    or the region's border cuts it out of something larger; a face that is not cut is a *cell*.
    """

    where: Polyhedron
    signs: tuple[int, ...]
    inside: tuple[Row, ...]
    cut: bool

    @property
    def corners(self) -> tuple[Vector, ...]:
        return corners(self.where)

    def has_inside(self, x: Sequence[Fraction]) -> bool:
        """Whether a point of the polytope lies in its relative interior."""
        point = integer_row(Fraction(1), x)
        return all(dot(row, point) < 0 for row in self.inside)


def corners(polytope: Polyhedron) -> tuple[Vector, ...]:
    points = (generator.point for generator in polytope.generators)
    return tuple(tuple(Fraction(e, point[0]) for e in point[1:]) for point in points)


class Pieces:
    """A network on a region.  What the region has of cells and faces is found when it is first asked for."""

    def __init__(self, graph: Graph, region: Region) -> None:
        self.graph = graph
        self.region = region
        self.network = IntegerNetwork(graph)

    @cached_property
    def cells(self) -> tuple[Face, ...]:
        """The faces of full dimension within the region: every other one lies on the border of one of them.
        On a cell as a whole, closed, the network is affine."""
        whole = self.region.polyhedron()
        if whole is None:
            return ()
        part = Face(whole, (), self._loose(whole), cut=False)
        return tuple(self._walk(0, self.network.inputs(), part, faces=False))

    @cached_property
    def faces(self) -> tuple[Face, ...]:
        """All of them, the cells too."""
        whole = self.region.polyhedron()
        if whole is None:
            return ()
        found: list[Face] = []
        for where in _faces_of(whole):
            cut = len(where.generators) < len(whole.generators)
            part = Face(where, (), self._loose(where), cut=cut)
            found += self._walk(0, self.network.inputs(), part, faces=True)
        return tuple(found)

    def maps(self, face: Face) -> tuple[AffineMap, ...]:
        """The different maps of the network in the relative interior of the face, for all choices of phases
        of the neurons that are 0 there.  They have the same values on the face, not the same gradients."""
        phases = product(*((False, True) if sign == 0 else (sign > 0,) for sign in face.signs))
        return tuple(dict.fromkeys(self.network.under(chosen) for chosen in phases))

    def one_sided_jacobians(self) -> frozenset[Matrix]:
        """Those of all choices, at all points of the region."""
        return frozenset(map_.jacobian for face in self.faces for map_ in self.maps(face))

    def true_jacobians(self) -> frozenset[Matrix]:
        """Those that a whole cell has and no choice changes."""
        found = (self.maps(cell) for cell in self.cells)
        jacobians = ({map_.jacobian for map_ in maps} for maps in found)
        return frozenset(next(iter(different)) for different in jacobians if len(different) == 1)

    def _loose(self, where: Polyhedron) -> tuple[Row, ...]:
        """The limits of the region that do not hold with equality on all of `where`."""
        return tuple(row for row in self.region.rows if any(where.values(row)))

    def _walk(self, number: int, values: list[Forms], part: Face, *, faces: bool) -> Iterator[Face]:
        """What the nodes from `number` on make of a part on which those before have these forms.

        A ReLU that is 0 on the part gives the form 0, which is its value there.
        """
        nodes = self.graph.nodes
        while number < len(nodes):
            forms = self.network.affine(number, values)
            number += 1
            if forms is not None:
                values = [*values, forms]
                continue
            operand = values[nodes[number - 1].operands[0]]
            parts = [part]
            for form in operand:
                parts = [piece for each in parts for piece in _split(each, form, faces=faces)]
            for piece in parts:
                signs = piece.signs[len(part.signs) :]
                kept = [f if s > 0 else (0,) * len(f) for f, s in zip(operand, signs, strict=True)]
                yield from self._walk(number, [*values, kept], piece, faces=faces)
            return
        yield part


def _split(part: Face, form: Row, *, faces: bool) -> Iterator[Face]:
    """Where the form is positive, negative and, if `faces` are wanted or there is nothing else, 0."""
    values = part.where.values(form)
    negated = tuple(-c for c in form)
    up, down = any(value > 0 for value in values), any(value < 0 for value in values)
    if not up and not down:
        yield replace(part, signs=(*part.signs, 0))
        return
    above = part.where.cut(negated, [-value for value in values])
    if up:
        yield replace(part, where=above, signs=(*part.signs, 1), inside=(*part.inside, negated))
    if down:
        where = part.where.cut(form, values)
        yield replace(part, where=where, signs=(*part.signs, -1), inside=(*part.inside, form))
    if faces and up and down:
        yield replace(part, where=above.cut(form), signs=(*part.signs, 0), cut=True)


def _faces_of(polytope: Polyhedron) -> list[Polyhedron]:
    """The polytope and its faces: what several of its limits have in common, but for nothing."""
    everything = frozenset(range(len(polytope.generators)))
    tight = [generator.tight for generator in polytope.generators]
    facets = {frozenset(i for i in everything if tight[i] >> bit & 1) for bit in range(polytope.cuts)}
    found = {everything}
    for facet in facets:
        found |= {facet & other for other in found}
    found.discard(frozenset())
    return [
        Polyhedron(tuple(polytope.generators[i] for i in sorted(face)), polytope.cuts)
        for face in sorted(found, key=sorted)
    ]
