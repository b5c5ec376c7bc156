"""Claim forms mean what they say: their formula against the definition, written down directly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang import _registry, claims
from spec_lang.claims.base import Claim
from spec_lang.kernel.exact import evaluate_exact
from spec_lang.obligations.lower import lower
from spec_lang.semantics.functions import BUILT_IN
from spec_lang.syntax.format import format_expression
from tests.semantics.formulas import points
from tests.semantics.worlds import accepted, is_violated, meaning, network, network_point

FILE = """
network f = "f.onnx" {
    input a, b, c
    output p, q, r
    encode x = x / 2 - 1
    decode y = 3 - y
    domain a in [-1, 1], b in [-2, 2], c in [0, 1]
}
"""
FORMS = _registry.discover(claims, "CLAIM", Claim)
radii = st.sampled_from([Fraction(1, 2), Fraction(3, 2), Fraction(5, 2)])


@given(st.integers(0, 20), points, radii, st.integers(0, 2), st.sampled_from(["linf", "l1"]), points)
@settings(max_examples=100)
def test_robust_says_that_no_point_nearby_has_another_label(
    seed: int, at: tuple[Fraction, ...], radius: Fraction, label: int, norm: str, point: tuple[Fraction, ...]
) -> None:
    graph = network(outputs=3, seed=seed)
    center = ", ".join(f"({value})" for value in at)
    call = f"robust(f, at: [{center}], label: {label}, within: {radius}, norm: {norm}, clip: [-1, 1])"
    checked = accepted(f"{FILE}claim c: {call}", {"f": graph})
    claim = checked["c"]

    gaps = [abs(x - c) for x, c in zip(point, at, strict=True)]
    near = (max(gaps) if norm == "linf" else sum(gaps)) <= radius and all(-1 <= x <= 1 for x in point)
    outputs = evaluate_exact(graph, [x / 2 - 1 for x in point])
    scores = [3 - y for y in outputs]
    alone = all(scores[label] > score for k, score in enumerate(scores) if k != label)

    said = meaning(checked, claim, point)
    assert (said.in_region, said.body) == (near, alone)
    assert is_violated(lower(claim), network_point(claim, point)) == (near and not alone)


@given(st.integers(0, 20), points, radii, radii, points)
@settings(max_examples=60)
def test_output_range_says_that_an_output_stays_within_its_limits(
    seed: int, limits: tuple[Fraction, ...], width: Fraction, most: Fraction, point: tuple[Fraction, ...]
) -> None:
    graph = network(outputs=3, seed=seed)
    low, high = limits[0], limits[0] + width
    call = f"output_range(f.q, on: f.domain, within: [{low}, {high}], at_least: {limits[1]}, at_most: {most})"
    checked = accepted(f"{FILE}claim c: {call}", {"f": graph})
    claim = checked["c"]

    inside = -1 <= point[0] <= 1 and -2 <= point[1] <= 2 and 0 <= point[2] <= 1
    score = 3 - evaluate_exact(graph, [x / 2 - 1 for x in point])[1]
    kept = low <= score <= high and limits[1] <= score <= most

    said = meaning(checked, claim, point)
    assert (said.in_region, said.body) == (inside, kept)
    assert is_violated(lower(claim), network_point(claim, point)) == (inside and not kept)


@pytest.mark.parametrize(
    ("call", "formula"),
    [
        (
            "robust(f, at: [0, 0, 0], label: q, within: 0.1)",
            "forall x in ball([0, 0, 0], 0.1, linf): argmax(f(x)) == q",
        ),
        (
            "robust(f, at: [0, 0, 0], label: 1, within: 0.1, norm: l1, clip: [0, 1])",
            "forall x in ball([0, 0, 0], 0.1, l1) & box(0, 1): argmax(f(x)) == 1",
        ),
        ("output_range(f.p, on: f.domain, at_most: 3)", "forall x in f.domain: f(x).p <= 3"),
        ("output_range(f[2], on: f.domain, at_least: 3)", "forall x in f.domain: f(x)[2] >= 3"),
        (
            "output_range(f.p, on: box(0, 1), within: [0, 3])",
            "forall x in box(0, 1): 0 <= f(x).p <= 3",
        ),
    ],
)
def test_a_form_expands_to_the_formula_that_it_documents(call: str, formula: str) -> None:
    checked = accepted(f"{FILE}claim c: {call}", {"f": network(outputs=3)})
    assert format_expression(checked["c"].formula) == formula


def test_a_form_speaks_of_one_member_of_a_family() -> None:
    text = """
network g[i in 1..2, j in 1..2] = "g.onnx" { output p, q }
claim c[i]: output_range(g[i, 2].p, on: box(0, 1), at_most: 3)
claim d[i]: output_range(g[i, 2][1], on: box(0, 1), at_most: 3)
"""
    found = accepted(text).spec.claims
    assert [(claim.name, claim.network.label) for claim in found] == [
        ("c[1]", "g[1,2]"),
        ("c[2]", "g[2,2]"),
        ("d[1]", "g[1,2]"),
        ("d[2]", "g[2,2]"),
    ]


def test_an_interval_may_be_a_parameter() -> None:
    text = (
        f"{FILE}param pixels = [0, 1]\nclaim c: robust(f, at: [0, 0, 0], label: 0, within: 1, clip: pixels)"
    )
    checked = accepted(text, {"f": network(outputs=3)})
    assert "box(0, 1)" in format_expression(checked["c"].formula)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_form_documents_itself(form: Claim) -> None:
    assert form.name.isidentifier()
    assert form.name not in BUILT_IN
    assert form.summary
    assert form.formula.startswith("forall ")
    assert all(parameter.meaning for parameter in form.parameters)
    names = [parameter.name for parameter in form.parameters]
    assert len(set(names)) == len(names)
