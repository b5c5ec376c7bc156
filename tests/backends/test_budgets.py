"""Laws of budgets, backend by backend: the same run whatever the clock says, never far beyond its limit."""

from __future__ import annotations

import pickle
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import pytest

from spec_lang.backends.base import Backend, Run
from spec_lang.backends.bounds import BACKEND as BOUNDS
from spec_lang.backends.falsify import BACKEND as FALSIFY
from spec_lang.backends.milp import BACKEND as MILP
from spec_lang.backends.smt import BACKEND as SMT
from spec_lang.network.evaluate import Evaluator
from spec_lang.obligations.model import All, Any, Box, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Proved
from tests.backends.oracle import session
from tests.graphs import random_chain

BACKENDS = (BOUNDS, MILP, SMT, FALSIFY)
FEW, MANY = ([5, 16, 16, 2], 0.5), ([24, 20, 20, 2], 2.5)  # inputs; by how much the bounds are true, about


def obligation(of: tuple[list[int], float]) -> Obligation:
    """One of two outputs exceeds a bound that it just keeps: neither proved nor refuted at once."""
    sizes, margin = of
    graph = random_chain(sizes, 1)
    points = np.random.default_rng(0).uniform(-1, 1, (2000, sizes[0]))
    most = Evaluator(graph)(points).max(axis=0)
    atoms = [
        LinearAtom((), ((j, Fraction(-1)),), Fraction(float(limit + margin * (1 + abs(limit)))), strict=True)
        for j, limit in enumerate(most)
    ]
    box = Box((Fraction(-1),) * sizes[0], (Fraction(1),) * sizes[0])
    return Obligation(graph, Region((box,)), Any(tuple(All((atom,)) for atom in atoms)))


@contextmanager
def warped(factor: float) -> Iterator[None]:
    """Time passes faster or slower here, and unevenly."""
    start, real, jitter = time.monotonic(), time.monotonic, random.Random(0)  # noqa: S311 - no secret

    def clock() -> float:
        return start + (real() - start) * factor + jitter.random() * factor / 100

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", clock)
        yield


def course(run: Run) -> object:
    """A run without its seconds, and with its proof in bytes."""
    outcome = run.outcome
    return pickle.dumps(outcome.proof) if isinstance(outcome, Proved) else outcome, run.work.units


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
@pytest.mark.parametrize(
    ("of", "budget"),
    [
        pytest.param(FEW, 60, id="few inputs, 60"),
        pytest.param(FEW, 600, id="few inputs, 600"),
        pytest.param(MANY, 60, id="many inputs, 60"),
        pytest.param(MANY, 600, id="many inputs, 600", marks=pytest.mark.long),
    ],
)
def test_a_run_does_not_depend_on_how_time_passes(
    backend: Backend, of: tuple[list[int], float], budget: int
) -> None:
    goal = obligation(of)
    plain = course(backend.run(goal, session(goal, work=budget)))
    for factor in (50.0, 0.02):
        with warped(factor):
            assert course(backend.run(goal, session(goal, work=budget))) == plain


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
def test_a_deadline_that_is_not_reached_changes_nothing(backend: Backend) -> None:
    goal = obligation(FEW)
    plain = course(backend.run(goal, session(goal, work=300)))
    assert course(backend.run(goal, session(goal, deadline=time.monotonic() + 500, work=300))) == plain


@pytest.mark.parametrize("of", [FEW, MANY], ids=["few inputs", "many inputs"])
@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
def test_a_spent_budget_is_the_reason_and_is_not_exceeded_by_much(
    backend: Backend, of: tuple[list[int], float]
) -> None:
    goal = obligation(of)
    for budget in (1, 50, 200):
        run = backend.run(goal, session(goal, work=budget))
        if isinstance(run.outcome, GaveUp):
            assert run.outcome.reason is GaveUpReason.BUDGET
            assert budget <= run.work.spent
        assert run.work.spent <= 2 * budget + 500  # an attack, or a batch, is not broken off


def test_units_are_counted_in_whole_numbers_by_every_backend() -> None:
    goal = obligation(FEW)
    for backend in BACKENDS:
        units = backend.run(goal, session(goal, work=100)).work.units
        assert units
        assert all(name and isinstance(count, int) and count >= 0 for name, count in units)
