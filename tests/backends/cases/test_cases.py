"""Laws of the backend that splits the few phases that are open, and of the check of its proofs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.backends.base import Budget
from spec_lang.backends.cases import BACKEND
from spec_lang.backends.cases.phases import open_phases
from spec_lang.kernel.linear_cases import Linear
from spec_lang.kernel.network import ReluStep, Unchecked
from spec_lang.kernel.proof import examine
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Smooth
from spec_lang.obligations.cases_certificate import CasesProof, CaseTree
from spec_lang.obligations.model import All, Any, Box, LinearAtom, Obligation, Region, Semantics
from spec_lang.obligations.neurons import of_neurons
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome, Proved, Refuted
from spec_lang.store.codec import decode, encode
from tests.backends.enumeration import counterexample
from tests.backends.oracle import violates
from tests.backends.smt.cases import obligations, session
from tests.graphs import chains, dags, exact_values
from tests.laws import law
from tests.tiny_networks import chain, dense

ONE, ZERO = Fraction(1), Fraction(0)
ANYWHERE = Region((Box((None, None), (None, None)),))
UNIT = Region((Box((ZERO, ZERO), (ONE, ONE)),))
# r = relu(x0 + x1, x0 − x1), y = r0 − r1
GRAPH = replace(chain(2, dense([[1, 1], [1, -1]]), RELU, dense([[1, -1]])), outputs=(2, 3))


def asked(*parts: LinearAtom, region: Region = ANYWHERE) -> Obligation:
    return Obligation(GRAPH, region, All(parts))


def decided(obligation: Obligation, work: int | None = None) -> Outcome:
    return BACKEND.run(obligation, session(obligation, work=work)).outcome


def on(neuron: int) -> LinearAtom:
    return LinearAtom((), ((neuron, -ONE),), ZERO, True)


def below(constant: Fraction, *, strict: bool) -> LinearAtom:
    """y <= constant, or less."""
    return LinearAtom((), ((2, ONE),), -constant, strict)


@law(12, 2_000, obligation=obligations(st.just(RELU)))
def test_it_agrees_with_exact_enumeration(obligation: Obligation) -> None:
    match decided(obligation):
        case Proved(proof=proof):
            assert proof is not None
            assert counterexample(obligation) is None
            examined = examine(obligation, proof, exact=True)
            assert examined.evidence is not None
            assert examined.evidence.kind is EvidenceKind.CHECKED
        case Refuted(point):
            assert violates(obligation, point)
        case GaveUp(reason):
            assert reason in (GaveUpReason.BUDGET, GaveUpReason.UNSUPPORTED)


@law(10, 2_000, obligation=obligations(st.just(RELU), bounded=False), data=st.data())
def test_no_point_of_a_region_without_ends_breaks_what_is_proved(
    obligation: Obligation, data: st.DataObject
) -> None:
    outcome = decided(obligation)
    if isinstance(outcome, Refuted):
        assert violates(obligation, outcome.point)
    elif isinstance(outcome, Proved):
        assert outcome.proof is not None
        assert examine(obligation, outcome.proof).evidence is not None
        numbers = st.fractions(-30, 30, max_denominator=20)
        size = obligation.graph.input_size
        for point in data.draw(st.lists(st.tuples(*[numbers] * size), min_size=20, max_size=20)):
            assert not violates(obligation, point)


def test_what_only_the_closure_reaches_is_told_from_what_is_reached() -> None:
    """Where x0 − x1 > 0 and x0 + x1 <= 0 it is y = x1 − x0 < 0."""
    off = LinearAtom((), ((0, ONE),), ZERO, False)
    for region in (ANYWHERE, Region((Box((-ONE, -ONE), (ONE, ONE)),))):
        reached = decided(asked(off, on(1), below(ZERO, strict=True), region=region))
        assert isinstance(reached, Refuted)
        touched = asked(off, on(1), below(ZERO, strict=False).negated(), region=region)
        at_the_end = asked(off, on(1), LinearAtom((), ((2, -ONE),), ZERO, False), region=region)
        for obligation in (touched, at_the_end):
            proved = decided(obligation)
            assert isinstance(proved, Proved)
            assert isinstance(proved.proof, CasesProof)
            assert examine(obligation, proved.proof).evidence is not None
        assert isinstance(
            decided(asked(off, LinearAtom((), ((2, -ONE),), ZERO, False), region=region)), Refuted
        )


@law(15, 3_000, graph=chains(inputs=2) | dags(), data=st.data())
def test_forms_are_what_the_network_computes(graph: Graph, data: st.DataObject) -> None:
    """With the phases of a point, and with some of them."""
    point = data.draw(st.tuples(*[st.fractions(-3, 3, max_denominator=8)] * graph.input_size))
    try:
        scene = Linear.of(Obligation(graph, ANYWHERE, All(())))
    except Unchecked:
        return
    values = exact_values(graph, point)
    relus = [step for step in scene.network.steps if isinstance(step, ReluStep)]
    path = {step.first + i: z > 0 for step in relus for i, z in enumerate(values[step.operand])}
    part = {n: on for n, on in path.items() if data.draw(st.booleans())}
    for phases, whole in ((path, True), (part, False)):
        for value, form in scene.forms(phases).items():
            assert form.known.all() or not whole
            unit = 1 << form.numbers.shift
            found = np.array([*point, Fraction(1)], dtype=object) @ form.numbers.numbers
            for element in np.flatnonzero(form.known):
                assert Fraction(found[element]) / unit == values[value][element]


def test_phases_that_a_pattern_fixes_are_not_open() -> None:
    obligation = asked(on(0), on(1))
    assert open_phases(obligation) == 2
    graph, parts = of_neurons(GRAPH, [on(0), on(1), below(-ONE, strict=False)])
    fixed = Obligation(graph, ANYWHERE, All(tuple(parts)))
    assert open_phases(fixed) == 0
    assert isinstance(decided(fixed), Refuted)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda o: replace(o, semantics=Semantics.FLOAT32), "affine maps and ReLUs"),
        (lambda o: replace(o, graph=chain(2, dense([[1, 1]]), Smooth.TANH)), "affine maps and ReLUs"),  # type: ignore[arg-type]
        (lambda _: one_condition(9), "no pattern"),
        (lambda _: one_condition(1, neurons=5), "5 phases are open, and it splits no more than 4"),
        (lambda o: replace(o, region=Region(ANYWHERE.boxes * 17)), "too much"),
    ],
)
def test_it_says_what_it_does_not_take(change: Callable[[Obligation], Obligation], reason: str) -> None:
    assert BACKEND.supports(asked(on(0), on(1))) is None
    assert reason in (BACKEND.supports(change(asked(on(0), on(1)))) or "")


def one_condition(inputs: int, neurons: int = 1, *constraints: LinearAtom) -> Obligation:
    """That a sum of ReLUs of sums of inputs in [0, 1] is not below 0, which is where it may begin."""
    graph = chain(inputs, dense([[1] * inputs] * neurons), RELU, dense([[1] * neurons]))
    region = Region((Box((ZERO,) * inputs, (ONE,) * inputs),), constraints)
    return Obligation(graph, region, LinearAtom((), ((0, ONE),), ZERO, True))


@pytest.mark.parametrize(
    "obligation",
    [
        one_condition(8, 4),
        # A polytope of inputs is a pattern of none, and as good.
        one_condition(9, 6, LinearAtom(((0, ONE), (1, -ONE)), (), ZERO, False)),
    ],
)
def test_a_margin_of_0_is_decided_without_a_pattern(obligation: Obligation) -> None:
    assert BACKEND.supports(obligation) is None
    outcome = decided(obligation)
    assert isinstance(outcome, Proved)
    closed = LinearAtom((), ((0, ONE),), ZERO, False)
    assert isinstance(decided(replace(obligation, violation=closed)), Refuted)


def test_many_open_phases_are_left_to_others() -> None:
    graph = chain(1, dense([[1.0]] * 17, list(range(17))), RELU, dense([[1.0] * 17]))
    violation = LinearAtom((), ((0, ONE),), ONE, False)
    found = BACKEND.supports(Obligation(graph, Region((Box((None,), (None,)),)), violation))
    assert found == "17 phases are open, and it splits no more than 16"


def test_a_budget_and_a_deadline_end_it() -> None:
    obligation = asked(on(0), on(1), below(-ONE, strict=True).negated())
    spent = decided(obligation, work=0)
    assert isinstance(spent, GaveUp)
    assert spent.reason is GaveUpReason.BUDGET
    late = replace(session(obligation), budget=Budget(time.monotonic() - 1))
    outcome = BACKEND.run(obligation, late).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.TIMEOUT


# -- certificates ----------------------------------------------------------------------------------------

# y > 1 where x0 + x1 < 1, which needs a split of both neurons.
SPLIT = asked(LinearAtom(((0, ONE), (1, ONE)), (), -ONE, True), LinearAtom((), ((2, -ONE),), ONE, False))


@pytest.fixture(scope="module")
def proof() -> CasesProof:
    found = decided(SPLIT)
    assert isinstance(found, Proved)
    assert isinstance(found.proof, CasesProof)
    assert len(found.proof.trees[0].neuron) >= 3
    return found.proof


def refused(obligation: Obligation, tree: CaseTree) -> bool:
    return examine(obligation, CasesProof((tree,))).evidence is None


def test_a_proof_is_accepted_and_comes_back(proof: CasesProof) -> None:
    assert examine(SPLIT, proof).evidence is not None
    record = encode([Proved(Attestation("cases", "0", "x"), proof)])
    (decoded,) = decode(record).outcomes
    assert isinstance(decoded, Proved)
    assert isinstance(decoded.proof, CasesProof)
    assert examine(SPLIT, decoded.proof).evidence is not None
    assert encode([decoded]) == record


def test_forged_trees_are_refused(proof: CasesProof) -> None:
    (tree,) = proof.trees
    nodes, clashes = tree.neuron.tolist(), tree.clashes
    leaf = np.array([-1], dtype=np.int32)
    forged = [
        CaseTree(leaf, clashes[:1]),
        CaseTree(leaf, clashes),
        CaseTree(np.array(nodes[:-1], dtype=np.int32), clashes[:-1]),
        CaseTree(np.array([*nodes, -1], dtype=np.int32), (*clashes, clashes[-1])),
        CaseTree(tree.neuron, clashes[::-1]),
        CaseTree(tree.neuron, clashes[1:]),
        CaseTree(tree.neuron, tuple(() for _ in clashes)),
        CaseTree(tree.neuron, tuple(((),) for _ in clashes)),
        CaseTree(np.array([2 if n >= 0 else n for n in nodes], dtype=np.int32), clashes),
        CaseTree(np.array([-2 if n >= 0 else n for n in nodes], dtype=np.int32), clashes),
        CaseTree(np.array([nodes[0] if n >= 0 else n for n in nodes], dtype=np.int32), clashes),
        CaseTree(np.zeros(0, dtype=np.int32), ()),
    ]
    for one in forged:
        assert refused(SPLIT, one)
    assert examine(SPLIT, CasesProof(())).evidence is None
    assert examine(SPLIT, CasesProof((tree, tree))).evidence is None


def test_forged_multipliers_are_refused(proof: CasesProof) -> None:
    (tree,) = proof.trees
    for leaf, clashes in enumerate(tree.clashes):
        for place, clash in enumerate(clashes):
            for i, (row, multiplier) in enumerate(clash):
                for other in (
                    (row, -multiplier),
                    (row, multiplier * 2),
                    (row + 1, multiplier),
                    (99, multiplier),
                ):
                    wrong = (*clash[:i], other, *clash[i + 1 :])
                    changed = (*clashes[:place], wrong, *clashes[place + 1 :])
                    parts = (*tree.clashes[:leaf], changed, *tree.clashes[leaf + 1 :])
                    if len(clash) > 1:
                        assert refused(SPLIT, CaseTree(tree.neuron, parts))


def test_a_proof_of_one_obligation_is_none_of_another(proof: CasesProof) -> None:
    assert isinstance(SPLIT.violation, All)
    first, second = SPLIT.violation.parts
    assert isinstance(first, LinearAtom)
    assert isinstance(second, LinearAtom)
    wider = replace(first, constant=Fraction(-2))
    closed = (replace(first, strict=False), second)
    for others in ((wider, second), closed, (first, replace(second, constant=ZERO)), (second, first)):
        assert examine(asked(*others), proof).evidence is None
    assert examine(replace(SPLIT, violation=Any(SPLIT.violation.parts)), proof).evidence is None
    assert examine(replace(SPLIT, semantics=Semantics.FLOAT32), proof).evidence is None
    other = replace(chain(2, dense([[1, 1], [1, -1]]), RELU, dense([[2, -1]])), outputs=(2, 3))
    assert examine(replace(SPLIT, graph=other), proof).evidence is None


def test_smooth_functions_have_no_such_proof(proof: CasesProof) -> None:
    smooth = Obligation(chain(2, dense([[1, 1], [1, -1]]), Smooth.TANH), ANYWHERE, on(0))  # type: ignore[arg-type]
    found = examine(smooth, proof)
    assert found.evidence is None
    assert found.flaw is not None
    assert "affine maps and ReLUs" in found.flaw.problem
