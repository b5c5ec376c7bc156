"""Pieces of the plane, gauges and boundaries, against points."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.backends.pairs.boundary import crossing, with_kinks
from spec_lang.backends.pairs.decide import compared
from spec_lang.backends.pairs.gauge import gauge_of, is_inside
from spec_lang.backends.pairs.plane import BOX, Piece, nearest
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import F64
from spec_lang.obligations.two_points import Domain, Row
from tests.backends.pairs.asking import obligations, seen
from tests.invertibility.networks import LIFTED, SQUARE, gaussian

ONE = Fraction(1)
SEEDS = st.integers(0, 1000)


def inside(piece: Piece, points: F64) -> F64:
    """How far points are from the outer side of every edge, at least, whichever way round it goes."""
    way = np.roll(piece.corners, -1, axis=0) - piece.corners
    offset = points[:, None] - piece.corners
    turns = way[:, 0] * offset[..., 1] - way[:, 1] * offset[..., 0]
    found: F64 = np.maximum(turns.min(axis=1), (-turns).min(axis=1))
    return found


@given(SEEDS, st.integers(1, 6))
def test_what_half_spaces_leave_of_a_box(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    box = Piece.of_box(np.array([-1.0, -2.0]), np.array([1.0, 2.0]))
    normals, constants = rng.normal(size=(count, 2)), rng.normal(0.3, 0.7, count)
    piece = box.cut_by(
        (normal, float(c), k) for k, (normal, c) in enumerate(zip(normals, constants, strict=True))
    )
    points = rng.uniform([-1, -2], [1, 2], (500, 2))
    values = points @ normals.T + constants
    if not len(piece.corners):
        assert (values.min(axis=1) < 1e-2).all()
        return
    margin = inside(piece, points)
    assert (margin[values.min(axis=1) > 1e-9] > -1e-9).all()
    assert (values.min(axis=1)[margin > 1e-9] > -1e-9).all()
    for i, label in enumerate(piece.labels):
        ends = piece.corners[[i, (i + 1) % len(piece.corners)]]
        if label != BOX:
            assert ends @ normals[label] + constants[label] == pytest.approx(0.0, abs=1e-9)
        else:
            assert (abs(ends - ends[0]).min(axis=1) < 1e-9).all()


def test_an_interval_is_cut_at_either_end() -> None:
    line = Piece.of_box(np.array([-1.0]), np.array([3.0]))
    cut = line.cut_by([(np.array([2.0]), 1.0, 7), (np.array([-1.0]), 2.0, 8)])
    assert cut.corners.ravel().tolist() == [-0.5, 2.0]
    assert cut.labels == (7, 8)
    assert not len(line.cut_by([(np.array([1.0]), -4.0, 0)]).corners)


@given(SEEDS)
def test_a_chord_ends_just_before_the_edge(seed: int) -> None:
    rng = np.random.default_rng(seed)
    piece = Piece.of_box(np.array([-1.0, -2.0]), np.array([1.0, 2.0])).cut(rng.normal(size=2), 0.5, 0)
    point, way = 0.9 * piece.middle, rng.normal(size=2)
    back, forth = piece.chord(point, way)
    assert back < 0 < forth
    for end in (back, forth):
        ends = point + np.array([[1.0], [1 + 1e-6]]) * end * way
        assert inside(piece, ends[:1])[0] >= 0
        assert inside(piece, ends[1:])[0] < 0
    assert Piece.of_box(np.array([-1.0]), np.array([2.0])).chord(
        np.zeros(1), np.array([-2.0])
    ) == pytest.approx((-1.0, 0.5))


@given(SEEDS)
def test_the_nearest_place_of_a_piece(seed: int) -> None:
    rng = np.random.default_rng(seed)
    box = Piece.of_box(rng.uniform(0.1, 1, 2), rng.uniform(1.1, 3, 2))
    piece = box.cut(rng.normal(size=2), float(rng.normal(1, 1)), 0)
    if piece.size < 1e-3:
        return
    for order in (1, 2, np.inf):

        def length(points: F64, order: float = order) -> F64:
            found: F64 = np.linalg.norm(points, ord=order, axis=-1)
            return found

        (found,) = nearest([piece], length)
        shares = np.linspace(0, 1, 400)[:, None, None]
        every = length(piece.corners + shares * (np.roll(piece.corners, -1, axis=0) - piece.corners))
        assert found.value <= every.min() + 1e-9
        assert found.value == pytest.approx(length(found.point))
        assert found.value >= every.min() - 2e-2
        assert inside(piece, found.point[None])[0] == pytest.approx(0.0, abs=1e-9)
        assert found.edges


@pytest.mark.parametrize(("norm", "order"), [("linf", np.inf), ("l1", 1), ("l2", 2)])
def test_the_gauge_of_a_ball_is_the_distance_over_its_radius(norm: str, order: float, tmp_path: Path) -> None:
    (obligation,) = obligations([LIFTED], [f"injective(f, on: ball([1/3, 1/7], 5/4, {norm}))"], tmp_path)
    found = seen(obligation)
    gauge = gauge_of(found.x, found.y, found.free)
    rng = np.random.default_rng(0)
    points = gauge.center + rng.normal(size=(50, 2))
    distances = np.linalg.norm(points - np.array([1 / 3, 1 / 7]), ord=order, axis=1)
    assert gauge(points) == pytest.approx(distances / 1.25, abs=1e-7)
    radius = rng.uniform(0.01, 0.5, (50, 2))
    least = gauge.least(Boxes(points - radius, points + radius))
    within = points + radius * rng.uniform(-1, 1, (200, 50, 2))
    assert (least <= gauge(within) + 1e-9).all()
    if norm == "l2":
        touching = gauge.tangent_point(points[0])
        assert touching is not None and float(gauge(touching)) == pytest.approx(1.0)


def test_a_centre_has_to_be_inside() -> None:
    half = Row(((0, ONE),), Fraction(-1, 2))  # x <= 1/2
    domain = Domain((Fraction(0),) * 2, (ONE,) * 2, (half,))
    assert not is_inside(domain, domain, (Fraction(1, 2), ONE))
    assert is_inside(domain, domain, (Fraction(1, 4), ONE))


@pytest.mark.parametrize("number", range(4))
def test_between_the_kinks_of_a_boundary_a_network_is_affine(number: int, tmp_path: Path) -> None:
    layers = gaussian(np.random.default_rng(number), (2, 6, 6, 2))
    (obligation,) = obligations([layers], ["injective(f, on: ball([0, 0], 1, linf))"], tmp_path)
    found = seen(obligation)
    slopes, _ = compared(found, gauge_of(found.x, found.y, found.free))
    corners = np.array([[-1.0, -1.0], [1, -1], [1, 1], [-1, 1]])
    path = with_kinks(slopes, corners)
    after = np.roll(path, -1, axis=0)
    values = [slopes.entering(points)[1] for points in (path, 0.5 * (path + after), after)]
    assert values[1] == pytest.approx(0.5 * (values[0] + values[2]), abs=1e-9)


def test_a_boundary_whose_image_goes_twice_around_crosses_itself(tmp_path: Path) -> None:
    (obligation,) = obligations([SQUARE], ["injective(f, on: ball([1/5, 1/7], 1, linf))"], tmp_path)
    found = seen(obligation)
    slopes, _ = compared(found, gauge_of(found.x, found.y, found.free))
    around = np.array([[-0.8, -0.9], [1.2, -0.9], [1.2, 1.1], [-0.8, 1.1]])
    met = crossing(slopes, np.eye(2), around)
    assert met is not None
    x, y = slopes.entering(np.stack([met.x, met.y]))[1]
    assert x == pytest.approx(y, abs=1e-9)
    assert abs(met.x - met.y).max() > 0.1
    assert crossing(slopes, np.eye(2), around + 2) is None
