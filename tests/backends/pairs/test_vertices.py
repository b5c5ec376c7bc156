"""Matrices at the vertices of boxes of slopes, and what their signs say of all slopes between."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.backends.pairs.vertices import at_vertices, of_full_rank
from spec_lang.bounding.program import compile_graph
from spec_lang.bounding.slopes import Slopes, Span
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, frozen

SHAPES = ("branches", "chain", "skips")


def graph_of(shape: str, outputs: int, rng: np.random.Generator) -> Graph:
    """Two ReLUs one after the other, or side by side, or with a way around both."""

    def affine(operands: tuple[int, ...], sizes: tuple[int, ...], size: int) -> Node:
        maps = tuple(Dense(frozen(rng.normal(size=(size, n)))) for n in sizes)
        return Node(Affine(maps, frozen(rng.normal(size=size))), operands, TensorSpec("z", (size,)))

    def relu(operand: int, size: int) -> Node:
        return Node(RELU, (operand,), TensorSpec("a", (size,)))

    first = [affine((0,), (2,), 4), relu(1, 4)]
    if shape == "chain":
        nodes = [*first, affine((2,), (4,), 5), relu(3, 5), affine((4,), (5,), outputs)]
        return Graph((TensorSpec("x", (2,)),), tuple(nodes), (5,))
    if shape == "branches":
        nodes = [*first, affine((0,), (2,), 5), relu(3, 5), affine((2,), (4,), 1)]
        nodes.append(affine((4,), (5,), outputs - 1))
        return Graph((TensorSpec("x", (2,)),), tuple(nodes), (5, 6))
    nodes = [*first, affine((2,), (4,), 5), relu(3, 5), affine((0, 2, 4), (2, 4, 5), outputs)]
    return Graph((TensorSpec("x", (2,)),), tuple(nodes), (5,))


def slopes_of(shape: str, outputs: int, rng: np.random.Generator) -> Slopes:
    graph = graph_of(shape, outputs, rng)
    return Slopes.of(compile_graph(graph), [((i, Fraction(1)),) for i in range(outputs)], (0, 1))


def boxes(slopes: Slopes, counts: tuple[int, int], batch: int, rng: np.random.Generator) -> Span:
    """So many open slopes in either ReLU, others at random ones."""
    lower = rng.integers(0, 2, (batch, slopes.neurons)).astype(np.float64)
    upper = lower.copy()
    for (start, size), count in zip(((0, 4), (4, 5)), counts, strict=True):
        for row in range(batch):
            chosen = start + rng.permutation(size)[:count]
            lower[row, chosen], upper[row, chosen] = rng.uniform(0, 0.5, count), rng.uniform(0.5, 1, count)
    return Span(lower, upper)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("counts", [(0, 0), (2, 0), (0, 3), (2, 3)])
def test_matrices_are_those_of_every_choice_of_ends(shape: str, counts: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    slopes = slopes_of(shape, 3, rng)
    span = boxes(slopes, counts, 4, rng)
    found = at_vertices(slopes, span)
    assert found.shape == (4, 2 ** sum(counts), 3, 2)
    for row in range(4):
        opened = np.flatnonzero(span.lower[row] < span.upper[row])
        choices = np.repeat(span.lower[row][None], found.shape[1], axis=0)
        for number, ends in enumerate(product((0, 1), repeat=len(opened))):
            choices[number, opened] = np.where(ends, span.upper[row, opened], span.lower[row, opened])
        assert found[row] == pytest.approx(slopes.matrices(choices), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(SHAPES), st.integers(2, 4))
def test_where_it_says_so_all_matrices_between_have_full_rank(seed: int, shape: str, outputs: int) -> None:
    rng = np.random.default_rng(seed)
    slopes = slopes_of(shape, outputs, rng)
    counts = rng.integers(0, 3), rng.integers(0, 3)
    span = boxes(slopes, (int(counts[0]), int(counts[1])), 12, rng)
    found = of_full_rank(slopes, span)
    for row in np.flatnonzero(found):
        between = span.lower[row] + rng.random((50, slopes.neurons)) * (span.upper - span.lower)[row]
        assert np.linalg.svd(slopes.matrices(between), compute_uv=False)[:, -1].min() > 0
        if outputs == 2:
            assert np.ptp(np.sign(np.linalg.det(slopes.matrices(between)))) == 0


def test_boxes_of_different_kinds_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    slopes = slopes_of("chain", 2, rng)
    some = [boxes(slopes, counts, 5, rng) for counts in ((0, 0), (1, 2), (2, 1), (0, 2))]
    whole = Span(*(np.concatenate([getattr(s, end) for s in some]) for end in ("lower", "upper")))
    apart = np.concatenate([of_full_rank(slopes, one) for one in some])
    assert np.array_equal(of_full_rank(slopes, whole), apart)
    assert 0 < apart.sum() < len(apart)


def test_fewer_rows_than_inputs_are_never_of_full_rank() -> None:
    rng = np.random.default_rng(2)
    slopes = slopes_of("chain", 1, rng)
    assert not of_full_rank(slopes, boxes(slopes, (0, 0), 3, rng)).any()
