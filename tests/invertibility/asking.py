"""Questions put to the whole checker: a spec and ONNX files in, reports out, held against the oracle.

In: cases.  Out: the share that was decided; what is wrong is an `AssertionError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from spec_lang.engine import CheckOptions, check
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.reporters.model import ClaimReport
from tests.invertibility.cases import Case, Vector
from tests.invertibility.networks import write

# So much work ends on every machine with the same answer.  A solver's own word is no proof here.
OPTIONS: Final = CheckOptions(timeout=60, budget=4000, jobs=1, evidence=EvidenceKind.CHECKED_ROUNDED)


def points_of(report: ClaimReport) -> list[Vector]:
    """The points of the counterexample, exact."""
    assert report.counterexample is not None
    return [tuple(r.network for r in point.readings) for point in report.counterexample.points]


def reports_on(cases: Sequence[Case], folder: Path, options: CheckOptions) -> list[ClaimReport]:
    """One run, with a spec for each."""
    specs = []
    for case in cases:
        lines = ["language 1"]
        for name, layers in zip("fg", case.nets, strict=False):
            write(layers, folder / f"{case.name}_{name}.onnx")
            inputs = ", ".join("abc"[: len(case.centre)])
            lines.append(f'network {name} = "{case.name}_{name}.onnx" {{ input {inputs} }}')
        spec = folder / f"{case.name}.nnspec"
        spec.write_text("\n".join([*lines, f"claim {case.name}: {case.text}", ""]), encoding="utf-8")
        specs.append(spec)
    report = check(specs, options)
    assert not [d for d in report.diagnostics if d.is_error], report.diagnostics
    by_name = {claim.name: claim for claim in report.claims}
    return [by_name[case.name] for case in cases]


def flaw(case: Case, report: ClaimReport) -> str | None:
    """What is wrong with a verdict; nothing is with `unknown`."""
    if report.status is Status.UNKNOWN:
        return None
    if report.status is not (Status.PROVED if case.holds else Status.REFUTED):
        return f"{report.status.value}, and it {'holds' if case.holds else 'does not hold'}"
    if report.status is Status.REFUTED and not case.refuted_by(points_of(report)):
        return "the counterexample is none"
    return None


def decided(cases: Sequence[Case], folder: Path) -> float:
    """The share of them; none may be wrong."""
    reports = reports_on(cases, folder, OPTIONS)
    flaws = {c.text: flaw(c, r) for c, r in zip(cases, reports, strict=True) if flaw(c, r) is not None}
    assert not flaws
    return sum(report.status is not Status.UNKNOWN for report in reports) / len(cases)
