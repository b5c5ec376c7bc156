"""How far the one affine piece of a point reaches: the largest ball in which no ReLU changes its sign.

In: a graph and a point.  Out: the exact radius in ℓ1 or ℓ∞, in ℓ2 its square.  By the definition alone: the
distances from the point to all that is positive and to all that is negative of each neuron, cell by cell, in
a box that is large enough; no gradient is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from itertools import combinations, product
from operator import and_

from spec_lang.network.graph import Graph, Node, TensorSpec
from tests.backends.polyhedra import Polyhedron, integer_row
from tests.gradients.faces import Pieces, Region, corners
from tests.gradients.forms import Vector
from tests.gradients.linear_algebra import solution
from tests.gradients.oracle import Norm, inner
from tests.tiny_networks import dense

ZERO, ONE = Fraction(0), Fraction(1)


def linear_radius(graph: Graph, point: Vector, norm: Norm, up_to: Fraction) -> Fraction | None:
    """The largest r for which `one_activation_region` holds on the closed ball of radius r; None if it does
    for `up_to`.  In ℓ2, r².

    A neuron's sign changes in a ball that meets both what is positive and what is negative of it.
    """
    around = Region(tuple(e - up_to for e in point), tuple(e + up_to for e in point))
    pieces = Pieces(graph, around)
    nearest: dict[tuple[int, int], Fraction] = {}
    for cell in pieces.cells:
        apart = distance(cell.where, point, norm)
        for neuron, sign in enumerate(cell.signs):
            known = nearest.get((neuron, sign))
            nearest[neuron, sign] = apart if known is None else min(known, apart)
    changes = (
        max(apart, nearest[neuron, -1])
        for (neuron, sign), apart in nearest.items()
        if sign == 1 and (neuron, -1) in nearest
    )
    limit = up_to * up_to if norm is Norm.L2 else up_to
    found = min(changes, default=limit)
    return found if found < limit else None


def along(graph: Graph, point: Vector, direction: Vector) -> Graph:
    """The network on a line, `f(point + t direction)` as a function of t, both dyadic.  Its radius at 0 is
    the directional one, in units of the direction."""
    shift = dense([[float(d)] for d in direction], [float(p) for p in point])
    line = Node(shift, (0,), TensorSpec("line", (len(point),)))
    (values,) = graph.inputs
    moved = [replace(node, operands=tuple(o + 1 for o in node.operands)) for node in graph.nodes]
    return Graph((replace(values, shape=(1,)),), (line, *moved), tuple(o + 1 for o in graph.outputs))


def distance(polytope: Polyhedron, point: Vector, norm: Norm) -> Fraction:
    """From a point to the nearest one of a polytope; in ℓ2 its square."""
    if norm is Norm.L2:
        return ZERO if distance(polytope, point, Norm.LINF) == 0 else _squared(polytope, point)
    found = []
    for limits, objective in _parts(point, norm):
        part = polytope
        for row in limits:
            part = part if part.empty else part.cut(integer_row(row[0], row[1:]))
        if not part.empty:
            scaled = integer_row(objective[0], objective[1:])
            least = part.minimum(scaled)
            assert least is not None  # a polytope is bounded
            found.append(least * _factor(objective, scaled))
    return min(found)


def _parts(point: Vector, norm: Norm) -> list[tuple[list[Vector], Vector]]:
    """The parts of space, as rows `<= 0`, on which the distance is linear, with the distance there."""
    size = len(point)

    def from_point(terms: Sequence[int]) -> Vector:
        slopes = tuple(map(Fraction, terms))
        return (-inner(slopes, point), *slopes)

    unit = [tuple(int(i == j) for j in range(size)) for i in range(size)]
    parts = []
    if norm is Norm.L1:
        for signs in product((1, -1), repeat=size):
            limits = [from_point([-s * e for e in row]) for s, row in zip(signs, unit, strict=True)]
            parts.append((limits, from_point(signs)))
        return parts
    for i, sign in product(range(size), (1, -1)):
        ahead = [sign * e for e in unit[i]]
        others = [[t * e for e in unit[j]] for j in range(size) for t in (1, -1)]
        limits = [from_point([b - a for a, b in zip(ahead, other, strict=True)]) for other in others]
        parts.append((limits, from_point(ahead)))
    return parts


def _factor(row: Vector, scaled: Sequence[int]) -> Fraction:
    """What an integer row is to be multiplied by to be this one."""
    return next((a / b for a, b in zip(row, scaled, strict=True) if b), ONE)


def _squared(polytope: Polyhedron, point: Vector) -> Fraction:
    """From a point outside: the nearest one is the foot of the perpendicular on a simplex of corners."""
    generators = polytope.generators
    of_all = reduce(and_, (generator.tight for generator in generators))
    found = []
    for number in range(1, len(point) + 1):
        for some in combinations(zip(generators, corners(polytope), strict=True), number):
            if number > 1 and not of_all and not reduce(and_, (generator.tight for generator, _ in some)):
                continue  # of a polytope of full dimension, the nearest point lies on a facet
            foot = _foot([corner for _, corner in some], point)
            if foot is not None:
                gap = [a - b for a, b in zip(foot, point, strict=True)]
                found.append(inner(gap, gap))
    return min(found)


def _foot(simplex: Sequence[Vector], point: Vector) -> Vector | None:
    """The orthogonal projection on the plane through these corners, if it lies between them."""
    origin, *others = simplex
    edges = [tuple(a - b for a, b in zip(other, origin, strict=True)) for other in others]
    gram = [[inner(a, b) for b in edges] for a in edges]
    gap = [a - b for a, b in zip(point, origin, strict=True)]
    weights = solution(gram, [inner(gap, edge) for edge in edges])
    if weights is None or min(weights, default=ZERO) < 0 or sum(weights, ZERO) > 1:
        return None
    steps = [[w * e for e in edge] for w, edge in zip(weights, edges, strict=True)]
    return tuple(sum(column, ZERO) for column in zip(origin, *steps, strict=True))
