"""The oracle against answers that are known, against slopes, and against what must not change an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invertibility import networks
from tests.invertibility.cases import ball
from tests.invertibility.networks import RANDOM, layers_of
from tests.invertibility.oracle import Pair, determination_broken, injectivity_broken, preimages
from tests.invertibility.pieces import Layer, Layers, pieces, value
from tests.invertibility.polygons import Point, Polygon, box, fractions_of

few = settings(max_examples=20)
IDENTITY = layers_of(([[1, 0], [0, 1]], [0, 0]))


def rectangle(*ends: float) -> Polygon:
    """Lower ends, then upper ends."""
    exact = [Fraction(end) for end in ends]
    half = len(ends) // 2
    return box(exact[:half], exact[half:])


def point(*coordinates: float) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, coordinates))


@pytest.mark.parametrize(
    ("layers", "ends", "injective"),
    [
        (networks.LINE, (-1, 1), True),
        (networks.TWINS, (-1, 1), True),
        (networks.FOLD, (-1, 1), False),
        (networks.FOLD, (-(2.0**-40), 1), False),
        (networks.FOLD, (0, 1), True),
        (networks.HINGE, (-1, -0.5), False),
        (networks.HINGE, (-(2.0**-40), 1), False),
        (networks.HINGE, (0, 1), True),
        (networks.CURVE, (-1, 1), True),
        (IDENTITY, (-1, -1, 1, 1), True),
        (networks.LIFTED, (-1, -1, 1, 1), True),
        (networks.LIFTED, (-5, -1, 1, 1), False),
        (networks.PLANE_FOLD, (-1, -1, 1, 1), False),
        (networks.PLANE_FOLD, (0, -1, 1, 1), True),
        (networks.DEAD, (-1, -1, 1, 1), False),
        (networks.DEAD, (-1, 0, 1, 1), True),
        (networks.SQUARE, (-1, -1, 1, 1), False),
        (networks.SQUARE, (2.0**-40, -1, 1, 1), True),
        (networks.SQUARE, (0, -1, 1, 1), False),  # (0, y) and (0, -y): two points of the boundary
        (networks.SQUARE, (0, 0, 1, 1), True),
        (networks.SQUARE, (-1, -0.25, 1, 0.5), False),
    ],
)
def test_known_answers(layers: Layers, ends: tuple[float, ...], injective: bool) -> None:
    pair = injectivity_broken(layers, rectangle(*ends))
    assert (pair is None) is injective
    if pair is not None:
        assert merged(layers, pair, ends)


def merged(layers: Layers, pair: Pair, ends: tuple[float, ...]) -> bool:
    """Two points of the region, with one image."""
    half = len(ends) // 2
    inside = all(lo <= e <= hi for p in pair for lo, e, hi in zip(ends, p, ends[half:], strict=False))
    return inside and pair[0] != pair[1] and value(layers, pair[0]) == value(layers, pair[1])


def corners_of(layers: Layers, polygon: Polygon) -> set[tuple[Fraction, ...]]:
    """The corners of all pieces."""
    return {fractions_of(point) for piece in pieces(layers, polygon) for point in piece.polygon}


def images(layers: Layers, points: Iterable[tuple[Fraction, ...]]) -> set[tuple[Fraction, ...]]:
    return {value(layers, point) for point in points}


def test_all_determinants_of_the_square_are_1() -> None:
    found = pieces(networks.SQUARE, rectangle(-1, -1, 1, 1))
    assert len(found) == 8
    for piece in found:
        (a, b, _), (c, d, _) = piece.rows
        assert a * d - b * c == piece.scale**2


def test_preimages_of_known_networks() -> None:
    square, whole = networks.SQUARE, rectangle(-1, -1, 1, 1)
    assert preimages(square, point(0.5, 0), whole) == {point(0.5, 0), point(-0.5, 0)}
    assert preimages(square, point(0, 0), whole) == {point(0, 0)}
    assert preimages(square, point(0.5, 0), rectangle(0, -1, 1, 1)) == {point(0.5, 0)}
    assert preimages(networks.HINGE, point(-1), rectangle(-2, 1)) == {point(-2), point(0)}
    below = rectangle(-1, -1, 1, -0.5)
    assert preimages(networks.DEAD, point(-1, -1), below) == {point(-1, -1), point(-1, -0.5)}


@few
@given(st.integers(0, 2**32), st.sampled_from(["few bits", "gaussian", "near identity"]))
def test_of_one_variable_the_injective_ones_are_those_that_rise_or_fall(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    layers = RANDOM[kind](rng, (1, 10, 10, 1))
    start, length = rng.integers(-16, 17) / 8, rng.integers(1, 17) / 8
    region = rectangle(start, start + length)
    slopes = [piece.rows[0][0] for piece in pieces(layers, region)]
    monotone = all(s > 0 for s in slopes) or all(s < 0 for s in slopes)
    assert (injectivity_broken(layers, region) is None) is monotone


@few
@given(st.integers(0, 2**32), st.sampled_from([2, 3]))
def test_shears_are_injective(seed: int, outputs: int) -> None:
    layers = networks.shears(np.random.default_rng(seed), (2, 8, 8, outputs))
    assert injectivity_broken(layers, rectangle(-1, -1, 1, 1)) is None


@few
@given(st.integers(0, 2**32), st.sampled_from(sorted(RANDOM)))
def test_pieces_cover_the_region_and_give_the_network(seed: int, kind: str) -> None:
    layers = RANDOM[kind](np.random.default_rng(seed), (2, 8, 8, 2))
    total, values = Fraction(0), dict[Point, tuple[Fraction, ...]]()
    for piece in pieces(layers, rectangle(-1, -1, 1, 1)):
        corners = [fractions_of(corner) for corner in piece.polygon]
        edges = zip(corners, corners[1:] + corners[:1], strict=True)
        total += abs(sum((a[0] * b[1] - a[1] * b[0] for a, b in edges), Fraction(0)))
        for corner in piece.polygon:
            image = fractions_of(piece.image(corner))
            assert values.setdefault(corner, image) == image
    assert total == 8  # twice the area
    for corner in list(values)[:: max(1, len(values) // 10)]:
        assert values[corner] == value(layers, fractions_of(corner))


@few
@given(st.integers(0, 2**32), st.sampled_from(sorted(RANDOM)), st.sampled_from([2, 3]), st.integers(1, 16))
def test_an_answer_is_that_of_the_turned_network_and_of_its_parts(
    seed: int, kind: str, outputs: int, size: int
) -> None:
    """An invertible map before or after changes nothing; a pair is one; and a part of an injective region
    is injective."""
    rng = np.random.default_rng(seed)
    layers = RANDOM[kind](rng, (2, 8, 8, outputs))
    ends = (-size / 16, -size / 16, size / 16, size / 16)
    pair = injectivity_broken(layers, rectangle(*ends))
    if pair is not None:
        assert merged(layers, pair, ends)
    swapped = [replace(layers[0], weight=layers[0].weight[:, ::-1]), *layers[1:]]
    mixed = np.eye(outputs, dtype=np.float32) + np.triu(rng.integers(-3, 4, (outputs, outputs)), 1)
    turned = [*swapped, Layer(mixed, np.ones(outputs), relu=False)]
    assert (injectivity_broken(turned, rectangle(*ends)) is None) is (pair is None)
    if pair is None:
        assert injectivity_broken(layers, rectangle(ends[0], ends[1], ends[2] / 2, 0)) is None
        assert all(
            preimages(layers, p, rectangle(*ends)) == {p} for p in corners_of(layers, rectangle(*ends))
        )


@few
@given(st.integers(0, 2**32), st.integers(1, 16))
def test_what_a_network_determines(seed: int, size: int) -> None:
    """A network determines its own functions; a constant, nothing else; and a pair is one."""
    rng = np.random.default_rng(seed)
    f, g = (networks.few_bits(rng, (2, 4, 2)) for _ in range(2))
    region = rectangle(-size / 8, -size / 8, size / 8, size / 8)
    assert determination_broken(f, [*f, Layer(np.array([[1, 2]]), np.array([3]))], region) is None
    pair = determination_broken(f, g, region)
    if pair is None:
        assert all(len(images(g, preimages(f, point, region))) == 1 for point in corners_of(f, region))
    else:
        assert value(f, pair[0]) == value(f, pair[1])
        assert value(g, pair[0]) != value(g, pair[1])


def test_polygons_in_and_around_a_disc() -> None:
    """Corners of the one are on the circle, and on the sides of the other, at right angles to the radius."""
    centre, radius = (Fraction(1), Fraction(-2)), Fraction(3, 2)
    inner, outer = (ball(centre, radius, "l2", around=around) for around in (False, True))
    touching = [tuple(e - c for e, c in zip(fractions_of(p), centre, strict=True)) for p in inner]
    corners = [tuple(e - c for e, c in zip(fractions_of(p), centre, strict=True)) for p in outer]
    assert all(x * x + y * y == radius**2 for x, y in touching)
    for (x, y), before, after in zip(touching, corners[-1:] + corners, corners, strict=False):
        assert x * before[0] + y * before[1] == x * after[0] + y * after[1] == radius**2
