"""What is lowered of a claim form is what the form says, point by point, against its definition in Python."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.kernel.exact import evaluate_exact
from spec_lang.obligations.lower import lower
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
