"""Regions apart from violations: boxes, residual constraints, cases, vacuity."""

from __future__ import annotations

from fractions import Fraction

import pytest

from spec_lang.kernel.judge import judge
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.lower import MAX_CASES, TooManyCases, lower, lower_condition
from spec_lang.obligations.model import All, Any, Axis, Box, Condition, Frame, Goal, LinearAtom, atoms
from spec_lang.obligations.simplify import FALSE
from tests.semantics.worlds import accepted, network

FILE = """
network f = "f.onnx" {
    input a, b, c
    output p, q
    domain a in [0, 1], b in [0, 1], c in [0, 1]
}
"""
FRAME = Frame("f", "x", tuple(map(Axis, "abc")), tuple(map(Axis, "pq")))


def goal(region: str, body: str) -> Goal:
    return lower(accepted(f"{FILE}claim c: forall x in {region}: {body}")["c"])


def bare(condition: Condition) -> Goal:
    return lower_condition(network(), condition, FRAME, "query")


def box(*sides: tuple[float, float]) -> Box:
    return Box(tuple(Fraction(s[0]) for s in sides), tuple(Fraction(s[1]) for s in sides))


def sources(found: Goal) -> list[str]:
    return [row.source for row in found.obligations[0].region.constraints]


def test_a_box_has_no_residual_constraints() -> None:
    found = goal("f.domain & box(0.25, 2)", "f(x).p <= 0")
    assert [o.region.boxes for o in found.obligations] == [(box((0.25, 1), (0.25, 1), (0.25, 1)),)]
    assert found.obligations[0].region.constraints == ()


def test_a_strict_bound_stays_beside_the_closed_box() -> None:
    found = goal("{ x | x.a < 0.5 and x.b > 0 }", "f(x).p <= 0")
    assert found.obligations[0].region.boxes == (box((0, 0.5), (0, 1), (0, 1)),)
    assert sources(found) == ["x.a < 0.5", "x.b > 0"]


def test_constraints_that_the_box_implies_are_left_out() -> None:
    found = goal("{ x | x.a + x.b <= 2 and x.a + x.b < 2 and x.a - 2 < x.c }", "f(x).p <= 0")
    assert sources(found) == ["x.a + x.b < 2"]


def test_a_disjunction_of_boxes_is_one_region_of_several_boxes() -> None:
    found = goal("{ x | x.a <= 1/4 or x.a >= 3/4 }", "f(x).p <= 0")
    (obligation,) = found.obligations
    assert obligation.region.boxes == (
        box((0, 0.25), (0, 1), (0, 1)),
        box((0.75, 1), (0, 1), (0, 1)),
    )


def test_a_disjunction_with_other_constraints_is_several_obligations() -> None:
    found = goal("{ x | x.a <= 1/4 or x.a + x.b >= 1 }", "f(x).p <= 0")
    assert [len(o.region.constraints) for o in found.obligations] == [0, 1]


def test_a_premise_over_inputs_narrows_the_region() -> None:
    found = goal("f.domain", "x.a <= 1/2 => f(x).p <= 0")
    (obligation,) = found.obligations
    assert obligation.region.boxes == (box((0, 0.5), (0, 1), (0, 1)),)
    assert [atom.inputs for atom in atoms(obligation.violation)] == [()]


def test_cases_with_the_same_violation_share_an_obligation() -> None:
    found = goal("f.domain", "(x.a <= 1/4 or x.a >= 3/4) => f(x).p <= 0")
    assert [len(o.region.boxes) for o in found.obligations] == [2]


def test_a_case_outside_the_region_is_dropped() -> None:
    found = goal("f.domain", "(x.a <= 1/2 => f(x).p <= 0) and (x.a >= 2 => f(x).q <= 0)")
    assert len(found.obligations) == 1
    assert "f(x).p" in next(atoms(found.obligations[0].violation)).source


def test_a_claim_over_inputs_alone_keeps_its_clause_for_the_counterexample() -> None:
    found = goal("f.domain", "x.a <= 0.5")
    assert [atom.source for atom in atoms(found.obligations[0].violation)] == ["x.a <= 0.5"]


def test_a_tie_breaks_no_disjunction_of_opposite_orders() -> None:
    found = goal("f.domain", "f(x).p <= f(x).q or f(x).q <= f(x).p")
    assert [o.violation for o in found.obligations] == [FALSE]
    assert judge(found, ()).status is Status.PROVED


def test_what_the_region_contradicts_is_no_violation() -> None:
    found = goal("f.domain", "x.a <= 1 and f(x).p + x.a <= f(x).p + 3")
    assert judge(found, ()).status is Status.PROVED


def test_an_unbounded_region_is_kept_as_such() -> None:
    found = goal("box(0, 1)", "f(x).p <= 0")
    assert found.obligations[0].region.boxes == (box((0, 1), (0, 1), (0, 1)),)
    text = 'network f = "f.onnx"\nclaim c: forall x in { x | x[0] <= 1 }: f(x)[0] <= 0'
    (obligation,) = lower(accepted(text)["c"]).obligations
    assert obligation.region.boxes == (Box((None, None, None), (Fraction(1), None, None)),)


@pytest.mark.parametrize(
    ("region", "clash"),
    [
        ("{ x | x.a > 1 }", "`x.a > 1` clashes with `a <= 1 (of a in [0, 1])`"),
        ("{ x | x.a + x.b > 2 }", "`x.a + x.b > 2`"),
        ("{ x | x.a <= x.b and x.b < x.a }", "`x.b < x.a`"),
        ("box(0.75, 0.25)", "`a >= 0.75 (of box(0.75, 0.25))`"),
        ("ball([0, 0, 0], -1, linf)", "`a >= 1 (of ball([0, 0, 0], -1, linf))`"),
        ("{ x | 1 > 2 }", "`1 > 2`"),
    ],
)
def test_an_empty_region_is_vacuous_and_says_what_clashes(region: str, clash: str) -> None:
    found = goal(region, "f(x).p <= 0")
    verdict = judge(found, ())
    assert verdict.status is Status.VACUOUS
    assert clash in (verdict.reason or "")


def test_an_empty_disjunction_is_vacuous_with_a_proof_for_each_case() -> None:
    found = goal("{ x | x.a > 1 or x.b < 0 }", "f(x).p <= 0")
    assert found.conflict is not None
    assert len(found.conflict.others) == 1
    assert judge(found, ()).status is Status.VACUOUS


def test_a_false_premise_is_proved_and_not_vacuous() -> None:
    assert judge(goal("f.domain", "x.a > 1 => f(x).p <= 0"), ()).status is Status.PROVED


def test_too_many_cases_are_refused() -> None:
    clause = "(x.a <= {0}/100 or x.b >= {0}/100)"
    body = " or ".join(f"(x.a > {n}/100 and x.b < {n}/100 and f(x).p <= 0)" for n in range(1, 14))
    with pytest.raises(TooManyCases, match=f"{MAX_CASES:,}"):
        goal("f.domain", body)
    conjuncts = " and ".join(clause.format(n) for n in range(1, 14))
    with pytest.raises(TooManyCases):
        goal(f"{{ x | {conjuncts} }}", "f(x).p <= 0")


def atom(index: int, sign: int, constant: float, *, output: bool = False) -> LinearAtom:
    """`sign·x + constant <= 0`."""
    terms = ((index, Fraction(sign)),)
    return LinearAtom(() if output else terms, terms if output else (), Fraction(constant), False)


def test_a_query_with_input_disjunctions_keeps_its_boxes() -> None:
    sides = [All((atom(0, -1, low), atom(0, 1, -high))) for low, high in ((0, 1), (2, 3))]
    rest = [atom(i, s, -1) for i in (1, 2) for s in (1, -1)]
    found = bare(All((Any(tuple(sides)), *rest, atom(0, 1, 0, output=True))))
    (obligation,) = found.obligations
    assert obligation.region.boxes == (box((0, 1), (-1, 1), (-1, 1)), box((2, 3), (-1, 1), (-1, 1)))


def test_a_query_with_mixed_disjuncts_pairs_inputs_with_outputs() -> None:
    first = All((atom(0, 1, 0), atom(0, 1, 0, output=True)))
    second = All((atom(0, -1, 1), atom(1, 1, 0, output=True)))
    found = bare(Any((first, second)))
    assert [len(o.region.boxes) for o in found.obligations] == [1, 1]
    assert [atom.outputs[0][0] for o in found.obligations for atom in atoms(o.violation)] == [0, 1]


def test_a_query_without_outputs_is_violated_everywhere_in_its_region() -> None:
    found = bare(All((atom(0, 1, -1), atom(0, -1, 0))))
    assert len(found.obligations) == 1
    assert found.obligations[0].violation == All(())


def test_a_query_with_an_empty_region_is_vacuous() -> None:
    found = bare(All((atom(0, 1, 1), atom(0, -1, 0), atom(0, 1, 0, output=True))))
    assert judge(found, ()).status is Status.VACUOUS
