"""The measurement of earlier proofs: copies are near the network, and ways are compared claim by claim."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from benchmarks.warm import Case, Measured, changed, compare, contradict, line
from spec_lang.engine import CheckOptions
from spec_lang.kernel.verdict import Status
from tests.engine.specs import FAILS, write
from tests.tiny_networks import perceptron


def test_a_copy_differs_by_its_share_and_no_more() -> None:
    model = perceptron().SerializeToString()
    for share in (0.0, 1e-3):
        pairs = zip(_arrays(model), _arrays(changed(model, share)), strict=True)
        moved = [float(abs(a - b).max() / abs(a).max()) for a, b in pairs if a.size > 1]
        assert max(moved) <= 5 * share
        assert (max(moved) > 0) == (share > 0)


def _arrays(model: bytes) -> list[np.ndarray]:
    return [
        numpy_helper.to_array(t).astype(np.float64) for t in onnx.load_from_string(model).graph.initializer
    ]


def test_both_ways_are_measured_in_turns(tmp_path: Path) -> None:
    spec, model = write(tmp_path, FAILS), perceptron().SerializeToString()
    case = Case("tiny", spec, "f", model, {"a copy": changed(model, 1e-3)})
    ((what, cold, warm),) = compare(case, CheckOptions(), repeats=1)
    assert what == "a copy"
    assert cold.verdicts == warm.verdicts == (Status.REFUTED,)
    assert (cold.settled, warm.settled) == (0, 1)
    assert not contradict(cold, warm)
    assert "1 of 1" in line("tiny", what, cold, warm)


def test_a_contradiction_is_shouted_and_an_open_claim_is_none() -> None:
    proved, refuted, unknown = (
        Measured((status,), 1.0, 1, 0) for status in (Status.PROVED, Status.REFUTED, Status.UNKNOWN)
    )
    assert contradict(proved, refuted)
    assert "WRONG" in line("c", "w", proved, refuted)
    assert not contradict(proved, unknown)
    assert not contradict(unknown, refuted)
