"""Hints about many sets of free inputs at once, against exact enumeration of a network's linear pieces."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from spec_lang.explanations.drops import drops_of
from spec_lang.network.evaluate import Evaluator
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from tests.laws import law
from tests.tiny_networks import chain, dense

INPUTS = 4
WEIGHTS = st.lists(st.integers(-3, 3), min_size=INPUTS, max_size=INPUTS)


def network(rows: list[list[int]]) -> Graph:
    return chain(INPUTS, dense(rows), RELU, dense([[1] * len(rows)]))


def obligation(graph: Graph, limit: int) -> Obligation:
    """Broken where the output is at most `limit`, over 0 to 1."""
    box = Box((Fraction(0),) * INPUTS, (Fraction(1),) * INPUTS)
    atom = LinearAtom((), ((0, Fraction(1)),), Fraction(-limit), strict=False)
    return Obligation(graph, Region((box,)), atom)


@law(
    25,
    500,
    rows=st.lists(WEIGHTS, min_size=1, max_size=3),
    limit=st.integers(0, 3),
    point=st.lists(st.integers(0, 1), min_size=INPUTS, max_size=INPUTS),
    order=st.permutations(range(INPUTS)),
)
def test_a_set_holds_where_it_is_sampled_and_a_point_breaks_what_it_moves(
    rows: list[list[int]], limit: int, point: list[int], order: list[int]
) -> None:
    graph, here = network(rows), np.array(point, dtype=float)
    corners = np.zeros(INPUTS), np.ones(INPUTS)
    drops = drops_of([obligation(graph, limit)], here, corners, lambda: False)
    assert drops is not None
    value = Evaluator(graph)
    freed = drops.largest(order)
    if value(here[None])[0, 0] <= limit:
        assert freed == []
    free = np.isin(np.arange(INPUTS), freed)
    if freed:  # bounds have proved it: no point of a grid is below
        steps = np.stack(np.meshgrid(*[np.linspace(0, 1, 5)] * INPUTS), axis=-1).reshape(-1, INPUTS)
        assert (value(np.where(free, steps, here)) > limit).all()
    others = [element for element in range(INPUTS) if element not in freed]
    for element, found in drops.breaking(freed, others):
        assert value(found[None])[0, 0] <= limit + 1e-9
        moved = set(np.flatnonzero(found != here).tolist())
        assert moved <= {*freed, element}


def test_inputs_that_do_not_matter_are_free_and_one_that_does_breaks_it() -> None:
    """`relu(x0 + 2 x1)` above 1 at (0, 1, 1, 1): x1 alone decides it."""
    graph, here = network([[1, 2, 0, 0]]), np.array([0.0, 1, 1, 1])
    drops = drops_of([obligation(graph, 1)], here, (np.zeros(INPUTS), np.ones(INPUTS)), lambda: False)
    assert drops is not None
    assert sorted(drops.largest([1, 0, 2, 3])) == [0, 2, 3]
    elements = {element for element, _ in drops.breaking([0, 2, 3], [1])}
    assert elements == {1}


def test_without_time_nothing_is_said() -> None:
    box = np.zeros(INPUTS), np.ones(INPUTS)
    drops = drops_of([obligation(network([[1, 1, 1, 1]]), 0)], np.ones(INPUTS), box, lambda: True)
    assert drops is not None
    assert drops.largest(range(INPUTS)) == []
    assert list(drops.breaking([], range(INPUTS))) == []


def test_an_unbounded_region_is_left_to_the_engine() -> None:
    box = np.zeros(INPUTS), np.full(INPUTS, np.inf)
    assert drops_of([obligation(network([[1, 1, 1, 1]]), 0)], np.ones(INPUTS), box, lambda: False) is None
