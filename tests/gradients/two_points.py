"""Claims about two points of a region, exactly: monotone, Lipschitz, affine, one activation region.

In: `Pieces` and a claim.  Out: a `Finding` with the pair of points that breaks it.  No gradient is asked for,
so no kink leaves anything open.  A segment between two points of a convex region falls into segments within
closed cells, and a cell contains a short segment in every direction of the region's affine hull: a claim that
adds up along segments holds if it does for the cells' maps in these directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from spec_lang.obligations.model import Box
from tests.backends.polyhedra import integer_row, polyhedra_of
from tests.gradients.faces import Face, Pieces, corners
from tests.gradients.forms import AffineMap, Matrix, Vector
from tests.gradients.linear_algebra import negative_direction, null_space, solution
from tests.gradients.oracle import Answer, Finding, Norm, inner
from tests.graphs import exact_outputs

ZERO, ONE = Fraction(0), Fraction(1)


def monotone(pieces: Pieces, output: int, moved: Sequence[int], *, increasing: bool = True) -> Finding:
    """`x_i <= y_i` for the inputs that are moved, `x_j == y_j` for all others `=> f(x) <= f(y)`."""
    size = pieces.graph.input_size
    upper = tuple(Fraction(i in moved) for i in range(size))
    directions = _within_hull(pieces, Box((ZERO,) * size, upper))
    for cell in pieces.cells:
        row = _map(pieces, cell).jacobian[output]
        for direction in directions:
            slope = inner(row, direction)
            if slope < 0 if increasing else slope > 0:
                return Finding(Answer.REFUTED, _segment(pieces, cell, direction))
    return Finding(Answer.PROVED)


def lipschitz(pieces: Pieces, at_most: Fraction, norm: Norm) -> Finding:
    """`‖f(x) − f(y)‖ <= K ‖x − y‖` for all outputs together."""
    for cell in pieces.cells:
        direction = _stretched(pieces, _map(pieces, cell).jacobian, at_most, norm)
        if direction is not None:
            return Finding(Answer.REFUTED, _segment(pieces, cell, direction))
    return Finding(Answer.PROVED)


def lipschitz_constant(pieces: Pieces, norm: Norm) -> Fraction:
    """The least such K; of ℓ2 its square, and of one output alone."""
    found = ZERO
    if norm is Norm.L2:
        basis = _hull(pieces)
        for cell in pieces.cells:
            (row,) = _map(pieces, cell).jacobian
            projected = _projected(row, basis)
            found = max(found, inner(projected, projected))
        return found
    for cell in pieces.cells:
        jacobian = _map(pieces, cell).jacobian
        for direction in _unit_ball(pieces, norm):
            moved = [abs(inner(row, direction)) for row in jacobian]
            found = max(found, max(moved) if norm is Norm.LINF else sum(moved, ZERO))
    return found


def affine(pieces: Pieces) -> Finding:
    """The network is one affine map on the region: all cells' maps agree at its corners.

    The points, where they do not: the ends of a segment whose middle has not the mean of their values.
    """
    region = pieces.region.polyhedron()
    if region is None:
        return Finding(Answer.PROVED)
    cells = [(cell, _map(pieces, cell)) for cell in pieces.cells]
    values = [[map_.at(corner) for corner in corners(region)] for _, map_ in cells]
    if all(one == values[0] for one in values):
        return Finding(Answer.PROVED)
    return Finding(Answer.REFUTED, _bend(pieces, [cell for cell, _ in cells]))


def one_activation_region(pieces: Pieces) -> Finding:
    """No neuron is positive at one point and negative at another."""
    seen: dict[tuple[int, int], Vector] = {}
    for cell in pieces.cells:
        point = cell.where.inner_point()
        for neuron, sign in enumerate(cell.signs):
            seen.setdefault((neuron, sign), point)
            if sign and (neuron, -sign) in seen:
                return Finding(Answer.REFUTED, (seen[neuron, 1], seen[neuron, -1]))
    return Finding(Answer.PROVED)


# -- directions ----------------------------------------------------------------------------------------


def _map(pieces: Pieces, cell: Face) -> AffineMap:
    """The map on a cell; where there are several, they differ in directions that leave the region's hull."""
    return pieces.maps(cell)[0]


def _normals(pieces: Pieces) -> list[Vector]:
    """A basis of what is orthogonal to all segments of the region."""
    region = pieces.region.polyhedron()
    ends = () if region is None else corners(region)
    segments = [[a - b for a, b in zip(end, ends[0], strict=True)] for end in ends[1:]]
    return null_space(segments, pieces.graph.input_size)


def _hull(pieces: Pieces) -> list[Vector]:
    """A basis of the directions of all segments of the region."""
    return null_space(_normals(pieces), pieces.graph.input_size)


def _within_hull(pieces: Pieces, box: Box, limits: Sequence[Vector] = ()) -> tuple[Vector, ...]:
    """The corners of what a box around 0, cut by rows `<= 0`, has of these directions."""
    (polytope,) = polyhedra_of(box)
    for normal in _normals(pieces):
        row = integer_row(ZERO, normal)
        polytope = polytope.cut(row).cut(tuple(-c for c in row))
    for limit in limits:
        polytope = polytope.cut(integer_row(limit[0], limit[1:]))
    return corners(polytope)


def _unit_ball(pieces: Pieces, norm: Norm) -> tuple[Vector, ...]:
    """The corners of what the unit ball has of these directions: there a norm of a linear map is greatest."""
    size = pieces.graph.input_size
    box = Box((-ONE,) * size, (ONE,) * size)
    sums = [(-ONE, *map(Fraction, signs)) for signs in product((1, -1), repeat=size)]
    return _within_hull(pieces, box, sums if norm is Norm.L1 else ())


def _stretched(pieces: Pieces, jacobian: Matrix, at_most: Fraction, norm: Norm) -> Vector | None:
    """A direction within the hull that the map makes more than `at_most` times as long."""
    if norm is not Norm.L2:
        for direction in _unit_ball(pieces, norm):
            length = _length(direction, norm)
            if not norm.at_most([inner(row, direction) for row in jacobian], at_most * length):
                return direction
        return None
    assert at_most >= 0
    basis = _hull(pieces)
    images = [tuple(inner(row, b) for row in jacobian) for b in basis]
    form = [
        [at_most * at_most * inner(a, b) - inner(c, d) for b, d in zip(basis, images, strict=True)]
        for a, c in zip(basis, images, strict=True)
    ]
    found = negative_direction(form)
    return None if found is None else tuple(inner(found, column) for column in zip(*basis, strict=True))


def _length(vector: Vector, norm: Norm) -> Fraction:
    sizes = [abs(e) for e in vector]
    return max(sizes) if norm is Norm.LINF else sum(sizes, ZERO)


def _projected(vector: Vector, basis: Sequence[Vector]) -> Vector:
    """The orthogonal projection on what the basis spans."""
    gram = [[inner(a, b) for b in basis] for a in basis]
    weights = solution(gram, [inner(vector, b) for b in basis]) or ()
    return tuple(
        sum((w * b[i] for w, b in zip(weights, basis, strict=True)), ZERO) for i in range(len(vector))
    )


def _segment(pieces: Pieces, cell: Face, direction: Vector) -> tuple[Vector, Vector]:
    """Two points of the cell, the second in this direction from the first."""
    start, step = cell.where.inner_point(), ONE
    while True:
        end = tuple(a + step * d for a, d in zip(start, direction, strict=True))
        if pieces.region.contains(end) and cell.has_inside(end):
            return start, end
        step /= 2


def _bend(pieces: Pieces, cells: Sequence[Face]) -> tuple[Vector, Vector]:
    """A segment from the first cell to a corner of another where the first map is not the value, halved
    towards the first, where the function is affine, until the middle has not the mean."""
    map_, start = _map(pieces, cells[0]), cells[0].where.inner_point()
    ends = (corner for cell in cells for corner in cell.corners)
    end = next(c for c in ends if list(map_.at(c)) != exact_outputs(pieces.graph, c))
    while True:
        middle = tuple((a + b) / 2 for a, b in zip(start, end, strict=True))
        values = (exact_outputs(pieces.graph, point) for point in (start, end))
        mean = [(a + b) / 2 for a, b in zip(*values, strict=True)]
        if mean != exact_outputs(pieces.graph, middle):
            return start, end
        end = middle
