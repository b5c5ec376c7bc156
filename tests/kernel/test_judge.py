"""Laws of the judge: what a backend says becomes a verdict only when the kernel can stand behind it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.diagnostics import InternalError
from spec_lang.kernel.judge import is_impossible, judge
from spec_lang.kernel.verdict import EvidenceKind, Status, Verdict
from spec_lang.obligations.model import (
    All,
    Any,
    Axis,
    Box,
    Condition,
    EmptyRegion,
    Frame,
    Goal,
    LinearAtom,
    Obligation,
    Region,
)
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome, Proved, Refuted
from tests.tiny_networks import relu_network

ZERO, ONE = Fraction(0), Fraction(1)
UNIT = Box((ZERO, ZERO), (ONE, ONE))
FALSE = Any(())
FRAME = Frame("f", "x", (Axis("a"), Axis("b")), (Axis("y"),))

PROVED = Proved(Attestation("bounds", "1.0", "by hand"))
TIMEOUT = GaveUp(GaveUpReason.TIMEOUT, "10 s", bound=-0.5)
HIT = Refuted((ONE, ZERO))  # there, y = 5/4
MISS = Refuted((ZERO, ZERO))  # there, y = 1/4


def y_at_least(bound: Fraction) -> LinearAtom:
    return LinearAtom((), ((0, -ONE),), bound, False, f"y < {bound}")


def x_at_most(bound: Fraction, *, index: int = 0, strict: bool = False) -> LinearAtom:
    return LinearAtom(((index, ONE),), (), -bound, strict, f"x{index} <= {bound}")


def x_at_least(bound: Fraction, *, index: int = 0, strict: bool = False) -> LinearAtom:
    return LinearAtom(((index, -ONE),), (), bound, strict, f"x{index} >= {bound}")


def obligation(violation: Condition | None = None, region: Region | None = None) -> Obligation:
    """About `y = x0 - x1 + 1/4`; without an argument, that `y` stays below 1."""
    return Obligation(relu_network(), region or Region((UNIT,)), violation or y_at_least(ONE))


def goal(*obligations: Obligation, conflict: EmptyRegion | None = None) -> Goal:
    return Goal("claim", None, obligations, FRAME, conflict)


OUTCOMES = st.sampled_from((PROVED, TIMEOUT, HIT, MISS, GaveUp(GaveUpReason.NUMERICAL, "")))


@given(st.lists(OUTCOMES, min_size=1, max_size=4), st.integers(0, 3))
def test_a_verdict_is_no_better_than_the_worst_outcome(outcomes: list[Outcome], missing: int) -> None:
    subject = goal(*(obligation() for _ in range(len(outcomes) + missing)))
    verdict = judge(subject, outcomes)
    if HIT in outcomes:
        expected = Status.REFUTED
    elif all(outcome is PROVED for outcome in outcomes) and not missing:
        expected = Status.PROVED
    else:
        expected = Status.UNKNOWN
    assert expected is verdict.status
    assert (verdict.witness is not None) is (expected is Status.REFUTED)
    assert (verdict.evidence is not None) is (expected is not Status.UNKNOWN)


def test_a_point_that_does_not_replay_is_unknown_and_says_so() -> None:
    verdict = judge(goal(obligation()), [MISS])
    assert (verdict.status, verdict.gave_up) == (Status.UNKNOWN, GaveUpReason.NUMERICAL)
    assert "evaluated exactly" in (verdict.reason or "")


@pytest.mark.parametrize(
    "point", [(ONE,), (ONE, ZERO, ZERO), (Fraction(2), ZERO), (ONE, Fraction(-1, 10**30))]
)
def test_a_point_outside_of_the_region_or_of_the_wrong_length_refutes_nothing(
    point: tuple[Fraction, ...],
) -> None:
    assert judge(goal(obligation()), [Refuted(point)]).status is Status.UNKNOWN


def test_a_refutation_carries_the_exact_outputs_and_the_clause() -> None:
    witness = judge(goal(obligation()), [HIT]).witness
    assert witness is not None
    assert (Fraction(5, 4),) == witness.outputs
    assert [atom.source for atom in witness.violated] == ["y < 1"]


def test_a_proof_is_labelled_by_who_is_trusted_for_it() -> None:
    verdict = judge(goal(obligation()), [PROVED])
    assert str(verdict.evidence) == "trusted(bounds 1.0, by hand)"


def test_the_weakest_evidence_labels_the_whole() -> None:
    verdict = judge(goal(obligation(FALSE), obligation(), obligation(FALSE)), [TIMEOUT, PROVED])
    assert verdict.evidence is not None
    assert (verdict.status, verdict.evidence.kind) == (Status.PROVED, EvidenceKind.TRUSTED)


@pytest.mark.parametrize(
    "violation",
    [
        FALSE,
        All((y_at_least(ONE), FALSE)),
        Any((FALSE, LinearAtom((), (), ONE, False))),
        LinearAtom((), (), ZERO, strict=True),
    ],
)
def test_an_impossible_violation_is_proved_by_the_kernel_alone(violation: Condition) -> None:
    verdict = judge(goal(obligation(violation)), [])
    assert verdict.evidence is not None
    assert (verdict.status, verdict.evidence.kind) == (Status.PROVED, EvidenceKind.CHECKED)


@pytest.mark.parametrize(
    "violation", [All(()), Any((All(()), FALSE)), LinearAtom((), (), ZERO, strict=False), y_at_least(ONE)]
)
def test_what_may_be_true_is_not_impossible(violation: Condition) -> None:
    assert not is_impossible(violation)


def test_a_goal_that_states_nothing_is_an_error_not_a_proof() -> None:
    with pytest.raises(InternalError):
        judge(goal(), [])


def test_more_outcomes_than_obligations_are_an_error() -> None:
    with pytest.raises(InternalError):
        judge(goal(obligation()), [PROVED, PROVED])


def test_a_refutation_says_which_obligation_is_broken() -> None:
    verdict = judge(goal(obligation(), obligation()), [PROVED, HIT])
    assert verdict.status is Status.REFUTED
    assert verdict.broken == 1


def test_an_unknown_says_why_and_how_many_obligations_are_open() -> None:
    verdict = judge(goal(obligation(), obligation(), obligation()), [PROVED, TIMEOUT, TIMEOUT])
    expected = Verdict(
        Status.UNKNOWN,
        reason="timeout: 10 s (2 of 3 obligations open)",
        gave_up=GaveUpReason.TIMEOUT,
        bound=-0.5,
    )
    assert expected == verdict


# -- vacuous claims ------------------------------------------------------------------------------------

THIRD, HALF = Fraction(1, 3), Fraction(1, 2)
CLASH = (x_at_most(THIRD), x_at_least(HALF))
EMPTY = Region((UNIT,), CLASH)


def vacuous(*conflicts: EmptyRegion, regions: Sequence[Region] = (EMPTY,)) -> Verdict:
    first, *others = conflicts
    conflict = EmptyRegion(first.rows, first.multipliers, tuple(others))
    return judge(goal(*(obligation(FALSE, region) for region in regions), conflict=conflict), [])


def test_a_proved_conflict_makes_a_claim_vacuous_and_names_the_clauses() -> None:
    verdict = vacuous(EmptyRegion(CLASH, (ONE, ONE)))
    assert verdict.status is Status.VACUOUS
    assert verdict.reason == "the region is empty: `x0 <= 1/3` clashes with `x0 >= 1/2`"


@pytest.mark.parametrize(
    ("rows", "multipliers"),
    [
        (CLASH, (ONE, Fraction(2))),  # does not cancel
        (CLASH, (ONE,)),
        (CLASH, (-ONE, -ONE)),
        (CLASH, (ZERO, ZERO)),  # 0 <= 0
        ((x_at_most(HALF), x_at_least(HALF)), (ONE, ONE)),  # not strict: 1/2 is a point
        ((x_at_most(ZERO), x_at_least(HALF)), (ONE, ONE)),  # the region says less than `x0 <= 0`
        ((y_at_least(ONE), LinearAtom((), ((0, ONE),), ZERO, False)), (ONE, ONE)),  # rows over outputs
    ],
)
def test_a_conflict_that_is_not_proved_makes_nothing_vacuous(
    rows: tuple[LinearAtom, ...], multipliers: tuple[Fraction, ...]
) -> None:
    verdict = vacuous(EmptyRegion(rows, multipliers))
    assert (verdict.status, verdict.gave_up) == (Status.UNKNOWN, GaveUpReason.NUMERICAL)


@pytest.mark.parametrize("strict", [True, False])
def test_touching_bounds_clash_when_one_is_strict(strict: bool) -> None:
    rows = (x_at_most(HALF, strict=strict), x_at_least(HALF))
    verdict = vacuous(EmptyRegion(rows, (ONE, ONE)), regions=[Region((UNIT,), rows)])
    assert (verdict.status is Status.VACUOUS) is strict


def test_a_box_that_is_turned_round_is_a_conflict() -> None:
    turned = Region((Box((HALF, ZERO), (THIRD, ONE)),))
    assert vacuous(EmptyRegion(CLASH, (ONE, ONE)), regions=[turned]).status is Status.VACUOUS


def test_every_obligation_needs_a_proof_of_its_own() -> None:
    one = EmptyRegion(CLASH, (ONE, ONE))
    assert vacuous(one, one, regions=[EMPTY, EMPTY]).status is Status.VACUOUS
    assert vacuous(one, regions=[EMPTY, EMPTY]).status is Status.UNKNOWN
    assert vacuous(one, one, regions=[EMPTY, Region((UNIT,))]).status is Status.UNKNOWN
    assert vacuous(one, regions=[]).status is Status.UNKNOWN


@given(
    st.lists(st.tuples(*(st.integers(-3, 3),) * 3, st.booleans()), min_size=1, max_size=4),
    st.lists(st.integers(-1, 3), min_size=1, max_size=4),
    st.tuples(*(st.fractions(-4, 4, max_denominator=6),) * 2),
)
def test_a_region_with_a_point_is_never_vacuous(
    rows: list[tuple[int, int, int, bool]], multipliers: list[int], point: tuple[Fraction, Fraction]
) -> None:
    """Rows are moved until `point` satisfies them; then no combination may pass."""
    atoms = []
    for a, b, slack, strict in rows:
        value = a * point[0] + b * point[1]
        constant = -value - abs(slack) - (1 if strict else 0)
        terms = tuple((i, Fraction(c)) for i, c in enumerate((a, b)) if c)
        atoms.append(LinearAtom(terms, (), constant, strict))
    box = Box((point[0] - 1, None), (None, point[1]))
    evidence = EmptyRegion(tuple(atoms), tuple(map(Fraction, multipliers)))
    assert vacuous(evidence, regions=[Region((box,), tuple(atoms))]).status is Status.UNKNOWN
