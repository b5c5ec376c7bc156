"""Lints that look at typed regions: outside of the domain, or as thin as a point."""

from __future__ import annotations

import pytest

from tests.lints.linting import HEAD, diagnostics, found_in

OUTSIDE = [
    ("box([0, 0, 0], [1, 2, 1])", []),
    ("box([0, 0, 0], [1, 3, 1])", ["box([0, 0, 0], [1, 3, 1])"]),
    ("box([2, 0, 0], [3, 1, 1])", ["box([2, 0, 0], [3, 1, 1])"]),
    ("box([0, 0, 0], [1, 3, 1]) & f.domain", []),
    ("{ x | x.b <= 3 }", []),
    ("ball([0, 1, 0], 0.5, linf)", ["ball([0, 1, 0], 0.5, linf)"]),
    ("ball([0.5, 1, 0], 0.5, linf)", []),
    ("ball([0, 1, 0], 0.5, linf) & { x | x.c <= 0 }", []),
    ("f.domain", []),
]


@pytest.mark.parametrize(("region", "places"), OUTSIDE)
def test_a_region_that_reaches_outside_of_the_domain(region: str, places: list[str]) -> None:
    found = found_in(f"claim c: forall x in {region}: f(x).p <= 1\n")
    assert found == [("NN602", place) for place in places]


def test_it_is_said_which_limit_and_whether_all_of_it_is_outside() -> None:
    (partly,) = diagnostics(HEAD + "claim c: forall x in box([0, 0, 0], [1, 3, 9]): f(x).p <= 1\n")
    assert partly.problem == (
        "the region reaches outside of the domain `b in [0, 2]`: it has `b` from 0 to 3; "
        "so it is with 1 more of its inputs"
    )
    assert partly.fix == "cut it: `… & f.domain`"
    assert [note.span.line for note in partly.notes if note.span] == [4]
    (wholly,) = diagnostics(HEAD + "claim c: forall x in box([2.5, 0, 0], [3, 1, 9]): f(x).p <= 1\n")
    assert "lies outside of the domain `a in [0, 1]`: it has `a` from 2.5 to 3;" in wholly.problem


def test_limits_are_compared_in_the_units_of_the_spec() -> None:
    head = HEAD.replace("    domain", "    encode x = (5 - x) / 10\n    domain")
    inside = "claim c: forall x in box([0, 0, -1], [1, 2, 1]): f(x).p <= 1\n"
    assert diagnostics(head + inside) == ()
    (found,) = diagnostics(head + inside.replace("[1, 2, 1]", "[1, 2, 2]"))
    assert "it has `c` from -1 to 2" in found.problem


def test_a_family_is_warned_of_once() -> None:
    found = found_in("claim c[k in 3..5]: forall x in box(0, k): f(x).p <= 1\n")
    assert found == [("NN602", "box(0, k)")]


def test_a_claim_that_is_said_to_be_vacuous_may_be() -> None:
    claim = "claim c @expect(vacuous): forall x in box([2, 0, 0], [3, 1, 1]) & f.domain: f(x).p <= 1\n"
    assert found_in(claim) == []


def test_the_ball_of_a_claim_form_counts() -> None:
    claim = "claim c: robust(f, at: [0, 1, 0], label: p, within: 0.5)\n"
    assert [code for code, _ in found_in(claim)] == ["NN602"]
    clipped = "claim c: robust(f, at: [0, 1, 0], label: p, within: 0.5, clip: [0, 1])\n"
    assert found_in(clipped) == []


THIN = [
    ("{ x | x.a >= 1 }", ["x.a >= 1"]),
    ("{ x | x.a > 1/2 and x.b >= 1 and x.b <= 1 }", ["x.b <= 1"]),
    ("{ x | 1 <= x.b <= 1 }", ["1 <= x.b <= 1"]),
    ("{ x | x.a == 1 }", []),
    ("{ x | x.a >= 1/2 }", []),
    ("box([0, 0, 0], [1, 0, 1])", []),
    ("box([0, 0, 0], [0, 0, 0])", ["box([0, 0, 0], [0, 0, 0])"]),
    ("ball([0, 1, 0], 0, linf)", ["ball([0, 1, 0], 0, linf)"]),
    ("{ x | x.a >= 1 } & box([0, 0, 0], [1, 2, 1])", ["x.a >= 1"]),
    ("{ x | x.a >= 1 or x.b >= 1 }", []),
    ("{ x | x.a + x.b <= 1 and x.a + x.b >= 1 }", []),
]


@pytest.mark.parametrize(("region", "places"), THIN)
def test_limits_that_only_a_single_value_meets(region: str, places: list[str]) -> None:
    found = found_in(f"claim c: forall x in {region}: f(x).p <= 1\n")
    assert found == [("NN606", place) for place in places]


def test_both_limits_are_shown() -> None:
    (found,) = diagnostics(HEAD + "claim c: forall x in { x | x.a >= 1 }: f(x).p <= 1\n")
    assert found.problem == "only one value of `a` meets `x.a >= 1` and `a in [0, 1]`: 1"
    assert found.fix == "write `== 1` if that is meant"
    assert [note.span.line for note in found.notes if note.span] == [4]


def test_a_radius_of_zero_is_a_single_point() -> None:
    claim = "claim c: robust(f, at: [0, 1, 0], label: p, within: 0)\n"
    assert [code for code, _ in found_in(claim)] == ["NN606"]
