"""Proofs that backends make are accepted in both arithmetics; trees are read as they are written."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.backends._search.record import Trees
from spec_lang.backends.base import Budget, Session
from spec_lang.backends.bounds import BACKEND
from spec_lang.bounding.rows import rows_of
from spec_lang.kernel.exact import evaluate_exact
from spec_lang.kernel.judge import judge
from spec_lang.kernel.network import compiled
from spec_lang.kernel.proof import OutOfTime, examine
from spec_lang.kernel.rounded import Rounded
from spec_lang.kernel.rows import alternatives
from spec_lang.kernel.tree import right_children
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.kernel.witness import check_witness
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, frozen
from spec_lang.obligations.certificate import (
    BY_PHASES,
    CLOSED,
    BoxProof,
    Flaw,
    PhaseProof,
    PhaseTree,
    Proof,
)
from spec_lang.obligations.model import (
    All,
    Any,
    Axis,
    Box,
    Condition,
    Frame,
    Goal,
    LinearAtom,
    Obligation,
    Region,
    Semantics,
)
from spec_lang.obligations.outcome import Attestation, Certificate, Outcome, Proved
from tests.graphs import random_chain


def output(index: int, constant: float, sign: int = 1, *, strict: bool = False) -> LinearAtom:
    """`sign·y[index] + constant <= 0`."""
    return LinearAtom((), ((index, Fraction(sign)),), Fraction(constant), strict)


def obligation(graph: Graph, violation: Condition, radius: float = 1.0) -> Obligation:
    ends = (Fraction(radius),) * graph.input_size
    return Obligation(graph, Region((Box(tuple(-e for e in ends), ends),)), violation)


def solved(given_obligation: Obligation, seconds: float = 20.0) -> Outcome:
    def examined(proof: Certificate) -> Flaw | None:
        return examine(given_obligation, proof).flaw

    budget = Budget(time.monotonic() + seconds)
    session = Session(
        budget, lambda p: check_witness(given_obligation, p) is not None, lambda _: None, examined
    )
    return BACKEND.run(given_obligation, session).outcome


# Few inputs are cut, many are left whole and ReLU phases are split.
SHAPES = [(2, 6, 6, 2), (3, 8, 2), (24, 6, 6, 2)]
VIOLATIONS: list[Condition] = [
    output(0, 40.0),
    Any((output(0, 25.0), output(1, 25.0, strict=True))),
    All((output(0, 6.0), output(1, 5.0), output(0, -60.0, -1))),
    Any((All((output(0, 5.0), output(1, 6.0))), All((output(0, 30.0, -1), output(1, 7.0))))),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("violation", range(len(VIOLATIONS)))
def test_a_proof_of_the_bounds_backend_is_accepted_in_both_arithmetics(
    shape: tuple[int, ...], violation: int
) -> None:
    proved = 0
    for seed in range(4):
        graph = random_chain(shape, seed)
        asked = obligation(graph, VIOLATIONS[violation], 0.3 if shape[0] > 20 else 1.0)
        outcome = solved(asked)
        if not isinstance(outcome, Proved):
            continue
        proved += 1
        assert outcome.proof is not None
        for exact, kind in ((False, None), (True, EvidenceKind.CHECKED)):
            found = examine(asked, outcome.proof, exact=exact)
            assert found.flaw is None
            assert found.evidence is not None
            assert kind is None or found.evidence.kind is kind
    assert proved


def test_small_proofs_are_checked_exactly_and_the_verdict_says_so() -> None:
    asked = obligation(random_chain((2, 4, 1), 1), output(0, 50.0))
    outcome = solved(asked)
    axis = Axis("x")
    frame = Frame("f", "x", (axis, axis), (axis,))
    verdict = judge(Goal("claim", None, (asked,), frame), [outcome])
    assert verdict.status is Status.PROVED
    assert verdict.evidence is not None
    assert verdict.evidence.kind is EvidenceKind.CHECKED


def test_a_rejected_proof_is_not_mended_by_the_word_of_its_backend() -> None:
    asked = obligation(random_chain((2, 4, 1), 1), output(0, 50.0))
    outcome = solved(asked)
    assert isinstance(outcome, Proved)
    harder = obligation(asked.graph, output(0, -1.0))
    axis = Axis("x")
    frame = Frame("f", "x", (axis, axis), (axis,))
    claimed = Proved(Attestation("bounds", "1", "trust me"), outcome.proof)
    verdict = judge(Goal("claim", None, (harder,), frame), [claimed])
    assert verdict.status is Status.UNKNOWN
    assert verdict.reason is not None
    assert "rejected" in verdict.reason


def test_trusted_evidence_is_not_enough_where_more_was_asked_for() -> None:
    asked = obligation(random_chain((2, 4, 1), 1), output(0, 50.0))
    axis = Axis("x")
    goal = Goal("claim", None, (asked,), Frame("f", "x", (axis, axis), (axis,)))
    word = Proved(Attestation("some", "1", "its word"))
    assert judge(goal, [word]).status is Status.PROVED
    verdict = judge(goal, [word], accept=EvidenceKind.CHECKED_ROUNDED)
    assert verdict.status is Status.UNKNOWN
    assert "some 1" in (verdict.reason or "")


def test_a_fractional_atom_and_the_multiplier_of_a_phase_are_in_the_same_units() -> None:
    """y = relu(x) − relu(−x) is x: that y > x + 1/8 needs both neurons' phases, and multipliers."""
    ones = np.array([[1.0], [-1.0]])
    spec = TensorSpec("x", (1,))
    nodes = (
        Node(Affine((Dense(frozen(ones)),), frozen(np.zeros(2))), (0,), TensorSpec("z", (2,))),
        Node(RELU, (1,), TensorSpec("a", (2,))),
        Node(Affine((Dense(frozen(ones.T.copy())),), frozen(np.zeros(1))), (2,), TensorSpec("y", (1,))),
    )
    one = Fraction(1)
    atom = LinearAtom(((0, one),), ((0, -one),), Fraction(1, 8), strict=False)
    asked = obligation(Graph((spec,), nodes, (3,)), atom, 8.0)
    slopes = np.zeros((4, 2), dtype=np.float32)
    tree = PhaseTree(
        0,
        np.array([0, 1, -1, -1, 1, -1, -1], dtype=np.int32),
        np.ones((4, 1), dtype=np.float32),
        np.arange(2, dtype=np.int32),
        slopes,
    )
    leaf, cuts = np.array([BY_PHASES], dtype=np.int32), np.zeros(0)
    part = BoxProof(0, leaf, cuts, np.zeros((1, 0), dtype=np.uint8), (PhaseProof((), (tree,)),))
    contradictory = (0, 3)  # leaves: both active, both inactive
    for exact in (False, True):
        flaw = examine(asked, Proof((part,)), exact=exact).flaw
        assert flaw is not None
        assert {leaf.leaf for leaf in flaw.unclosed} == set(contradictory)
    slopes[contradictory, 1] = 1.0
    for exact in (False, True):
        assert examine(asked, Proof((part,)), exact=exact).flaw is None


def test_a_check_that_is_stopped_says_nothing() -> None:
    asked = obligation(random_chain((2, 4, 1), 1), output(0, 50.0))
    outcome = solved(asked)
    assert isinstance(outcome, Proved)
    assert outcome.proof is not None
    with pytest.raises(OutOfTime):
        examine(asked, outcome.proof, expired=lambda: True)


@st.composite
def conditions(draw: st.DrawFn, depth: int = 3) -> Condition:
    if depth == 0 or draw(st.integers(0, 2)) == 0:
        return output(
            draw(st.integers(0, 1)), draw(st.sampled_from([0.0, 1.0, -1.0])), draw(st.sampled_from([1, -1]))
        )
    parts = tuple(draw(st.lists(conditions(depth=depth - 1), max_size=3)))
    return All(parts) if draw(st.booleans()) else Any(parts)


@pytest.mark.parametrize("relu", [False, True])
@given(condition=conditions())
@settings(max_examples=100)
def test_the_search_and_the_kernel_number_alternatives_alike(condition: Condition, *, relu: bool) -> None:
    graph = random_chain((2, 3, 2), 0)
    if relu:
        graph = Graph(graph.inputs, graph.nodes, (2,))  # the first ReLU, whose results are never negative
    asked = obligation(graph, condition)
    found, rows = alternatives(asked, compiled(graph)), rows_of(asked)
    assert [k for k, possible in enumerate(found.possible) if possible] == list(rows.conjunction)
    assert found.width == rows.width
    for k, number in enumerate(rows.conjunction):
        where = rows.columns[k]
        assert found.multiplied.get(number, slice(where.start, where.start)) == where
        assert len(rows.positions[k]) == len(found.conjunctions[number])


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 3))
def test_a_preorder_is_read_as_it_was_written(picks: list[int], roots: int) -> None:
    trees = Trees(roots)
    for pick in picks:
        leaves = [n for n in range(trees.count) if trees.label[n] < 0]
        node = leaves[pick % len(leaves)]
        trees.divide(np.array([node]), np.array([pick]))
    order, starts = trees.preorder()
    for root, (start, stop) in enumerate(starts):
        nodes = order[start:stop]
        assert nodes[0] == root
        labels = trees.label[nodes]
        right = right_children(labels)
        for place, node in enumerate(nodes.tolist()):
            if labels[place] >= 0:
                assert nodes[place + 1] == trees.child[node]
                assert nodes[right[place]] == trees.child[node] + 1


@pytest.mark.parametrize("axis", [[], [0], [0, -1], [-1, -1], [0, -1, -1, -1], [-1, 0, -1], [0, 0, -1, -1]])
def test_what_is_not_one_tree_is_refused(axis: list[int]) -> None:
    with pytest.raises(ValueError, match="tree"):
        right_children(np.array(axis, dtype=np.int32))


def fine_tree(asked: Obligation, depth: int) -> Proof:
    """Every box of the region halved `depth` times, the inputs in turn."""
    axes: list[int] = []
    cuts: list[float] = []

    def grow(lower: list[float], upper: list[float], level: int) -> None:
        if level == depth:
            axes.append(CLOSED)
            return
        axis = level % len(lower)
        cut = (lower[axis] + upper[axis]) / 2
        axes.append(axis)
        cuts.append(cut)
        for side in (0, 1):
            ends = [list(lower), list(upper)]
            ends[1 - side][axis] = cut
            grow(ends[0], ends[1], level + 1)

    (region,) = asked.region.boxes
    grow([float(v or 0) for v in region.lower], [float(v or 0) for v in region.upper], 0)
    width = alternatives(asked, compiled(asked.graph)).width
    weights = np.full((len(axes), width), 128, dtype=np.uint8)
    return Proof((BoxProof(0, np.array(axes, dtype=np.int32), np.array(cuts), weights),))


@pytest.mark.parametrize("depth", [5, 9])
@pytest.mark.parametrize("seed", range(4))
def test_a_false_claim_is_rejected_however_fine_the_tree(
    depth: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the same leaves stay open however many boxes are bounded at once."""
    graph = random_chain((2, 5, 5, 2), seed)
    points = [(Fraction(a, 8), Fraction(b, 8)) for a in range(-8, 9) for b in range(-8, 9)]
    least = min(evaluate_exact(graph, point)[0] for point in points)
    atom = LinearAtom((), ((0, Fraction(1)),), -least, strict=False)  # met at one of the points, at least
    true = LinearAtom((), ((0, Fraction(1)),), 40 - least, strict=False)
    for violation in (atom, Any((true, atom)), All((atom, output(0, -60.0)))):
        asked = obligation(graph, violation)
        proof = fine_tree(asked, depth)
        open_leaves = []
        for batch in (1, 3, 256):
            monkeypatch.setattr(Rounded, "batch", batch)
            flaw = examine(asked, proof).flaw
            assert flaw is not None
            open_leaves.append({leaf.node for leaf in flaw.unclosed})
        assert 0 < len(open_leaves[0]) < 2**depth
        assert open_leaves[0] == open_leaves[1] == open_leaves[2]
    harmless = obligation(graph, true)
    assert examine(harmless, fine_tree(harmless, depth)).flaw is None


def test_an_alternative_that_signs_exclude_excuses_no_other() -> None:
    graph = random_chain((2, 3, 2), 0)
    relu = Graph(graph.inputs, graph.nodes, (2,))
    impossible, met = output(0, 1.0), output(0, 0.0, -1)  # relu + 1 <= 0; −relu <= 0
    for violation in (Any((impossible, met)), Any((met, impossible))):
        asked = obligation(relu, violation)
        flaw = examine(asked, fine_tree(asked, 2)).flaw
        assert flaw is not None
        assert len(flaw.unclosed) == 4
    asked = obligation(relu, impossible)
    assert examine(asked, fine_tree(asked, 0)).flaw is None


def test_columns_that_repeat_a_neuron_are_refused() -> None:
    asked = obligation(random_chain((2, 4, 1), 1), output(0, 50.0))
    tree = PhaseTree(
        0,
        np.array([-1], dtype=np.int32),
        np.ones((1, 1), dtype=np.float32),
        np.array([1, 1], dtype=np.int32),
        np.zeros((1, 2), dtype=np.float32),
    )
    leaf, cuts, weights = np.array([BY_PHASES], dtype=np.int32), np.zeros(0), np.zeros((1, 0), dtype=np.uint8)
    part = BoxProof(0, leaf, cuts, weights, (PhaseProof((), (tree,)),))
    flaw = examine(asked, Proof((part,))).flaw
    assert flaw is not None
    assert "ascend" in flaw.problem


def single_leaf(multipliers: list[float], slopes: list[float], neuron: list[int] | None = None) -> Proof:
    """One tree of phases for the only conjunction, all leaves alike."""
    nodes = [-1] if neuron is None else neuron
    leaves = nodes.count(-1)
    tree = PhaseTree(
        0,
        np.array(nodes, dtype=np.int32),
        np.array([multipliers] * leaves, dtype=np.float32),
        np.arange(len(slopes), dtype=np.int32),
        np.array([slopes] * leaves, dtype=np.float32),
    )
    width = len(multipliers) if len(multipliers) > 1 else 0
    leaf, weights = np.array([BY_PHASES], dtype=np.int32), np.zeros((1, width), dtype=np.uint8)
    return Proof((BoxProof(0, leaf, np.zeros(0), weights, (PhaseProof((), (tree,)),)),))


def on_unit_interval(violation: Condition) -> Obligation:
    """`y = 1·relu(x)` for x in [0, 1]; an affine output, whose sign is not known from its form."""
    one = Affine((Dense(frozen(np.ones((1, 1)))),), frozen(np.zeros(1)))
    nodes = (Node(RELU, (0,), TensorSpec("a", (1,))), Node(one, (1,), TensorSpec("y", (1,))))
    graph = Graph((TensorSpec("x", (1,)),), nodes, (2,))
    return Obligation(graph, Region((Box((Fraction(0),), (Fraction(1),)),)), violation)


@pytest.mark.parametrize("exact", [False, True])
def test_a_strict_atom_helps_only_if_it_takes_part(*, exact: bool) -> None:
    met_at_0, below_5 = output(0, 0.0), output(0, -5.0, strict=True)
    asked = on_unit_interval(All((met_at_0, below_5)))  # broken at x = 0
    for multipliers in ([1.0, 0.0], [1.0, 0.25], [0.0, 1.0], [0.0, 0.0]):
        assert examine(asked, single_leaf(multipliers, []), exact=exact).flaw is not None
    positive = on_unit_interval(All((output(0, 0.0, strict=True), output(0, -5.0))))  # y < 0 is impossible
    assert examine(positive, single_leaf([1.0, 0.0], []), exact=exact).flaw is None
    assert examine(positive, single_leaf([0.0, 1.0], []), exact=exact).flaw is not None


@pytest.mark.parametrize("exact", [False, True])
def test_weights_that_are_all_0_exclude_no_point(*, exact: bool) -> None:
    """0 is not below 0, and says nothing of whether strict atoms are."""
    below_5, below_6 = (output(0, -bound, strict=True) for bound in (5.0, 6.0))
    asked = on_unit_interval(All((below_5, below_6)))  # broken everywhere
    for weights in ([0, 0], [1, 0], [1, 255]):
        part = BoxProof(
            0, np.array([CLOSED], dtype=np.int32), np.zeros(0), np.array([weights], dtype=np.uint8)
        )
        assert examine(asked, Proof((part,)), exact=exact).flaw is not None


@pytest.mark.parametrize("exact", [False, True])
def test_a_leaf_whose_phases_the_box_excludes_needs_nothing_else(*, exact: bool) -> None:
    shifted = Affine((Dense(frozen(np.ones((1, 1)))),), frozen(np.array([0.5])))  # z = x + 1/2 >= 1/2
    nodes = (Node(shifted, (0,), TensorSpec("z", (1,))), Node(RELU, (1,), TensorSpec("y", (1,))))
    region = Region((Box((Fraction(0),), (Fraction(1),)),))
    graph = Graph((TensorSpec("x", (1,)),), nodes, (2,))
    asked = Obligation(graph, region, output(0, -0.25))  # y <= 1/4: never
    met = Obligation(graph, region, output(0, -0.75))  # y <= 3/4: at x <= 1/4
    split = single_leaf([1.0], [], [0, -1, -1])
    assert examine(asked, split, exact=exact).flaw is None
    flaw = examine(met, split, exact=exact).flaw
    assert flaw is not None
    assert [leaf.leaf for leaf in flaw.unclosed] == [0]  # the active one; z <= 0 nowhere


def test_no_large_proof_is_accepted_where_floats_do_not_round_as_they_should(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = obligation(random_chain((2, 4, 1), 1), output(0, 50.0))
    proof = fine_tree(asked, 1)
    monkeypatch.setattr("spec_lang.kernel.proof.fault", lambda: "the processor rounds down")
    assert examine(asked, proof).flaw is None  # in integers
    monkeypatch.setattr("spec_lang.kernel.proof.EXACT_PRODUCTS", 0)
    flaw = examine(asked, proof).flaw
    assert flaw is not None
    assert flaw.problem == "the processor rounds down"


@pytest.mark.parametrize("through_an_affine_node", [False, True])
@pytest.mark.parametrize("arithmetic", ["integers", "floats"])
def test_a_neuron_that_is_dead_is_still_read_by_others(
    arithmetic: str, monkeypatch: pytest.MonkeyPatch, *, through_an_affine_node: bool
) -> None:
    """`y = relu(z) + z` with z in [−2, −1] is z, whatever ReLU drops."""
    if arithmetic == "floats":
        monkeypatch.setattr("spec_lang.kernel.proof.EXACT_PRODUCTS", 0)
    one, none = Dense(frozen(np.ones((1, 1)))), frozen(np.zeros(1))
    spec = TensorSpec("t", (1,))
    first = (Node(Affine((one,), none), (0,), spec),) if through_an_affine_node else ()
    z = len(first)
    nodes = (*first, Node(RELU, (z,), spec), Node(Affine((one, one), none), (z + 1, z), spec))
    region = Region((Box((Fraction(-2),), (Fraction(-1),)),))
    graph = Graph((spec,), nodes, (z + 2,))
    leaf, no_weights = np.array([CLOSED], dtype=np.int32), np.zeros((1, 0), dtype=np.uint8)
    proof = Proof((BoxProof(0, leaf, np.zeros(0), no_weights),))
    assert examine(Obligation(graph, region, output(0, 0.5)), proof).flaw is not None  # y <= −1/2: always
    assert examine(Obligation(graph, region, output(0, 2.5)), proof).flaw is None  # y <= −5/2: never


@pytest.mark.parametrize("arithmetic", ["integers", "floats"])
def test_one_sum_that_may_overflow_in_float32_spoils_every_bound(
    arithmetic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output reads only the other sum; but 0 times infinity is no number."""
    if arithmetic == "floats":
        monkeypatch.setattr("spec_lang.kernel.proof.EXACT_PRODUCTS", 0)

    def affine(rows: list[list[float]]) -> Affine:
        weight = np.array(rows, dtype=np.float32)
        return Affine((Dense(frozen(weight)),), frozen(np.zeros(len(rows), dtype=np.float32)))

    two, one = TensorSpec("t", (2,)), TensorSpec("y", (1,))
    region = Region((Box((Fraction(0),) * 2, (Fraction(1),) * 2),))
    leaf, no_weights = np.array([CLOSED], dtype=np.int32), np.zeros((1, 0), dtype=np.uint8)
    proof = Proof((BoxProof(0, leaf, np.zeros(0), no_weights),))
    for huge, sound in ((3e38, False), (1.0, True)):
        first, last = affine([[huge, huge], [1.0, 1.0]]), affine([[0.0, 1.0]])
        nodes = (Node(first, (0,), two), Node(RELU, (1,), two), Node(last, (2,), one))
        graph = Graph((two,), nodes, (3,))
        asked = Obligation(graph, region, output(0, 3.0, -1))  # y >= 3: y is at most 2
        if sound or arithmetic == "integers":  # the rounding of huge numbers hides what is small beside them
            assert examine(asked, proof).flaw is None
        in_float32 = replace(asked, semantics=Semantics.FLOAT32)
        assert (examine(in_float32, proof).flaw is None) == sound
