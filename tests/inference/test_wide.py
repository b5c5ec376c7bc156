"""Laws of what is proposed for networks of many inputs, and a run on one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.engine import CheckOptions, check
from spec_lang.inference.cover import Cover
from spec_lang.inference.cutting import cut, grown, widened
from spec_lang.inference.inquiries import Inquiry, Setting
from spec_lang.inference.model import Candidate, Method
from spec_lang.inference.proving import Finding
from spec_lang.inference.signatures import Signatures, room
from spec_lang.inference.views import View, of_inputs, of_layer
from spec_lang.inference.wide import by_cuts, by_growth, told
from spec_lang.kernel.verdict import Status
from tests.inference.networks import outcome_of, write_network, write_points
from tests.inference.test_signatures import found_in
from tests.laws import law

WIDTHS = (20, 8, 6, 3)


@pytest.fixture(params=[3, 11, 39])
def found(request: pytest.FixtureRequest, tmp_path: Path) -> Signatures:
    return found_in(tmp_path, request.param)


def views(found: Signatures) -> Iterator[tuple[int, View]]:
    """With the decision's number, from the inputs and from either layer."""
    for number, decision in enumerate(found.decisions):
        yield number, of_inputs(found, decision)
        for layer in range(len(found.subject.layers)):
            view = of_layer(found, decision, layer)
            assert view is not None
            yield number, view


def test_margins_are_not_above_what_points_of_the_box_have(found: Signatures) -> None:
    for number, view in views(found):
        away = room(found.decisions[number], found.points, found.outputs)
        assert (view.values >= view.lower - 1e-9).all()
        assert (view.values <= view.upper + 1e-9).all()
        low, high = np.minimum(view.values[::2], view.values[1::2]), view.values[::2].copy()
        high = np.maximum(high, view.values[1::2])
        slopes, least = view.margins(low, high)
        worst = np.minimum(away[::2], away[1::2])
        assert (least.min(axis=1) <= worst + 1e-9).all()
        assert slopes.shape == (len(low), least.shape[1], low.shape[1])
        at_points = view.margins(view.values, view.values)[1].min(axis=1)
        np.testing.assert_allclose(at_points, away, rtol=0, atol=1e-6)


@law(3, 200, seed=st.integers(0, 10**6))
def test_boxes_hold_their_point_and_bounds_tell_the_decision_there(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found, rng = found_in(tmp_path_factory.mktemp("net"), seed % 40), np.random.default_rng(seed)
    for number, view in views(found):
        decision = found.decisions[number]
        own = np.flatnonzero(found.decided == number)
        if not len(own):
            continue
        row = int(rng.choice(own))
        away = float(room(decision, found.points[[row]], found.outputs[[row]])[0])
        point, kept = view.values[row], view.values[own]
        for box, least in ((cut(view, point, kept, 0.5 * away), 0.5 * away), (grown(view, point, kept), 0.0)):
            assert box is not None
            for low, high in (box, widened(view, box, least)):
                assert (low <= box[0]).all()
                assert (high >= box[1]).all()
                assert (low <= point + 1e-9).all()
                assert (point <= high + 1e-9).all()
                assert (view.margins(low[None], high[None])[1] > least).all()
                inside = ((view.values >= low) & (view.values <= high)).all(axis=1)
                assert (found.decided[inside] == number).all()
        assert cut(view, point, kept, 2 * away + 1) is None


def proved(line: Inquiry) -> list[Candidate]:
    asked = []
    candidate = next(line, None)
    while candidate is not None:
        asked.append(candidate)
        try:
            candidate = line.send(Finding(candidate, Status.PROVED))
        except StopIteration:
            candidate = None
    return asked


@pytest.mark.parametrize("kind", ["cuts", "growth"])
def test_lines_cover_what_no_candidate_has_and_end(found: Signatures, kind: str) -> None:
    decision = int(np.bincount(found.decided[found.decided >= 0]).argmax())
    cover = Cover.start(Setting(found, 0), decision, 2)
    candidates = proved(by_cuts(cover, 1, 3) if kind == "cuts" else by_growth(cover, 3))
    assert 1 <= len(candidates) <= 3
    assert len(set(candidates)) == len(candidates)
    covered = np.logical_or.reduce([found.where(c) for c in candidates])
    assert np.array_equal(cover.left, (found.decided == decision) & ~covered)
    assert (found.decided[covered] == decision).all()
    if kind == "cuts":
        assert list(told(found, candidates)) == candidates
        none = Candidate((decision + 1) % 3, Method.RULE, candidates[0].literals)
        assert not list(told(found, [none]))


def test_a_line_gives_up_where_nothing_is_decided(found: Signatures) -> None:
    decision = int(np.bincount(found.decided[found.decided >= 0]).argmax())
    cover = Cover.start(Setting(found, 0), decision, 1)
    line = by_growth(cover, 3)
    candidate = next(line)
    with pytest.raises(StopIteration):
        while True:
            line.send(Finding(candidate, Status.UNKNOWN))
    assert np.array_equal(cover.left, found.decided == decision)


def test_rules_and_boxes_of_a_network_of_many_inputs_are_proved(tmp_path: Path) -> None:
    write_network(tmp_path, 5, WIDTHS)
    write_points(tmp_path, 200, WIDTHS[0])
    outcome = outcome_of(tmp_path, methods=tuple(Method), layers="1,2", most=2)
    rows = [row for row in outcome.rows if row.is_proved]
    kinds = {kind.kind for kind in outcome.kinds if kind.proved}
    assert kinds == {"input", "layer"}
    assert max(row.support.points for row in rows) > 1
    assert all(row.support.points == row.support.pure >= 1 for row in rows)
    report = check([tmp_path / "out.nnspec"], CheckOptions(timeout=None, budget=6000))
    assert {claim.status for claim in report.claims} == {Status.PROVED}
    assert len(list(report.claims)) == len(rows)
