"""Laws of the planner: every backend is tried or refused, each with a reason in words, none by its name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.backends.base import Backend, Capabilities, Run, Session
from spec_lang.diagnostics import InternalError
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.network.primitives import RELU, PiecewiseLinear
from spec_lang.network.transform.gradient import with_gradient
from spec_lang.obligations.model import All, Any, Box, LinearAtom, Obligation, Region, Semantics, Tie
from spec_lang.obligations.outcome import GaveUp, GaveUpReason
from spec_lang.planning.features import Features, features
from spec_lang.planning.plan import Attempt, Plan, Refusal, Wishes, plan, seconds_for, units_for
from tests.pairs import beside
from tests.tiny_networks import chain, dense, relu_network

ONE = Fraction(1)
ATOM = LinearAtom((), ((0, ONE),), Fraction(0), False)


FOR_ALL = Capabilities(attacks=True)


@dataclass(frozen=True)
class Fake:
    name: str
    capabilities: Capabilities = FOR_ALL
    missing: str | None = None
    too_hard: str | None = None
    version: str = "0"
    summary: str = "a fake"

    def availability(self) -> str | None:
        return self.missing

    def supports(self, obligation: Obligation) -> str | None:
        if obligation.violation is not ATOM:
            raise InternalError("another obligation")
        return self.too_hard

    def run(self, obligation: Obligation, session: Session) -> Run:
        raise InternalError(f"a planner runs nothing: {obligation}, {session}")


ABLE = Fake("able")
ABSENT = Fake("absent", missing="its solver is not installed")
WEAK = Fake("weak", too_hard="too many inputs")
ALL: tuple[Backend, ...] = (ABSENT, WEAK, ABLE)
OBLIGATION = Obligation(relu_network(), Region((Box((None, Fraction(0)), (ONE, ONE)),)), ATOM)  # 2 inputs

# One of each kind, under names that say nothing.
HUNTER = Fake("a", Capabilities(proves=False, attacks=True))
WIDE = Fake("b", Capabilities(attacks=True, evidence=EvidenceKind.CHECKED))
MIDDLE = Fake("c", Capabilities(neurons=1000, inputs=20, evidence=EvidenceKind.CHECKED))
SMALL = Fake("d", Capabilities(neurons=50, exact=True, unbounded=True))
PORTFOLIO: tuple[Backend, ...] = (SMALL, HUNTER, MIDDLE, WIDE)


def tried(found: Plan) -> list[str]:
    return [attempt.backend for attempt in found.attempts]


def refused(found: Plan) -> dict[str, str]:
    return {refusal.backend: refusal.reason for refusal in found.refusals}


def test_backends_are_tried_or_refused_and_never_left_out() -> None:
    found = plan(OBLIGATION, ALL)
    assert tried(found) == ["able"]
    assert (
        Refusal("absent", "its solver is not installed"),
        Refusal("weak", "too many inputs"),
    ) == found.refusals


def test_a_reason_says_what_the_backend_does_and_a_plan_what_it_is_about() -> None:
    found = plan(OBLIGATION, [ABLE])
    assert found.attempts[0].reason == "it takes this: a fake"
    assert found.about.describe() == "2 inputs, 2 neurons, 1 output, 1 way to be broken, an unbounded region"


# -- what is asked for ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("using", "reason"),
    [
        ("absent", "its solver is not installed"),
        ("weak", "too many inputs"),
        ("nobody", "there is no backend of this name"),
    ],
)
def test_the_backend_that_was_asked_for_is_obeyed_or_refused_but_not_replaced(
    using: str, reason: str
) -> None:
    found = plan(OBLIGATION, ALL, Wishes(using))
    assert found.attempts == ()
    assert Refusal(using, reason) in found.refusals


@pytest.mark.parametrize("using", ["a", "b", "c", "d"])
def test_the_backend_that_was_asked_for_is_the_only_attempt_and_gets_all_the_time(using: str) -> None:
    found = plan(OBLIGATION, PORTFOLIO, Wishes(using, seconds=9.0))
    (attempt,) = found.attempts
    assert (attempt.backend, attempt.seconds) == (using, 9.0)
    assert attempt.reason.startswith("it was asked for")


def test_who_cannot_have_a_proof_checked_is_refused_where_only_that_counts() -> None:
    found = plan(OBLIGATION, PORTFOLIO, Wishes(accept=EvidenceKind.CHECKED_ROUNDED))
    assert tried(found) == ["b", "c"]
    assert refused(found)["d"] == "its proofs are trusted, and `checked-rounded` was asked for"


def test_who_decides_over_the_reals_is_refused_where_the_claim_is_about_floats() -> None:
    both = (Semantics.REAL, Semantics.FLOAT32)
    rounding = Fake("r", Capabilities(attacks=True, semantics=both))
    found = plan(replace(OBLIGATION, semantics=Semantics.FLOAT32), (*PORTFOLIO, rounding))
    assert tried(found) == ["r"]
    assert refused(found)["b"] == "it decides in real arithmetic, the claim is about float32"


# -- the order -----------------------------------------------------------------------------------------


def test_who_reaches_furthest_comes_first_and_who_needs_more_inputs_last() -> None:
    assert tried(plan(OBLIGATION, PORTFOLIO)) == ["b", "d", "c", "b"]
    assert tried(plan(OBLIGATION, PORTFOLIO, Wishes(seconds=60.0))) == ["b", "d", "c"]


def test_who_is_made_for_it_comes_before_all_others_with_most_of_the_time() -> None:
    made = Fake("s", Capabilities(attacks=True, specialist=True))
    found = plan(OBLIGATION, (*PORTFOLIO, made), Wishes(seconds=100.0))
    assert tried(found) == ["s", "b", "d", "c"]
    assert [a.seconds for a in found.attempts] == pytest.approx([80.0, 14.0, 6.0, 0.0])
    assert found.attempts[0].reason == "it is made for this: a fake"
    assert found.attempts[1].reason.startswith("for what `s` leaves open, it reaches furthest")
    assert refused(found)["a"] == "`s` looks for counterexamples first by itself"
    assert [a.seconds for a in plan(OBLIGATION, [made], Wishes(seconds=9.0)).attempts] == [9.0]


def test_without_a_limit_who_is_made_for_it_and_who_reaches_furthest_go_on() -> None:
    made = Fake("s", Capabilities(attacks=True, specialist=True))
    found = plan(OBLIGATION, (*PORTFOLIO, made))
    assert tried(found) == ["s", "b", "d", "c", "s", "b"]
    assert [a.seconds for a in found.attempts[-2:]] == [None, None]
    assert [a.seconds for a in plan(OBLIGATION, [made]).attempts] == [None]


def test_nobody_attacks_first_where_the_first_to_prove_does_so_itself() -> None:
    assert "a" not in tried(plan(OBLIGATION, PORTFOLIO))
    assert refused(plan(OBLIGATION, PORTFOLIO))["a"] == "`b` looks for counterexamples first by itself"


def test_an_attack_is_brief_before_a_proof_and_has_all_the_time_without_one() -> None:
    found = plan(OBLIGATION, (SMALL, HUNTER), Wishes(seconds=60.0))
    assert [(a.backend, a.seconds) for a in found.attempts] == [("a", 1.0), ("d", 59.0)]
    assert [a.seconds for a in plan(OBLIGATION, (HUNTER,), Wishes(seconds=60.0)).attempts] == [60.0]


@pytest.mark.parametrize(("neurons", "seconds"), [(19, 0.0), (20, 3.0)])
def test_who_is_exact_shares_the_time_on_small_networks_and_else_gets_what_is_left(
    neurons: int, seconds: float
) -> None:
    small = replace(SMALL, capabilities=replace(SMALL.capabilities, neurons=neurons))
    _, exact = plan(OBLIGATION, (WIDE, small), Wishes(seconds=10.0)).attempts
    assert exact.seconds == pytest.approx(seconds)
    assert ("if there is time" in exact.reason) == (seconds == 0)


@pytest.mark.parametrize(("neurons", "seconds"), [(100, 18.0), (101, 0.0)])
def test_two_networks_are_left_to_who_sees_what_they_have_in_common(neurons: int, seconds: float) -> None:
    single = chain(2, dense([[1.0, -1.0]] * neurons), RELU, dense([[1.0] * neurons]))
    pair = replace(OBLIGATION, graph=beside(single, single))
    other = replace(MIDDLE, capabilities=replace(MIDDLE.capabilities, inputs=1))
    _, second = plan(pair, (WIDE, other), Wishes(seconds=60.0)).attempts
    assert second.seconds == pytest.approx(seconds)
    assert ("neurons of 2 networks make it slow" in second.reason) == (seconds == 0)
    alone = replace(OBLIGATION, graph=single)
    _, second = plan(alone, (WIDE, other), Wishes(seconds=60.0)).attempts
    assert second.seconds == pytest.approx(18.0)


def test_a_network_that_is_too_large_is_kept_from_those_that_would_waste_the_time() -> None:
    small = replace(SMALL, capabilities=replace(SMALL.capabilities, neurons=1))
    found = plan(OBLIGATION, (small, WIDE))
    assert (tried(found), refused(found)) == (
        ["b"],
        {"d": "2 neurons are too many for it: it is worth the time up to 1"},
    )
    assert tried(plan(OBLIGATION, (small,))) == ["d"]  # rather than nobody


@pytest.mark.parametrize(("ties", "part"), [((), 0.7), ((Tie(1, ((0, ONE),), Fraction(0)),), 0.3)])
def test_where_an_equation_stops_floats_who_is_exact_gets_more(ties: tuple[Tie, ...], part: float) -> None:
    found = plan(replace(OBLIGATION, ties=ties), (WIDE, SMALL), Wishes(seconds=10.0))
    assert [attempt.seconds for attempt in found.attempts] == pytest.approx([10 * part, 10 * (1 - part)])


# -- going on ------------------------------------------------------------------------------------------


def test_after_rounding_the_exact_one_is_next() -> None:
    wide = replace(MIDDLE, capabilities=replace(MIDDLE.capabilities, inputs=0))
    found = plan(OBLIGATION, (WIDE, wide, SMALL), Wishes(seconds=60.0))
    assert tried(found) == ["b", "c", "d"]
    assert tried(found.after(found.attempts[0], GaveUp(GaveUpReason.NUMERICAL, ""))) == ["d", "c"]
    assert tried(found.after(found.attempts[0], GaveUp(GaveUpReason.TIMEOUT, ""))) == ["c", "d"]


def test_only_who_ran_out_of_time_is_tried_again() -> None:
    found = plan(OBLIGATION, PORTFOLIO)
    first = found.attempts[0]
    assert tried(found.after(first, GaveUp(GaveUpReason.TIMEOUT, ""))) == ["d", "c", "b"]
    for reason in set(GaveUpReason) - {GaveUpReason.TIMEOUT, GaveUpReason.KINK}:
        assert tried(found.after(first, GaveUp(reason, ""))) == ["d", "c"]


def test_nobody_is_tried_after_a_failure_that_hangs_on_a_choice() -> None:
    found = plan(OBLIGATION, PORTFOLIO)
    assert not tried(found.after(found.attempts[0], GaveUp(GaveUpReason.KINK, "")))


PORTFOLIOS = st.lists(st.sampled_from(PORTFOLIO), unique=True)


@given(PORTFOLIOS, st.floats(0, 1e6), st.booleans())
def test_the_shares_are_the_time_and_what_is_left_over_goes_on(
    backends: list[Backend], seconds: float, tied: bool
) -> None:
    ties = (Tie(1, ((0, ONE),), Fraction(0)),) if tied else ()
    found = plan(replace(OBLIGATION, ties=ties), backends, Wishes(seconds=seconds))
    assert len(found.attempts) + len(found.refusals) == len(backends)
    shares = [attempt.seconds for attempt in found.attempts]
    if shares:
        assert sum(share or 0.0 for share in shares) == pytest.approx(seconds)
    for start in range(len(shares)):
        rest = found.attempts[start:]
        mine = seconds_for(rest, 10.0)
        assert 0 <= mine <= 10
        if not any(attempt.seconds for attempt in rest[1:]):
            assert mine == 10


@given(PORTFOLIOS)
def test_without_a_limit_everyone_ends_but_the_last_prover(backends: list[Backend]) -> None:
    found = plan(OBLIGATION, backends)
    endless = [
        a for a in found.attempts if seconds_for((a,), float("inf")) == float("inf") and a.seconds is None
    ]
    assert len(endless) == bool(found.attempts)
    shared = [a for a in found.attempts if a.seconds]
    assert all(found.attempts.index(one) < found.attempts.index(endless[0]) for one in shared)


def test_the_time_that_one_leaves_is_shared_by_the_others() -> None:
    attempts = [Attempt(name, "", seconds) for name, seconds in (("x", 30.0), ("y", 10.0), ("z", 0.0))]
    assert seconds_for(attempts, 80.0) == 60.0
    assert seconds_for(attempts[1:], 80.0) == 80.0
    assert seconds_for(attempts[2:], 5.0) == 5.0


@given(PORTFOLIOS, st.integers(1, 10**9), st.none() | st.floats(0, 1e6))
def test_a_budget_is_shared_in_the_same_parts_whatever_the_time(
    backends: list[Backend], units: int, seconds: float | None
) -> None:
    found = plan(OBLIGATION, backends, Wishes(seconds=seconds, units=units))
    shares = [attempt.units or 0 for attempt in found.attempts]
    assert shares == [a.units for a in plan(OBLIGATION, backends, Wishes(units=units)).attempts]
    assert {attempt.seconds for attempt in found.attempts} <= {seconds}
    assert units - len(shares) <= sum(shares) <= units or not shares
    for start in range(len(shares)):
        mine = units_for(found.attempts[start:], 100)
        assert 0 <= mine <= 100
        if not any(shares[start + 1 :]):
            assert mine == 100


def test_the_work_that_one_leaves_is_shared_by_the_others() -> None:
    attempts = [Attempt(name, "", units=units) for name, units in (("x", 30), ("y", 10), ("z", 0))]
    assert [units_for(attempts[start:], 83) for start in range(3)] == [62, 83, 83]


# -- features ------------------------------------------------------------------------------------------


def test_features_count_what_is_there() -> None:
    box = Box((Fraction(0), Fraction(0)), (ONE, ONE))
    violation = All((Any((ATOM, ATOM)), ATOM, Any((ATOM, ATOM, ATOM))))
    row = LinearAtom(((0, ONE),), (), Fraction(0), True)
    expected = Features(
        inputs=2, outputs=1, layers=2, neurons=2, boxes=2, constraints=1, atoms=6, disjuncts=6, bounded=True
    )
    assert expected == features(Obligation(relu_network(), Region((box, box), (row,)), violation))


def test_features_name_what_few_backends_take() -> None:
    graph = relu_network()
    bent = PiecewiseLinear(knots=(0.0,), slopes=(0.5, 1.0), anchor=0.0)
    nodes = tuple(
        replace(node, primitive=bent) if isinstance(node.primitive, PiecewiseLinear) else node
        for node in graph.nodes
    )
    ties = (Tie(1, ((0, ONE),), Fraction(0)),)
    obligation = replace(
        OBLIGATION, graph=replace(graph, nodes=nodes), ties=ties, semantics=Semantics.FLOAT32
    )
    assert features(obligation).describe() == (
        "2 inputs, 2 neurons (2 not ReLU), 1 output, 1 input fixed by an equation, 1 way to be broken, "
        "an unbounded region, in float32"
    )


def test_a_gate_is_no_neuron_where_it_opens_with_one() -> None:
    once = with_gradient(relu_network(), 0)
    twice = with_gradient(once.graph, 0)
    alone = twice.graph.with_outputs((*once.by_input, *twice.by_input))
    found, of_gates = (features(replace(OBLIGATION, graph=graph)) for graph in (twice.graph, alone))
    assert (found.neurons, found.bent, found.gates) == (2, 0, 4)
    assert found.describe().startswith("2 inputs, 2 neurons, 4 gates, 1 output, ")
    # Without the ReLU one of the gates stands for its phase.
    assert (of_gates.neurons, of_gates.bent, of_gates.gates) == (2, 2, 2)


def test_gates_make_an_exact_backend_slow_and_no_other() -> None:
    """Of 4 gates and 2 neurons the reach of those that are not exact counts the neurons alone."""
    once = with_gradient(relu_network(), 0)
    asked = replace(OBLIGATION, graph=with_gradient(once.graph, 0).graph)
    narrow = Fake("n", Capabilities(neurons=2))
    found = plan(asked, (WIDE, narrow, SMALL), Wishes(seconds=100.0))
    shares = {attempt.backend: (attempt.seconds, attempt.reason) for attempt in found.attempts}
    assert shares["n"][0] == pytest.approx(30.0)
    assert shares["d"][0] == 0.0
    assert "(6 neurons and gates make it slow)" in shares["d"][1]


def test_a_product_of_disjunctions_is_not_counted_out() -> None:
    assert features(replace(OBLIGATION, violation=All((Any((ATOM, ATOM)),) * 20_000))).disjuncts == 10**9
