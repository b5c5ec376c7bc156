"""Laws of rules, of points that break them, and of lines that cover a decision's points."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from spec_lang.engine import CheckOptions, check
from spec_lang.inference.attack import breaking, rows_of
from spec_lang.inference.boxing import by_boxes
from spec_lang.inference.cover import Cover
from spec_lang.inference.covering import by_rules
from spec_lang.inference.inquiries import Setting
from spec_lang.inference.model import Candidate, Literal, Method
from spec_lang.inference.proving import Finding
from spec_lang.inference.rules import Outside, needed, rule
from spec_lang.inference.search import roomy
from spec_lang.inference.signatures import NONE, Signatures, room, signatures
from spec_lang.kernel.verdict import Status
from tests.inference.networks import outcome_of, write_network, write_points
from tests.inference.test_signatures import found_in


@pytest.fixture(params=[3, 11, 39])
def found(request: pytest.FixtureRequest, tmp_path: Path) -> Signatures:
    return found_in(tmp_path, request.param)


def test_a_rule_leaves_out_every_point_of_another_decision(found: Signatures) -> None:
    values, learnt = found.values(1, np.arange(len(found))), 0
    for decision in range(len(found.decisions)):
        own = found.decided == decision
        others = Outside(values[~own], values[~own])
        literals = rule(values[own], others, 1, 0.05) if own.any() else None
        if literals is None:
            continue
        learnt += 1
        met = found.where(Candidate(decision, Method.RULE, literals))
        assert met.any()
        assert (found.decided[met] == decision).all()
    assert learnt


def test_a_rule_leaves_out_what_lies_in_an_interval() -> None:
    """Values between the ends may be any of them: a threshold inside of the interval does not tell."""
    inside = np.array([[1.0], [2.0], [3.0]])
    literals = rule(inside, Outside(np.array([[2.5]]), np.array([[9.0]])), 0, 0.0)
    assert literals is not None
    assert all(not c.above and c.bound < 2.5 for c in literals)
    assert rule(inside, Outside(np.array([[0.0]]), np.array([[9.0]])), 0, 0.0) is None


def test_a_condition_is_needed_where_the_rest_is_true_of_another_point() -> None:
    literals = (Literal(0, 0, True, Fraction(1)), Literal(0, 1, False, Fraction(2)))
    assert needed(np.zeros((0, 2)), literals) == 0
    assert needed(np.array([[0.0, 1.0]]), literals) == 1  # fails the first alone
    assert needed(np.array([[0.0, 3.0]]), literals) == 0  # fails both
    assert needed(np.array([[0.0, 1.0], [2.0, 3.0], [0.0, 3.0]]), literals) == 2


def test_points_that_break_a_rule_break_it(found: Signatures) -> None:
    """Nothing is asked of the layers: what breaks `true => decision` is decided otherwise."""
    setting, met = Setting(found, 0), 0
    for decision in found.decisions:
        rows = rows_of(found.subject, decision, (), 0.0)
        points = breaking(rows, setting.domain, found.points)
        low, high = setting.domain
        assert ((points >= low) & (points <= high)).all()
        broken = signatures(found.subject, found.decisions, points)
        assert (room(decision, points, broken.outputs) <= 1e-9).all()
        met += len(points)
    assert met


def test_a_refuted_rule_is_not_asked_again(found: Signatures) -> None:
    """Each answer is `refuted` at a point that satisfies the rule: the next rule leaves it out."""
    decision = int(np.bincount(found.decided[found.decided != NONE]).argmax())
    cover = Cover.start(Setting(found, 0), decision, 1)
    line, asked = by_rules(cover, 1, 2), list[Candidate]()
    candidate = next(line, None)
    while candidate is not None and len(asked) < 12:
        asked.append(candidate)
        row = int(np.flatnonzero(found.where(candidate))[0])
        witness = tuple(map(Fraction, found.points[row].tolist()))
        before = sum(map(len, cover.against))
        try:
            candidate = line.send(Finding(candidate, Status.REFUTED, witness=witness))
        except StopIteration:
            candidate = None
        assert sum(map(len, cover.against)) > before
    assert asked
    assert cover.left.sum() == (found.decided == decision).sum()


def test_lines_cross_off_what_is_proved_and_nothing_else(found: Signatures) -> None:
    decision = int(np.bincount(found.decided[found.decided != NONE]).argmax())
    cover = Cover.start(Setting(found, 0), decision, 1)
    line, proved = by_boxes(cover, 3), []
    candidate = next(line, None)
    while candidate is not None:
        assert candidate.box is not None
        proved.append(candidate)
        try:
            candidate = line.send(Finding(candidate, Status.PROVED))
        except StopIteration:
            candidate = None
    assert proved
    covered = np.logical_or.reduce([found.where(c) for c in proved])
    assert np.array_equal(cover.left, (found.decided == decision) & ~covered)
    open_again = Cover.start(Setting(found, 0), decision, 1)
    line = by_boxes(open_again, 1)
    first = next(line)
    with pytest.raises(StopIteration):
        while True:
            line.send(Finding(first, Status.UNKNOWN))
    assert np.array_equal(open_again.left, found.decided == decision)


def test_roomy_points_are_the_farthest_from_another_decision(found: Signatures) -> None:
    decision = int(found.decided[found.decided != NONE][0])
    away = room(found.decisions[decision], found.points, found.outputs)
    rows = roomy(found, decision, 3)
    others = np.setdiff1d(np.flatnonzero(found.decided == decision), rows)
    assert away[rows].min() >= away[others].max(initial=-np.inf)
    assert (found.decided[rows] == decision).all()


def test_rules_of_a_run_are_proved_again_and_counted_by_kind(tmp_path: Path) -> None:
    write_network(tmp_path, 11)
    write_points(tmp_path)
    outcome = outcome_of(tmp_path, methods=(Method.RULE, Method.BOX), layers="2", most=3)
    report = check([tmp_path / "out.nnspec"], CheckOptions(timeout=None, budget=600))
    assert {claim.status for claim in report.claims} == {Status.PROVED}
    proved = [row for row in outcome.rows if row.is_proved]
    assert any(row.finding.candidate.literals for row in proved)
    assert sum(kind.proved for kind in outcome.kinds) == len(proved)
    assert sum(kind.refuted for kind in outcome.kinds) == outcome.refuted
    assert all(0 <= kind.decided <= kind.points for kind in outcome.kinds)
    assert {kind.kind for kind in outcome.kinds} == {"input", "layer"}
