"""The search for inverse-Lipschitz constants, next to the exact constants of small networks' pieces."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.backends.base import Budget
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Proved, Refuted
from tests.backends.pairs.asking import obligations, run
from tests.invertibility.networks import few_bits, gaussian, layers_of, near_identity
from tests.kernel.spreading import spread_of_pieces, spread_out

KINDS = {"few bits": few_bits, "gaussian": gaussian, "near the identity": near_identity}
WORK = Budget(None, 3000)
LOWER, UPPER = (Fraction(0), Fraction(0)), (Fraction(1, 2), Fraction(1, 2))
BENT = layers_of(([[1, 0], [-1, 0], [0, 1]], [2, 0, 2]), ([[1, -1, 1], [0, 0, 1]], [-4, -2]))
WIDE = layers_of(([[1, 0], [-1, 0], [0, 1]], [2, 0, 2]), ([[1, -1, 1], [0, 0, 1], [1, 0, -1]], [0, 0, 0]))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(sorted(KINDS)), st.sampled_from(["linf", "l1"]))
def test_above_the_constant_of_the_worst_piece_it_is_refuted(seed: int, kind: str, norm: str) -> None:
    layers = KINDS[kind](np.random.default_rng(seed), (2, 4, 4, 2))
    most = spread_of_pieces(layers, LOWER, UPPER, norm)
    above = run(spread_out(layers, LOWER, UPPER, most * Fraction(21, 20) + Fraction(1, 100), norm=norm), WORK)
    assert isinstance(above.outcome, Refuted)


@pytest.mark.parametrize("seed", range(6))
def test_below_it_it_is_proved_where_the_map_is_nearly_the_identity(seed: int) -> None:
    layers = near_identity(np.random.default_rng(seed), (2, 4, 4, 2))
    lower, upper = (Fraction(1, 4), Fraction(1, 4)), (Fraction(1, 2), Fraction(1, 2))
    for norm in ("linf", "l1"):
        most = spread_of_pieces(layers, lower, upper, norm)
        below = run(spread_out(layers, lower, upper, most * Fraction(9, 10), norm=norm), WORK)
        assert isinstance(below.outcome, Proved)


@pytest.mark.parametrize("norm", ["linf", "l1"])
@pytest.mark.parametrize(
    ("share", "kind"), [("0.5", Proved), ("0.999", Proved), ("1.001", Refuted), ("2", Refuted)]
)
def test_a_bent_plane(norm: str, share: str, kind: type, tmp_path: Path) -> None:
    least = float(Fraction(share) / 2)
    claim = f"inverse_lipschitz(f, on: box([-1, -1], [1, 1]), at_least: {least}, norm: {norm})"
    (asked,) = obligations([BENT], [claim], tmp_path)
    assert isinstance(run(asked).outcome, kind)


def test_a_third_output_helps(tmp_path: Path) -> None:
    """f ↦ (f, x + 2 - y - 2): of the difference of x the third row shows what the first may not."""
    for least, kind in (("0.6", Proved), ("0.99", Proved), ("1.01", Refuted)):
        claim = f"inverse_lipschitz(f, on: box([-1, -1], [1, 1]), at_least: {least})"
        (asked,) = obligations([WIDE], [claim], tmp_path)
        assert isinstance(run(asked, WORK).outcome, kind), least


def test_points_that_agree_in_an_input(tmp_path: Path) -> None:
    for least, kind in (("0.99", Proved), ("1.01", Refuted)):
        claim = f"inverse_lipschitz(f, on: box([-1, -1], [1, 1]), at_least: {least}, given: b)"
        (asked,) = obligations([BENT], [claim], tmp_path)
        assert isinstance(run(asked).outcome, kind)


def test_points_of_two_pieces(tmp_path: Path) -> None:
    """|x| is 1 steep everywhere, and takes every value twice."""
    absolute = layers_of(([[1], [-1]], [0, 0]), ([[1, 1]], [0]))
    claims = [f"inverse_lipschitz(f, on: box([{low}], [1]), at_least: 0.9)" for low in ("-0.5", "0.01")]
    folded, single = obligations([absolute], claims, tmp_path)
    assert isinstance(run(folded).outcome, Refuted)
    assert isinstance(run(single).outcome, Proved)


def test_a_region_with_corners_cut_off(tmp_path: Path) -> None:
    claim = "inverse_lipschitz(f, on: ball([0, 0], 1, l1), at_least: 0.45, norm: l1)"
    (asked,) = obligations([BENT], [claim], tmp_path)
    assert isinstance(run(asked).outcome, Proved)


def test_a_budget_is_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    layers = gaussian(rng, (2, 8, 8, 2))
    claim = "inverse_lipschitz(f, on: box([-2, -2], [2, 2]), at_least: 0.0000001)"
    (asked,) = obligations([layers], [claim], tmp_path)
    outcome = run(asked, Budget(None, 1)).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.BUDGET
