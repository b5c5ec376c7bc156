"""The solver is told the truth and its every word is looked at."""

from __future__ import annotations

import time

import numpy as np
import pytest

from spec_lang.backends._lp.highs import Answer, Solver, Status
from spec_lang.backends._lp.model import SMALLEST, Model, Unfit

INF = np.inf


def column(model: Model, lower: float, upper: float, size: float, *, integer: bool = False) -> int:
    ends = (np.array([v]) for v in (lower, upper, size))
    return int(model.add_columns(*ends, integer=integer)[0])


def row(model: Model, entries: dict[int, float], lower: float, upper: float) -> int:
    number = model.add_rows(np.array([lower]), np.array([upper]))
    columns = np.array(list(entries), dtype=np.intp)
    model.put(np.repeat(number, len(columns)), columns, np.array(list(entries.values())))
    return int(number[0])


def minimise(model: Model, of: int) -> tuple[Solver, Answer]:
    cost = np.zeros(model.columns)
    cost[of] = 1.0
    solver = Solver(model, cost)
    return solver, solver.run(None)


def test_a_coefficient_of_5e_10_is_not_dropped() -> None:
    """x in [0, 1], z = 1e10 x, y = 5e-10 z: the solver's own options would make y 0."""
    model = Model()
    x, z, y = column(model, 1, 1, 1), column(model, -INF, INF, 1e10), column(model, -INF, INF, 5)
    row(model, {z: 1, x: -1e10}, 0, 0)
    row(model, {y: 1, z: -5e-10}, 0, 0)
    solver, answer = minimise(model, y)
    assert answer.status is Status.OPTIMAL
    assert answer.objective == pytest.approx(5)
    assert abs(solver.scaled.value).min() >= SMALLEST


def test_what_stays_too_small_widens_its_row() -> None:
    """`y >= x − 1e-12 w` with w in [0, 2]: y may be a little below x, never above the true minimum."""
    model = Model()
    x, w, y = column(model, 1, 1, 1), column(model, 0, 2, 2), column(model, -INF, INF, 1)
    row(model, {y: 1, x: -1, w: 1e-12}, 0, INF)
    solver, _ = minimise(model, y)
    assert len(solver.scaled.value) == 2
    assert solver.scaled.row_lower[0] < 0


def test_numbers_beyond_the_solver_are_refused() -> None:
    model = Model()
    x = column(model, 1, 2, 1)
    row(model, {x: 1.0}, -INF, 1e300)
    with pytest.raises(Unfit):
        minimise(model, x)


def test_a_coefficient_that_is_no_number_is_refused() -> None:
    model = Model()
    x = column(model, 1, 2, 1)
    row(model, {x: np.nan}, 0, 1)
    with pytest.raises(Unfit):
        minimise(model, x)


def test_duals_and_reduced_costs_come_in_the_models_own_units() -> None:
    """min y with y = 3 x, x in [2, 4]: the row's multiplier is 1, the reduced cost of x is 3."""
    model = Model()
    x, y = column(model, 2, 4, 4096), column(model, -INF, INF, 1e-3)
    row(model, {y: 1, x: -3}, 0, 0)
    _, answer = minimise(model, y)
    assert answer.x is not None and answer.duals is not None and answer.reduced is not None
    assert answer.x.tolist() == pytest.approx([2, 6])
    assert answer.duals.tolist() == pytest.approx([1])
    assert answer.reduced.tolist() == pytest.approx([3, 0])


def test_a_ray_shows_a_clash() -> None:
    model = Model()
    x, y = column(model, 0, 1, 1), column(model, -INF, INF, 1)
    row(model, {y: 1, x: -2}, 0, 0)
    row(model, {y: 1}, 3, INF)
    _, answer = minimise(model, y)
    assert answer.status is Status.INFEASIBLE
    assert answer.ray is not None
    # y >= 3 less twice the upper bound of x leaves 1: in some positive multiple.
    assert answer.ray[1] > 0
    assert answer.ray[0] == pytest.approx(-answer.ray[1])


def test_bounds_change_between_runs() -> None:
    model = Model()
    x, y = column(model, 1, 2, 1), column(model, -INF, INF, 1)
    r = row(model, {y: 1, x: -1}, 0, 0)
    solver, _ = minimise(model, y)
    solver.bound_columns(np.array([x]), np.array([1.5]), np.array([2.0]))
    assert solver.run(None).objective == pytest.approx(1.5)
    solver.bound_rows(np.array([r]), np.array([1.0]), np.array([1.0]))
    assert solver.run(None).objective == pytest.approx(2.5)


def test_past_the_deadline_nothing_is_run() -> None:
    model = Model()
    x = column(model, 1, 2, 1)
    row(model, {x: 1}, 0, 3)
    solver, _ = minimise(model, x)
    assert solver.run(time.monotonic() - 1).status is Status.STOPPED


def test_an_unbounded_program_is_no_answer() -> None:
    model = Model()
    x = column(model, -INF, INF, 1)
    row(model, {x: 1}, -INF, 3)
    _, answer = minimise(model, x)
    assert answer.status is Status.FAILED


def test_integers_are_not_scaled() -> None:
    model = Model()
    d = column(model, 0, 1, 1000, integer=True)
    row(model, {d: 3}, 1, INF)
    _, answer = minimise(model, d)
    assert answer.status is Status.OPTIMAL
    assert answer.x is not None
    assert answer.x.tolist() == [1]
