"""The backend against the exact truth: none wrong, and since it is exact, all decided."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.backends.smt import BACKEND
from spec_lang.kernel.witness import check_witness
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, Scale, frozen
from spec_lang.obligations.model import All, Any, Box, LinearAtom, Obligation, Region, Semantics
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Proved, Refuted
from tests.backends.enumeration import counterexample
from tests.backends.smt.cases import functions, obligations, session, under
from tests.graphs import random_chain
from tests.laws import law
from tests.tiny_networks import chain, dense, relu_network


def check(obligation: Obligation) -> Proved | Refuted:
    """The outcome, which has to be a decision, and the right one."""
    outcome = BACKEND.run(obligation, session(obligation)).outcome
    truth = counterexample(obligation)
    if isinstance(outcome, Refuted):
        assert truth is not None
        return outcome
    assert isinstance(outcome, Proved), outcome
    assert truth is None
    return outcome


@law(30, 200, obligation=obligations(st.just(RELU)))
def test_relu_networks_are_decided_as_they_are(obligation: Obligation) -> None:
    check(obligation)


@law(25, 200, obligation=obligations(functions()))
def test_so_are_other_piecewise_linear_functions(obligation: Obligation) -> None:
    check(obligation)


@law(25, 200, obligation=obligations(functions() | st.just(RELU), bounded=False))
def test_so_are_unbounded_regions(obligation: Obligation) -> None:
    check(obligation)


def output_at_most(graph: Graph, bound: Fraction, *, strict: bool) -> Obligation:
    """Violated where y[0] > bound, or where y[0] >= bound unless strict."""
    size = graph.input_size
    box = Box((Fraction(-1),) * size, (Fraction(1),) * size)
    return Obligation(graph, Region((box,)), LinearAtom((), ((0, Fraction(-1)),), bound, strict))


def test_a_claim_that_holds_with_equality_is_proved_and_its_strict_form_refuted() -> None:
    graph = relu_network()  # y = x0 − x1 + 1/4, at most 9/4
    assert isinstance(check(output_at_most(graph, Fraction(9, 4), strict=True)), Proved)
    outcome = check(output_at_most(graph, Fraction(9, 4), strict=False))
    assert isinstance(outcome, Refuted)
    assert outcome.point == (Fraction(1), Fraction(-1))


def test_a_tie_that_floats_cannot_represent_is_decided() -> None:
    graph = chain(1, dense([[0.1]]), RELU, dense([[3.0]]))
    greatest = 3 * Fraction(float(np.float32(0.1)))
    assert isinstance(check(output_at_most(graph, greatest, strict=True)), Proved)
    assert isinstance(check(output_at_most(graph, greatest, strict=False)), Refuted)


def test_a_counterexample_is_simple() -> None:
    graph = random_chain([2, 3, 1], seed=1)
    obligation = output_at_most(graph, Fraction(-1000), strict=True)
    outcome = BACKEND.run(obligation, session(obligation)).outcome
    assert isinstance(outcome, Refuted)
    assert all(Fraction(float(np.float32(float(v)))) == v for v in outcome.point)


def test_a_point_that_only_exact_numbers_have_is_found() -> None:
    third = Fraction(1, 3)
    graph = chain(1, dense([[1.0], [-1.0]], [0.0, 0.0]), RELU, dense([[1.0, 1.0]]))
    on_it = All(
        (
            LinearAtom(((0, Fraction(1)),), (), -third, strict=False),
            LinearAtom(((0, Fraction(-1)),), (), third, strict=False),
        )
    )
    obligation = Obligation(graph, Region((Box((Fraction(-1),), (Fraction(1),)),)), on_it)
    assert check(obligation) == Refuted((third,))


def test_a_wide_disjunction_of_conjunctions_is_taken_as_it_stands() -> None:
    graph = chain(2, dense([[1.0, 1.0], [1.0, -1.0]]), RELU, dense([[1.0, -1.0], [2.0, 1.0]]))

    def beyond(output: int, bound: int) -> LinearAtom:
        return LinearAtom((), ((output, Fraction(-1)),), Fraction(bound), strict=True)

    # 2^14 conjunctions in disjunctive normal form.
    clauses = tuple(Any((beyond(0, 100 + k), beyond(1, 100 + k))) for k in range(14))
    box = Box((Fraction(-1),) * 2, (Fraction(1),) * 2)
    obligation = Obligation(graph, Region((box,)), All(clauses))
    assert isinstance(BACKEND.run(obligation, session(obligation)).outcome, Proved)


def test_several_inputs_scalings_and_shared_values_are_encoded() -> None:
    spec = TensorSpec("x", (2,)), TensorSpec("w", (2,))
    difference = Affine((Scale(frozen(np.array([1.0, 2.0]))), Dense(frozen(-np.eye(2)))), frozen(np.zeros(2)))
    nodes = (
        Node(difference, (0, 1), TensorSpec("d", (2,))),
        Node(RELU, (2,), TensorSpec("r", (2,))),
        Node(
            Affine((Dense(frozen(np.ones((1, 2)))), Dense(frozen(-np.ones((1, 2))))), frozen(np.zeros(1))),
            (3, 2),
            TensorSpec("y", (1,)),
        ),
    )
    graph = Graph(spec, nodes, (4,))  # Σ relu(d) − d, which is at least 0
    box = Box((Fraction(-1),) * 4, (Fraction(1),) * 4)
    negative = LinearAtom((), ((0, Fraction(1)),), Fraction(0), strict=True)
    assert isinstance(check(Obligation(graph, Region((box,)), negative)), Proved)
    at_most_zero = LinearAtom((), ((0, Fraction(1)),), Fraction(0), strict=False)
    assert isinstance(check(Obligation(graph, Region((box,)), at_most_zero)), Refuted)


@pytest.mark.parametrize("bounded", [True, False])
def test_no_box_and_an_empty_box_have_no_counterexample(bounded: bool) -> None:
    graph = relu_network()
    everywhere = LinearAtom((), (), Fraction(-1), strict=False)
    end = Fraction(0) if bounded else None
    empty = Box((Fraction(1), Fraction(0)), (Fraction(0), end))
    for region in (Region(()), Region((empty,))):
        obligation = Obligation(graph, region, everywhere)
        assert isinstance(BACKEND.run(obligation, session(obligation)).outcome, Proved)


# -- proofs ------------------------------------------------------------------------------------------


def test_a_proof_is_handed_over_where_the_kernel_can_check_one() -> None:
    obligation = output_at_most(random_chain([2, 6, 6, 1], seed=3), Fraction(60), strict=True)
    outcome = BACKEND.run(obligation, session(obligation)).outcome
    assert isinstance(outcome, Proved)
    assert outcome.proof is not None


def test_a_proof_that_is_not_accepted_is_not_handed_over() -> None:
    graph = chain(1, dense([[0.1]]), RELU, dense([[3.0]]))
    obligation = output_at_most(graph, 3 * Fraction(float(np.float32(0.1))), strict=True)
    outcome = BACKEND.run(obligation, session(obligation)).outcome
    assert isinstance(outcome, Proved)
    assert outcome.attestation.method.startswith("exact rationals")


# -- float32 -----------------------------------------------------------------------------------------


def test_float32_semantics_decides_what_rounding_cannot_change() -> None:
    weights = dense([[1.0, -2.0], [0.1, 3.0], [-1.0, 0.3]], [0.5, -0.1, 0.0]), dense([[1.0, 0.7, -1.0]])
    graph = chain(2, weights[0], RELU, weights[1])
    wide = under(Semantics.FLOAT32, output_at_most(graph, Fraction(10), strict=True))
    assert isinstance(BACKEND.run(wide, session(wide)).outcome, Proved)
    broken = under(Semantics.FLOAT32, output_at_most(graph, Fraction(3), strict=True))
    outcome = BACKEND.run(broken, session(broken)).outcome
    assert isinstance(outcome, Refuted)
    assert check_witness(broken, outcome.point) is not None


@law(15, 150, obligation=obligations(st.just(RELU)))
def test_what_holds_under_float32_holds_in_reals(obligation: Obligation) -> None:
    rounded = under(Semantics.FLOAT32, obligation)
    outcome = BACKEND.run(rounded, session(rounded)).outcome
    match outcome:
        case Proved():
            assert counterexample(obligation) is None
        case Refuted(point):
            assert check_witness(rounded, point) is not None
        case GaveUp():
            assert outcome.reason is GaveUpReason.NUMERICAL


def test_float32_semantics_leaves_open_what_rounding_may_change() -> None:
    graph = relu_network()
    obligation = output_at_most(graph, Fraction(9, 4), strict=True)
    assert isinstance(BACKEND.run(obligation, session(obligation)).outcome, Proved)
    rounded = under(Semantics.FLOAT32, obligation)
    outcome = BACKEND.run(rounded, session(rounded)).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.NUMERICAL
    assert "float32" in outcome.detail


def test_float32_semantics_needs_a_finite_box_and_relus() -> None:
    unbounded = Region((Box((None, Fraction(0)), (Fraction(1), Fraction(1))),))
    atom = LinearAtom((), ((0, Fraction(1)),), Fraction(0), strict=True)
    obligation = Obligation(relu_network(), unbounded, atom)
    assert BACKEND.supports(obligation) is None
    assert "unbounded" in (BACKEND.supports(under(Semantics.FLOAT32, obligation)) or "")
