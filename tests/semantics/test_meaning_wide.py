"""Claims about several points and networks say at every choice of points what the formula says there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spec_lang.kernel.exact import evaluate_exact
from spec_lang.network.graph import Graph
from spec_lang.obligations.cases import TooManyCases
from spec_lang.obligations.lower import lower
from spec_lang.semantics.evaluate import World, evaluate_at
from spec_lang.semantics.model import Statement
from tests.semantics.wide_formulas import WIDE_HEADER, bodies, first_regions, points, second_regions
from tests.semantics.worlds import Checked, accepted, check, is_true, is_violated, loose, network, stated
from tests.tiny_networks import runnable

SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def graphs(seed: int) -> Mapping[str, Graph]:
    return {"f": network(seed=seed), "g": network(seed=seed + 1), "m": network(2, 3, seed=seed + 2)}


def placed(statement: Statement, chosen: Mapping[str, Sequence[Fraction]]) -> tuple[Fraction, ...]:
    """The graph's input for these problem-space points: variables, then what is tied to them."""
    values: dict[int, Fraction] = {}
    for group in statement.frame.variables:
        for offset, value in enumerate(chosen[group.name]):
            axis = statement.frame.inputs[group.start + offset]
            values[group.start + offset] = axis.scaling.to_network(value)
    for tie in statement.ties:
        values[tie.input] = tie.constant + sum(c * values[i] for i, c in tie.terms)
    return tuple(values[index] for index in range(statement.graph.input_size))


def world(checked: Checked) -> World:
    networks = {
        use.label: runnable(checked.graphs[use.label], use.declaration) for use in checked.scope.networks
    }
    return World(checked.scope, networks)


@given(
    st.sampled_from(("forall", "exists")),
    first_regions,
    second_regions,
    bodies,
    st.integers(0, 9),
    st.lists(st.tuples(points, points), min_size=1, max_size=4),
)
@SETTINGS
def test_statement_and_goal_agree_with_the_reference_meaning(
    quantifier: str,
    first: str,
    second: str,
    body: str,
    seed: int,
    candidates: list[tuple[tuple[Fraction, ...], tuple[Fraction, ...]]],
) -> None:
    text = f"{WIDE_HEADER}\nclaim c: {quantifier} x in {first}, y in {second}: {body}\n"
    checked = accepted(text, graphs(seed))
    claim = checked["c"]
    statement = stated(claim)
    assert statement.exists is (quantifier == "exists")
    try:
        goal = lower(claim)
    except TooManyCases:
        goal = None
    for x, y in candidates:
        expected = evaluate_at(claim.formula, {"x": x, "y": y}, world(checked))
        inside = placed(statement, {"x": x, "y": y})
        outputs = evaluate_exact(statement.graph, inside)
        wanted = expected.in_region and expected.body is statement.exists
        assert is_true(statement.region, inside, outputs) == expected.in_region
        assert is_true(statement.condition, inside, outputs) == wanted
        if goal is not None:
            assert is_violated(goal, inside, loose(claim)) == wanted


@pytest.mark.parametrize(
    ("formula", "truth"),
    [
        ("(forall x in near: f(x).p <= 100) and (forall x in near: g(x).s <= 100)", True),
        ("not exists x in near: f(x).p > 100", True),
        ("forall x in near: x.a > 5 => forall y in f.domain: f(y).p > f(x).p", True),
        ("argmax(f(corner)) == p or argmax(f(corner)) == q or f(corner).p == f(corner).q", True),
    ],
)
def test_quantifiers_may_stand_inside(formula: str, truth: bool) -> None:
    """Where they all search for the same kind of point, the claim has a statement; no point breaks it."""
    checked = accepted(f"{WIDE_HEADER}\nclaim c: {formula}\n", graphs(1))
    goal = lower(checked["c"])
    statement = stated(checked["c"])
    steps = [Fraction(n, 2) for n in range(-3, 4)]
    names = [group.name for group in statement.frame.variables]
    for number in range(60):
        chosen = {
            name: tuple(steps[(number * (3 * i + 1) + place * (i + 2)) % 7] for i in range(3))
            for place, name in enumerate(names)
        }
        assert is_violated(goal, placed(statement, chosen)) is not truth


@pytest.mark.parametrize(
    "body",
    [
        "forall y in near: exists z in near: f(y).p <= f(z).p",
        "exists y in near: f(y).p <= 0",
        "(exists y in near: f(y).p <= 0) => f(x).p <= 0 and (exists y in near: f(y).p <= 1)",
        "abs(x.a) * f(x).p <= 1",
        "1 / x.a <= 1",
        "norm(f(x), l2) + norm(x, l2) <= 1",
        "norm(f(x), l2) * x.a <= 1",
        "norm(grad(f.p, x), l2) + norm(x, l2) <= 1",
        "f(abs(x)).p <= 1",
        "f(m(f(x))).p <= 1",
    ],
)
def test_what_no_backend_takes_has_no_statement(body: str) -> None:
    """Such a claim is well-typed, and can never be decided by accident."""
    text = f"{WIDE_HEADER}\nclaim c: forall x in near & everywhere(f): {body}\n"
    text += "claim d: forall x in near: f(x).p <= 1\n"
    parsed = check(text, graphs(1))
    claim = parsed["c"]
    assert claim.statement is None
    assert claim.needs
    assert all(not problem.is_error for problem in parsed.problems)
    assert stated(parsed["d"])
