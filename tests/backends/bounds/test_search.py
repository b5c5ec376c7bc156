"""Both searches against a complete exact decision, and their manners: budget, deadline, refusal."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.backends._search.problem import prepare
from spec_lang.backends.base import Backend
from spec_lang.backends.bounds import BACKEND
from spec_lang.backends.bounds.split_input import InputSplitting
from spec_lang.backends.bounds.split_relu import ReluSplitting
from spec_lang.bounding.rows import MAX_CONJUNCTIONS
from spec_lang.kernel.rounding import fault as rounding_fault
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, PiecewiseLinear, frozen
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Proved, Refuted
from tests.backends.oracle import counterexample_1d, session, violates
from tests.graphs import chains, dags
from tests.laws import law

ATTESTATION = Attestation("bounds", "test", "test")
coefficients = st.sampled_from([Fraction(1), Fraction(-1), Fraction(1, 10), Fraction(-3, 7), Fraction(5)])


def atoms(inputs: int, outputs: int) -> st.SearchStrategy[LinearAtom]:
    return st.builds(
        lambda xs, ys, constant, strict: LinearAtom(
            tuple(xs.items()), tuple(sorted(ys.items())), constant, strict
        ),
        st.dictionaries(st.integers(0, inputs - 1), coefficients, max_size=1),
        st.dictionaries(st.integers(0, outputs - 1), coefficients, min_size=1, max_size=2),
        st.fractions(-3, 3, max_denominator=16),
        st.booleans(),
    )


@st.composite
def obligations(draw: st.DrawFn) -> Obligation:
    """One input, any graph, a disjunction of conjunctions, one or two boxes, perhaps a constraint."""
    graph = draw(st.one_of(chains(inputs=1), dags().filter(lambda g: g.input_size == 1)))
    conjunction = st.lists(atoms(1, graph.output_size), min_size=1, max_size=2).map(lambda a: All(tuple(a)))
    violation = Any(tuple(draw(st.lists(conjunction, min_size=1, max_size=2))))
    boxes = []
    for _ in range(draw(st.integers(1, 2))):
        ends = sorted((draw(st.fractions(-2, 2)), draw(st.fractions(-2, 2))))
        boxes.append(Box((ends[0],), (ends[1],)))
    constraints: tuple[LinearAtom, ...] = ()
    if draw(st.booleans()):
        constraints = (LinearAtom(((0, Fraction(1)),), (), draw(st.fractions(-1, 1)), draw(st.booleans())),)
    return Obligation(graph, Region(tuple(boxes), constraints), violation)


@pytest.mark.parametrize("search", [InputSplitting, ReluSplitting])
@law(40, 400, obligation=obligations())
def test_a_search_agrees_with_the_exact_truth(
    search: type[InputSplitting] | type[ReluSplitting], obligation: Obligation
) -> None:
    problem = prepare(obligation)
    if not len(problem.rows.member):
        assert counterexample_1d(obligation) is None
        return
    limits = session(obligation, deadline=time.monotonic() + 1.0, work=2000)
    outcome = search(problem, limits, ATTESTATION).run().outcome
    match outcome:
        case Proved():
            assert counterexample_1d(obligation) is None
        case Refuted(point):
            assert violates(obligation, point)
        case GaveUp():
            assert outcome.detail


def relu_net(first: list[list[float]], second: list[list[float]]) -> Graph:
    """`second @ relu(first @ x)`"""
    w1, w2 = np.array(first), np.array(second)
    nodes = (
        Node(Affine((Dense(frozen(w1)),), frozen(np.zeros(len(w1)))), (0,), TensorSpec("z", (len(w1),))),
        Node(RELU, (1,), TensorSpec("a", (len(w1),))),
        Node(Affine((Dense(frozen(w2)),), frozen(np.zeros(len(w2)))), (2,), TensorSpec("y", (len(w2),))),
    )
    return Graph((TensorSpec("x", (w1.shape[1],)),), nodes, (3,))


def unit_box(size: int) -> Region:
    return Region((Box((Fraction(-1),) * size, (Fraction(1),) * size),))


def at_most(output: int, bound: Fraction) -> LinearAtom:
    """The violation of `y[output] <= bound`."""
    return LinearAtom((), ((output, Fraction(-1)),), bound, strict=True)


@pytest.mark.parametrize("size", [2, 24])
def test_a_true_bound_is_proved_and_a_false_one_refuted(size: int) -> None:
    rows = [[1.0] * size, [-1.0] * size]  # |Σx| as two ReLUs, at most `size`
    graph = relu_net(rows, [[1.0, 1.0]])
    true = Obligation(graph, unit_box(size), at_most(0, Fraction(size) + Fraction(1, 1000)))
    false = Obligation(graph, unit_box(size), at_most(0, Fraction(size) - Fraction(1, 1000)))
    assert isinstance(BACKEND.run(true, session(true)).outcome, Proved)
    outcome = BACKEND.run(false, session(false)).outcome
    assert isinstance(outcome, Refuted)
    assert violates(false, outcome.point)


def test_a_bound_that_holds_with_equality_is_not_refuted() -> None:
    graph = relu_net([[1.0], [-1.0]], [[1.0, 1.0]])
    obligation = Obligation(graph, unit_box(1), at_most(0, Fraction(1)))
    outcome = BACKEND.run(obligation, session(obligation, work=5000)).outcome
    assert isinstance(outcome, (Proved, GaveUp))


def test_a_relu_output_is_never_negative_exactly() -> None:
    graph = relu_net([[0.1, 0.3]], [[1.0]])
    hidden = graph.with_outputs((2,))
    obligation = Obligation(
        hidden, unit_box(2), LinearAtom((), ((0, Fraction(1)),), Fraction(0), strict=True)
    )
    assert isinstance(BACKEND.run(obligation, session(obligation)).outcome, Proved)


def test_a_network_without_relus_is_decided() -> None:
    affine = Affine((Dense(frozen(np.ones((1, 30)))),), frozen(np.zeros(1)))
    graph = Graph((TensorSpec("x", (30,)),), (Node(affine, (0,), TensorSpec("y", (1,))),), (1,))
    obligation = Obligation(graph, unit_box(30), at_most(0, Fraction(31)))
    assert isinstance(BACKEND.run(obligation, session(obligation)).outcome, Proved)


@pytest.mark.parametrize("size", [2, 24])
def test_a_passed_deadline_is_a_timeout(size: int) -> None:
    rng = np.random.default_rng(0)
    graph = relu_net(rng.standard_normal((20, size)).tolist(), rng.standard_normal((1, 20)).tolist())
    true_but_tight = at_most(0, Fraction(10**6))
    obligation = Obligation(graph, unit_box(size), true_but_tight)
    outcome = BACKEND.run(obligation, session(obligation, deadline=time.monotonic() - 1.0)).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.TIMEOUT


def test_a_spent_budget_says_how_far_it_got() -> None:
    graph = relu_net([[1.0], [-1.0]], [[1.0, 1.0]])
    obligation = Obligation(graph, unit_box(1), at_most(0, Fraction(1)))
    outcome = BACKEND.run(obligation, session(obligation, work=1)).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.BUDGET
    assert outcome.bound is not None
    assert outcome.bound <= 0


def test_an_unbounded_region_is_refused_with_the_reason() -> None:
    graph = relu_net([[1.0]], [[1.0]])
    obligation = Obligation(graph, Region((Box((None,), (Fraction(1),)),)), at_most(0, Fraction(5)))
    assert "unbounded" in (BACKEND.supports(obligation) or "")


def test_another_piecewise_linear_function_is_refused() -> None:
    leaky = PiecewiseLinear((0.0,), (0.5, 1.0), 0.0)
    graph = Graph((TensorSpec("x", (1,)),), (Node(leaky, (0,), TensorSpec("y", (1,))),), (1,))
    obligation = Obligation(graph, unit_box(1), at_most(0, Fraction(5)))
    assert "ReLU" in (BACKEND.supports(obligation) or "")


def test_too_many_alternatives_are_unsupported_not_proved() -> None:
    graph = relu_net([[1.0]], [[1.0]])
    either: Condition = Any((at_most(0, Fraction(5)), at_most(0, Fraction(6))))
    levels = MAX_CONJUNCTIONS.bit_length() + 1
    obligation = Obligation(graph, unit_box(1), All((either,) * levels))
    outcome = BACKEND.run(obligation, session(obligation)).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.UNSUPPORTED


def test_overflowing_weights_are_numerical_not_proved() -> None:
    graph = relu_net([[1e300]], [[1e300]])
    obligation = Obligation(graph, unit_box(1), at_most(0, Fraction(5)))
    outcome = BACKEND.run(obligation, session(obligation, work=500)).outcome
    assert not isinstance(outcome, Proved)


@pytest.mark.parametrize("search", [InputSplitting, ReluSplitting])
def test_parts_of_a_graph_that_no_output_needs_do_no_harm(
    search: type[InputSplitting] | type[ReluSplitting],
) -> None:
    one = Affine((Dense(frozen(np.ones((1, 1)))),), frozen(np.zeros(1)))
    names = iter("abcde")
    nodes = (
        Node(one, (0,), TensorSpec(next(names), (1,))),
        Node(RELU, (1,), TensorSpec(next(names), (1,))),
        Node(one, (2,), TensorSpec(next(names), (1,))),  # nobody reads it, though an output comes later
        Node(one, (0,), TensorSpec(next(names), (1,))),
    )
    graph = Graph((TensorSpec("x", (1,)),), nodes, (4,))
    obligation = Obligation(graph, unit_box(1), at_most(0, Fraction(1001, 1000)))
    outcome = search(prepare(obligation), session(obligation), ATTESTATION).run().outcome
    assert isinstance(outcome, Proved)


def test_a_bound_is_not_claimed_of_boxes_that_were_never_reached() -> None:
    graph = relu_net([[1.0], [-1.0]], [[1.0, 1.0]])  # |x| <= 6, a tie on the first box
    first, second = Box((Fraction(-6),), (Fraction(6),)), Box((Fraction(-1),), (Fraction(1),))
    bounds = []
    for boxes in ((first,), (first, second)):
        obligation = Obligation(graph, Region(boxes), at_most(0, Fraction(6)))
        outcome = ReluSplitting(prepare(obligation), session(obligation, work=1), ATTESTATION).run().outcome
        assert isinstance(outcome, GaveUp)
        bounds.append(outcome.bound)
    assert bounds[0] is not None
    assert bounds[1] is None


def test_several_boxes_are_all_searched() -> None:
    graph = relu_net([[1.0]], [[1.0]])
    near, far = Box((Fraction(0),), (Fraction(1),)), Box((Fraction(5),), (Fraction(6),))
    obligation = Obligation(graph, Region((near, far)), at_most(0, Fraction(2)))
    outcome = BACKEND.run(obligation, session(obligation)).outcome
    assert isinstance(outcome, Refuted)
    assert outcome.point[0] >= 5


def test_this_process_rounds_as_the_proofs_assume() -> None:
    assert rounding_fault() is None
    assert isinstance(BACKEND, Backend)
