"""Laws of `--budget`: what is done depends on the count alone, never on the clock, the cores or the load."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from spec_lang.backends.base import Progress, Run, Session
from spec_lang.engine import CheckOptions, check, decide
from spec_lang.engine.cores import OwnCores
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Proved, Work
from spec_lang.reporters.json import REPORTER
from tests.engine.fakes import PROVED, Fake
from tests.engine.specs import EMPTY, FAILS, FAMILY, HOLDS, write
from tests.engine.test_cores import without_seconds

# Near the extremes, so that boxes are cut and the attack has to look.
TIGHT = "claim tight: forall x in f.domain: f(x).p >= -0.2501\n"
FALSE = "claim untrue: forall x in f.domain: f(x).p <= 0.2\n"
BOTH = "claim three: forall x in f.domain: f(x).p >= -100 and f(x).q >= -100 and f(x).q <= 100\n"
BACKENDS = ("bounds", "milp", "smt", "falsify")


def document(path: Path, **options: object) -> object:
    """What the JSON report says, without seconds."""
    stream = StringIO()
    report = check([path], CheckOptions(timeout=None, **options))  # type: ignore[arg-type]
    assert report.claims
    REPORTER.render(report, stream)
    return without_seconds(json.loads(stream.getvalue()))


def warp(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    """Makes time pass faster or slower, and unevenly."""
    start, real, jitter = time.monotonic(), time.monotonic, random.Random(0)  # noqa: S311 - no secret

    def warped() -> float:
        return start + (real() - start) * factor + jitter.random() * factor / 100

    monkeypatch.setattr(time, "monotonic", warped)


@pytest.mark.parametrize("using", [None, *BACKENDS])
@pytest.mark.parametrize("budget", [1, 40, 3000])
def test_the_report_does_not_depend_on_how_time_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, using: str | None, budget: int
) -> None:
    path = write(tmp_path, HOLDS, FAILS, TIGHT, FALSE, BOTH)
    plain = document(path, using=using, budget=budget)
    for factor in (50.0, 0.02):
        with monkeypatch.context() as patch:
            warp(patch, factor)
            assert document(path, using=using, budget=budget) == plain


def test_the_report_does_not_depend_on_the_jobs(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS, FAILS, TIGHT, FALSE, BOTH, EMPTY, FAMILY)
    for budget in (5, 3000):
        assert document(path, budget=budget, jobs=1) == document(path, budget=budget, jobs=2)


@pytest.mark.parametrize("using", [None, *BACKENDS])
def test_a_larger_budget_never_loses_a_verdict(tmp_path: Path, using: str | None) -> None:
    path = write(tmp_path, HOLDS, FAILS, TIGHT, FALSE, BOTH)
    before: dict[str, Status] = {}
    for budget in (1, 2, 5, 20, 100, 1000, 10_000):
        report = check([path], CheckOptions(timeout=None, budget=budget, using=using))
        found = {claim.name: claim.status for claim in report}
        for name, status in before.items():
            assert status is Status.UNKNOWN or found[name] is status, (name, budget)
        before = found
    if using is None:
        assert set(before.values()) == {Status.PROVED, Status.REFUTED}


def spending(units: int, answer: Proved | GaveUp | None = None) -> Callable[[Obligation, Session], Run]:
    """Needs so many units."""
    done = Proved(Attestation("fake", "1", "by fiat")) if answer is None else answer

    def behave(_: Obligation, session: Session) -> Run:
        limit = session.budget.work
        if limit is not None and limit < units:
            return Run(
                GaveUp(GaveUpReason.BUDGET, f"{limit} units are spent"), Work(0.0, (("boxes", limit),))
            )
        return Run(done, Work(0.0, (("boxes", units),)))

    return behave


def installed(monkeypatch: pytest.MonkeyPatch, *backends: Fake) -> None:
    monkeypatch.setattr(decide, "installed_backends", lambda: backends)


@pytest.mark.parametrize(("budget", "status"), [(9, Status.UNKNOWN), (10, Status.PROVED)])
def test_a_budget_that_is_too_small_is_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: int, status: Status
) -> None:
    installed(monkeypatch, Fake(spending(10)))
    (claim,) = check([write(tmp_path, HOLDS)], CheckOptions(budget=budget))
    assert claim.status is status
    assert claim.work == (("boxes", min(budget, 10)),)
    if status is Status.UNKNOWN:
        assert claim.reason == "budget: 9 units are spent"


def test_obligations_share_the_budget_and_what_the_quick_ones_leave_goes_round_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int | None] = []
    needs = iter((50, 2, 2, 50))

    def behave(obligation: Obligation, session: Session) -> Run:
        seen.append(session.budget.work)
        return spending(next(needs))(obligation, session)

    installed(monkeypatch, Fake(behave))
    parts = (
        "(x.a <= 0.3 => f(x).p >= -100) and (x.b >= 0.5 => f(x).q >= -100) and (x.a >= 0.7 => f(x).q <= 100)"
    )
    report = check(
        [write(tmp_path, f"claim three: forall x in f.domain: {parts}\n")], CheckOptions(budget=90)
    )
    assert seen == [30, 30, 58, 56]
    assert report["three"].status is Status.PROVED
    assert report["three"].work == (("boxes", 84),)


def test_a_run_within_a_budget_has_neither_companions_nor_a_share_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Session] = []

    def behave(_: Obligation, session: Session) -> Run:
        seen.append(session)
        return PROVED

    installed(monkeypatch, Fake(behave))
    options = CheckOptions(timeout=None, budget=7, jobs=2)
    check([write(tmp_path, "claim holds @timeout(1 s): forall x in f.domain: f(x).p >= -100\n")], options)
    assert [(session.cores, session.budget.deadline, session.budget.work) for session in seen] == [
        (None, None, 7)
    ]
    check([write(tmp_path, HOLDS)], CheckOptions(jobs=2))
    assert isinstance(seen[-1].cores, OwnCores)
    assert seen[-1].budget.work is None


def test_a_time_limit_beside_the_budget_ends_a_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def behave(_: Obligation, session: Session) -> Run:
        assert session.budget.deadline is not None
        while time.monotonic() < session.budget.deadline:
            session.observe(Progress(0, 1))
        return Run(GaveUp(GaveUpReason.TIMEOUT, "late"), Work())

    installed(monkeypatch, Fake(behave))
    (claim,) = check([write(tmp_path, HOLDS)], CheckOptions(timeout=0.05, budget=10**6))
    assert (claim.status, claim.reason) == (Status.UNKNOWN, "timeout: late")
