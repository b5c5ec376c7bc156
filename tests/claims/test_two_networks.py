"""Claims about two networks, from text to verdict: every norm and tolerance, on every kind of region."""

from __future__ import annotations

from pathlib import Path
from shutil import copy
from typing import Final

import pytest

from spec_lang.engine import CheckOptions, check
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.reporters.model import ClaimReport

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "compression"
HEAD: Final = """
network pump = "model.onnx" {
    input  coolant, air, load
    output off, slow, fast
    encode x = (x - [65, 15, 0.5]) / [55, 35, 0.5]
    domain coolant in [10, 120], air in [-20, 50], load in [0, 1]
}
network eight = "int8.onnx" like pump
"""
# By region: a tolerance in `l2` that holds, and one that does not.
REGIONS: Final = {
    "pump.domain": (0.7, 0.3),
    "box([80, 0, 0.2], [100, 30, 0.8])": (0.5, 0.1),
    "ball([60, 15, 0.5], 0.4, linf)": (0.3, 0.02),
    "ball([60, 15, 0.5], 2, l1) & pump.domain": (0.4, 0.05),
    "ball([60, 15, 0.5], 2, l2) & pump.domain": (0.4, 0.05),
    "{ x | x.coolant + 2 * x.air <= 100 and x.load >= 1/2 }": (0.7, 0.25),
}
SHARES: Final = {"l1": 1.6, "l2": 1.0, "linf": 0.9}  # of these tolerances
PROVED, REFUTED = Status.PROVED, Status.REFUTED


def claims() -> dict[str, Status]:
    found: dict[str, Status] = {}
    for on, limits in REGIONS.items():
        for norm, share in SHARES.items():
            for limit, status in zip(limits, (PROVED, REFUTED), strict=True):
                within = f"within: {limit * share:g}, norm: {norm}"
                found[f"equivalent(pump, eight, on: {on}, {within})"] = status
    on = "ball([60, 15, 0.5], 2, l2) & pump.domain"
    for said, status in {
        "within: [0.6, 0.5, 0.6]": PROVED,
        "within: [0.6, 0.01, 0.6]": REFUTED,
        "relative: 500 %": REFUTED,  # an output of f is 0 somewhere, and that of g is not
    }.items():
        found[f"equivalent(pump, eight, on: {on}, {said})"] = status
    hot = "box([100, 30, 0.8], [120, 50, 1])"
    found[f"equivalent(pump, eight, on: {hot}, relative: 10 %)"] = PROVED
    for by in ("argmax", "argmin"):
        found[f"same_decision(pump, eight, on: pump.domain, by: {by})"] = REFUTED
        found[f"same_decision(pump, eight, on: pump.domain, by: {by}, unless_within: 0.9)"] = PROVED
        found[f"same_decision(pump, eight, on: pump.domain, by: {by}, unless_within: 0.02)"] = REFUTED
    on = "ball([60, 15, 0.5], 1, l2)"
    found[f"same_decision(pump, eight, on: {on}, by: argmin, unless_within: 0.2)"] = PROVED
    gap = "norm(pump(x) - eight(x), l2)"
    hot = "{ x | x.coolant >= 80 }"
    found[f"forall x in {hot}: {gap} <= 0.05 * norm(pump(x), l2)"] = PROVED
    found[f"forall x in {hot}: {gap} < 0.001 * norm(pump(x), l2)"] = REFUTED
    found[f"forall x in {hot}: norm(pump(x), l2) >= 0.1"] = PROVED
    found[f"forall x in {hot}: 30 < norm(pump(x), l2)"] = REFUTED
    found[f"forall x in {hot}: dot(pump(x) - eight(x), pump(x) - eight(x)) <= 0.5"] = PROVED
    found["forall x in pump.domain: pump(x).off * pump(x).fast <= 1"] = REFUTED
    found["forall x in box([110, 40, 0.9], [120, 50, 1]): pump(x).off * pump(x).fast <= 0"] = PROVED
    found["exists x in pump.domain: pump(x).off * pump(x).fast > 1"] = PROVED
    found["exists x in pump.domain: norm(pump(x) - eight(x), l2) > 0.3"] = PROVED
    return found


CLAIMS: Final = claims()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ClaimReport]:
    """One run for all of them."""
    folder = tmp_path_factory.mktemp("pump")
    for name in ("model.onnx", "int8.onnx"):
        copy(EXAMPLE / name, folder / name)
    spec = folder / "spec.nnspec"
    lines = [f"claim c{number}: {text}" for number, text in enumerate(CLAIMS)]
    spec.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    report = check([spec], CheckOptions(timeout=30, jobs=1))
    assert not [d for d in report.diagnostics if d.is_error]
    return dict(zip(CLAIMS, report.claims, strict=True))


@pytest.mark.parametrize("text", CLAIMS)
def test_a_claim_about_two_networks_is_decided(text: str, reports: dict[str, ClaimReport]) -> None:
    claim = reports[text]
    assert claim.status is CLAIMS[text]
    assert claim.evidence is not None
    assert claim.evidence.kind is not EvidenceKind.TRUSTED
    if claim.counterexample is not None:
        assert claim.counterexample.replay.exact
        assert claim.counterexample.replay.onnxruntime is not None, "squares are of what a runtime gives"
