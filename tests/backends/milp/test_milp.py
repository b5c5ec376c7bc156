"""The backend against exact enumeration, with the solver asked late and early, and its manners."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from spec_lang.backends._lp.highs import Status
from spec_lang.backends._lp.tree import PhaseSearch
from spec_lang.backends._search.problem import prepare
from spec_lang.backends.base import Session
from spec_lang.backends.milp import BACKEND, program
from spec_lang.backends.milp import search as searching
from spec_lang.bounding.hidden import bounded
from spec_lang.kernel.proof import examine
from spec_lang.kernel.witness import check_witness
from spec_lang.network.evaluate import Evaluator
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, PiecewiseLinear, frozen
from spec_lang.obligations.certificate import Flaw, Proof
from spec_lang.obligations.model import All, Any, Box, LinearAtom, Obligation, Region, Semantics
from spec_lang.obligations.outcome import Certificate, GaveUp, GaveUpReason, Proved, Refuted
from tests.backends.enumeration import counterexample
from tests.backends.oracle import session, violates
from tests.graphs import random_chain

ONE, ZERO = Fraction(1), Fraction(0)
LEAKY = PiecewiseLinear(knots=(0.0,), slopes=(0.125, 1.0), anchor=0.0)
HAT = PiecewiseLinear(knots=(-1.0, 0.5), slopes=(-1.0, 0.25, 3.0), anchor=2.0)


def network(rng: np.random.Generator, function: PiecewiseLinear) -> Graph:
    """One to three inputs, up to two hidden layers; weights over 10^±3, ties, dead neurons."""
    sizes = [
        int(n) for n in (rng.integers(1, 4), *rng.integers(1, 5, rng.integers(1, 3)), rng.integers(1, 3))
    ]
    spread = rng.choice([0, 1, 3])
    nodes: list[Node] = []
    for layer, (size_in, size_out) in enumerate(pairwise(sizes)):
        weight = rng.standard_normal((size_out, size_in)) * 10.0 ** rng.uniform(
            -spread, spread, (size_out, size_in)
        )
        bias = rng.standard_normal(size_out) * 10.0 ** rng.uniform(-spread, spread, size_out)
        if rng.random() < 0.3:
            weight, bias = np.round(weight), np.round(bias)
        if rng.random() < 0.2:
            bias = bias - 5 * abs(weight).sum(axis=1) * rng.integers(0, 2, size_out)
        affine = Affine((Dense(frozen(weight)),), frozen(bias))
        nodes.append(Node(affine, (len(nodes),), TensorSpec(f"z{layer}", (size_out,))))
        if layer < len(sizes) - 2:
            nodes.append(Node(function, (len(nodes),), TensorSpec(f"a{layer}", (size_out,))))
    outputs = (len(nodes),) if rng.random() < 0.8 else (len(nodes), len(nodes) - 1)
    return Graph((TensorSpec("x", (sizes[0],)),), tuple(nodes), outputs)


def obligation(seed: int, function: PiecewiseLinear = RELU) -> Obligation:
    """A disjunction of conjunctions whose thresholds lie near what the network's values are."""
    rng = np.random.default_rng(seed)
    graph = network(rng, function)
    points = rng.uniform(-1, 1, (200, graph.input_size))
    values = Evaluator(graph)(points)

    def atom() -> LinearAtom:
        j, c = int(rng.integers(graph.output_size)), int(rng.choice([1, -1, 3]))
        inputs = ((0, Fraction(2, 7)),) if rng.random() < 0.3 else ()
        row = c * values[:, j] + (2 / 7 * points[:, 0] if inputs else 0)
        low = np.quantile(row, rng.choice([0.0, 0.0, 0.02, 0.3]))
        low -= rng.choice([0, 1e-9, 1e-3, 1]) * abs(row).max() * rng.random()
        constant = Fraction(-float(low)) if rng.random() < 0.7 else Fraction(-round(float(low) * 16), 16)
        return LinearAtom(inputs, ((j, Fraction(c)),), constant, bool(rng.random() < 0.5))

    def conjunction() -> All:
        return All(tuple(atom() for _ in range(int(rng.integers(1, 3)))))

    violation = Any(tuple(conjunction() for _ in range(int(rng.integers(1, 3)))))
    cut = (LinearAtom(((0, ONE),), (), Fraction(-1, 3), strict=False),) if rng.random() < 0.3 else ()
    cube = Box((-ONE,) * graph.input_size, (ONE,) * graph.input_size)
    return Obligation(graph, Region((cube,), cut), violation)


def limits(goal: Obligation, seconds: float = 3.0) -> Session:
    found = session(goal, deadline=time.monotonic() + seconds)
    return replace(found, confirm=lambda point: check_witness(goal, point) is not None, examine=checker(goal))


def checker(goal: Obligation) -> Callable[[Certificate], Flaw | None]:
    return lambda proof: examine(goal, proof).flaw


def agrees(goal: Obligation) -> bool:
    """Whether it was decided; what was decided is the truth, and proved means that the kernel says so."""
    outcome = BACKEND.run(goal, limits(goal)).outcome
    match outcome:
        case Proved(proof=proof):
            assert counterexample(goal) is None
            if proof is not None:
                assert examine(goal, proof).evidence is not None
        case Refuted(point):
            assert violates(goal, point)
        case GaveUp():
            assert outcome.detail
    return not isinstance(outcome, GaveUp)


@pytest.fixture(params=["as it is", "solver first"])
def manner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """As it is, attacks and trees decide nearly all; the other way the solver is asked nearly always."""
    if request.param == "solver first":
        monkeypatch.setattr(searching, "QUICK_NODES", 1)
        monkeypatch.setattr(searching, "FEW_INPUTS", 0)
        monkeypatch.setattr(searching.Search, "_attack", lambda _self: False)
    yield request.param


@pytest.mark.usefixtures("manner")
def test_relu_networks_are_decided_as_they_are() -> None:
    decided = sum(agrees(obligation(seed)) for seed in range(40))
    assert decided >= 34  # the others are ties within rounding


@pytest.mark.usefixtures("manner")
@pytest.mark.parametrize("function", [LEAKY, HAT], ids=["leaky", "hat"])
def test_other_pieces_are_decided_as_they_are(function: PiecewiseLinear) -> None:
    decided = 0
    for seed in range(12):
        goal = obligation(seed, function)
        outcome = BACKEND.run(goal, limits(goal)).outcome
        decided += not isinstance(outcome, GaveUp)
        if isinstance(outcome, Proved):
            assert counterexample(goal) is None
            assert outcome.proof is None
        elif isinstance(outcome, Refuted):
            assert counterexample(goal) is not None
    assert decided >= 8


def fivefold() -> Graph:
    """f = 5 x by way of 1e10 and 5e-10, each of which HiGHS alone would take for something else."""
    w1, w2 = np.array([[1e10]]), np.array([[5e-10]])
    nodes = (
        Node(Affine((Dense(frozen(w1)),), frozen(np.zeros(1))), (0,), TensorSpec("z", (1,))),
        Node(RELU, (1,), TensorSpec("a", (1,))),
        Node(Affine((Dense(frozen(w2)),), frozen(np.zeros(1))), (2,), TensorSpec("y", (1,))),
    )
    return Graph((TensorSpec("x", (1,)),), nodes, (3,))


@pytest.mark.usefixtures("manner")
@pytest.mark.parametrize(("least", "holds"), [(4.9, False), (5.1, True)])
def test_no_coefficient_is_dropped(least: float, holds: bool) -> None:
    """y stays below `least` on [-1, 1]: true from 5 on."""
    high = LinearAtom((), ((0, -ONE),), Fraction(least), strict=False)
    goal = Obligation(fivefold(), Region((Box((-ONE,), (ONE,)),)), high)
    outcome = BACKEND.run(goal, limits(goal)).outcome
    assert isinstance(outcome, Proved if holds else Refuted)


def deep(seed: int, threshold: int, semantics: Semantics = Semantics.REAL) -> Obligation:
    low = LinearAtom((), ((0, ONE),), Fraction(-threshold), strict=False)
    cube = Box((-ONE,) * 3, (ONE,) * 3)
    return Obligation(random_chain([3, 8, 8, 1], seed), Region((cube,)), low, semantics)


@pytest.mark.parametrize("seed", range(4))
def test_the_mixed_integer_program_has_the_networks_minimum(seed: int) -> None:
    goal = deep(seed, 100)  # everything violates: the program then finds the most violating point
    problem = prepare(goal)
    known = bounded(problem.program, problem.roots[0], None, lambda: False, raised=True)
    said = program.solve(known, problem.rows, 0, program.Limits(None, None, to_the_end=True))
    assert said.status is Status.OPTIMAL
    assert said.point is not None
    points = np.random.default_rng(0).uniform(-1, 1, (20_000, 3))
    least = problem.evaluator(points).min()
    assert problem.evaluator(said.point[None])[0, 0] <= least + 1e-6 * (1 + abs(least))


def test_a_program_without_a_point_is_said_to_have_none() -> None:
    goal = deep(0, -(10**3))
    problem = prepare(goal)
    known = bounded(problem.program, problem.roots[0], None, lambda: False, raised=False)
    said = program.solve(known, problem.rows, 0, program.Limits(None, None, to_the_end=False))
    assert said.status is Status.INFEASIBLE


def test_the_solvers_word_alone_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no tree closes is said to rest on the solver."""
    monkeypatch.setattr(searching, "QUICK_NODES", 1)
    monkeypatch.setattr(searching, "FEW_INPUTS", 0)
    gave_up = GaveUp(GaveUpReason.NUMERICAL, "no tree")
    monkeypatch.setattr(PhaseSearch, "run", lambda *_: gave_up)
    monkeypatch.setattr(searching, "tightened", lambda *_: None)
    goal = deep(0, -(10**3))
    outcome = BACKEND.run(goal, limits(goal)).outcome
    assert isinstance(outcome, Proved)
    assert outcome.proof is None
    assert "Infeasible" in outcome.attestation.method


def test_a_proof_that_the_kernel_rejects_is_given_up() -> None:
    goal = deep(0, -(10**3))
    rejecting = replace(limits(goal), examine=lambda _: Flaw("something"))
    outcome = BACKEND.run(goal, rejecting).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.NUMERICAL


def test_the_deadline_is_honoured() -> None:
    goal = deep(0, -(10**3))
    outcome = BACKEND.run(goal, limits(goal, seconds=-1.0)).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.TIMEOUT


def rounded(graph: Graph) -> Graph:
    """The same network with its weights in float32."""
    nodes = []
    for node in graph.nodes:
        primitive = node.primitive
        if isinstance(primitive, Affine) and isinstance(primitive.maps[0], Dense):
            weight = frozen(primitive.maps[0].weight.astype(np.float32))
            primitive = Affine((Dense(weight),), frozen(primitive.bias.astype(np.float32)))
        nodes.append(replace(node, primitive=primitive))
    return replace(graph, nodes=tuple(nodes))


def test_under_float32_the_weights_are_float32() -> None:
    goal = deep(0, -(10**3), Semantics.FLOAT32)
    assert "float32" in (BACKEND.supports(goal) or "")
    assert BACKEND.supports(replace(goal, graph=rounded(goal.graph))) is None


def test_a_proof_under_float32_is_one_under_float32() -> None:
    goal = deep(0, -(10**3), Semantics.FLOAT32)
    goal = replace(goal, graph=rounded(goal.graph))
    outcome = BACKEND.run(goal, limits(goal)).outcome
    assert isinstance(outcome, Proved)
    assert outcome.proof is not None
    assert examine(goal, outcome.proof).evidence is not None


def test_what_holds_by_less_than_float32_rounds_is_not_proved_under_float32() -> None:
    """y = x + 2^20 is at least 2^20 - 1 on [-1, 1], in reals; in float32 it rounds."""
    weight, bias = frozen(np.array([[1.0]], dtype=np.float32)), frozen(np.array([2.0**20], dtype=np.float32))
    node = Node(Affine((Dense(weight),), bias), (0,), TensorSpec("y", (1,)))
    graph = Graph((TensorSpec("x", (1,)),), (node,), (1,))
    low = LinearAtom((), ((0, ONE),), Fraction(-(2**20) + 1) + Fraction(1, 1000), strict=False)
    goal = Obligation(graph, Region((Box((-ONE,), (ONE,)),)), low)
    assert isinstance(BACKEND.run(goal, limits(goal)).outcome, Proved)
    goal = replace(goal, semantics=Semantics.FLOAT32)
    assert not isinstance(BACKEND.run(goal, limits(goal, seconds=1.0)).outcome, Proved)


def test_an_unbounded_region_is_refused() -> None:
    goal = deep(0, 0)
    open_ended = replace(goal, region=Region((Box((None,) * 3, (ONE,) * 3),)))
    assert "unbounded" in (BACKEND.supports(open_ended) or "")
    assert BACKEND.supports(goal) is None


def test_under_float32_only_relu_is_taken() -> None:
    goal = replace(obligation(0, LEAKY), semantics=Semantics.FLOAT32)
    assert "ReLU" in (BACKEND.supports(goal) or "")


def test_what_cannot_happen_is_proved_at_once() -> None:
    goal = replace(deep(0, 0), violation=Any(()))
    outcome = BACKEND.run(goal, limits(goal)).outcome
    assert isinstance(outcome, Proved)
    assert outcome.proof is not None
    assert examine(goal, outcome.proof).evidence is not None


def test_several_boxes_have_a_part_each() -> None:
    goal = deep(1, -(10**3))
    halves = (Box((-ONE,) * 3, (ZERO, ONE, ONE)), Box((ZERO, -ONE, -ONE), (ONE,) * 3))
    goal = replace(goal, region=Region(halves))
    outcome = BACKEND.run(goal, limits(goal)).outcome
    assert isinstance(outcome, Proved)
    assert isinstance(outcome.proof, Proof)
    assert [part.box for part in outcome.proof.parts] == [0, 1]
    assert examine(goal, outcome.proof).evidence is not None
