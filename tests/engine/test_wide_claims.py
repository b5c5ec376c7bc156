"""Claims with `exists`, several points, several networks: verdicts, witnesses, replays and reports."""

from __future__ import annotations

import json
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from spec_lang.engine import CheckOptions, check
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.reporters._documents import schema_text
from spec_lang.reporters.json import REPORTER as JSON
from spec_lang.reporters.model import ClaimReport
from spec_lang.reporters.plain import REPORTER as PLAIN
from tests.pages.models import good

HEAD = """
network f = "f.onnx" { input a, b  output p, q }
network g = "g.onnx" { input a, b  output p, q  encode x = (x - 1) / 3 }
network h = "h.onnx"
region unit on f = box(-1, 1)
"""
SCHEMA = json.loads(schema_text())


def only(tmp_path: Path, claim: str, jobs: int = 1) -> tuple[ClaimReport, str, dict[str, Any]]:
    """The report of one claim, as text, and as JSON."""
    for name in "fgh":
        (tmp_path / f"{name}.onnx").write_bytes(good(2, 2).SerializeToString())
    spec = tmp_path / "spec.nnspec"
    spec.write_text(f"{HEAD}\n{claim}\n")
    report = check([spec], CheckOptions(timeout=20, jobs=jobs))
    assert not [d for d in report.diagnostics if d.is_error], report.diagnostics
    text, document = StringIO(), StringIO()
    PLAIN.render(report, text)
    JSON.render(report, document)
    loaded = json.loads(document.getvalue())
    Draft202012Validator(SCHEMA).validate(loaded)
    return report.claims[0], text.getvalue(), loaded["claims"][0]


def test_a_point_proves_that_there_is_one(tmp_path: Path) -> None:
    claim, text, document = only(tmp_path, "claim c: exists x in unit: f(x).p > f(x).q or f(x).q > f(x).p")
    assert claim.status is Status.PROVED
    assert claim.evidence is not None
    assert claim.evidence.kind is EvidenceKind.CHECKED
    assert claim.counterexample is not None
    assert claim.counterexample.replay.exact
    assert "holds" in text
    assert document["counterexample"] is None
    assert document["witness"]["inputs"]["x"]


@pytest.mark.parametrize("region", ["unit", "{ x | x.a >= 2 and x.a <= 1 }"])
def test_where_there_is_no_point_a_claim_that_says_so_is_refuted(tmp_path: Path, region: str) -> None:
    claim, _, document = only(tmp_path, f"claim c: exists x in {region}: f(x).p >= 1000")
    assert claim.status is Status.REFUTED
    assert claim.counterexample is None
    assert document["counterexample"] is document["witness"] is None
    expected, _, _ = only(tmp_path, f"claim c @expect(refuted): exists x in {region}: f(x).p >= 1000")
    assert expected.as_expected


def test_two_points_are_shown_apart(tmp_path: Path) -> None:
    claim, text, document = only(tmp_path, "claim c: forall x in unit, y in ball(x, 1/2, linf): f(x) == f(y)")
    found = claim.counterexample
    assert claim.status is Status.REFUTED
    assert found is not None
    x, y = (tuple(reading.problem for reading in point.readings) for point in found.points)
    assert [point.name for point in found.points] == ["x", "y"]
    assert [result.name for result in found.results] == ["f(x)", "f(y)"]
    assert max(abs(a - b) for a, b in zip(x, y, strict=True)) <= Fraction(1, 2)
    assert found.replay.onnxruntime
    assert "at x" in text
    assert "at y" in text
    assert set(document["counterexample"]["outputs"]) == {"f(x)", "f(y)"}


def test_networks_with_other_scalings_see_the_same_point(tmp_path: Path) -> None:
    """`g` gets `(x − 1) / 3`, which binary64 does not hold: its input is tied to `x`, and is not shown."""
    claim, _, document = only(tmp_path, "claim c: forall x in unit: abs(f(x).p - g(x).p) <= 0.01")
    found = claim.counterexample
    assert found is not None
    assert [point.name for point in found.points] == ["x"]
    assert [result.name for result in found.results] == ["f(x)", "g(x)"]
    assert found.replay.onnxruntime
    assert list(document["counterexample"]["inputs"]) == ["x"]
    wide, _, _ = only(tmp_path, "claim c: forall x in unit: abs(f(x).p - g(x).p) <= 50")
    assert wide.status is Status.PROVED


def test_a_network_at_an_affine_point_is_replayed_and_a_composition_is_not(tmp_path: Path) -> None:
    claim, _, _ = only(tmp_path, "claim c: forall x in unit: f([1/2, 1/4] - 2 * x).p == f(x).p")
    assert claim.counterexample is not None
    assert claim.counterexample.replay.onnxruntime
    assert [r.name for r in claim.counterexample.results] == ["f([1 / 2, 1 / 4] - 2 * x)", "f(x)"]
    composed, _, _ = only(tmp_path, "claim c: forall x in unit: h(f(x))[0] == 0")
    assert composed.counterexample is not None
    assert composed.counterexample.replay.onnxruntime is None
    assert "outputs of another" in (composed.counterexample.replay.note or "")
    proved, _, _ = only(tmp_path, "claim c: forall x in unit: abs(h(f(x))[0]) <= 50")
    assert proved.status is Status.PROVED


def test_a_claim_about_a_constant_point_is_decided(tmp_path: Path) -> None:
    claim, _, _ = only(tmp_path, "claim c: argmax(f([0.5, 0.25])) == p or argmax(f([0.5, 0.25])) == q")
    assert claim.status is Status.PROVED


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_no_backend_takes_is_unknown_and_costs_nothing_else(tmp_path: Path, jobs: int) -> None:
    body = "claim c: forall x in unit: norm(abs(f(x)), l2) <= 100\nclaim d: forall x in unit: f(x).p <= 1000"
    claim, text, document = only(tmp_path, body, jobs=jobs)
    assert (claim.status, claim.evidence, claim.backend) == (Status.UNKNOWN, None, None)
    assert document["reason"].startswith("unsupported: the `l2` norm")
    assert "NN153" in text
    assert "1 proved" in text


def test_a_claim_that_fails_everywhere_is_refuted_at_any_point(tmp_path: Path) -> None:
    """Nothing of its violation is left to look at: whichever point is taken, it breaks the claim."""
    claim, _, _ = only(tmp_path, "claim c: forall x in unit: not f(x) <= f(x)")
    assert claim.status is Status.REFUTED
