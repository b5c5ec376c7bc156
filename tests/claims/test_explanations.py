"""Claims about explanations are lowered to what they say: exactly, against the reference meaning.

Scalings are no dyadic numbers, so that forms over the graph have coefficients that no floats hold.
"""

from __future__ import annotations

from fractions import Fraction

from hypothesis import assume
from hypothesis import strategies as st

from spec_lang.obligations.lower import lower
from spec_lang.semantics.evaluate import AtKink
from tests.laws import law
from tests.semantics.worlds import check, is_violated, meaning, network, network_point, stated

FILE = """
network f = "f.onnx" {
    input a, b, c
    output p, q, r
    encode x = (x - [1, 0, 1/3]) / [3, 7, -5/3]
    decode y = y * [1/3, -2, 1/7] + [0, 1, 1/11]
}
param at = [1/3, -1/2, 2/7]
region near on f = box(-9, 9)
"""
MEASURES = (
    "within: 1/2, norm: l1",
    "within: 1/2, norm: l2",
    "within: 1/7, norm: linf",
    "cosine: 1",
    "cosine: 9/10",
    "cosine: 1/2",
    "cosine: 0",
    "cosine: -1/3",
    "cosine: -1",
)
coordinates = st.integers(-12, 12).map(lambda n: Fraction(n, 6))
points = st.tuples(coordinates, coordinates, coordinates)
WAYS = ("gradient", "saliency")
claims = st.one_of(
    st.builds(
        "explanation_stable(f.{}, at: at, on: near, {}, by: {})".format,
        *map(st.sampled_from, ("pqr", MEASURES, WAYS)),
    ),
    st.builds(
        "explanation_stable(f.{}, on: near, never_near: [{}, -1/3, 2], {}, by: {})".format,
        *map(st.sampled_from, ("pqr", "102", MEASURES, WAYS)),
    ),
    st.builds("same_signs(f.{}, at: at, on: near, by: {})".format, *map(st.sampled_from, ("pqr", WAYS))),
    st.builds(
        "same_top(f.{}, at: at, on: near, k: {}, by: {})".format, *map(st.sampled_from, ("pqr", "12", WAYS))
    ),
    st.sampled_from(
        (
            "forall x in near: cosine(grad(f.p, x), grad(f.q, x)) > 1/3",
            "forall x in near: cosine(x, x * grad(f.q, x)) <= 1/3",
            "forall x in near: 1/2 >= cosine(f(x), [1/3, 1, 0])",
            "forall x in near: dot(grad(f.p, x), x - at) <= f(x).p / 7",
            "forall x in near: norm(grad(f.p, x) * grad(f.q, x), l2) < 2 * norm(x - at, l2)",
            "forall x in near: norm(x / 7, l2) <= x.a / 3 + x.b / 11 + 1 / 13",
            "forall x in near: argtop(f(x), 2) == argtop([1, 3, 2], 2)",
        )
    ),
)


@law(60, 1000, seed=st.integers(0, 30), call=claims, tried=st.lists(points, min_size=1, max_size=4))
def test_a_claim_is_violated_exactly_where_its_formula_fails(
    seed: int, call: str, tried: list[tuple[Fraction, ...]]
) -> None:
    checked = check(f"{FILE}claim c: {call}", {"f": network(outputs=3, seed=seed)})
    assert set(checked.codes) <= {"NN120", "NN152"}
    assume(not checked.codes)  # no gradient at `at` that is 0 or has ties, and none of several values
    claim = checked["c"]
    assume(len(stated(claim).frame.inputs) == 3)
    goal = lower(claim)
    for point in tried:
        try:
            said = meaning(checked, claim, point)
        except AtKink:
            continue
        assert is_violated(goal, network_point(claim, point)) == (said.in_region and not said.body)
