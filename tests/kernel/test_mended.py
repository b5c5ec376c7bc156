"""A proof that was mended is checked where it was mended: what is skipped was closed by an earlier check."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Final

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.backends._search.record import Trees
from spec_lang.kernel.exact import evaluate_exact
from spec_lang.kernel.mended import Closed
from spec_lang.kernel.proof import examine, examine_mended
from spec_lang.obligations.certificate import BoxProof, Proof
from spec_lang.obligations.model import LinearAtom, Obligation
from tests.graphs import random_chain
from tests.kernel.test_proof import fine_tree, obligation
from tests.laws import law

SEEDS: Final = st.integers(0, 7)
# Which leaf is cut, across which input, and where.
GROWTH: Final = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 1), st.integers(-7, 7)), max_size=8)


@cache
def barely(seed: int, *, false: bool) -> Obligation:
    """That the first output is above its least value at points of a grid; or not quite so much."""
    graph = random_chain((2, 5, 5, 2), seed)
    points = [(Fraction(a, 8), Fraction(b, 8)) for a in range(-8, 9) for b in range(-8, 9)]
    least = min(evaluate_exact(graph, point)[0] for point in points)
    return obligation(
        graph, LinearAtom((), ((0, Fraction(1)),), Fraction(0 if false else 1) - least, strict=False)
    )


def grown(*growths: list[tuple[int, int, int]], only: list[int] | None = None) -> list[Proof]:
    """Trees of cuts, each grown from the one before; with `only` each at one of these leaves of the first."""
    trees, cut = Trees(1), np.zeros(4096)
    found = [_proof(trees, cut)]
    roots = [0]
    for number, growth in enumerate(growths):
        if number and only is not None:
            order, _ = trees.preorder()
            roots = [int(order[node]) for node in only]
        for pick, axis, place in growth:
            leaves = [leaf for root in roots for leaf in _leaves(trees, root)]
            if not leaves:
                break
            node = leaves[pick % len(leaves)]
            cut[node] = place / 8
            trees.divide(np.array([node]), np.array([axis]))
        found.append(_proof(trees, cut))
    return found[1:]


def _leaves(trees: Trees, node: int) -> list[int]:
    if trees.label[node] < 0:
        return [node]
    first = int(trees.child[node])
    return [*_leaves(trees, first), *_leaves(trees, first + 1)]


def _proof(trees: Trees, cut: np.ndarray) -> Proof:
    order, _ = trees.preorder()
    axis = trees.label[order].astype(np.int32)
    weights = np.zeros((len(axis), 0), dtype=np.uint8)
    return Proof((BoxProof(0, axis, cut[order][axis >= 0], weights),))


def opened(asked: Obligation, proof: Proof, before: Closed | None = None) -> set[int]:
    """The nodes that stay open, in exact integers."""
    found = examine(asked, proof, exact=True) if before is None else examine_mended(before, proof, exact=True)
    return set() if found.flaw is None else {leaf.node for leaf in found.flaw.unclosed}


@law(25, 400, seed=SEEDS, first=GROWTH, more=GROWTH, false=st.booleans())
def test_a_tree_that_goes_on_where_it_was_open_is_open_where_it_would_be(
    seed: int, first: list[tuple[int, int, int]], more: list[tuple[int, int, int]], false: bool
) -> None:
    asked = barely(seed, false=false)
    (small,) = grown(first)
    before = examine(asked, small, exact=True)
    if before.flaw is None or before.closed is None:
        return
    _, large = grown(first, more, only=[leaf.node for leaf in before.flaw.unclosed])
    assert opened(asked, large, before.closed) == opened(asked, large)


@law(25, 400, seed=SEEDS, first=GROWTH, other=GROWTH)
def test_no_tree_proves_what_is_false_by_what_another_one_has_closed(
    seed: int, first: list[tuple[int, int, int]], other: list[tuple[int, int, int]]
) -> None:
    asked = barely(seed, false=True)
    for exact in (False, True):
        (one,), (two,) = grown(first), grown(other)
        before = examine(asked, one, exact=exact)
        assert before.closed is not None
        found = examine_mended(before.closed, two, exact=exact)
        assert found.flaw is not None
        assert found.flaw.unclosed
        # Nor does it help to mend what is closed already, again and again.
        assert found.closed is not None
        assert examine_mended(found.closed, one, exact=exact).flaw is not None


@law(25, 400, seed=SEEDS, first=GROWTH, other=GROWTH)
def test_what_needs_no_walk_is_below_the_same_cuts(
    seed: int, first: list[tuple[int, int, int]], other: list[tuple[int, int, int]]
) -> None:
    asked = barely(seed, false=False)
    (one,), (two,) = grown(first), grown(first, other)[1:]
    before = examine(asked, one)
    if before.flaw is None or before.closed is None:
        return
    skipped = np.flatnonzero(before.closed.settles(0, two.parts[0]))
    paths, known = _paths(two.parts[0]), set(_paths(one.parts[0]).values())
    assert {paths[node] for node in skipped.tolist()} <= known
    unclosed = {_paths(one.parts[0])[leaf.node] for leaf in before.flaw.unclosed}
    assert not any(path[: len(paths[node])] == paths[node] for path in unclosed for node in skipped.tolist())


def _paths(part: BoxProof) -> dict[int, tuple[tuple[int, float, int], ...]]:
    """By node, the cuts above it and on which side of them it is."""
    found: dict[int, tuple[tuple[int, float, int], ...]] = {}
    cuts, axes = iter(part.cut.tolist()), part.axis.tolist()
    todo: list[tuple[tuple[int, float, int], ...]] = [()]
    for node, axis in enumerate(axes):
        found[node] = todo.pop()
        if axis >= 0:
            cut = next(cuts)
            todo += [(*found[node], (axis, cut, 1)), (*found[node], (axis, cut, 0))]
    return found


def test_what_floats_have_closed_is_no_part_of_an_exact_check() -> None:
    asked = barely(1, false=True)
    (coarse,) = grown([(0, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, -4)])
    rounded = Closed(asked, _closed(asked, coarse).parts, exactly=False)
    assert rounded.serves(asked, exactly=False)
    assert not rounded.serves(asked, exactly=True)
    found = examine_mended(rounded, coarse, exact=True)
    assert found.flaw is not None
    assert {leaf.node for leaf in found.flaw.unclosed} == opened(asked, coarse)
    assert found.closed is not None
    assert found.closed.exactly


def _closed(asked: Obligation, proof: Proof) -> Closed:
    found = examine(asked, proof).closed
    assert found is not None
    return found


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("seed", [3, 6])
def test_a_finer_tree_is_walked_where_the_coarser_one_was_open(seed: int, exact: bool) -> None:
    asked = barely(seed, false=False)
    trees = [fine_tree(asked, depth) for depth in range(8)]
    enough = next(n for n, tree in enumerate(trees) if examine(asked, tree, exact=True).flaw is None)
    before = examine(asked, trees[enough - 1], exact=exact).closed
    assert before is not None
    settled = before.settles(0, trees[enough].parts[0])
    assert settled.any()
    assert not settled[0]
    found = examine_mended(before, trees[enough], exact=exact).evidence
    assert found is not None
    assert found == examine(asked, trees[enough], exact=exact).evidence
