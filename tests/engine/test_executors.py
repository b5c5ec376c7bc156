"""Laws of executors: the same verdicts as here, whatever travels, is lost, or is answered."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from benchmarks.generated import write_many
from spec_lang.backends.base import Progress, Run, Session
from spec_lang.engine import CheckOptions, check, executors
from spec_lang.engine.audit import audit
from spec_lang.engine.jobs import Decided, Done, Identity, Refused
from spec_lang.kernel.verdict import Evidence, EvidenceKind, Status
from spec_lang.obligations.model import Obligation
from spec_lang.reporters.model import ClaimReport, Report
from tests.engine.executors import Change, Remote
from tests.engine.fakes import PROVED, threshold
from tests.engine.specs import EMPTY, FAILS, FAMILY, HOLDS, write
from tests.engine.test_cutting import CORE, SMALL
from tests.engine.test_invariants import write as write_invariants
from tests.engine.test_workers import Install, backend, statuses

__all__ = ["backend"]  # a fixture
MEASURED = "measure most = max f(x).p for x in f.domain, to 1 %\n"
ALL = (HOLDS, FAILS, EMPTY, FAMILY)
FORK = pytest.mark.skipif(sys.platform != "linux", reason="fakes are inherited by forked workers alone")


def essence(report: Report) -> list[tuple[object, ...]]:
    return [(c.id, c.status, c.reason, c.evidence, c.counterexample, c.measurement) for c in report]


def forked() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(2, mp_context=get_context("fork"))


@pytest.mark.parametrize(
    "pool",
    [lambda: Remote(2), lambda: ThreadPoolExecutor(2), lambda: ProcessPoolExecutor(1, get_context("spawn"))],
)
def test_an_executor_comes_to_what_is_decided_here(tmp_path: Path, pool: Callable[[], Executor]) -> None:
    path = write(tmp_path, *ALL, MEASURED)
    options = CheckOptions(budget=20_000, timeout=None)
    with pool() as executor:
        found = essence(check([path], options, executor=executor))
    assert len(found) == 8
    assert found == essence(check([path], options))


def test_a_network_goes_to_a_worker_once_and_a_task_is_small(tmp_path: Path) -> None:
    remote = Remote(2)
    report = check([write_many(tmp_path, 12)], CheckOptions(budget=3000, timeout=None), executor=remote)
    assert {claim.status for claim in report} == {Status.PROVED, Status.REFUTED}
    carried = Counter(name for _, job in remote.sent for name in job.sent)
    # One that is sent to who has asked may come to another who has it: the executor chooses.
    assert max(carried.values()) <= 2 * len(remote.warehouses)
    assert all(set(carried) == set(warehouse._values) for warehouse in remote.warehouses)
    without = [size for size, (_, job) in zip(remote.sizes, remote.sent, strict=True) if not job.sent]
    assert len(without) >= 12 - 1
    assert max(without) < 4096


def test_a_worker_that_has_forgotten_a_network_is_sent_it_again(tmp_path: Path) -> None:
    remote = Remote()
    for warehouse in remote.warehouses:
        warehouse._room = 1
    report = check([write(tmp_path, FAMILY)], CheckOptions(), executor=remote)
    assert {claim.status for claim in report} == {Status.PROVED}


# -- lost workers --------------------------------------------------------------------------------------


def test_the_claim_of_a_lost_worker_is_tried_again(tmp_path: Path) -> None:
    lost = {0, 2, 3}
    remote = Remote(lose=lambda number: ConnectionError("gone") if number in lost else None)
    report = check([write(tmp_path, *ALL)], CheckOptions(), executor=remote)
    assert statuses(report) == statuses(check([tmp_path / "f.nnspec"]))


def test_a_claim_that_no_worker_comes_back_with_is_an_error_and_costs_no_other(tmp_path: Path) -> None:
    def killed(number: int) -> BaseException | None:
        return ConnectionError("gone") if number % 2 == 0 and number < 12 else None

    remote = Remote(lose=lambda _: ConnectionError("gone"))
    report = check([write(tmp_path, HOLDS)], CheckOptions(), executor=remote)
    assert [claim.status for claim in report] == [Status.ERROR]
    assert report.claims[0].reason == "no worker came back with it, 3 times: ConnectionError: gone"
    assert len(remote.sent) == executors.TRIES
    report = check([write(tmp_path, FAMILY)], CheckOptions(), executor=Remote(lose=killed))
    assert {claim.status for claim in report} <= {Status.ERROR, Status.PROVED}


class KilledWorker(Exception):
    """As dask's, which comes when dask has tried it several times."""


def test_what_an_executor_has_tried_often_is_not_tried_again(tmp_path: Path) -> None:
    remote = Remote(lose=lambda _: KilledWorker("perform"))
    report = check([write(tmp_path, HOLDS)], CheckOptions(), executor=remote)
    assert [claim.status for claim in report] == [Status.ERROR]
    assert len(remote.sent) == 1


def test_what_a_broken_executor_has_left_is_decided_here(tmp_path: Path) -> None:
    remote = Remote(lose=lambda number: BrokenProcessPool("ended") if number else None)
    report = check([write(tmp_path, *ALL)], CheckOptions(), executor=remote)
    assert statuses(report) == statuses(check([tmp_path / "f.nnspec"]))
    assert 1 < len(remote.sent) < len(report)


@FORK
@pytest.mark.parametrize("each_time", [False, True])
def test_a_claim_that_kills_its_worker_breaks_the_pool_and_costs_no_other(
    tmp_path: Path, backend: Install, monkeypatch: pytest.MonkeyPatch, *, each_time: bool
) -> None:
    def behave(obligation: Obligation, _: Session) -> Run:
        if threshold(obligation) == 101 and (each_time or not (tmp_path / "once").exists()):
            (tmp_path / "once").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return PROVED

    backend(behave)
    monkeypatch.setattr("spec_lang.engine.workers._context", lambda: get_context("fork"))
    with forked() as pool:
        report = check([write(tmp_path, FAMILY)], CheckOptions(), executor=pool)
    second = Status.ERROR if each_time else Status.PROVED
    assert [c.status for c in report] == [Status.PROVED, second, Status.PROVED, Status.PROVED]
    assert not each_time or "SIGKILL (out of memory?), 4 times" in (report["every[1]"].reason or "")


class Silent(Executor):
    """Whose workers never answer."""

    def submit(self, fn: Callable[..., Any], /, *_: object, **__: object) -> Future[Any]:
        assert callable(fn)
        return Future()


def test_nobody_waits_for_ever_for_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_GRACE", 0.05)
    monkeypatch.setattr(executors, "allowance", lambda _: 0.0)
    report = check([write(tmp_path, FAMILY)], CheckOptions(timeout=0.05), executor=Silent())
    assert {(c.status, c.reason) for c in report} == {(Status.UNKNOWN, "timeout: no answer of a worker came")}


# -- what is believed ----------------------------------------------------------------------------------


def of_report(change: Callable[[ClaimReport], ClaimReport]) -> Change:
    """Another report, with the records that came."""

    def changed(answer: object) -> object:
        if not isinstance(answer, Done) or not isinstance(answer.value, Decided):
            return answer
        return Done(replace(answer.value, report=change(answer.value.report)))

    return changed


def without_records(answer: object) -> object:
    return Done(replace(answer.value, records=())) if isinstance(answer, Done) else answer


def damaged(answer: object) -> object:
    """One bit of every record is another, and the hash is that of before."""
    if not isinstance(answer, Done):
        return answer
    records = tuple((key, record[:-1] + bytes([record[-1] ^ 1])) for key, record in answer.value.records)
    return Done(replace(answer.value, records=records))


def elsewhere(answer: object) -> object:
    """The records as if they were another goal's."""
    if not isinstance(answer, Done):
        return answer
    records = tuple((key[::-1], record) for key, record in answer.value.records)
    return Done(replace(answer.value, records=records))


LIES: dict[str, tuple[Change, str]] = {
    "it is proved": (of_report(lambda r: replace(r, status=Status.PROVED)), FAILS),
    "it is proved, and nothing is stored": (
        of_report(lambda r: replace(r, status=Status.PROVED, certificate=None, proof_bytes=None)),
        FAILS,
    ),
    "it is vacuous": (of_report(lambda r: replace(r, status=Status.VACUOUS, certificate=None)), HOLDS),
    "it is refuted": (of_report(lambda r: replace(r, status=Status.REFUTED)), HOLDS),
    "another claim": (of_report(lambda r: replace(r, id="f.nnspec::other")), HOLDS),
    "another expectation": (of_report(lambda r: replace(r, expected=Status.REFUTED)), HOLDS),
    "no evidence": (of_report(lambda r: replace(r, evidence=None)), HOLDS),
    "another size": (of_report(lambda r: replace(r, proof_bytes=10**6)), HOLDS),
    "another record": (of_report(lambda r: replace(r, certificate="sha256:" + "0" * 64)), HOLDS),
    "no records": (without_records, HOLDS),
    "damaged records": (damaged, HOLDS),
    "records of another goal": (elsewhere, HOLDS),
    "no answer": (lambda _: "proved", HOLDS),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_our_kernel_contradicts_is_an_error(tmp_path: Path, lie: str) -> None:
    change, claim = LIES[lie]
    report = check([write(tmp_path, claim)], CheckOptions(), executor=Remote(change=change))
    assert [c.status for c in report] == [Status.ERROR]
    assert report.claims[0].counterexample is None
    assert report.claims[0].evidence is None


def test_a_word_is_a_word_also_from_elsewhere(tmp_path: Path, backend: Install) -> None:
    backend(lambda _obligation, _session: PROVED)
    (claim,) = check([write(tmp_path, HOLDS)], CheckOptions(), executor=Remote())
    assert claim.status is Status.PROVED
    assert claim.evidence == Evidence(EvidenceKind.TRUSTED, "fake 1, by fiat")
    (claim,) = check([write(tmp_path, HOLDS)], CheckOptions(evidence=EvidenceKind.CHECKED), executor=Remote())
    assert claim.status is Status.UNKNOWN


def test_another_nnspec_decides_nothing(tmp_path: Path) -> None:
    other = Remote(change=lambda _: Refused(Identity("9.9", "f" * 64), "over-there"))
    (claim,) = check([write(tmp_path, HOLDS)], CheckOptions(), executor=other)
    assert claim.status is Status.ERROR
    assert "the worker on over-there is nnspec 9.9 (ffffffff), and this is" in (claim.reason or "")


def test_a_job_of_another_nnspec_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "identity", lambda: Identity("9.9", "f" * 64))
    (claim,) = check([write(tmp_path, HOLDS)], CheckOptions(), executor=Remote())
    assert claim.status is Status.ERROR
    assert "and this is nnspec 9.9 (ffffffff)" in (claim.reason or "")


# -- what is stored ------------------------------------------------------------------------------------


def test_records_come_home_and_the_audit_accepts_them(tmp_path: Path) -> None:
    path, store = write(tmp_path, *ALL, MEASURED), tmp_path / "store"
    options = CheckOptions(store=store, budget=20_000, timeout=None)
    report = check([path], options, executor=Remote(2))
    audited = audit([path], options).report
    assert len(report) == 8
    assert statuses(audited) == statuses(report)
    assert [c.certificate for c in audited] == [c.certificate for c in report]
    assert not [c for c in check([path], replace(options, store=None), executor=Remote(2)) if c.certificate]


def test_what_is_stored_here_is_not_asked_for_elsewhere(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS, FAILS)
    options = CheckOptions(store=tmp_path / "store")
    first, again = Remote(), Remote()
    report = check([path], options, executor=first)
    assert essence(check([path], options, executor=again)) == essence(report)
    assert first.sent
    assert not again.sent


def test_a_proof_of_an_invariant_serves_elsewhere(tmp_path: Path) -> None:
    path = write_invariants(tmp_path, SMALL, CORE)
    report = check([path], CheckOptions(), executor=Remote(2))
    assert {claim.status for claim in report} == {Status.PROVED}
    cut = report["small"].cut
    assert cut is not None
    assert cut.reused is not None


# -- cancel --------------------------------------------------------------------------------------------


class Cancelling:
    """An observer that cancels the run when a claim is decided."""

    def __init__(self, cancel: Event) -> None:
        self.cancel = cancel
        self.closed = 0

    def start(self, claims: int) -> None:
        assert claims == 4

    def began(self, claim: str) -> None:
        assert claim

    def progress(self, claim: str, progress: Progress) -> None:
        """Nothing to show."""

    def narrowed(self, report: ClaimReport) -> None:
        """Nothing is measured here."""

    def decided(self, report: ClaimReport) -> None:
        assert report.status is Status.PROVED
        self.cancel.set()

    def close(self) -> None:
        self.closed += 1


def a_sleeper(obligation: Obligation, session: Session) -> Run:
    """Proves the first of `FAMILY`, and sleeps on the others while there is progress to tell."""
    for step in range(0 if threshold(obligation) == 100 else 1000):
        session.observe(Progress(step, 1))
        time.sleep(0.1)
    return PROVED


@FORK
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_is_cancelled_ends_soon_and_keeps_what_it_has(
    tmp_path: Path, backend: Install, jobs: int
) -> None:
    backend(a_sleeper)
    cancel = Event()
    observer = Cancelling(cancel)
    report = check([write(tmp_path, FAMILY)], CheckOptions(jobs=jobs, timeout=50), observer, cancel=cancel)
    assert report.interrupted
    assert [c.status for c in report] == [Status.PROVED, *[Status.UNKNOWN] * 3]
    assert {c.reason for c in report.claims[1:]} == {"interrupted"}
    assert observer.closed == 1


def test_an_executor_is_not_waited_for_when_a_run_is_cancelled(tmp_path: Path) -> None:
    cancel = Event()
    cancel.set()
    report = check([write(tmp_path, FAMILY)], CheckOptions(timeout=None), executor=Silent(), cancel=cancel)
    assert report.interrupted
    assert {c.reason for c in report} == {"interrupted"}


def test_an_executor_that_was_shut_down_takes_nothing(tmp_path: Path) -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RuntimeError):
        pool.submit(time.sleep, 0)
    assert issubclass(BrokenProcessPool, BrokenExecutor)
    report = check([write(tmp_path, HOLDS)], CheckOptions(), executor=pool)
    assert {claim.status for claim in report} == {Status.PROVED}
