"""Folds and the pairs beside them, against all pieces in exact integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from spec_lang.backends.pairs.decide import compared
from spec_lang.backends.pairs.folds import FoldSearch
from spec_lang.backends.pairs.gauge import gauge_of
from spec_lang.bounding.boxes import outward
from spec_lang.obligations.model import Box, Obligation
from spec_lang.obligations.outcome import Refuted
from tests.backends.pairs.asking import obligations, pair_of, run, seen
from tests.invertibility.networks import FOLD, few_bits, gaussian
from tests.invertibility.pieces import Layers, Piece, pieces
from tests.invertibility.polygons import box, fractions_of

RADIUS = Fraction(3, 2)
Draw = Callable[[np.random.Generator, tuple[int, ...]], Layers]


def determinant(piece: Piece) -> int:
    if len(piece.rows) == 1:
        return piece.rows[0][0]
    (a, b, _), (c, d, _) = piece.rows
    return a * d - b * c


def least_folded(layers: Layers, centre: Sequence[Fraction]) -> float:
    """The distance of a centre that no kink meets to the nearest piece whose sign is not that of its own."""
    found = pieces(layers, box([c - RADIUS for c in centre], [c + RADIUS for c in centre]))
    far = [_distance(piece, centre) for piece in found]
    home = determinant(found[int(np.argmin(far))])
    return min(
        (d for d, piece in zip(far, found, strict=True) if determinant(piece) * home <= 0), default=np.inf
    )


def _distance(piece: Piece, centre: Sequence[Fraction]) -> float:
    """In the maximum norm, densely along the edges; 0 for the piece that holds the centre."""
    corners = np.array([[float(e) for e in fractions_of(point)] for point in piece.polygon])
    d = corners - np.array([float(c) for c in centre])
    if d.shape[1] == 1:
        return 0.0 if d.min() < 0 < d.max() else float(abs(d).min())
    ends = np.roll(d, -1, axis=0)
    turns = d[:, 0] * ends[:, 1] - d[:, 1] * ends[:, 0]
    if (turns > 0).all() or (turns < 0).all():
        return 0.0
    along = np.linspace(0, 1, 4001)[:, None, None]
    return float(abs(d + along * (ends - d)).max(axis=2).min())


def nearest(obligation: Obligation) -> float:
    """The gauge of the nearest fold, 1 without any; with the other sign the centre's own piece is one."""
    found = seen(obligation)
    gauge = gauge_of(found.x, found.y, found.free)
    slopes, _ = compared(found, gauge)
    values = []
    for sign in (-1, 1):
        root = outward(Box(found.x.lower, found.x.upper))
        search = FoldSearch(slopes, gauge, root, np.eye(len(found.free)), sign)
        assert search.run(lambda: False)
        values.append(search.folds[0].place.value if search.folds else 1.0)
    assert min(values) == pytest.approx(0.0, abs=1e-12)
    return max(values)


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("draw", [few_bits, gaussian])
@pytest.mark.parametrize("sizes", [(1, 8, 8, 1), (2, 5, 5, 2)])
def test_the_nearest_fold_is_that_of_all_pieces(
    draw: Draw, number: int, sizes: tuple[int, ...], tmp_path: Path
) -> None:
    layers = draw(np.random.default_rng(number), sizes)
    centre = (Fraction(3, 7),) * sizes[0]
    text = ", ".join(map(str, centre))
    (obligation,) = obligations([layers], [f"injective(f, on: ball([{text}], 3/2, linf))"], tmp_path)
    found, expected = 1.5 * nearest(obligation), min(least_folded(layers, centre), 1.5)
    assert expected - 2e-3 <= found <= expected + 1e-9


@pytest.mark.parametrize("norm", ["linf", "l1", "l2"])
@pytest.mark.parametrize("number", range(3))
def test_a_pair_lies_beside_the_nearest_fold(norm: str, number: int, tmp_path: Path) -> None:
    layers = gaussian(np.random.default_rng(number), (2, 8, 8, 2))
    claim = f"injective(f, on: ball([3/7, 2/7], 2, {norm}))"
    (obligation,) = obligations([layers], [claim], tmp_path)
    outcome = run(obligation).outcome
    assert isinstance(outcome, Refuted)
    pair = np.array([[float(e) for e in point] for point in pair_of(obligation, outcome)])
    found = seen(obligation)
    gauge = gauge_of(found.x, found.y, found.free)
    assert float(gauge(pair).max()) <= nearest(obligation) * (1 + 1e-8)


def test_for_a_reader_its_points_are_further_apart(tmp_path: Path) -> None:
    layers = gaussian(np.random.default_rng(0), (2, 8, 8, 2))
    (obligation,) = obligations([layers], ["injective(f, on: ball([3/7, 2/7], 2, linf))"], tmp_path)
    apart = []
    for nearest in (True, False):
        outcome = run(obligation, nearest=nearest).outcome
        assert isinstance(outcome, Refuted)
        x, y = pair_of(obligation, outcome)
        apart.append(max(abs(a - b) for a, b in zip(x, y, strict=True)))
    assert apart[1] > 1000 * apart[0]


@pytest.mark.parametrize("radius", ["2/1000000007", "3"])
def test_a_fold_at_the_centre(radius: str, tmp_path: Path) -> None:
    (obligation,) = obligations([FOLD], [f"injective(f, on: ball([0], {radius}, linf))"], tmp_path)
    assert isinstance(run(obligation).outcome, Refuted)
