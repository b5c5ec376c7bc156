"""Sums of more absolute values and maxima than can be spelled out mean what is written."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import strategies as st

from spec_lang.obligations.lower import lower
from tests.laws import law
from tests.semantics.worlds import accepted, is_violated, meaning, network

SIZE = 14
HEAD = f'network f = "f.onnx" {{ input {", ".join(f"i{k}" for k in range(SIZE))} output p, q }}\n'
BODIES = (
    "norm(x, l1) <= 3",
    "norm(x - 0.3, l1) >= 2",
    "sum(abs(x)) - 2 * abs(f(x).p) <= 1",
    "norm(2 * x - 1, l1) < norm(x, linf) + 20",
    "sum(max(x, 0.5)) <= 9 or f(x).p > 1",
    "norm(x, l1) == 3",
    "not (1 <= norm(x, l1) <= 2)",
    "norm(x, l1) - 3 * norm(x, l2) <= 0",
)


@pytest.mark.parametrize("body", BODIES)
@law(
    6,
    200,
    point=st.lists(st.sampled_from([Fraction(k, 4) for k in range(-4, 5)]), min_size=SIZE, max_size=SIZE),
)
def test_a_claim_fails_where_its_formula_does(body: str, point: list[Fraction]) -> None:
    checked = accepted(f"{HEAD}claim c: forall x in box(-1, 1): {body}\n", {"f": network(SIZE, 2)})
    claim = checked["c"]
    fails = not meaning(checked, claim, point).body
    assert is_violated(lower(claim), point) == fails
