"""Networks with smooth functions from claim to verdict: what is proved is true and checked, what is refuted
is false, whatever the network."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.backends.bounds import BACKEND
from spec_lang.backends.milp import BACKEND as MILP
from spec_lang.backends.smt import BACKEND as SMT
from spec_lang.kernel.proof import examine
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.kernel.witness import check_witness
from spec_lang.network.evaluate import evaluate
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Convolution, Dense, Primitive, Smooth, frozen
from spec_lang.obligations.certificate import CLOSED, Proof, no_slopes
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region, Semantics
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Proved, Refuted
from tests.backends.bounds.smooth_claims import KINDS, UNIT, above, cube, curve, proved, refuted, run
from tests.bounding.samples import share_lists
from tests.laws import law
from tests.smooth_nets import near_values, off, random_net, smooth_dags


@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_claims_a_little_off_the_truth_are_decided(kinds: list[Primitive], seed: int) -> None:
    graph, region = random_net([2, 6, 6, 1], kinds, seed), cube(2, Fraction(1, 2))
    outputs = evaluate(graph, np.random.default_rng(0).uniform(-0.5, 0.5, (20000, 2)))[:, 0]
    corners = evaluate(graph, np.array([[a, b] for a in (-0.5, 0.5) for b in (-0.5, 0.5)]))[:, 0]
    most, spread = max(outputs.max(), corners.max()), np.ptp(outputs)
    proof = proved(Obligation(graph, region, above(Fraction(float(most + 0.02 * spread)))))
    witness = refuted(Obligation(graph, region, above(Fraction(float(most - 0.02 * spread)))))
    exact = near_values(graph, witness.point)[graph.outputs[0]]
    assert 0 < witness.error < Fraction(1, 10**20)
    assert abs(witness.outputs[0] - exact[0]) <= witness.error + off(graph)
    false = Obligation(graph, region, above(Fraction(float(most - 0.001 * spread))))
    for exactly in (False, True):
        assert examine(false, proof, exact=exactly).evidence is None
    assert run(false).outcome.__class__ is not Proved


def test_small_proofs_are_checked_in_integers_and_all_in_floats(monkeypatch: pytest.MonkeyPatch) -> None:
    obligation = Obligation(
        random_net([2, 6, 6, 1], KINDS[1], 0), cube(2, Fraction(1, 2)), above(Fraction(9))
    )
    proof = proved(obligation)
    evidence = examine(obligation, proof, exact=True).evidence
    assert evidence is not None
    assert evidence.kind is EvidenceKind.CHECKED
    monkeypatch.setattr("spec_lang.kernel.proof.EXACT_PRODUCTS", 0)
    evidence = examine(obligation, proof).evidence
    assert evidence is not None
    assert evidence.kind is EvidenceKind.CHECKED_ROUNDED


def test_a_forged_proof_is_none() -> None:
    """Without its cuts, with the network's function exchanged, and of a claim that is false."""
    graph, region = random_net([2, 6, 6, 1], KINDS[1], 0), cube(2, Fraction(1, 2))
    outputs = evaluate(graph, np.random.default_rng(0).uniform(-0.5, 0.5, (20000, 2)))[:, 0]
    bound = Fraction(float(outputs.max() + 0.02 * np.ptp(outputs)))
    obligation = Obligation(graph, region, above(bound))
    proof = proved(obligation)
    (part,) = proof.parts
    assert len(part.axis) > 1
    axis = np.array([CLOSED], dtype=np.int32)
    stump = Proof((replace(part, axis=axis, cut=np.zeros(0), weights=part.weights[:1], slopes=no_slopes()),))
    lost = examine(obligation, stump)
    assert lost.evidence is None
    assert lost.flaw is not None
    assert lost.flaw.unclosed
    turned = [replace(n, primitive=RELU) if isinstance(n.primitive, Smooth) else n for n in graph.nodes]
    other = Obligation(Graph(graph.inputs, tuple(turned), graph.outputs), region, above(Fraction(-9)))
    assert examine(other, proof).evidence is None


@st.composite
def obligations(draw: st.DrawFn) -> tuple[Obligation, list[list[Fraction]]]:
    """Any small graph with any numbers, a box, a disjunction of conjunctions; and points of the box."""
    graph = draw(smooth_dags())
    size, outputs = graph.input_size, graph.output_size
    atom = st.builds(
        lambda j, c, bound, strict: LinearAtom((), ((j, c),), bound, strict),
        st.integers(0, outputs - 1),
        st.sampled_from([Fraction(1), Fraction(-1), Fraction(1, 3)]),
        st.fractions(-2, 2, max_denominator=8),
        st.booleans(),
    )
    conjunction = st.lists(atom, min_size=1, max_size=2).map(lambda parts: All(tuple(parts)))
    violation = Any(tuple(draw(st.lists(conjunction, min_size=1, max_size=2))))
    ends = [sorted((draw(st.fractions(-3, 3)), draw(st.fractions(-3, 3)))) for _ in range(size)]
    box = Box(tuple(low for low, _ in ends), tuple(high for _, high in ends))
    shares = draw(share_lists(size))
    points = [
        [low + s * (high - low) for (low, high), s in zip(ends, point, strict=True)] for point in shares
    ]
    return Obligation(graph, Region((box,)), violation), points


def surely(condition: Condition, outputs: list[Fraction], slack: Fraction) -> bool:
    """Whether outputs that are off by `slack` make the condition true however far off they are."""
    if isinstance(condition, LinearAtom):
        value = condition.constant + sum(c * outputs[j] for j, c in condition.outputs)
        return value < -slack
    parts = (surely(part, outputs, slack) for part in condition.parts)
    return all(parts) if isinstance(condition, All) else any(parts)


@law(40, 400, found=obligations())
def test_what_is_proved_fails_at_no_point_and_what_is_refuted_at_the_witness(
    found: tuple[Obligation, list[list[Fraction]]],
) -> None:
    obligation, points = found
    graph, outcome = obligation.graph, run(obligation, work=60).outcome
    if isinstance(outcome, Refuted):
        points = [list(outcome.point)]
    truths = []
    for point in points:
        values = near_values(graph, point)
        outputs = [number for output in graph.outputs for number in values[output]]
        truths.append((outputs, off(graph)))
    if isinstance(outcome, Proved):
        assert not any(surely(obligation.violation, outputs, 4 * slack) for outputs, slack in truths)
    elif isinstance(outcome, Refuted):
        assert surely(obligation.violation, truths[0][0], -4 * truths[0][1])


def convolutional() -> Graph:
    """Convolution, ReLU, convolution, tanh, and a matrix."""
    rng = np.random.default_rng(3)
    first = rng.standard_normal((2, 1, 3, 3)).astype(np.float32) / 3
    second = rng.standard_normal((2, 2, 2, 2)).astype(np.float32) / 2
    maps = (
        Convolution(frozen(first), 1, (5, 5), (5, 5), (1, 1), (1, 1), (1, 1)),
        Convolution(frozen(second), 1, (5, 5), (2, 2), (2, 2), (1, 1), (0, 0)),
        Dense(frozen(rng.standard_normal((2, 8)).astype(np.float32))),
    )
    nodes: list[Node] = []
    for linear in maps:
        size = linear.sizes[1]
        bias = frozen((0.1 * rng.standard_normal(size)).astype(np.float32))
        nodes.append(Node(Affine((linear,), bias), (len(nodes),), TensorSpec(f"z{len(nodes)}", (size,))))
        if len(nodes) < 5:
            kind = RELU if len(nodes) < 3 else Smooth.TANH
            nodes.append(Node(kind, (len(nodes),), TensorSpec(f"a{len(nodes)}", (size,))))
    return Graph((TensorSpec("x", (25,)),), tuple(nodes), (5,))


def test_a_convolutional_network_with_relus_and_tanh_is_decided_by_phases_or_by_boxes() -> None:
    graph, region = convolutional(), cube(25, Fraction(1, 10))
    outputs = evaluate(graph, np.random.default_rng(0).uniform(-0.1, 0.1, (20000, 25)))[:, 0]
    middle, spread = float(outputs.mean()), float(np.ptp(outputs))
    proved(Obligation(graph, region, above(Fraction(middle + 2 * spread))))
    refuted(Obligation(graph, region, above(Fraction(middle))))


def test_many_inputs_without_a_relu_are_split_until_the_budget_is_spent() -> None:
    graph, region = random_net([30, 10, 10, 1], KINDS[1], 0), cube(30, Fraction(1))
    inputs = np.random.default_rng(0).choice([-1.0, 1.0], (50000, 30))
    most = float(evaluate(graph, inputs).max())
    found = run(Obligation(graph, region, above(Fraction(most + 0.5))), work=300)
    assert isinstance(found.outcome, GaveUp)
    assert found.outcome.reason is GaveUpReason.BUDGET
    assert dict(found.work.units)["boxes"] > 100


def test_where_no_phase_is_left_to_split_inputs_are() -> None:
    """Two ReLUs, and behind them tanh, which their phases do not make straight."""
    graph, region = random_net([20, 2, 2, 1], [RELU, Smooth.TANH], 0), cube(20, Fraction(1, 2))
    first = graph.nodes[0].primitive
    assert isinstance(first, Affine)
    (linear,) = first.maps
    assert isinstance(linear, Dense)
    angle = np.linspace(0, 2 * np.pi, 4000)
    corners = 0.5 * np.sign(np.stack([np.cos(angle), np.sin(angle)], axis=1) @ linear.weight)
    outputs = evaluate(graph, corners)[:, 0]  # every point that maximises a sum of what enters the ReLUs
    bound = Fraction(float(outputs.max() + 0.1 * np.ptp(outputs)))
    found = run(Obligation(graph, region, above(bound)))
    assert isinstance(found.outcome, Proved)
    units = dict(found.work.units)
    assert units["nodes"] > 1
    assert units["boxes"] > 1
    limited = run(Obligation(graph, region, above(bound)), work=units["nodes"] + 1)
    assert isinstance(limited.outcome, GaveUp)


def test_who_has_no_smooth_functions_says_so() -> None:
    obligation = Obligation(curve(Smooth.TANH, 1.0), UNIT, above(Fraction(0)))
    assert BACKEND.supports(obligation) is None
    for backend in (MILP, SMT):
        reason = backend.supports(obligation)
        assert reason is not None
        assert "tanh" in reason
    single = replace(obligation, semantics=Semantics.FLOAT32)
    reason = BACKEND.supports(single)
    assert reason is not None
    assert "rounded" in reason
    assert check_witness(single, (Fraction(1),)) is None
