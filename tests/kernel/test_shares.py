"""The shares of a check cover the whole tree, whatever it looks like, and divide what is large."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.kernel.shares import PIECES, SMALL, Share, is_divided, of_others
from spec_lang.kernel.tree import right_children


def random_tree(inner: int, skew: float, rng: np.random.Generator) -> np.ndarray:
    """A preorder with so many inner nodes; with `skew` near 0 or 1 most of them lie on one side."""
    axis: list[int] = []
    todo = [inner]
    while todo:
        left = todo.pop()
        if left == 0:
            axis.append(-1)
            continue
        first = int(rng.binomial(left - 1, skew))
        axis.append(0)
        todo += [left - 1 - first, first]
    return np.array(axis, dtype=np.int32)


def walked(right: np.ndarray, share: Share) -> np.ndarray:
    """The nodes that a walk comes to."""
    skipped, seen, todo = of_others(right, share), np.zeros(len(right), dtype=bool), [0]
    while todo:
        node = todo.pop()
        if skipped[node]:
            continue
        seen[node] = True
        if right[node] >= 0:
            todo += [node + 1, int(right[node])]
    return seen


@given(st.integers(0, 2000), st.floats(0, 1), st.integers(1, 5), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_every_node_is_walked_and_few_are_walked_twice(inner: int, skew: float, of: int, seed: int) -> None:
    right = right_children(random_tree(inner, skew, np.random.default_rng(seed)))
    times = np.sum([walked(right, Share(number, of)) for number in range(of)], axis=0)
    assert (times >= 1).all()
    if is_divided(len(right), Share(0, of)):
        assert (times > 1).sum() <= PIECES * of
    else:
        assert (times == of).all()


@pytest.mark.parametrize("of", [2, 3])
def test_a_balanced_tree_is_divided_evenly(of: int) -> None:
    right = right_children(random_tree(4 * SMALL, 0.5, np.random.default_rng(1)))
    counts = [int(walked(right, Share(number, of)).sum()) for number in range(of)]
    assert max(counts) <= 1.5 * min(counts)
