"""Ranges of gradients and claims about single coordinates, against all pieces of tiny networks.

In: networks with kinks on purpose, and boxes.  Out: nothing but failures; the truth is exact.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from spec_lang.backends.base import Budget, Session
from spec_lang.backends.bounds import BACKEND, engine
from spec_lang.backends.bounds.explored import Limits
from spec_lang.backends.bounds.gradient_search import explored
from spec_lang.backends.bounds.gradient_witness import Reached
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.gradient_ranges import Gradient, gradient_ranges, interval_ranges
from spec_lang.bounding.propagate import Ranges
from spec_lang.kernel.proof import examine
from spec_lang.kernel.witness import check_witness
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import Smooth
from spec_lang.obligations.certificate import Flaw
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Certificate, Outcome, Proved, Refuted
from tests.gradients.cases import Case, case
from tests.gradients.faces import Pieces
from tests.gradients.forms import Matrix
from tests.gradients.oracle import Answer, always_of_jacobian
from tests.graphs import random_chain
from tests.laws import law

WORK = 500


def box_of(one: Case) -> Boxes:
    lower, upper = one.region.lower, one.region.upper
    return Boxes(np.array([list(map(float, lower))]), np.array([list(map(float, upper))]))


def boxed(number: int, sizes: tuple[int, ...]) -> Case:
    one = case(number, sizes)
    assume(not one.region.half_spaces)
    return one


def contains(ranges: Ranges, jacobians: Iterable[Matrix], output: int) -> bool:
    ends = list(zip(ranges.lower[0].tolist(), ranges.upper[0].tolist(), strict=True))
    return all(
        low <= g <= high
        for jacobian in jacobians
        for g, (low, high) in zip(jacobian[output], ends, strict=True)
    )


@law(25, 800, number=st.integers(0, 10**6), sizes=st.sampled_from([(1, 4, 4, 1), (2, 4, 4, 2), (3, 4, 3, 2)]))
def test_ranges_contain_all_gradients(number: int, sizes: tuple[int, ...]) -> None:
    one = boxed(number, sizes)
    pieces, output = Pieces(one.graph, one.region), number % sizes[-1]
    gradient, box = Gradient.of(one.graph, output), box_of(one)
    tight, wide = gradient_ranges(gradient, box), interval_ranges(gradient, box)
    assert contains(tight, pieces.one_sided_jacobians(), output)
    assert contains(wide, pieces.one_sided_jacobians(), output)
    found = explored(gradient, box, Limits(nodes=400))
    assert contains(found.outer, pieces.one_sided_jacobians(), output)
    assert (found.outer.lower >= tight.lower).all()
    assert (found.outer.upper <= tight.upper).all()
    if not found.exact:
        return
    for i in range(sizes[0]):
        reached = [float(jacobian[output][i]) for jacobian in pieces.one_sided_jacobians()]
        ends = (found.outer.lower[0, i], found.outer.upper[0, i])
        np.testing.assert_allclose(ends, (min(reached), max(reached)), atol=1e-4)


def test_where_no_kink_is_hit_the_search_is_exact() -> None:
    exact = 0
    for seed in range(6):
        graph = random_chain([4, 8, 8, 1], seed)
        box = Boxes(np.full((1, 4), -0.3), np.full((1, 4), 0.3))
        gradient = Gradient.of(graph, 0)
        found = explored(gradient, box, Limits(nodes=2000))
        points = np.random.default_rng(seed).uniform(-0.3, 0.3, (2000, 4))
        Reached.of(gradient, box).see(points)
        assert (found.inner.lower >= found.outer.lower - 1e-9).all()
        assert (found.inner.upper <= found.outer.upper + 1e-9).all()
        assert not found.exact or found.ratio <= 1 + 1e-4
        exact += found.exact
    assert exact >= 5


def test_many_boxes_at_once_are_as_one_by_one() -> None:
    gradient = Gradient.of(random_chain([4, 8, 8, 1], 1), 0)
    center = np.random.default_rng(0).uniform(-1, 1, (7, 4))
    boxes = Boxes(center - 0.1, center + 0.1)
    for function in (gradient_ranges, interval_ranges):
        whole = function(gradient, boxes)
        for i in range(7):
            one = function(gradient, Boxes(boxes.lower[i : i + 1], boxes.upper[i : i + 1]))
            np.testing.assert_allclose(one.lower[0], whole.lower[i], rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(one.upper[0], whole.upper[i], rtol=1e-9, atol=1e-9)


def test_a_search_ends_in_time() -> None:
    gradient = Gradient.of(random_chain([8, 20, 20, 1], 0), 0)
    box = Boxes(np.full((1, 8), -1.0), np.full((1, 8), 1.0))
    found = explored(gradient, box, Limits(deadline=time.monotonic()))
    assert not found.exact
    assert found.nodes == 1
    assert found.ratio > 1


def outcome_of(obligation: Obligation) -> Outcome:
    def examined(proof: Certificate) -> Flaw | None:
        return examine(obligation, proof).flaw

    session = Session(
        Budget(None, WORK),
        lambda point: check_witness(obligation, point) is not None,
        lambda _: None,
        examine=examined,
    )
    return BACKEND.run(obligation, session).outcome


@pytest.mark.parametrize("by_phases", [False, True])
@law(
    12,
    600,
    number=st.integers(0, 10**6),
    share=st.sampled_from([Fraction(0), Fraction(1, 100), Fraction(-1, 100), Fraction(1, 3)]),
)
def test_claims_about_a_coordinate_are_decided(number: int, share: Fraction, by_phases: bool) -> None:
    """By cuts of inputs and by phases: never wrongly, kinks or not."""
    one = boxed(number, (2, 4, 4, 1))
    pieces = Pieces(one.graph, one.region)
    values = [jacobian[0][0] for jacobian in pieces.one_sided_jacobians()]
    limit = max(values) + share * (max(values) - min(values) + 1)
    gradient = Gradient.of(one.graph, 0)
    region = Region((Box(one.region.lower, one.region.upper),))
    atom = LinearAtom((), ((1, Fraction(-1)),), limit, True)  # a derivative above the limit
    with pytest.MonkeyPatch.context() as patch:
        if by_phases:
            patch.setattr(engine, "MANY_INPUTS", 0)
        outcome = outcome_of(Obligation(gradient.graph, region, atom))
    truth = always_of_jacobian(pieces, lambda jacobian: jacobian[0][0] <= limit).answer
    assert truth is Answer.PROVED or not isinstance(outcome, Proved)
    assert truth is Answer.REFUTED or not isinstance(outcome, Refuted)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("squared", [False, True])
def test_with_many_inputs_a_limit_close_to_the_largest_is_decided(
    seed: int, squared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A derivative, or its square: above what all points reach by a hundredth, and below."""
    monkeypatch.setattr(engine, "MANY_INPUTS", 0)
    graph, radius = random_chain([4, 8, 8, 1], seed), Fraction(3, 10)
    gradient, size = Gradient.of(graph, 0), float(radius)
    found = explored(gradient, Boxes(np.full((1, 4), -size), np.full((1, 4), size)), Limits(nodes=2000))
    assert found.exact
    low, high = found.outer.lower[0, 0], found.outer.upper[0, 0]
    top, index, whole = (
        (max(low**2, high**2), 5, with_squares(gradient)) if squared else (high, 1, gradient.graph)
    )
    margin = Fraction(float(abs(top))) / 100
    region = Region((Box((-radius,) * 4, (radius,) * 4),))
    for limit, kind in ((Fraction(float(top)) + margin, Proved), (Fraction(float(top)) - margin, Refuted)):
        atom = LinearAtom((), ((index, Fraction(-1)),), limit, True)
        assert isinstance(outcome_of(Obligation(whole, region, atom)), kind)


def with_squares(gradient: Gradient) -> Graph:
    """And with the squares of all derivatives."""
    graph, (value,) = gradient.graph, gradient.by_input
    node = Node(Smooth.SQUARE, (value,), TensorSpec("square", (gradient.size,)), glue=True)
    number = len(graph.inputs) + len(graph.nodes)
    return replace(graph, nodes=(*graph.nodes, node), outputs=(*graph.outputs, number))
