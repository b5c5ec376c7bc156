"""Linear programs of ReLU networks: their values, and the certificates that their duals become."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from spec_lang.backends._lp.relaxation import Relaxed, Triangle
from spec_lang.backends._search.problem import Problem, prepare
from spec_lang.bounding.hidden import Bounded, bounded
from spec_lang.bounding.leaves import closing_clash, fresh, leaves
from spec_lang.bounding.objectives import Rows
from spec_lang.bounding.rows import Conjunction
from spec_lang.obligations.model import All, Box, LinearAtom, Obligation, Region
from tests.graphs import random_chain

SEEDS = range(6)


def obligation(seed: int) -> Obligation:
    """Two outputs of a random network over a cube; one atom of them mentions an input."""
    atoms = (
        LinearAtom((), ((0, Fraction(1)),), Fraction(2), strict=False),
        LinearAtom(((0, Fraction(1, 3)),), ((0, Fraction(1)), (1, Fraction(-1))), Fraction(1), strict=False),
    )
    cube = Box((Fraction(-1),) * 3, (Fraction(1),) * 3)
    return Obligation(random_chain([3, 10, 10, 2], seed), Region((cube,)), All(atoms))


def situation(seed: int) -> tuple[Problem, Bounded, Triangle]:
    problem = prepare(obligation(seed))
    known = bounded(problem.program, problem.roots[0], None, lambda: False, raised=True)
    return problem, known, Triangle(known.optimiser, known.known, Conjunction(problem.rows, 0))


def as_row(problem: Problem, known: Bounded, triangle: Triangle, answer: Relaxed) -> Rows:
    row = fresh(problem.rows, known.optimiser, 0)
    row.phases[0], row.parameters, row.mix = triangle.phases, answer.parameters[None], answer.mix[None]
    return row


@pytest.mark.parametrize("seed", SEEDS)
def test_without_phases_the_duals_prove_the_programs_own_value(seed: int) -> None:
    problem, known, triangle = situation(seed)
    answer = triangle.solve(None)
    assert isinstance(answer, Relaxed)
    proved = known.optimiser.evaluate(as_row(problem, known, triangle, answer)).bounds.minimum[0]
    assert proved == pytest.approx(answer.bound, rel=1e-6, abs=1e-6)
    short = leaves(known.optimiser, as_row(problem, known, triangle, answer), 8).bound[0]
    assert proved - 0.05 * (1 + abs(proved)) <= short <= proved + 1e-9


@pytest.mark.parametrize("seed", SEEDS)
def test_with_all_phases_fixed_the_duals_prove_what_the_program_says(seed: int) -> None:
    """The phases are those of a point, so that the program has a solution."""
    problem, known, triangle = situation(seed)
    rng = np.random.default_rng(seed)
    for point in rng.uniform(-1, 1, (5, 3)):
        triangle.fix(phases_at(problem, known, point))
        answer = triangle.solve(None, closely=True)
        assert isinstance(answer, Relaxed)
        assert not answer.clash
        proved = known.optimiser.evaluate(as_row(problem, known, triangle, answer)).bounds.minimum[0]
        assert proved == pytest.approx(answer.bound, rel=1e-6, abs=1e-6)
        assert proved <= value_at(problem, point) + 1e-9


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ray_becomes_a_leaf_where_all_phases_are_fixed(seed: int) -> None:
    problem, known, triangle = situation(seed)
    rng = np.random.default_rng(seed)
    clashes = 0
    for _ in range(10):
        triangle.fix(rng.choice(np.array([-1, 1], dtype=np.int8), known.optimiser.unstable.count))
        answer = triangle.solve(None, closely=True)
        if isinstance(answer, Relaxed) and answer.clash:
            clashes += 1
            row = as_row(problem, known, triangle, answer)
            assert closing_clash(known.optimiser, row)[1].bound[0] > 0
    assert clashes


def phases_at(problem: Problem, known: Bounded, point: np.ndarray) -> np.ndarray:
    values = problem.evaluator.values(point[None])
    parts = []
    for value, layout in known.context.layouts.items():
        operand = value - 1  # a chain
        parts.append(np.where(values[operand][0][layout.columns[: layout.mixed]] >= 0, 1, -1))
    return np.concatenate(parts).astype(np.int8)


def value_at(problem: Problem, point: np.ndarray) -> float:
    return float(problem.rows.values(point[None], problem.evaluator(point[None])).max())
