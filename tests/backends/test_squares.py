"""Claims about squares of sums of outputs: every backend, against what they reach on activation regions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from spec_lang.backends.base import Backend
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import compile_graph
from spec_lang.bounding.propagate import propagate
from spec_lang.kernel.exact import evaluate_exact
from spec_lang.kernel.judge import judge
from spec_lang.kernel.verdict import Status, Verdict
from spec_lang.kernel.witness import check_witness
from spec_lang.network.graph import OF_CLAIM, Graph
from spec_lang.network.primitives import Affine, Smooth, frozen, numbers_of, with_numbers
from spec_lang.network.transform.claim_part import claim_part
from spec_lang.network.transform.difference import difference
from spec_lang.obligations.certificate import Proof
from spec_lang.obligations.differential import differential
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Proved
from tests.adversarial.ways import box
from tests.differential.examine import Limits, accepted, goal_of, session
from tests.differential.tally import installed
from tests.graphs import random_chain
from tests.pairs import altered, beside
from tests.squares import Form, Weighted, greatest_sum, least_on_line, value_of, with_squares

LIMITS = Limits(seconds=6.0, work=None)
SIZES = ((2, 3, 2), (1, 4, 2), (2, 3, 3, 2))
EVERY = pytest.mark.parametrize("backend", installed(), ids=lambda backend: backend.name)
NEAR = (Fraction(9, 10), Fraction(11, 10))


def verdict(backend: Backend, obligation: Obligation, limits: Limits = LIMITS) -> Verdict | None:
    """What the kernel makes of the backend's answer; None where it does not take the obligation."""
    other = differential(obligation)
    if backend.supports(other) is not None:
        return None
    outcome = backend.run(other, session(obligation, limits)).outcome
    if isinstance(outcome, Proved) and outcome.proof is None:
        return None
    return judge(goal_of(obligation), (outcome,))


def proof_of(obligation: Obligation) -> Proof:
    outcome = bounds().run(differential(obligation), session(obligation, LIMITS)).outcome
    assert isinstance(outcome, Proved)
    assert isinstance(outcome.proof, Proof)
    return outcome.proof


def bounds() -> Backend:
    return next(backend for backend in installed() if backend.name == "bounds")


def held_against(backend: Backend, obligation: Obligation, place: tuple[Fraction, ...] | None) -> None:
    """A point that breaks it must be found by `bounds`, and by nobody where there is none."""
    found = verdict(backend, obligation)
    assert (place is not None) is (place is not None and check_witness(obligation, place) is not None)
    true, false = (Status.PROVED, Status.REFUTED) if place is None else (Status.REFUTED, Status.PROVED)
    assert found is None or found.status is not false
    if backend.name == "bounds":
        assert found is not None
        assert found.status is true


def unit(inputs: int) -> Region:
    return Region(box(*[(Fraction(-1), Fraction(1))] * inputs).boxes)


def networks(number: int, sizes: tuple[int, ...] | None = None, share: float = 2.0**-10) -> Graph:
    """Two side by side, the second a little other than the first."""
    first = random_chain(sizes or SIZES[number % len(SIZES)], seed=number)
    return beside(first, altered(first, number, share))


def nearly(graph: Graph) -> Graph:
    """All weights a millionth larger."""
    nodes = []
    for node in graph.nodes:
        if isinstance(node.primitive, Affine):
            maps = node.primitive.maps
            more = tuple(with_numbers(m, frozen(numbers_of(m) * np.float32(1 + 2.0**-20))) for m in maps)
            nodes.append(replace(node, primitive=replace(node.primitive, maps=more)))
        else:
            nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def gaps(count: int) -> list[Form]:
    """What g has beyond f, output by output."""
    return [
        [*(-float(i == k) for i in range(count)), *(float(i == k) for i in range(count))]
        for k in range(count)
    ]


def about(graph: Graph, weighted: Weighted, limit: Fraction, sign: int) -> Obligation:
    """That `sign · Σ weight · form² >= limit` nowhere."""
    first = graph.output_size
    terms = tuple((first + i, -sign * weight) for i, (weight, _) in enumerate(weighted))
    atom = LinearAtom((), terms, limit, strict=False)
    return Obligation(with_squares(graph, [form for _, form in weighted]), unit(graph.input_size), atom)


@EVERY
@pytest.mark.parametrize("number", range(6))
def test_a_tolerance_about_the_greatest_norm_is_decided_rightly(number: int, backend: Backend) -> None:
    graph = networks(number)
    weighted = [(Fraction(1), form) for form in gaps(graph.output_size // 2)]
    most, place = greatest_sum(graph, unit(graph.input_size), weighted)
    assert most > 0
    false, true = (about(graph, weighted, most * share, 1) for share in NEAR)
    held_against(backend, false, place)
    held_against(backend, true, None)
    if backend.name == "bounds":
        assert accepted(true, proof_of(true))
        assert not accepted(false, proof_of(true))


@EVERY
@pytest.mark.parametrize("number", range(4))
def test_a_product_and_a_least_norm_are_decided_rightly(number: int, backend: Backend) -> None:
    """`y0·y1 = ((y0 + y1)² − (y0 − y1)²) / 4`, and `y0² + y1²` from below, on a line."""
    graph = random_chain((1, 4, 2), seed=number)
    product = [(Fraction(1, 4), [1.0, 1.0]), (Fraction(-1, 4), [1.0, -1.0])]
    norm = [(Fraction(1), [1.0, 0.0]), (Fraction(1), [0.0, 1.0])]
    for weighted in (product, norm):
        least, place = least_on_line(graph, unit(1), weighted)
        outputs = evaluate_exact(graph, place)
        assert value_of(weighted, outputs) == least
        held_against(backend, about(graph, weighted, -least - Fraction(1, 50), -1), place)
        held_against(backend, about(graph, weighted, -least + Fraction(1, 50), -1), None)


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("wide", [False, True])
def test_a_sum_of_a_claim_is_over_what_one_network_has_beyond_the_other(number: int, wide: bool) -> None:
    """On the difference graph it reads δ alone, so that its range is that of δ; squares mean the same."""
    sizes = (2, 5, 2) if wide else (2, 3, 2)
    first = random_chain((2, 3, 2), seed=number)
    second = random_chain(sizes, seed=number) if wide else nearly(first)
    plain = beside(first, second)
    mixed = [[0.5, -1.0, 0.25, 3.0], [0.0, 2.0**-40, 1.0, 1.0]]
    graph = with_squares(plain, [*gaps(2), *mixed])
    other = difference(graph)
    assert other is not None
    point = (Fraction(1, 3), Fraction(-2, 7))
    assert evaluate_exact(other, point) == evaluate_exact(graph, point)
    if wide:
        return
    other = difference(graph := with_squares(plain, gaps(2)))
    assert other is not None
    nodes = dict(enumerate(other.nodes, start=1))
    (square,) = (node for node in nodes.values() if node.primitive is Smooth.SQUARE)
    (sums,) = (node for v, node in nodes.items() if v == square.operands[0])
    assert sums.part == square.part == OF_CLAIM
    assert len(sums.operands) == 1
    context, ranges = propagate(compile_graph(other), Boxes(np.full((1, 2), -1.0), np.full((1, 2), 1.0)))
    found = ranges[square.operands[0]]
    apart = propagate(compile_graph(graph), Boxes(np.full((1, 2), -1.0), np.full((1, 2), 1.0)))[1]
    before = apart[graph.nodes[-1].operands[0]]
    assert (found.upper - found.lower).max() < 1e-3 * (before.upper - before.lower).max()
    assert (context.intervals[other.outputs[-1]][0] >= 0).all()


def test_what_a_claim_makes_of_outputs_is_a_graph_of_its_own() -> None:
    graph = with_squares(networks(0), gaps(2))
    part = claim_part(graph)
    assert part is not None
    assert (part.read, part.given) == ((0, 1, 2, 3), (4, 5))
    point = (Fraction(1, 3), Fraction(1, 7))
    outputs = evaluate_exact(graph, point)
    assert evaluate_exact(part.graph, (*point, *outputs[:4])) == outputs[4:]
    assert claim_part(networks(0)) is None


def test_ranges_that_overflow_end_in_no_proof() -> None:
    """The square of what reaches 1e200 is no float: nothing is proved of it, though it is true."""
    graph = with_squares(random_chain((1, 2, 1), seed=1), [[1.0]])
    atom = LinearAtom((), ((1, Fraction(-1)),), Fraction(10) ** 500, strict=False)
    far = Region((Box((Fraction(-(10**200)),), (Fraction(10**200),)),))
    found = verdict(bounds(), Obligation(graph, far, atom), Limits(seconds=2.0, work=50))
    assert found is not None
    assert found.status is Status.UNKNOWN


@pytest.mark.parametrize("constant", [Fraction(0), Fraction(1, 10**6)])
def test_no_square_is_negative(constant: Fraction) -> None:
    """`y² <= −c` is excluded by the form of the graph alone, on boxes that no bound would close."""
    graph = with_squares(random_chain((2, 3, 1), seed=3), [[1.0]])
    atom = LinearAtom((), ((1, Fraction(1)),), constant, strict=constant == 0)
    found = verdict(bounds(), Obligation(graph, unit(2), atom), Limits(seconds=2.0, work=1))
    assert found is not None
    assert found.status is Status.PROVED
