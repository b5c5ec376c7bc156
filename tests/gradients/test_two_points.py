"""The oracle for claims about two points, against answers that are known and against pairs of points."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from random import Random

import pytest
from hypothesis import strategies as st

from spec_lang.network.primitives import RELU
from tests.gradients import naive, two_points
from tests.gradients.cases import Case, case
from tests.gradients.faces import Pieces, Region
from tests.gradients.forms import Vector
from tests.gradients.linear_algebra import negative_direction, null_space, solution
from tests.gradients.oracle import Answer, Finding, Norm, inner
from tests.graphs import exact_outputs
from tests.laws import law
from tests.tiny_networks import chain, dense

cases = st.integers(0, 10**6).map(case)
ZERO, HALF, ONE = Fraction(0), Fraction(1, 2), Fraction(1)


def points(drawn: Case, pieces: Pieces, most: int = 25) -> list[Vector]:
    """Some of the region's, kinks among them."""
    corners = sorted({corner for cell in pieces.cells for corner in cell.corners})
    found = list(dict.fromkeys([*naive.grid(drawn.region), *corners]))
    return Random(0).sample(found, min(most, len(found)))  # noqa: S311 - to be repeated


def gap(a: tuple[Fraction, ...] | list[Fraction], b: tuple[Fraction, ...] | list[Fraction]) -> Vector:
    return tuple(x - y for x, y in zip(a, b, strict=True))


def size(vector: Vector, norm: Norm) -> Fraction:
    """In ℓ2 the square."""
    if norm is Norm.L2:
        return inner(vector, vector)
    return max(map(abs, vector)) if norm is Norm.LINF else sum(map(abs, vector), ZERO)


def stretched(drawn: Case, norm: Norm, x: Vector, y: Vector) -> Fraction:
    """How many times as far apart the images are; in ℓ2 squared."""
    image = gap(exact_outputs(drawn.graph, x), exact_outputs(drawn.graph, y))
    return size(image, norm) / size(gap(x, y), norm)


@law(25, 3000, drawn=cases, seed=st.integers(0, 99))
def test_monotone(drawn: Case, seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - to be repeated
    pieces, inputs = Pieces(drawn.graph, drawn.region), range(drawn.graph.input_size)
    moved, increasing = rng.sample(inputs, rng.randint(1, len(inputs))), rng.random() < 0.5

    def breaks(x: Vector, y: Vector) -> bool:
        steps = gap(y, x)
        change = exact_outputs(drawn.graph, y)[0] - exact_outputs(drawn.graph, x)[0]
        rises = all(step >= 0 if i in moved else step == 0 for i, step in enumerate(steps))
        return rises and (change < 0 if increasing else change > 0)

    finding = two_points.monotone(pieces, 0, moved, increasing=increasing)
    assert all(map(drawn.region.contains, finding.points))
    if finding.answer is Answer.REFUTED:
        assert breaks(*finding.points)
    else:
        assert not any(breaks(x, y) for x, y in product(points(drawn, pieces), repeat=2))


@pytest.mark.parametrize("norm", [Norm.L1, Norm.LINF])
@law(15, 3000, drawn=cases)
def test_the_lipschitz_constant_is_the_least(norm: Norm, drawn: Case) -> None:
    pieces = Pieces(drawn.graph, drawn.region)
    constant = two_points.lipschitz_constant(pieces, norm)
    assert two_points.lipschitz(pieces, constant, norm).answer is Answer.PROVED
    tried = points(drawn, pieces, 12)
    assert all(stretched(drawn, norm, x, y) <= constant for x, y in combinations(tried, 2))
    if constant:
        finding = two_points.lipschitz(pieces, constant * Fraction(1023, 1024), norm)
        assert all(map(drawn.region.contains, finding.points))
        assert constant * Fraction(1023, 1024) < stretched(drawn, norm, *finding.points) <= constant


@law(25, 3000, drawn=cases, at_most=st.sampled_from([0, 1, 2, 3, 5, 8]))
def test_lipschitz_in_l2(drawn: Case, at_most: int) -> None:
    pieces, limit = Pieces(drawn.graph, drawn.region), Fraction(at_most, 2)
    finding = two_points.lipschitz(pieces, limit, Norm.L2)
    if drawn.graph.output_size == 1:
        square = two_points.lipschitz_constant(pieces, Norm.L2)
        assert (finding.answer is Answer.PROVED) is (square <= limit * limit)
    if finding.answer is Answer.REFUTED:
        assert all(map(drawn.region.contains, finding.points))
        assert stretched(drawn, Norm.L2, *finding.points) > limit * limit
    else:
        tried = points(drawn, pieces, 12)
        assert all(stretched(drawn, Norm.L2, x, y) <= limit * limit for x, y in combinations(tried, 2))


@law(30, 3000, drawn=cases)
def test_affine(drawn: Case) -> None:
    def bends(x: Vector, y: Vector) -> bool:
        middle = tuple((a + b) / 2 for a, b in zip(x, y, strict=True))
        ends = zip(exact_outputs(drawn.graph, x), exact_outputs(drawn.graph, y), strict=True)
        return exact_outputs(drawn.graph, middle) != [(a + b) / 2 for a, b in ends]

    pieces = Pieces(drawn.graph, drawn.region)
    finding = two_points.affine(pieces)
    assert all(map(drawn.region.contains, finding.points))
    if finding.answer is Answer.REFUTED:
        assert bends(*finding.points)
    else:
        assert not any(bends(x, y) for x, y in combinations(points(drawn, pieces, 12), 2))


@law(30, 3000, drawn=cases)
def test_one_activation_region(drawn: Case) -> None:
    def changes(x: Vector, y: Vector) -> bool:
        signs = zip(naive.signs(drawn.graph, x), naive.signs(drawn.graph, y), strict=True)
        return any(a > 0 > b for a, b in signs)

    pieces = Pieces(drawn.graph, drawn.region)
    finding = two_points.one_activation_region(pieces)
    assert all(map(drawn.region.contains, finding.points))
    if finding.answer is Answer.REFUTED:
        assert changes(*finding.points)
    else:
        assert not any(changes(x, y) for x, y in product(points(drawn, pieces), repeat=2))
        assert two_points.affine(pieces).answer is Answer.PROVED


# -- worked by hand ------------------------------------------------------------------------------------

SADDLE = chain(2, dense([[1, 0], [-1, 0], [0, 1], [0, -1]]), RELU, dense([[1, 1, -1, -1]]))  # |x| − |y|
SUM = chain(2, dense([[1, 1]], [4]), RELU, dense([[1]], [-4]))  # x + y
CANCELLED = chain(1, dense([[1], [-1]]), RELU, dense([[1, -1]]))  # x, by two neurons that change
SQUARE = Region((-ONE, -ONE), (ONE, ONE))
DIAGONAL = Region((-ONE, -ONE), (ONE, ONE), ((ZERO, ONE, -ONE), (ZERO, -ONE, ONE)))  # x = y
ANTIDIAGONAL = Region((-ONE, -ONE), (ONE, ONE), ((ZERO, ONE, ONE), (ZERO, -ONE, -ONE)))  # x = −y
POINT = Region((ZERO, ZERO), (ZERO, ZERO))
PROVED, REFUTED = Answer.PROVED, Answer.REFUTED


@pytest.mark.parametrize(
    ("finding", "answer"),
    [
        (two_points.monotone(Pieces(SADDLE, SQUARE), 0, [0]), REFUTED),
        (two_points.monotone(Pieces(SADDLE, Region((ZERO, -ONE), (ONE, ONE))), 0, [0]), PROVED),
        (two_points.monotone(Pieces(SADDLE, Region((ZERO, ZERO), (ONE, ONE))), 0, [0, 1]), REFUTED),
        (two_points.monotone(Pieces(SADDLE, DIAGONAL), 0, [0]), PROVED),  # x cannot move alone
        (two_points.monotone(Pieces(SADDLE, DIAGONAL), 0, [0, 1]), PROVED),  # it is 0 there
        (two_points.monotone(Pieces(SADDLE, POINT), 0, [0, 1]), PROVED),
        (two_points.monotone(Pieces(SUM, SQUARE), 0, [0, 1]), PROVED),
        (two_points.monotone(Pieces(SUM, SQUARE), 0, [1], increasing=False), REFUTED),
        (two_points.monotone(Pieces(SUM, ANTIDIAGONAL), 0, [0, 1], increasing=False), PROVED),
        (two_points.affine(Pieces(SADDLE, SQUARE)), REFUTED),
        (two_points.affine(Pieces(SADDLE, DIAGONAL)), PROVED),
        (two_points.affine(Pieces(SADDLE, ANTIDIAGONAL)), PROVED),
        (two_points.affine(Pieces(SADDLE, Region((ZERO, ZERO), (ONE, ONE)))), PROVED),
        (two_points.affine(Pieces(CANCELLED, Region((-ONE,), (ONE,)))), PROVED),
        (two_points.one_activation_region(Pieces(CANCELLED, Region((-ONE,), (ONE,)))), REFUTED),
        (two_points.one_activation_region(Pieces(CANCELLED, Region((ZERO,), (ONE,)))), PROVED),
        (two_points.one_activation_region(Pieces(SADDLE, POINT)), PROVED),
        (two_points.one_activation_region(Pieces(SUM, SQUARE)), PROVED),
    ],
)
def test_known_answers(finding: Finding, answer: Answer) -> None:
    assert finding.answer is answer


@pytest.mark.parametrize(
    ("region", "norm", "constant"),
    [
        (SQUARE, Norm.LINF, 2),  # x + y
        (SQUARE, Norm.L1, 1),
        (SQUARE, Norm.L2, 2),  # squared
        (DIAGONAL, Norm.LINF, 2),
        (DIAGONAL, Norm.L1, 1),
        (ANTIDIAGONAL, Norm.LINF, 0),
        (ANTIDIAGONAL, Norm.L2, 0),
        (POINT, Norm.L1, 0),
        (Region((-ONE, ZERO), (ONE, ZERO)), Norm.LINF, 1),
        (Region((-ONE, ZERO), (ONE, ZERO)), Norm.L2, 1),
    ],
)
def test_known_constants(region: Region, norm: Norm, constant: int) -> None:
    assert two_points.lipschitz_constant(Pieces(SUM, region), norm) == constant


# -- linear algebra ------------------------------------------------------------------------------------

numbers = st.sampled_from([Fraction(k, 2) for k in range(-4, 5)])


@law(60, 5000, rows=st.lists(st.tuples(numbers, numbers, numbers), max_size=4))
def test_a_null_space_and_its_null_space_are_everything(rows: list[Vector]) -> None:
    basis = null_space(rows, 3)
    assert all(inner(row, vector) == 0 for row in rows for vector in basis)
    assert len(basis) + len(null_space(basis, 3)) == 3
    assert all(not null_space([*null_space(basis, 3), row], 3) or basis for row in rows)


@law(60, 5000, rows=st.lists(st.tuples(numbers, numbers, numbers), min_size=3, max_size=3))
def test_equations_are_solved(rows: list[Vector]) -> None:
    found = solution(rows, (ONE, HALF, -ONE))
    assert (found is None) is bool(null_space(rows, 3))
    assert found is None or [inner(row, found) for row in rows] == [ONE, HALF, -ONE]


@law(60, 5000, below=st.tuples(*[numbers] * 6))
def test_a_quadratic_form_is_negative_somewhere_or_a_sum_of_squares(below: Vector) -> None:
    a, b, c, d, e, f = below
    matrix = [(a, b, d), (b, c, e), (d, e, f)]
    found = negative_direction(matrix)
    if found is not None:
        assert inner(found, [inner(row, found) for row in matrix]) < 0
        return
    minors = [m[0] for m in ([a], [c], [f])] + [a * c - b * b, a * f - d * d, c * f - e * e]
    determinant = a * (c * f - e * e) - b * (b * f - d * e) + d * (b * e - c * d)
    assert min([*minors, determinant]) >= 0
