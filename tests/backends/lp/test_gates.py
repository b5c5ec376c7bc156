"""Gates as rows: true of every point and every choice, exact with the phases; and points deep in patterns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.backends._lp.highs import Solver, Status
from spec_lang.backends._lp.model import Model
from spec_lang.backends._lp.network import Encoder, Encoding
from spec_lang.backends._lp.pattern import active_at, deepest, forms_of
from spec_lang.backends._lp.pieces import with_relus
from spec_lang.backends._lp.relaxation import Relaxed, Triangle
from spec_lang.backends._search.problem import Problem, prepare
from spec_lang.backends.milp import program
from spec_lang.bounding.hidden import Bounded, bounded
from spec_lang.bounding.leaves import fresh
from spec_lang.bounding.program import F64
from spec_lang.bounding.rows import Conjunction
from spec_lang.network.evaluate import Evaluator
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, PiecewiseLinear
from spec_lang.obligations.model import Any, Box, LinearAtom, Obligation, Region
from tests.backends.gradient_claims import with_gradients
from tests.graphs import random_chain
from tests.tiny_networks import chain, dense

ONE = Fraction(1)
LEAKY = PiecewiseLinear(knots=(0.0,), slopes=(0.125, 1.0), anchor=0.0)
HAT = PiecewiseLinear(knots=(-1.0, 0.5), slopes=(-1.0, 0.25, 3.0), anchor=2.0)
BENT = ((1.0, 1.0), (1.0, -1.0), (-2.0, 1.0))


def situation(graph: Graph, output: int = 1, least: Fraction = Fraction(100)) -> tuple[Problem, Bounded]:
    """Somewhere in a cube the output is at most −`least`."""
    cube = Box((-ONE,) * graph.input_size, (ONE,) * graph.input_size)
    atom = LinearAtom((), ((output, ONE),), least, strict=False)
    problem = prepare(Obligation(graph, Region((cube,)), atom))
    return problem, bounded(problem.program, problem.roots[0], None, lambda: False, raised=True)


def gradient_of(seed: int) -> Graph:
    return with_gradients(random_chain([3, 6, 6, 1], seed), 0)


def encoded(problem: Problem, known: Bounded) -> tuple[Model, Encoding]:
    model = Model()
    code = Encoder(model, known.context, known.known, known.optimiser.unstable)
    return model, code.encode(problem.program.outputs)


def rows_hold(model: Model, code: Encoding, values: Sequence[F64]) -> bool:
    """Whether all columns and rows hold, nearly, at what the network has."""
    x = np.zeros(model.columns)
    for value, columns in code.column.items():
        present = columns >= 0
        x[columns[present]] = values[value][0, present]
    known = code.z >= 0
    assert known.all()
    scaled = model.scaled(np.zeros(model.columns))
    rows = np.repeat(np.arange(model.rows), np.diff(scaled.start))
    found = np.zeros(model.rows)
    np.add.at(found, rows, scaled.value * (x / scaled.columns)[scaled.index])
    x = x / scaled.columns
    inside = (scaled.lower - 1e-9 <= x) & (x <= scaled.upper + 1e-9)
    met = (scaled.row_lower - 1e-9 <= found) & (found <= scaled.row_upper + 1e-9)
    return bool(inside.all() and met.all())


@pytest.mark.parametrize("seed", range(5))
def test_the_rows_hold_at_every_point(seed: int) -> None:
    problem, known = situation(gradient_of(seed))
    model, code = encoded(problem, known)
    assert len(code.gates.column)
    for point in np.random.default_rng(seed).uniform(-1, 1, (20, 3)):
        assert rows_hold(model, code, problem.evaluator.values(point[None]))


def test_at_a_kink_the_rows_hold_for_both_choices() -> None:
    """All neurons are at their kinks in the middle; a gate there is 0 in floats, and g as well."""
    graph = with_gradients(chain(2, dense([list(row) for row in BENT]), RELU, dense([[1.0, -1.0, 1.0]])), 0)
    problem, known = situation(graph)
    model, code = encoded(problem, known)
    values = list(problem.evaluator.values(np.zeros((1, 2))))
    (gate,) = (step for step in problem.program.steps if step.value in known.context.crossed)
    back = problem.program.steps[-1]
    for choice in product((0.0, 1.0), repeat=3):
        values[gate.value] = np.array([choice]) * np.array([[1.0, -1.0, 1.0]])
        values[back.value] = values[gate.value] @ np.array(BENT)
        assert rows_hold(model, code, values)


@pytest.mark.parametrize("seed", range(5))
def test_with_all_phases_fixed_a_program_has_the_gradient_and_its_duals_prove_it(seed: int) -> None:
    problem, known = situation(gradient_of(seed))
    triangle = Triangle(known.optimiser, known.known, Conjunction(problem.rows, 0))
    for point in np.random.default_rng(seed).uniform(-1, 1, (5, 3)):
        values = problem.evaluator.values(point[None])
        phases = np.concatenate(
            [
                np.where(values[value - 1][0][layout.columns[: layout.mixed]] >= 0, 1, -1)
                for value, layout in known.context.layouts.items()
            ]
        ).astype(np.int8)
        triangle.fix(phases)
        answer = triangle.solve(None, closely=True)
        assert isinstance(answer, Relaxed)
        exact = float(problem.rows.values(point[None], problem.evaluator(point[None]))[0, 0])
        assert answer.bound == pytest.approx(exact, abs=1e-6)
        row = fresh(problem.rows, known.optimiser, 0)
        row.phases[0], row.parameters, row.mix = phases, answer.parameters[None], answer.mix[None]
        proved = known.optimiser.evaluate(row, gradient=False).bounds.minimum[0]
        assert proved == pytest.approx(exact, abs=1e-6)
    triangle.fix(np.zeros_like(phases))
    loose = triangle.solve(None)
    assert isinstance(loose, Relaxed)
    assert loose.bound <= exact + 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_the_mixed_integer_program_has_the_least_gradient_that_there_is(seed: int) -> None:
    problem, known = situation(gradient_of(seed))  # nothing is so low: the bound on the margin is taken away
    rows = replace(problem.rows, constant=problem.rows.constant - 200 / float(problem.rows.scale or 1.0))
    said = program.solve(known, rows, 0, program.Limits(None, None, to_the_end=True))
    assert said.status is Status.OPTIMAL
    assert said.phases is not None
    points = np.random.default_rng(seed).uniform(-1, 1, (20_000, 3))
    sampled = problem.evaluator(points)[:, 1].min()
    triangle = Triangle(known.optimiser, known.known, Conjunction(rows, 0))
    triangle.fix(said.phases)
    answer = triangle.solve(None)
    assert isinstance(answer, Relaxed)
    least = answer.bound - float(rows.constant[0])
    assert least <= sampled * float(rows.outputs[0, 1]) + 1e-6


def test_the_deepest_point_of_a_pattern_is_far_from_all_kinks() -> None:
    """Of the triangle x0 >= 0, x1 >= 0, x0 + x1 <= 1 the centre of the inscribed circle."""
    first = dense([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], [0.0, 0.0, 1.0])
    problem, _ = situation(with_gradients(chain(2, first, RELU, dense([[1.0, 1.0, 1.0]])), 0), least=ONE * -9)
    at = np.array([0.0, 1.0])
    active = active_at(problem.program, problem.evaluator.values(at[None]))
    found = deepest(problem, 0, active, at, None)
    assert found == pytest.approx(np.full(2, 1 - 2**-0.5))


def test_a_pattern_without_a_point_has_none() -> None:
    first = dense([[1.0, 0.0], [-1.0, 0.0]], [0.0, -0.5])  # x0 >= 0 and x0 <= −1/2
    problem, _ = situation(with_gradients(chain(2, first, RELU, dense([[1.0, 1.0]])), 0), least=ONE * -9)
    active = {value: np.ones(2, dtype=np.bool_) for value in active_at_middle(problem)}
    assert deepest(problem, 0, active, np.zeros(2), None) is None


def active_at_middle(problem: Problem) -> list[int]:
    return list(active_at(problem.program, problem.evaluator.values(np.zeros((1, 2)))))


@pytest.mark.parametrize("seed", range(5))
def test_the_forms_of_a_pattern_are_the_networks_values_and_its_gradient(seed: int) -> None:
    problem, _ = situation(gradient_of(seed))
    for point in np.random.default_rng(seed).uniform(-1, 1, (10, 3)):
        values = problem.evaluator.values(point[None])
        forms = forms_of(problem.program, active_at(problem.program, values))
        assert forms is not None
        for value, form in forms.items():
            assert np.append(point, 1.0) @ form == pytest.approx(values[value][0], abs=1e-9)


@given(st.sampled_from([LEAKY, HAT]), st.integers(0, 20))
@settings(max_examples=30, deadline=None)
def test_gradients_of_other_pieces_are_those_of_the_relus_that_they_become(
    function: PiecewiseLinear, seed: int
) -> None:
    """And a gate at a knot at 0 reads what the ReLU reads, so that they share a phase."""
    rng = np.random.default_rng(seed)
    first, second = (dense(rng.standard_normal(shape).tolist()) for shape in ((4, 2), (1, 4)))
    graph = with_gradients(chain(2, first, function, second), 0)
    region = Region((Box((-ONE,) * 2, (ONE,) * 2),))
    same = with_relus(Obligation(graph, region, Any(()))).graph
    bends = [node for node in same.nodes if isinstance(node.primitive, PiecewiseLinear)]
    assert all(node.primitive == RELU for node in bends)
    points = rng.uniform(-1, 1, (20, 2))
    assert Evaluator(same)(points) == pytest.approx(Evaluator(graph)(points), abs=1e-12)
    if function == LEAKY:
        assert {node.operands[0] for node in bends} == {node.operands[0] for node in same.binary}


def test_a_bound_of_a_gates_column_is_what_its_phase_says() -> None:
    problem, known = situation(gradient_of(0))
    model, code = encoded(problem, known)
    gates, unstable = code.gates, known.optimiser.unstable.count
    gate = int(np.flatnonzero(gates.neuron >= 0)[0])
    for phase in (1, -1):
        solver = Solver(model, _cost(model, gates.column[gate]))
        phases = np.zeros(unstable, dtype=np.int8)
        phases[gates.neuron[gate]] = phase
        gates.fix(solver, np.zeros_like(phases), phases)
        answer = solver.run(None)
        assert answer.x is not None
        expected = answer.x[gates.g[gate]] if phase > 0 else 0.0
        assert answer.x[gates.column[gate]] == pytest.approx(expected, abs=1e-7)


def _cost(model: Model, column: int) -> F64:
    cost = np.zeros(model.columns)
    cost[column] = 1.0
    return cost
