"""Laws of parts of a domain: what is closed has one decision, and of what is proposed no other is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spec_lang.engine import CheckOptions, check
from spec_lang.inference.inquiries import Setting
from spec_lang.inference.model import Method
from spec_lang.inference.partition import MOST_INPUTS, Halves, Proposals, partition
from spec_lang.inference.signatures import Signatures, signatures
from spec_lang.kernel.verdict import Status
from tests.inference.networks import outcome_of, write_network, write_points
from tests.inference.test_signatures import found_in

PARTS = 600


@pytest.fixture(params=[3, 11, 39])
def found(request: pytest.FixtureRequest, tmp_path: Path) -> Signatures:
    return found_in(tmp_path, request.param)


@pytest.fixture
def halves(found: Signatures) -> Halves:
    result = partition(Setting(found, 0), range(len(found.decisions)), PARTS, lambda: False)
    assert result is not None
    return result


def decided_in(found: Signatures, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    points = np.random.default_rng(0).uniform(low, high, (50, len(low)))
    return signatures(found.subject, found.decisions, points).decided


def test_what_is_closed_has_one_decision(found: Signatures, halves: Halves) -> None:
    assert halves.decided
    for part, decision in halves.decided.items():
        assert (decided_in(found, halves.lower[part], halves.upper[part]) == decision).all()


def test_the_parts_that_are_left_are_the_domain(found: Signatures, halves: Halves) -> None:
    low, high = Setting(found, 0).domain
    leaves = [part for part in range(len(halves.lower)) if part not in halves.below]
    sizes = [np.prod((halves.upper[part] - halves.lower[part]) / (high - low)) for part in leaves]
    assert sum(sizes) == pytest.approx(1.0)
    assert halves.bounded <= PARTS


def test_no_proposal_has_a_point_of_another_decision(found: Signatures, halves: Halves) -> None:
    proposed = 0
    for decision in range(len(found.decisions)):
        line = Proposals.start(halves, decision)
        before = len(found)
        for _, candidate in line.next(100):
            met = found.where(candidate)
            assert (found.decided[met] == decision).all()
            assert int(met.sum()) <= before  # those with most points first
            before, proposed = int(met.sum()), proposed + 1
    assert proposed


def test_halves_of_what_is_refuted_are_proposed(found: Signatures, halves: Halves) -> None:
    decision = max(range(len(found.decisions)), key=lambda n: len(Proposals.start(halves, n).ranked))
    line = Proposals.start(halves, decision)
    cut = [(part, c) for part, c in line.next(100) if part in halves.below]
    assert cut
    for part, candidate in cut:
        line.hear(part, Status.REFUTED)
        for _, smaller in line.next(100):
            assert candidate.box is not None
            assert smaller.box is not None
            assert candidate.box.contains(smaller.box)
    line.hear(cut[0][0], Status.PROVED)
    assert line.proved == 1
    assert not line.next(100)


def test_many_inputs_are_not_halved(found: Signatures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spec_lang.inference.partition.MOST_INPUTS", 1)
    assert found.subject.graph.input_size <= MOST_INPUTS
    assert partition(Setting(found, 0), [0], PARTS, lambda: False) is None


def test_an_inference_writes_parts_that_check_proves(tmp_path: Path) -> None:
    write_network(tmp_path, 11)
    write_points(tmp_path, 200)
    outcome = outcome_of(tmp_path, methods=(Method.PARTITION,), most=8, support=2)
    assert outcome.rows
    assert all(row.finding.candidate.method is Method.PARTITION for row in outcome.rows)
    assert all(row.support.points >= 2 for row in outcome.rows)
    assert max(sum(share.decided for share in outcome.shares), 0) > 50
    report = check([tmp_path / "out.nnspec"], CheckOptions(jobs=1))
    assert {claim.status for claim in report} == {Status.PROVED}
