"""Which obligations are recognised, and that where one fails some question about the gradient fails too."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from hypothesis import strategies as st

from spec_lang.kernel.witness import check_witness
from spec_lang.network.primitives import RELU, Smooth
from spec_lang.obligations.gradient_tests import Column, Ellipsoid, Ray, Spread
from spec_lang.obligations.mean_value import mean_value
from tests.gradients import two_points
from tests.gradients.cases import Case, case
from tests.gradients.faces import Pieces
from tests.gradients.oracle import Answer, Norm
from tests.laws import law
from tests.mean_value.asking import asked, obligations

SHARES = [Fraction(k, 7) + Fraction(1, 1013) for k in range(7)]
cases = st.integers(0, 10**6).map(case)


@law(15, 1500, drawn=cases, seed=st.integers(0, 99))
def test_between_two_points_that_break_a_claim_a_gradient_does(
    drawn: Case, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng, folder = Random(seed), tmp_path_factory.mktemp("claims")  # noqa: S311 - to be repeated
    pieces, inputs = Pieces(drawn.graph, drawn.region), range(drawn.graph.input_size)
    moved, increasing = sorted(rng.sample(inputs, rng.randint(1, len(inputs)))), rng.random() < 0.5
    norm, at_most = rng.choice(list(Norm)), Fraction(rng.randint(1, 6), 4)
    way = "increasing" if increasing else "decreasing"
    claims = [
        f"monotone(f[0], in: {moved}, {way}, on: on)",
        f"lipschitz(f, on: on, at_most: {at_most}, norm: {norm.value})",
    ]
    findings = [
        two_points.monotone(pieces, 0, moved, increasing=increasing),
        two_points.lipschitz(pieces, at_most, norm),
    ]
    flat = any(low == high for low, high in zip(drawn.region.lower, drawn.region.upper, strict=True))
    for obligation, finding in zip(asked(drawn, claims, folder), findings, strict=True):
        found = mean_value(obligation)
        assert found is not None
        assert all(question.obligation.graph.input_size == len(inputs) for question in found.questions)
        if finding.answer is not Answer.REFUTED or flat or len(drawn.region.half_spaces) == 2:
            continue
        x, y = finding.points
        between = [tuple(a + share * (b - a) for a, b in zip(x, y, strict=True)) for share in SHARES]
        assert any(check_witness(q.obligation, point) for q in found.questions for point in between)


LINES = [
    'network f = "f.onnx"',
    "region square on f = box([0, 0], [1, 1])",
    "region tied on f = { x | x[0] == 2 * x[1] and 0 <= x[1] and x[1] <= 1 }",
    "region disc on f = ball([0, 0], 1, l2)",
    "region diamond on f = ball([0, 0], 1, l1)",
]


def recognised(claim: str, folder: Path) -> list[list[object]] | None:
    """The tests of each question; None where the claim is not recognised."""
    asked(case(0, (2, 4, 2)), [], folder)
    (obligation,) = obligations([*LINES, f"claim c: {claim}"], folder)
    found = mean_value(obligation)
    return None if found is None else [list(question.tests) for question in found.questions]


RISES = Ray(((0, Fraction(-1)),), Fraction(0))


@pytest.mark.parametrize(
    ("claim", "tests"),
    [
        ("monotone(f[0], in: 0, increasing, on: square)", [[RISES]]),
        ("monotone(f[0], in: 0, increasing, on: disc)", [[RISES]]),
        ("monotone(f[0], in: 0, increasing, on: diamond)", [[RISES]]),
        # To move along the tie alone, and not at all: two points that agree in one input are one.
        (
            "monotone(f[0], in: [0, 1], increasing, on: tied)",
            [[Ray(((0, Fraction(-2)), (1, Fraction(-1))), Fraction(0))]],
        ),
        ("monotone(f[0], in: 0, increasing, on: tied)", [[]]),
        (
            "forall x in square, y in square: x[0] + 1 <= y[0] and x[1] == y[1] => f(x)[0] <= f(y)[0]",
            [[RISES]],
        ),
    ],
)
def test_the_cone_of_a_claim(claim: str, tests: list[list[object]], tmp_path: Path) -> None:
    assert recognised(claim, tmp_path) == tests


@pytest.mark.parametrize(
    ("claim", "kinds"),
    [
        ("lipschitz(f, on: square, at_most: 2)", [[Ray] * 4] * 2),
        ("lipschitz(f, on: square, at_most: 2, norm: l1)", [[Ray] * 4] * 2),
        ("lipschitz(f, on: tied, at_most: 2, norm: l2)", [[Ellipsoid]] * 16),
        ("lipschitz(f, on: { x | x[0] == x[1] and x[0] == 0.5 }, at_most: 2, norm: l2)", [[]]),
        ("lipschitz(f, on: square, at_most: 2, norm: l2)", [[Ellipsoid]] * 16),
        ("forall x in square, y in square: abs(f(x)[0] - f(y)[0]) <= 2 * norm(x - y, l1)", [[Ray] * 4]),
        ("forall x in square, y in square: norm(f(x) - f(y), l1) <= 2 * norm(x - y, linf)", [[Ray] * 4] * 2),
        ("forall x in square, y in square: abs(f(x)[0] - f(y)[0]) <= 2 * norm(x - y, l2)", [[Ellipsoid]]),
    ],
)
def test_the_tests_of_a_norm(claim: str, kinds: list[list[type]], tmp_path: Path) -> None:
    found = recognised(claim, tmp_path)
    assert found is not None
    assert [[type(test) for test in tests] for tests in found] == kinds


@pytest.mark.parametrize(("norm", "kind"), [("linf", Spread), ("l1", Column), ("l2", Ellipsoid)])
def test_many_inputs_do_not_make_many_tests(norm: str, kind: type, tmp_path: Path) -> None:
    (obligation,) = asked(
        case(3, (14, 3, 3)), [f"lipschitz(f, on: box(0, 1), at_most: 2, norm: {norm})"], tmp_path
    )
    found = mean_value(obligation)
    assert found is not None
    assert {type(test) for question in found.questions for test in question.tests} == {kind}
    assert sum(len(question.tests) for question in found.questions) <= 28


@pytest.mark.parametrize(
    "claim",
    [
        "injective(f, on: square)",
        "determines(f, f, on: square)",
        "inverse_lipschitz(f, on: square, at_least: 1)",
        "forall x in square, y in square: x[0] < y[0] and x[1] == y[1] => f(x)[0] < f(y)[0]",
        "forall x in square, y in square: x[1] == y[1] => f(x)[0] <= f(y)[1]",
        "forall x in square, y in square: abs(f(x)[0] - f(y)[0]) <= 1",
        "forall x in square, y in box([2, 0], [3, 1]): x[1] == y[1] => f(x)[0] <= f(y)[0]",
        "forall x in square, y in disc: x[1] == y[1] and x[0] <= y[0] => f(x)[0] <= f(y)[0]",
        "forall x in square: f(x)[0] <= f([0, 0])[0]",
        "forall x in square, y in square: norm(grad(f[0], x) - grad(f[0], y), linf) <= 2 * norm(x - y, linf)",
    ],
)
def test_other_claims_are_left_to_others(claim: str, tmp_path: Path) -> None:
    assert recognised(claim, tmp_path) is None


@pytest.mark.parametrize("function", [Smooth.SPREAD, Smooth.TANH])
def test_what_has_no_single_value_has_no_slope(function: Smooth, tmp_path: Path) -> None:
    """Two copies of a spread need not have one value at one point."""
    (obligation,) = asked(case(0, (2, 4, 2)), ["lipschitz(f, on: box([0, 0], [1, 1]), at_most: 2)"], tmp_path)
    graph = obligation.graph
    bent = [replace(n, primitive=function) if n.primitive == RELU else n for n in graph.nodes]
    found = mean_value(replace(obligation, graph=replace(graph, nodes=tuple(bent))))
    assert (found is None) is (function is Smooth.SPREAD)
