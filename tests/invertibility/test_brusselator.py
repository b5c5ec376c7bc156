"""The Brusselator's networks: every known question of injectivity and preimages, and the radii.

In: the recorded networks, written as ONNX.  Out: nothing but failures.  The known radii are those of the
oracle, in ℓ2 of polygons in and around the disc.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import pytest

from spec_lang.engine import check
from spec_lang.kernel.verdict import Status
from spec_lang.reporters.model import ClaimReport
from tests.invertibility.asking import OPTIONS, points_of
from tests.invertibility.brusselator import write_all
from tests.invertibility.brusselator_questions import CLAIMS, HEAD, RADII

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, data_root: Path) -> Path:
    folder = tmp_path_factory.mktemp("brusselator")
    write_all(data_root, folder)
    return folder


def checked(folder: Path, line: str) -> ClaimReport:
    spec = folder / "spec.nnspec"
    spec.write_text(f"{HEAD}{line}\n", encoding="utf-8")
    report = check([spec], replace(OPTIONS, budget=None))
    assert not [d for d in report.diagnostics if d.is_error], report.diagnostics
    (claim,) = report.claims
    return claim


LONG: Final = ("both_1000", "both_gives_ts", "four_400")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if name in LONG else []) for name in CLAIMS]
)
def test_a_known_answer(name: str, folder: Path) -> None:
    text, status = CLAIMS[name]
    report = checked(folder, f"claim {name}: {text}")
    assert report.status is status, report.reason
    if status is Status.REFUTED:
        assert report.counterexample is not None
        assert report.counterexample.replay.exact
        assert len(set(points_of(report))) == len(points_of(report))


@pytest.mark.parametrize("name", RADII)
def test_a_known_radius(name: str, folder: Path) -> None:
    known = RADII[name]
    report = checked(folder, f"measure {name} = {known.text}")
    assert report.status is Status.PROVED, report.reason
    assert report.measurement is not None
    lower, upper = report.measurement.lower, report.measurement.upper
    assert lower is not None
    assert upper is not None
    assert lower.value <= known.above
    assert upper.value >= known.below
    assert upper.value - lower.value <= Fraction(1, 10**6)
