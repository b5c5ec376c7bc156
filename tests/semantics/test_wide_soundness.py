"""What the bounds backend proves of claims about several points and networks, no point contradicts."""

from __future__ import annotations

import random
import time
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spec_lang.backends.base import Budget, Session
from spec_lang.backends.bounds import BACKEND
from spec_lang.kernel.exact import evaluate_exact
from spec_lang.kernel.judge import is_impossible
from spec_lang.kernel.witness import WitnessChecker
from spec_lang.obligations.cases import TooManyCases
from spec_lang.obligations.lower import lower
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Outcome, Proved, Refuted
from tests.semantics.test_meaning_wide import graphs, placed
from tests.semantics.wide_formulas import WIDE_HEADER, bodies
from tests.semantics.worlds import accepted, is_true, stated

SECONDS = 0.3


def said(obligation: Obligation) -> Outcome | None:
    """What the backend says; None where it need not or cannot be asked."""
    if is_impossible(obligation.violation) or BACKEND.supports(obligation) is not None:
        return None
    checker = WitnessChecker(obligation)
    session = Session(
        Budget(time.monotonic() + SECONDS),
        lambda point: checker(obligation.completed(point)) is not None,
        lambda _progress: None,
    )
    return BACKEND.run(obligation, session).outcome


@pytest.mark.slow
@given(
    st.sampled_from(("box(-1, 1)", "ball(corner, 1, linf)", "box([-1, 0, -1], corner + 1)")),
    st.sampled_from(("ball(x, 1/2, linf)", "box(-1, 1) & everywhere(f)", "box(x - 1/2, x)")),
    bodies,
    st.integers(0, 9),
    st.randoms(use_true_random=False),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_proof_stands_at_every_point(
    first: str, second: str, body: str, seed: int, random_points: random.Random
) -> None:
    checked = accepted(
        f"{WIDE_HEADER}\nclaim c: forall x in {first} & everywhere(f), y in {second}: {body}\n", graphs(seed)
    )
    claim = checked["c"]
    statement = stated(claim)
    try:
        goal = lower(claim)
    except TooManyCases:
        return
    outcomes = [said(obligation) for obligation in goal.obligations]
    for obligation, outcome in zip(goal.obligations, outcomes, strict=True):
        if isinstance(outcome, Refuted):
            assert WitnessChecker(obligation)(obligation.completed(outcome.point)) is not None
    if not outcomes or not all(isinstance(outcome, Proved) for outcome in outcomes):
        return
    for _ in range(60):
        x, y = ([Fraction(random_points.randint(-8, 8), 4) for _ in range(3)] for _ in "xy")
        inside = placed(statement, {"x": x, "y": y})
        assert not is_true(statement.condition, inside, evaluate_exact(statement.graph, inside))
