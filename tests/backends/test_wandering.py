"""The walk towards points where many conditions hold together."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from spec_lang.backends._search.problem import Problem, Witnesses, prepare
from spec_lang.backends._search.wandering import Walks, pays, wander
from spec_lang.backends.base import Budget, Session
from spec_lang.kernel.witness import check_witness
from spec_lang.network.evaluate import Evaluator
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import All, Box, LinearAtom, Obligation, Region
from tests.graphs import random_chain

INPUTS = 5


def small_ball(radius: Fraction, size: int = 24) -> Obligation:
    """The values of hidden neurons near those at one point: many rows, and a narrow place."""
    graph = random_chain([INPUTS, 16, 16, size], 3)
    point = np.full((1, INPUTS), 0.3)
    values = Evaluator(graph)(point)[0]
    rows = [
        LinearAtom((), ((i, sign),), -sign * Fraction(float(value)) - radius, True)
        for i, value in enumerate(values)
        for sign in (Fraction(1), Fraction(-1))
    ]
    return _of(graph, rows)


def _of(graph: Graph, rows: Sequence[LinearAtom]) -> Obligation:
    side = (Fraction(1),) * INPUTS
    return Obligation(graph, Region((Box(tuple(-s for s in side), side),)), All(tuple(rows)))


def session_of(obligation: Obligation) -> Session:
    return Session(Budget(None, None), lambda x: check_witness(obligation, x) is not None, lambda _: None)


def walked(obligation: Obligation) -> tuple[bool, Witnesses, Problem]:
    problem = prepare(obligation)
    witnesses = Witnesses(problem, session_of(obligation))
    return wander(problem, witnesses, np.random.default_rng(0)), witnesses, problem


def test_a_narrow_place_is_found() -> None:
    obligation = small_ball(Fraction(1, 4))
    found, witnesses, problem = walked(obligation)
    assert pays(problem)
    assert found
    assert witnesses.found is not None
    assert check_witness(obligation, witnesses.found) is not None
    points = np.random.default_rng(1).uniform(-1, 1, (20_000, INPUTS))
    values = problem.rows.values(points, problem.evaluator(points))
    assert (values.max(axis=1) > 0).all()  # not by chance


def test_what_is_not_there_is_not_found() -> None:
    found, witnesses, _ = walked(small_ball(Fraction(-1, 4)))
    assert not found
    assert witnesses.found is None
    assert witnesses.tried > 0


def test_walks_are_few() -> None:
    problem = prepare(small_ball(Fraction(-1, 4)))
    witnesses, walks = Witnesses(problem, session_of(problem.obligation)), Walks(problem)
    rng = np.random.default_rng(0)
    work = []
    for done in (10, 999, 1000, 1500, 2999, 3000):
        before = witnesses.tried
        walks.find(done, witnesses, rng)
        work.append(witnesses.tried > before)
    assert work == [False, False, True, False, False, True]
    few = prepare(Obligation(problem.obligation.graph, problem.obligation.region, All(())))
    assert not pays(few)
