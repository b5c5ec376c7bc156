"""The backend: what it decides is so, and the planner takes it where a layer is narrow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spec_lang import _registry, backends
from spec_lang.backends.base import Backend
from spec_lang.backends.narrow import BACKEND
from spec_lang.engine import CheckOptions, check
from spec_lang.engine.audit import audit
from spec_lang.kernel.proof import examine
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.narrow_certificate import NarrowProof
from spec_lang.obligations.narrow_layers import waist_at
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Proved, Refuted
from spec_lang.planning.plan import plan
from tests.backends.enumeration import counterexample
from tests.backends.oracle import violates
from tests.invertibility.networks import write
from tests.invertibility.pieces import Layer
from tests.laws import law
from tests.narrow.asking import NARROW, decided, obligations, random_obligation


@law(25, 400, obligation=obligations())
def test_it_agrees_with_exact_enumeration(obligation: Obligation) -> None:
    if waist_at(obligation, NARROW) is None:
        return
    match decided(obligation):
        case Proved(proof=proof):
            assert counterexample(obligation) is None
            assert isinstance(proof, NarrowProof)
            for exact in (False, True):
                examined = examine(obligation, proof, exact=exact)
                assert examined.evidence is not None, examined.flaw
        case Refuted(point):
            assert violates(obligation, point)
            assert counterexample(obligation) is not None
        case GaveUp(reason):
            assert reason in (GaveUpReason.BUDGET, GaveUpReason.NUMERICAL, GaveUpReason.UNSUPPORTED)


@pytest.mark.parametrize(("seed", "level"), [(2, 55), (3, 104), (4, 55)])
def test_the_threshold_is_found_by_directions(seed: int, level: int) -> None:
    """The box behind the layer has points that no input is led to: without directions nothing is proved.

    Between `level − 1`, where a counterexample is replayed exactly, and `level + 1` there is no gap."""
    below = random_obligation(seed, level=level - 1)
    refuted = decided(below)
    assert isinstance(refuted, Refuted)
    assert violates(below, refuted.point)
    above = random_obligation(seed, level=level + 1)
    proved = decided(above)
    assert isinstance(proved, Proved)
    assert isinstance(proved.proof, NarrowProof)
    assert len(proved.proof.directions.weights) > 0
    assert examine(above, proved.proof).evidence is not None


def test_an_empty_pattern_is_proved() -> None:
    """No input turns the three neurons on and off like this."""
    obligation = random_obligation(5)
    outcome = decided(obligation)
    assert isinstance(outcome, Proved)
    assert outcome.proof is not None
    assert examine(obligation, outcome.proof, exact=True).evidence is not None


def test_nothing_of_the_budget_is_no_answer() -> None:
    outcome = decided(random_obligation(4, level=56), work=1)
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.BUDGET


def test_the_planner_takes_it_first_where_a_layer_is_narrow() -> None:
    known = _registry.discover(backends, "BACKEND", Backend)  # type: ignore[type-abstract]
    narrow = plan(random_obligation(0), known)
    assert narrow.attempts[0].backend == BACKEND.name
    wide = plan(random_obligation(0, inputs=7), known)
    assert BACKEND.name not in {attempt.backend for attempt in wide.attempts}


def test_a_spec_is_decided_and_audited(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    sizes = [(3, 30), (4, 3), (2, 4)]
    layers = [
        Layer(rng.normal(size=size).astype(np.float32), rng.normal(size=size[0]).astype(np.float32), n < 2)
        for n, size in enumerate(sizes)
    ]
    write(layers, tmp_path / "f.onnx")
    lines = [
        "language 1",
        'network f = "f.onnx" { layer first = "h0" }',
        "region on on f = { x | forall i in 0..<30: -1 <= x[i] and x[i] <= 1 }",
        "invariant one of f on on: pattern(first, on: [0], off: [1]) => output[0] - output[1] <= 100",
        "invariant two of f on on: pattern(first, on: [0], off: [1]) => output[0] - output[1] <= 0",
        "claim all: forall x in on: f(x)[0] - f(x)[1] <= 150",
    ]
    (tmp_path / "f.nnspec").write_text("\n".join([*lines, ""]), encoding="utf-8")
    options = CheckOptions(timeout=60, budget=20_000, jobs=1, store=tmp_path / "store")
    report = check([tmp_path / "f.nnspec"], options)
    assert not report.diagnostics
    found = [claim.status for claim in report.claims]
    assert found == [Status.PROVED, Status.REFUTED, Status.PROVED]
    assert {claim.backend for claim in report.claims} == {BACKEND.name}
    again = audit([tmp_path / "f.nnspec"], options).report.claims
    assert [claim.status for claim in again] == found
    assert all(c.evidence is not None and c.evidence.kind is not EvidenceKind.TRUSTED for c in again)
