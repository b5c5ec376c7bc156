"""A claim that compares a measure stands for exactly the formula that says so, or for none."""

from __future__ import annotations

import pytest

from spec_lang.syntax.format import format_expression
from tests.semantics.resolving import resolved
from tests.semantics.worlds import Checked, accepted, check

HEAD = """network f = "f.onnx" { input a, b, c
 output p, q
 domain a in [0, 1], b in [0, 1], c in [0, 1] }
param lim = 0.05
measure worst = max norm(f(x), linf) for x in f.domain
measure least = min f(x).p for x in f.domain
measure spread = range f(x).p for x in f.domain
measure gap = max f(x).p - f(y).p for x in f.domain, y in f.domain
measure radius = largest r in [0, 3] with injective(f, on: ball([0.5, 0.5, 0.5], r, linf))
measure limit = smallest r in [0, 3] with forall x in f.domain: f(x).p <= r
measure each[j in 0..1] = max f(x)[j] for x in f.domain
measure near[j in 0..1] = largest r in [0, j + 1] with forall x in ball([0, 0, 0], r, l1): f(x)[j] <= 9
"""
NOT_INJECTIVE = "not (f(x) == f(y) => x == y)"
BALLS = "x in ball([0.5, 0.5, 0.5], {0}, linf), y in ball([0.5, 0.5, 0.5], {0}, linf): {1}"


def formulas(checked: Checked) -> list[str]:
    return [format_expression(claim.formula) for claim in checked.spec.claims if claim.kind == "claim"]


@pytest.mark.parametrize(
    ("claim", "formula"),
    [
        ("worst <= lim", "forall x in f.domain: norm(f(x), linf) <= lim"),
        ("0.6 > worst", "forall x in f.domain: norm(f(x), linf) < 0.6"),
        ("worst >= 1", "exists x in f.domain: norm(f(x), linf) >= 1"),
        ("1 < worst", "exists x in f.domain: norm(f(x), linf) > 1"),
        ("least >= 0", "forall x in f.domain: f(x).p >= 0"),
        ("least < 0", "exists x in f.domain: f(x).p < 0"),
        ("spread > 0", "forall x in f.domain: f(x).p > 0"),
        (
            "0 <= spread < 1",
            "(forall x in f.domain: f(x).p >= 0) and forall x in f.domain: f(x).p < 1",
        ),
        (
            "worst <= 1 and least >= 0",
            "(forall x in f.domain: norm(f(x), linf) <= 1) and forall x in f.domain: f(x).p >= 0",
        ),
        ("not (worst <= 1)", "exists x in f.domain: not norm(f(x), linf) <= 1"),
        ("gap <= 1", "forall x in f.domain, y in f.domain: f(x).p - f(y).p <= 1"),
        ("radius >= 0.6", "forall " + BALLS.format("0.6", "f(x) == f(y) => x == y")),
        ("3 * lim > radius", "exists " + BALLS.format("3 * lim", NOT_INJECTIVE)),
        ("limit <= 2", "forall x in f.domain: f(x).p <= 2"),
        ("2 < limit", "exists x in f.domain: not f(x).p <= 2"),
        ("each[0] <= 1", "forall x in f.domain: f(x)[0] <= 1"),
        ("near[1] >= 2", "forall x in ball([0, 0, 0], 2, l1): f(x)[1] <= 9"),
        (
            "forall x in f.domain: worst <= f(x).p",
            "forall x in f.domain: forall x_1 in f.domain: norm(f(x_1), linf) <= f(x).p",
        ),
        ("forall worst in f.domain: f(worst).p <= 1", "forall worst in f.domain: f(worst).p <= 1"),
    ],
)
def test_a_comparison_stands_for_its_formula(claim: str, formula: str) -> None:
    assert formulas(accepted(f"{HEAD}claim c: {claim}\n")) == [formula]


def test_the_indices_of_a_claim_are_those_of_its_measure() -> None:
    found = accepted(f"{HEAD}claim c[j]: each[j] <= 1 + j\n")
    assert formulas(found) == [f"forall x in f.domain: f(x)[{j}] <= 1 + {j}" for j in (0, 1)]
    assert [claim.name for claim in found.spec.claims][-2:] == ["c[0]", "c[1]"]


def test_a_measure_may_come_after_the_claim_and_be_called_like_an_output() -> None:
    head, _, measure = HEAD.partition("measure worst")
    text = f"{head}claim c: worst <= 1\nclaim d: forall x in f.domain: argmax(f(x)) == p\n"
    text += f"measure worst{measure.splitlines()[0]}\nmeasure p = max f(x).p for x in f.domain\n"
    assert formulas(accepted(text))[0] == "forall x in f.domain: norm(f(x), linf) <= 1"


def test_what_is_not_seen_to_fall_keeps_a_claim_from_being_decided() -> None:
    text = f"{HEAD}measure m = largest r in [0, 3] with forall x in f.domain: f(x).p <= r\nclaim c: m >= 1\n"
    found = check(text)
    assert found.codes == ("NN157",)
    assert found["c"].needs


@pytest.mark.parametrize(
    ("claim", "code", "fix"),
    [
        ("radius > 0.6", "NN161", "write `radius >= 0.6`"),
        ("radius <= 0.6", "NN161", "write `radius < 0.6`"),
        ("limit < 2", "NN161", "write `limit <= 2`"),
        ("2 <= limit", "NN161", "write `limit > 2`"),
        ("radius >= 4", "NN161", "make the interval larger"),
        ("near[0] >= 2", "NN161", "make the interval larger"),
        ("worst == 1", "NN161", "write `worst <= 1`"),
        ("0.1 <= worst <= 0.5", "NN161", "write a claim for each of the comparisons"),
        ("0.1 <= radius < 0.5", "NN161", "write a claim for each of the comparisons"),
        ("forall x in f.domain: radius >= f(x).p", "NN161", "write the number"),
        ("2 * worst <= 1", "NN160", "write `worst <= 0.1`, or use its formula"),
        ("forall x in ball([0, 0, 0], radius, linf): f(x).p <= 1", "NN160", None),
        ("worst <= least", "NN160", "give the difference of their formulas a measure of its own"),
        ("worst <= 2 * least", "NN160", None),
        ("each <= 1", "NN106", "say which member: `each[j]`"),
        ("each[2] <= 1", "NN106", None),
        ("worst[1] <= 1", "NN106", "write `worst`"),
        ("worse <= 1", "NN102", None),
    ],
)
def test_what_no_claim_says_is_an_error_with_a_fix(claim: str, code: str, fix: str | None) -> None:
    found = check(f"{HEAD}claim c: {claim}\n")
    assert found.codes == (code,)
    assert fix is None or found.problems[0].fix == fix


@pytest.mark.parametrize(
    "declaration",
    [
        "measure m = max worst * f(x).p for x in f.domain",
        "measure m = largest r in [0, radius] with forall x in ball([0, 0, 0], r, linf): f(x).p <= 1",
        "def d = worst <= 1",
        "region small on f = { x | x.a <= worst }",
        "invariant i of f: output[0] <= worst",
    ],
)
def test_only_a_claim_speaks_of_a_measure(declaration: str) -> None:
    assert check(f"{HEAD}{declaration}\n").codes == ("NN160",)


def test_the_measures_of_an_imported_file_are_its_own() -> None:
    other = 'network f = "f.onnx"\nmeasure worst = max f(x)[0] for x in box(0, 1)\n'
    found = resolved("claim c: worst <= 1\n", imports={"other.nnspec": other})
    assert found.codes == ("NN102",)


def test_a_measure_is_of_points_and_not_of_indices() -> None:
    found = check(f"{HEAD}measure m = max f(x).p for x in {{1}}\n")
    assert found.codes == ("NN118",)
    assert found.problems[0].fix == "measure each by itself: `measure name[x in …] = …`"
