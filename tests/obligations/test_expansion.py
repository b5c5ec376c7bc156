"""Which obligations are seen to bound an inverse-Lipschitz constant, and what is read from them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from spec_lang.obligations.expansion import Expansion, about_two_points, expansion
from spec_lang.obligations.two_points import Twofold
from tests.backends.pairs.asking import obligations
from tests.invertibility.networks import layers_of

ONE, HALF = Fraction(1), Fraction(1, 2)
PLANE = layers_of(([[1, 2], [-1, 1], [0, 1]], [0, 1, 1]), ([[1, 1, 0], [0, 1, 1]], [0, 0]))
WIDE = layers_of(([[1, 2], [-1, 1]], [0, 1]), ([[1, 1], [0, 1], [2, 1]], [0, 0, 0]))
LINE = layers_of(([[1], [-1]], [0, 1]), ([[1, 1]], [0]))
NEAR, ON_LINE = "box([0, 0], [1, 1])", "box([0], [1])"


def seen(net: object, claim: str, folder: Path) -> Expansion | None:
    (obligation,) = obligations([net], [claim], folder)  # type: ignore[list-item]
    found = expansion(obligation)
    assert found is None or about_two_points(obligation) is not None
    return found


def test_the_rows_and_the_limits_of_a_call(tmp_path: Path) -> None:
    found = seen(PLANE, f"inverse_lipschitz(f, on: {NEAR}, at_least: 0.5)", tmp_path)
    assert found is not None
    assert found.pair.equal == (((0, ONE),), ((1, ONE),))
    assert set(found.limits) == {((0, HALF),), ((1, HALF),)}
    assert found.pair.cases == ()
    assert found.pair.shared == ()
    assert found.pair.x.upper == (ONE, ONE)


def test_sums_of_all_signs_are_those_of_the_other_norm(tmp_path: Path) -> None:
    found = seen(PLANE, f"inverse_lipschitz(f, on: {NEAR}, at_least: 0.5, norm: l1)", tmp_path)
    assert found is not None
    assert set(found.pair.equal) == {((0, ONE), (1, ONE)), ((0, ONE), (1, -ONE))}
    assert set(found.limits) == {((0, HALF), (1, HALF)), ((0, HALF), (1, -HALF))}


@pytest.mark.parametrize(("net", "on", "rows"), [(WIDE, NEAR, 3), (LINE, ON_LINE, 1)])
def test_other_numbers_of_inputs_and_outputs(net: object, on: str, rows: int, tmp_path: Path) -> None:
    found = seen(net, f"inverse_lipschitz(f, on: {on}, at_least: 0.5)", tmp_path)
    assert found is not None
    assert len(found.pair.equal) == rows
    assert len(found.limits) == len(found.pair.first)


def test_inputs_that_are_given_are_shared(tmp_path: Path) -> None:
    found = seen(PLANE, f"inverse_lipschitz(f, on: {NEAR}, at_least: 0.5, given: b)", tmp_path)
    assert found is not None
    assert found.pair.shared == (1,)


def test_rows_and_limits_keep_their_ratio(tmp_path: Path) -> None:
    text = f"forall x in {NEAR}, y in {NEAR}: norm((f(x) - f(y)) / 3, linf) >= 0.5 * norm(x - y, linf)"
    found = seen(PLANE, text, tmp_path)
    assert found is not None
    assert set(found.pair.equal) == {((0, ONE),), ((1, ONE),)}
    assert set(found.limits) == {((0, 3 * HALF),), ((1, 3 * HALF),)}


@pytest.mark.parametrize(
    "claim",
    [
        f"inverse_lipschitz(f, on: {NEAR}, at_least: 0.5, norm: l2)",
        f"lipschitz(f, on: {NEAR}, at_most: 0.5)",
        f"forall x in {NEAR}, y in {NEAR}: norm(f(x) - f(y), linf) > 0.5 * norm(x - y, linf)",
        f"forall x in {NEAR}, y in {NEAR}: norm(f(x) - f(y), linf) >= 0.5 * norm(x - y, linf) - 0.1",
        f"forall x in {NEAR}, y in {NEAR}: norm(f(x) + f(y), linf) >= 0.5 * norm(x - y, linf)",
        f"forall x in {NEAR}, y in {NEAR}: norm(f(x) - f(y), linf) >= 0.5 * norm(x + y, linf)",
        f"forall x in {NEAR}, y in {NEAR}: norm(f(x) - f(y), linf) >= 0.5 * norm(x - y, linf) + 0.1",
    ],
)
def test_what_says_something_else_is_not_seen_so(claim: str, tmp_path: Path) -> None:
    found = [expansion(obligation) for obligation in obligations([PLANE], [claim], tmp_path)]
    assert found
    assert set(found) == {None}


def test_injectivity_is_none(tmp_path: Path) -> None:
    (obligation,) = obligations([PLANE], [f"injective(f, on: {NEAR})"], tmp_path)
    assert expansion(obligation) is None
    assert isinstance(about_two_points(obligation), Twofold)
