"""What is said to fail is a clause of the claim, and not where the claim is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from spec_lang.engine import CheckOptions, check
from spec_lang.kernel.verdict import Status
from tests.invertibility.networks import layers_of, write


@pytest.mark.parametrize("norm", ["linf", "l1", "l2"])
def test_a_ball_is_no_clause_that_fails(norm: str, tmp_path: Path) -> None:
    write(layers_of(([[1, 0], [-1, 0]], [0, 0]), ([[1, 1]], [0])), tmp_path / "f.onnx")
    spec = tmp_path / "spec.nnspec"
    claim = f"forall x in ball([1, 1], 1/2, {norm}): f(x)[0] <= 1"
    spec.write_text(f'language 1\nnetwork f = "f.onnx"\nclaim small: {claim}\n', encoding="utf-8")
    (report,) = check([spec], CheckOptions(budget=500, jobs=1)).claims
    assert report.status is Status.REFUTED
    assert report.counterexample is not None
    assert report.counterexample.violates == "f(x)[0] <= 1"
