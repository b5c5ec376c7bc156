"""Radii by the definition, against those that are known and against the closed formula."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import strategies as st

from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine
from tests.gradients import naive
from tests.gradients.cases import Case, case
from tests.gradients.faces import Pieces, Region
from tests.gradients.forms import Vector
from tests.gradients.oracle import Answer, Norm, inner
from tests.gradients.radius import along, distance, linear_radius
from tests.gradients.two_points import one_activation_region
from tests.laws import law
from tests.maps import rows_of
from tests.tiny_networks import chain, dense

cases = st.integers(0, 10**6).map(case)
ZERO, HALF, ONE, FAR = Fraction(0), Fraction(1, 2), Fraction(1), Fraction(4)


def formula(graph: Graph, x: Vector, norm: Norm) -> Fraction | None:
    """`min_j |z_j| / ‖∇z_j‖*` over neurons whose frozen gradient is not 0; in ℓ2 its square."""
    phases = naive.signs(graph, x)
    margins = []
    slopes = [tuple(Fraction(i == j) for j in range(len(x))) for i in range(len(x))]
    z, used = naive.preactivations(graph, x), 0
    for node in graph.nodes:
        if node.primitive == RELU:
            for slope, value, phase in zip(list(slopes), z[used:], phases[used:], strict=False):
                if not any(slope):
                    continue
                if not phase:
                    return ZERO
                dual = {Norm.L1: max(map(abs, slope)), Norm.LINF: sum(map(abs, slope), ZERO)}
                square = value * value / inner(slope, slope)
                margins.append(square if norm is Norm.L2 else abs(value) / dual[norm])
            slopes = [tuple(e * (p > 0) for e in s) for s, p in zip(slopes, phases[used:], strict=False)]
            used += node.size
        else:
            assert isinstance(node.primitive, Affine)
            rows = rows_of(node.primitive.maps[0])
            slopes = [
                tuple(sum((Fraction(w) * slopes[i][k] for i, w in row.items()), ZERO) for k in range(len(x)))
                for row in rows
            ]
    return min(margins, default=None)


@pytest.mark.parametrize("norm", list(Norm))
@law(15, 1000, drawn=cases)
def test_the_closed_formula_is_the_radius(norm: Norm, drawn: Case) -> None:
    expected = formula(drawn.graph, drawn.point, norm)
    limit = FAR * FAR if norm is Norm.L2 else FAR
    found = linear_radius(drawn.graph, drawn.point, norm, FAR)
    assert found == (expected if expected is not None and expected < limit else None)


@law(15, 1000, drawn=cases)
def test_within_the_radius_is_one_activation_region_and_beyond_it_is_none(drawn: Case) -> None:
    radius = linear_radius(drawn.graph, drawn.point, Norm.LINF, FAR)

    def answer(r: Fraction) -> Answer:
        box = Region(tuple(e - r for e in drawn.point), tuple(e + r for e in drawn.point))
        return one_activation_region(Pieces(drawn.graph, box)).answer

    if radius is None:
        assert answer(FAR - Fraction(1, 1024)) is Answer.PROVED
    else:
        assert answer(radius) is Answer.PROVED
        assert answer(radius + Fraction(1, 1024)) is Answer.REFUTED


@law(15, 1000, drawn=cases, step=st.sampled_from([(1, 0, -1), (0, 2, 1), (-1, 1, 1), (2, -1, 0)]))
def test_the_directional_radius_is_where_a_sign_changes(drawn: Case, step: tuple[int, ...]) -> None:
    direction = tuple(map(Fraction, step[: len(drawn.point)]))

    def signs(t: Fraction) -> tuple[int, ...]:
        return naive.signs(drawn.graph, tuple(p + t * d for p, d in zip(drawn.point, direction, strict=True)))

    def changes(r: Fraction) -> bool:
        seen = [signs(r * k / 8) for k in range(-8, 9)]
        return any({1, -1} <= set(column) for column in zip(*seen, strict=True))

    radius = linear_radius(along(drawn.graph, drawn.point, direction), (ZERO,), Norm.LINF, FAR)
    assert not changes(FAR - Fraction(1, 1024) if radius is None else radius)
    if radius:
        assert changes(radius + Fraction(1, 1024))


STEP = chain(2, dense([[1, 1]], [-1]), RELU, dense([[1]]))  # relu(x + y − 1)
DEEP = chain(1, dense([[1]], [1]), RELU, dense([[1]], [-3]), RELU, dense([[1]]))  # relu(relu(x + 1) − 3)
DEAD = chain(1, dense([[0]], [0]), RELU, dense([[1]]))
TWINS = chain(1, dense([[1], [1]]), RELU, dense([[1, -1]]), RELU, dense([[1]]))


@pytest.mark.parametrize(
    ("graph", "point", "norm", "radius"),
    [
        (STEP, (ZERO, ZERO), Norm.L1, ONE),
        (STEP, (ZERO, ZERO), Norm.LINF, HALF),
        (STEP, (ZERO, ZERO), Norm.L2, HALF),  # squared
        (STEP, (HALF, HALF), Norm.L1, ZERO),
        (DEEP, (ZERO,), Norm.LINF, ONE),
        (DEEP, (Fraction(3),), Norm.LINF, ONE),
        (DEEP, (Fraction(-3),), Norm.LINF, Fraction(2)),
        (DEEP, (Fraction(9),), Norm.LINF, None),
        (DEAD, (ZERO,), Norm.LINF, None),  # 0 everywhere
        (TWINS, (ONE,), Norm.L2, ONE),  # the second layer's is 0 everywhere, the first's is not
        (TWINS, (ZERO,), Norm.L2, ZERO),
    ],
)
def test_known_radii(graph: Graph, point: Vector, norm: Norm, radius: Fraction | None) -> None:
    assert linear_radius(graph, point, norm, FAR) == radius


@pytest.mark.parametrize(
    ("norm", "expected"), [(Norm.L1, Fraction(3)), (Norm.LINF, Fraction(2)), (Norm.L2, Fraction(5))]
)
def test_distances_to_a_square(norm: Norm, expected: Fraction) -> None:
    square = Region((ONE, ONE), (Fraction(3), Fraction(3))).polyhedron()
    assert square is not None
    assert distance(square, (-ONE, ZERO), norm) == expected
    assert distance(square, (Fraction(2), Fraction(2)), norm) == 0


def test_the_nearest_point_may_lie_within_a_flat_polytope() -> None:
    flat = Region((-ONE, -ONE, ONE), (ONE, ONE, ONE)).polyhedron()
    assert flat is not None
    assert distance(flat, (ZERO, HALF, ZERO), Norm.L2) == 1
