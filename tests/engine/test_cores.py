"""Laws of spare cores: whoever has no work leaves its core, and nothing that was started outlives a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from io import StringIO
from multiprocessing import get_context
from pathlib import Path

import pytest

from spec_lang._companions import Companion
from spec_lang.backends.base import Run, Session
from spec_lang.engine import CheckOptions, check
from spec_lang.engine.cores import Holding, OwnCores, WorkerCores, shared_cores
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.model import Obligation
from spec_lang.reporters.json import REPORTER
from tests.engine.fakes import PROVED, threshold
from tests.engine.specs import EMPTY, FAILS, FAMILY, HOLDS, write
from tests.engine.test_workers import Impatient, Install, backend, gone

__all__ = ["backend"]  # a fixture
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="companions are forked on Linux alone")
HURRIED = "claim hurried @timeout(1 s): forall x in f.domain: f(x).p >= -100\n"
PATIENT = "claim patient @timeout(60 s): forall x in f.domain: f(x).p >= -101\n"
TWO = "claim every[i in 0..1]: forall x in f.domain: f(x).p >= -100 - i\n"


def taken(session: Session, wanted: int) -> int:
    """How many cores there are to take, in the end; no more than `wanted` are waited for."""
    count, end = 0, time.monotonic() + 20
    while session.cores is not None and count < wanted and time.monotonic() < end:
        count += session.cores.take()
        time.sleep(0.01)
    return count + (session.cores is not None and session.cores.take())


def sleep_with_companion(folder: Path, session: Session) -> None:
    """Take a core for a process that outlasts every test; its number is in `folder / "pid"`."""
    assert session.cores is not None
    assert session.cores.take()
    companion: Companion[int, None] = Companion(time.sleep)
    companion.ask(1000)
    (folder / "started").write_text(str(companion._pid))
    (folder / "started").rename(folder / "pid")


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_claim_alone_may_use_all_other_cores(tmp_path: Path, backend: Install, jobs: int) -> None:
    seen: list[int] = []

    def note(_: Obligation, session: Session) -> Run:
        seen.append(taken(session, jobs - 1))
        return PROVED

    backend(note)
    check([write(tmp_path, HOLDS)], CheckOptions(jobs=jobs))
    assert seen == [jobs - 1]


def test_no_core_is_free_while_a_claim_waits_and_one_is_once_a_worker_has_none(
    tmp_path: Path, backend: Install
) -> None:
    def behave(obligation: Obligation, session: Session) -> Run:
        number = threshold(obligation)
        if number <= 101:
            (tmp_path / f"early{number}").write_text(str(taken(session, 0)))
        if number == 103:
            (tmp_path / "late").write_text(str(taken(session, 1)))
        return PROVED

    backend(behave)
    report = check([write(tmp_path, FAMILY)], CheckOptions(jobs=2))
    assert {claim.status for claim in report} == {Status.PROVED}
    assert [(tmp_path / name).read_text() for name in ("early100", "early101", "late")] == ["0", "0", "1"]


def test_cores_without_a_claim_are_free_from_the_start(tmp_path: Path, backend: Install) -> None:
    def behave(obligation: Obligation, session: Session) -> Run:
        if threshold(obligation) == 100:
            (tmp_path / "taken").write_text(str(taken(session, 3)))
        return PROVED

    backend(behave)
    check([write(tmp_path, TWO)], CheckOptions(jobs=4))
    assert (tmp_path / "taken").read_text() == "3"  # two for which there is no claim, one of the other worker


@pytest.mark.parametrize("at_its_deadline", [True, False])
def test_a_worker_that_is_ended_gives_back_its_cores(
    tmp_path: Path, backend: Install, monkeypatch: pytest.MonkeyPatch, *, at_its_deadline: bool
) -> None:
    monkeypatch.setattr("spec_lang.engine.workers._GRACE", 0.2)

    def behave(obligation: Obligation, session: Session) -> Run:
        if threshold(obligation) == 100:
            sleep_with_companion(tmp_path, session)
            time.sleep(100 if at_its_deadline else 0)
            os.kill(os.getpid(), signal.SIGKILL)
        while not (tmp_path / "pid").exists():
            time.sleep(0.01)
        (tmp_path / "taken").write_text(str(taken(session, 2)))
        return PROVED

    backend(behave)
    report = check([write(tmp_path, HURRIED, PATIENT)], CheckOptions(jobs=3))
    assert report["patient"].status is Status.PROVED
    assert (tmp_path / "taken").read_text() == "2"
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_claim_that_does_not_give_back_its_cores_costs_later_claims_none(
    tmp_path: Path, backend: Install
) -> None:
    def behave(obligation: Obligation, session: Session) -> Run:
        if threshold(obligation) == 100:
            (tmp_path / "kept").write_text(str(taken(session, 1)))
        elif threshold(obligation) == 101:
            while not (tmp_path / "kept").exists():
                time.sleep(0.01)
            (tmp_path / "taken").write_text(str(taken(session, 2)))
        return PROVED

    backend(behave)
    check([write(tmp_path, TWO)], CheckOptions(jobs=3))
    assert (tmp_path / "taken").read_text() == "2"


def test_an_interrupt_ends_the_companions_of_workers(tmp_path: Path, backend: Install) -> None:
    def behave(obligation: Obligation, session: Session) -> Run:
        if threshold(obligation) == 101:
            sleep_with_companion(tmp_path, session)
            time.sleep(1000)
        return PROVED

    backend(behave)
    report = check([write(tmp_path, FAMILY)], CheckOptions(jobs=5, timeout=None), Impatient(tmp_path))
    assert report.interrupted
    assert gone(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_companions_of_a_claim_alone_end_with_the_process(tmp_path: Path, how: signal.Signals) -> None:
    path = write(tmp_path, HOLDS)
    code = f"""
import sys, time
from pathlib import Path
from spec_lang.cli import main
from spec_lang.engine import decide
from tests.engine.fakes import Fake
from tests.engine.test_cores import sleep_with_companion
def behave(obligation, session):
    sleep_with_companion(Path({str(tmp_path)!r}), session)
    time.sleep(1000)
decide.installed_backends = lambda: (Fake(behave),)
sys.exit(main(["check", {str(path)!r}, "--jobs", "2", "--no-cache"]))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (tmp_path / "pid").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(how)
    process.communicate(timeout=30)
    assert process.returncode == (-signal.SIGKILL if how is signal.SIGKILL else 130)
    assert gone(int((tmp_path / "pid").read_text()))


def test_the_report_does_not_depend_on_the_cores(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS, FAILS, EMPTY, FAMILY)

    def document(jobs: int) -> str:
        stream = StringIO()
        REPORTER.render(check([path], CheckOptions(jobs=jobs)), stream)
        return json.dumps(without_seconds(json.loads(stream.getvalue())))

    assert document(1) == document(2)


def without_seconds(part: object) -> object:
    """A JSON document without what depends on the machine."""
    if isinstance(part, dict):
        return {name: without_seconds(value) for name, value in part.items() if name != "seconds"}
    return [without_seconds(value) for value in part] if isinstance(part, list) else part


# -- the counters themselves ---------------------------------------------------------------------------


def test_no_more_cores_are_taken_than_there_are() -> None:
    own = OwnCores(2)
    assert [own.take() for _ in range(3)] == [True, True, False]
    own.give_back()
    assert [own.take(), own.take()] == [True, False]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_pool_hears_of_every_core_that_a_worker_holds(method: str) -> None:
    told: list[Holding] = []
    shared = shared_cores(get_context(method))
    assert shared is not None
    worker, other = WorkerCores(shared, told.append), WorkerCores(shared, told.append)
    assert not worker.take()
    shared.free(1)
    assert [worker.take(), other.take()] == [True, False]
    worker.give_back()
    assert [change.change for change in told] == [1, -1]
    assert other.take()
    shared.close()
