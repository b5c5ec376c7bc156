"""Matrices that the kernel says are of full rank at all patterns are so, and between them as well."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.kernel.minors import have_full_rank
from spec_lang.kernel.network import Unchecked
from spec_lang.kernel.tracing import Affines

Array = np.ndarray


def affines(matrices: Array, *, exact: bool) -> Affines:
    """Matrices (2, …, rows, inputs) with a constant, as whole numbers or with errors of 0."""
    turned = np.swapaxes(matrices, -1, -2)
    numbers = np.concatenate([turned, np.zeros((*turned.shape[:-2], 1, turned.shape[-1]))], axis=-2)
    if exact:
        return Affines(np.vectorize(int, otypes=[object])(numbers), None)
    return Affines(numbers.astype(np.float64), np.zeros(numbers.shape[-2:]))


def patterns(rng: np.random.Generator, rows: int, inputs: int, slopes: int, size: int) -> Array:
    """Whole matrices that gain one of rank one for each slope."""
    found = rng.integers(-3, 4, (rows, inputs)) + size * np.eye(rows, inputs, dtype=np.int64)
    for _ in range(slopes):
        gain = np.outer(rng.integers(-2, 3, rows), rng.integers(-2, 3, inputs))
        found = np.stack([found, found + gain], axis=0)
    return found


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(0, 2), st.integers(0, 4), st.booleans())
def test_what_is_of_full_rank_is_so_between_the_patterns(
    seed: int, inputs: int, more: int, slopes: int, exact: bool
) -> None:
    rng = np.random.default_rng(seed)
    matrices = patterns(rng, inputs + more, inputs, slopes, int(rng.integers(0, 8)))
    if not have_full_rank(affines(matrices, exact=exact), inputs):
        return
    flat = matrices.reshape(2**slopes, *matrices.shape[slopes:])
    # Slopes are independent: the weight of a pattern is the product of those of its ends.
    for _ in range(20):
        weights = np.ones(1)
        for s in rng.choice([0.0, 1.0, rng.random()], slopes):
            weights = np.concatenate([weights * (1 - s), weights * s])
        mixed = (weights[:, None, None] * flat).sum(axis=0)
        assert np.linalg.svd(mixed, compute_uv=False)[-1] > 1e-12


@pytest.mark.parametrize("exact", [False, True])
def test_a_mirrored_pair_is_told_from_a_singular_one(exact: bool) -> None:
    # From (x, 0) to (−x, z): in between there is (0, z/2), which is not 0.
    apart = np.array([[[8], [0]], [[-8], [1]]])
    assert have_full_rank(affines(apart, exact=exact), 1)
    through = np.array([[[8], [0]], [[-8], [0]]])
    assert not have_full_rank(affines(through, exact=exact), 1)
    assert not have_full_rank(affines(np.array([[[1], [1]], [[0], [0]]]), exact=exact), 1)


@pytest.mark.parametrize("exact", [False, True])
def test_fewer_rows_than_inputs_are_not_of_full_rank(exact: bool) -> None:
    assert not have_full_rank(affines(np.array([[1, 2]]), exact=exact), 2)


def test_errors_count() -> None:
    matrices = np.array([[[1.0], [0.5]], [[2.0], [0.25]]])
    found = affines(matrices, exact=False)
    assert have_full_rank(found, 1)
    for error, known in ((0.25, True), (1.0, False), (np.inf, False), (np.nan, False)):
        assert have_full_rank(Affines(found.numbers, np.full((2, 2), error)), 1) == known
    broken = found.numbers.copy()
    broken[0, 0, 0] = np.nan
    assert not have_full_rank(Affines(broken, found.error), 1)


def test_whole_numbers_may_be_larger_than_floats() -> None:
    large = 10**400
    numbers = np.array([[[large, 0], [0, 0]], [[-large, large], [0, 0]]], dtype=object)
    assert have_full_rank(Affines(numbers, None), 1)
    assert not have_full_rank(
        Affines(np.array([[[large, 0], [0, 0]], [[-large, 0], [0, 0]]], dtype=object), None), 1
    )


@pytest.mark.parametrize("exact", [False, True])
def test_with_many_rows_one_product_does(exact: bool) -> None:
    rng = np.random.default_rng(0)
    matrices = patterns(rng, 9, 3, 2, 20)
    assert have_full_rank(affines(matrices, exact=exact), 3)
    assert not have_full_rank(affines(0 * matrices, exact=exact), 3)


def test_of_too_many_inputs_nothing_is_said() -> None:
    with pytest.raises(Unchecked):
        have_full_rank(affines(np.eye(7, dtype=np.int64)[None], exact=True), 7)
