"""Random claims about gradients, from text to verdict, against the oracle: most are decided by a hair.

In: numbers of cases.  Out: nothing but failures: no verdict is wrong, none is an error, and a fair share of
the claims of every kind is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from spec_lang.engine import CheckOptions, check
from spec_lang.kernel.verdict import Status
from spec_lang.reporters.model import ClaimReport
from tests.gradients.asking import QUESTIONS, Asked, Drawn, drawn, written
from tests.gradients.faces import Pieces, Region
from tests.gradients.forms import Vector
from tests.gradients.oracle import Answer

# So much work ends on every machine with the same answer.
OPTIONS: Final = CheckOptions(timeout=None, budget=300, jobs=1)
RIGHT: Final = {Status.PROVED: Answer.PROVED, Status.REFUTED: Answer.REFUTED}
Questions = Mapping[str, tuple[Drawn, Asked]]  # by the claim's name
MANY: Final = [range(start, start + 20) for start in range(0, 800, 20)]  # 10,000 claims
# Cases with all answers that are decided at once, or that a kink leaves open after little work.
FEW: Final = {
    "monotone": (8, 15, 17, 18, 26, 31, 33, 36),
    "lipschitz_l1": (7, 17, 18, 31, 36, 41, 61, 64, 75),
    "lipschitz_l2": (7, 17, 18, 31, 36, 44, 64, 75),
    "lipschitz_linf": (7, 17, 18, 21, 31, 44, 64, 75),
    "one_activation_region": (15, 17, 21, 26, 31, 33, 34, 61),
    "affine": (8, 15, 17, 21, 30, 31, 34, 41),
    "affine_within": (7, 11, 15, 30, 41, 65, 75, 83, 92),
    "stable_l1": (7, 30, 40, 41, 50, 65, 75, 83),
    "stable_l2": (7, 15, 30, 33, 41, 65, 75, 83, 85),
    "stable_linf": (7, 30, 40, 41, 65, 75, 83, 92),
    "same_signs": (7, 21, 33, 34, 36, 41, 45, 61),
    "same_top": (6, 10, 21, 41, 59, 75, 95),
    "cosine": (10, 23, 34, 41, 52, 75, 95, 96),
    "mixed": (10, 18, 21, 30, 31, 33, 36, 41, 73, 83),
}


def asked_of(numbers: Mapping[str, Iterable[int]]) -> dict[str, tuple[Drawn, Asked]]:
    """One claim for each number of a kind that its case has something to ask of."""
    cases = {number: drawn(number) for chosen in numbers.values() for number in chosen}
    pairs = ((kind, cases[number]) for kind, chosen in numbers.items() for number in chosen)
    found = ((f"{kind}_{one.number}", one, QUESTIONS[kind](one)) for kind, one in pairs)
    return {name: (one, asked) for name, one, asked in found if asked is not None}


def reports_on(questions: Questions, folder: Path) -> tuple[ClaimReport, ...]:
    """One run, with a spec for each case."""
    specs = []
    for one in dict.fromkeys(owner for owner, _ in questions.values()):
        claims = [(name, asked[0]) for name, (owner, asked) in questions.items() if owner is one]
        specs.append(written(one, claims, folder))
    report = check(specs, OPTIONS)
    assert not [d for d in report.diagnostics if d.is_error], report.diagnostics
    assert {claim.name for claim in report.claims} == questions.keys()
    return report.claims


def flaw(report: ClaimReport, one: Drawn, asked: Asked) -> str | None:
    """What is wrong with a verdict; nothing is with `unknown`."""
    text, decide = asked
    found = f"{report.file}: {text}: {report.status.value}"
    if report.status is Status.UNKNOWN:
        return None
    if report.status not in RIGHT:
        return f"{found}, {report.reason}"
    finding = decide(one.pieces)
    if finding.answer is not RIGHT[report.status]:
        return f"{found}, and it {finding.answer.value}, as at {finding.points}"
    if report.counterexample is None or len(report.counterexample.points) > 1:
        return None
    (point,) = report.counterexample.points
    place = tuple(reading.network for reading in point.readings)
    return None if shows(place, one, asked) else f"{found}, and {place} does not show it"


def shows(point: Vector, one: Drawn, asked: Asked) -> bool:
    """Whether the claim fails at a point of the region, whatever the phases of neurons that are 0 there."""
    there = Pieces(one.case.graph, Region(point, point))
    return one.case.region.contains(point) and asked[1](there).answer is Answer.REFUTED


def shares(reports: Iterable[ClaimReport], questions: Questions) -> dict[str, float]:
    """How many are decided of those that kinks do not leave open, for every kind; none may be wrong."""
    flaws = [wrong for r in reports if (wrong := flaw(r, *questions[r.name])) is not None]
    assert not flaws, "\n".join(flaws)
    found: dict[str, list[bool]] = {}
    for report in reports:
        one, (_, decide) = questions[report.name]
        if decide(one.pieces).answer is not Answer.KINK:
            found.setdefault(report.name.rpartition("_")[0], []).append(report.status in RIGHT)
    return {kind: sum(ends) / len(ends) for kind, ends in found.items()}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[ClaimReport, ...], Questions]:
    """What is said of a few cases, once."""
    questions = asked_of(FEW)
    return reports_on(questions, tmp_path_factory.mktemp("referee")), questions


def test_of_a_few_cases_no_verdict_is_wrong(sample: tuple[tuple[ClaimReport, ...], Questions]) -> None:
    found = shares(*sample)
    assert found.keys() == QUESTIONS.keys()
    assert min(found.values()) >= 0.5


def test_the_opposite_of_a_verdict_is_seen_to_be_wrong(
    sample: tuple[tuple[ClaimReport, ...], Questions],
) -> None:
    reports, questions = sample
    opposite = {Status.PROVED: Status.REFUTED, Status.REFUTED: Status.PROVED}
    for report in reports:
        if report.status in opposite:
            wrong = replace(report, status=opposite[report.status])
            assert flaw(wrong, *questions[report.name]) is not None
        assert flaw(replace(report, status=Status.ERROR), *questions[report.name]) is not None


def test_a_counterexample_elsewhere_is_seen_to_show_nothing(
    sample: tuple[tuple[ClaimReport, ...], Questions],
) -> None:
    """One point that is outside the region stands for it."""
    reports, questions = sample
    shown = [r for r in reports if r.counterexample is not None and len(r.counterexample.points) == 1]
    assert shown
    for report in shown:
        one, asked = questions[report.name]
        beyond = tuple(upper + 1 for upper in one.case.region.upper)
        assert not shows(beyond, one, asked)


@pytest.mark.long
@pytest.mark.parametrize("numbers", MANY, ids=str)
def test_no_verdict_is_wrong(numbers: range, tmp_path: Path) -> None:
    questions = asked_of(dict.fromkeys(QUESTIONS, numbers))
    found = shares(reports_on(questions, tmp_path), questions)
    assert sum(found.values()) / len(found) >= 0.5
