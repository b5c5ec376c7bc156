"""Laws of the workers: whatever becomes of one, the other claims are decided, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path

import numpy as np
import pytest

from spec_lang.backends.base import Progress, Run, Session
from spec_lang.engine import CheckOptions, check, decide, workers
from spec_lang.engine.memory import limited
from spec_lang.engine.workers import TRIES
from spec_lang.kernel.proof import examine
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.model import Obligation
from spec_lang.reporters.model import ClaimReport, Report
from tests.engine.fakes import PROVED, Behaviour, Fake, threshold
from tests.engine.specs import EMPTY, FAILS, FAMILY, HOLDS, write
from tests.engine.test_portfolio import proving

Install = Callable[[Behaviour], None]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")


def statuses(report: Report) -> dict[str, Status]:
    return {claim.name: claim.status for claim in report}


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts one behaviour in the place of all backends."""

    def install(behaviour: Behaviour) -> None:
        monkeypatch.setattr(decide, "installed_backends", lambda: (Fake(behaviour),))

    return install


def on_second(harm: Callable[[], object]) -> Behaviour:
    """Proves every claim of `FAMILY`, and does `harm` first on the second."""

    def behave(obligation: Obligation, _: Session) -> Run:
        if threshold(obligation) == 101:
            harm()
        return PROVED

    return behave


def test_a_worker_that_dies_costs_its_claim_alone(tmp_path: Path, backend: Install) -> None:
    def die_on_second(obligation: Obligation, _: Session) -> Run:
        if threshold(obligation) == 101:
            os.kill(os.getpid(), signal.SIGKILL)
        return PROVED

    backend(die_on_second)
    report = check([write(tmp_path, FAMILY)], CheckOptions(jobs=2))
    assert [c.status for c in report] == [Status.PROVED, Status.ERROR, Status.PROVED, Status.PROVED]
    assert f"SIGKILL (out of memory?), {TRIES} times" in (report["every[1]"].reason or "")


def test_the_claim_of_a_worker_that_dies_is_tried_again(tmp_path: Path, backend: Install) -> None:
    def die_twice() -> None:
        tries = len(list(tmp_path.glob("try*")))
        (tmp_path / f"try{tries}").touch()
        if tries < TRIES - 1:
            os.kill(os.getpid(), signal.SIGKILL)

    backend(on_second(die_twice))
    report = check([write(tmp_path, FAMILY)], CheckOptions(jobs=2))
    assert statuses(report) == {f"every[{i}]": Status.PROVED for i in range(4)}
    assert len(list(tmp_path.glob("try*"))) == TRIES


@LINUX
@pytest.mark.parametrize(
    ("limit", "value", "processes"), [("_MOST_CLAIMS", 1, 4), ("_MOST_GROWTH", 2**26, 4)]
)
def test_a_worker_that_has_done_much_or_has_grown_is_replaced(
    tmp_path: Path, backend: Install, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, processes: int
) -> None:
    leak: list[object] = []

    def behave(obligation: Obligation, _: Session) -> Run:
        leak.append(np.ones(2**25 if leak else 8))  # 256 MiB, from its second claim on
        (tmp_path / f"by{os.getpid()}_{threshold(obligation)}").touch()
        return PROVED

    monkeypatch.setattr(f"spec_lang.engine.workers.{limit}", value)
    backend(behave)
    claims = "claim every[i in 0..7]: forall x in f.domain: f(x).p >= -100 - i\n"
    report = check([write(tmp_path, claims)], CheckOptions(jobs=2))
    assert {claim.status for claim in report} == {Status.PROVED}
    done = Counter(path.name.split("_")[0] for path in tmp_path.glob("by*"))
    assert sum(done.values()) == 8
    assert len(done) >= processes
    assert max(done.values()) <= 2


def test_processes_and_files_do_not_accumulate(tmp_path: Path, backend: Install) -> None:
    def seldom() -> None:
        if not (tmp_path / "once").exists():
            (tmp_path / "once").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    backend(on_second(seldom))
    path = write(tmp_path, FAMILY)
    check([path], CheckOptions(jobs=2))
    before = usage()
    for _ in range(5):
        (tmp_path / "once").unlink()
        assert {claim.status for claim in check([path], CheckOptions(jobs=2))} == {Status.PROVED}
    assert usage() == before


def usage() -> tuple[int, int]:
    """Open files, and processes that were not waited for."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    return len(list(Path("/proc/self/fd").iterdir())), len(children.read_text().split())


def test_a_worker_that_ignores_its_deadline_is_replaced(
    tmp_path: Path, backend: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep_on_second(obligation: Obligation, _: Session) -> Run:
        if threshold(obligation) == 101:
            time.sleep(60)
        return PROVED

    monkeypatch.setattr("spec_lang.engine.workers._GRACE", 0.2)
    backend(sleep_on_second)
    report = check([write(tmp_path, FAMILY)], CheckOptions(jobs=2, timeout=0.5))
    assert [c.status for c in report] == [Status.PROVED, Status.UNKNOWN, Status.PROVED, Status.PROVED]
    assert (report["every[1]"].reason or "").startswith("timeout: ")


def test_workers_that_start_from_scratch_decide_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, HOLDS, FAILS, EMPTY)
    monkeypatch.setattr("spec_lang.engine.workers._context", lambda: get_context("spawn"))
    assert statuses(check([path], CheckOptions(jobs=2))) == statuses(check([path], CheckOptions(jobs=1)))


# -- memory --------------------------------------------------------------------------------------------


@LINUX
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_claim_that_takes_too_much_memory_is_unknown_and_costs_no_other(
    tmp_path: Path, backend: Install, jobs: int
) -> None:
    backend(on_second(lambda: np.ones(2**28)))
    report = check([write(tmp_path, FAMILY)], CheckOptions(jobs=jobs, memory=2**29))
    assert [c.status for c in report] == [Status.PROVED, Status.UNKNOWN, Status.PROVED, Status.PROVED]
    assert report["every[1]"].reason == "memory: the limit of 512 MiB is reached (`--memory`)"


def test_a_limit_on_memory_is_handed_to_the_solvers(tmp_path: Path, backend: Install) -> None:
    seen: list[int | None] = []

    def note(_: Obligation, session: Session) -> Run:
        seen.append(session.budget.memory)
        return PROVED

    backend(note)
    check([write(tmp_path, HOLDS)], CheckOptions(memory=2**31))
    assert seen == [2**31]


@LINUX
def test_a_limit_on_memory_ends_with_the_claim() -> None:
    with pytest.raises(MemoryError), limited(2**26):
        np.ones(2**25)
    assert np.ones(2**25).sum() == 2**25


@LINUX
def test_a_worker_that_ran_out_of_memory_is_replaced(tmp_path: Path, backend: Install) -> None:
    pids = tmp_path / "pids"

    def behave(obligation: Obligation, _: Session) -> Run:
        with pids.open("a") as stream:
            stream.write(f"{os.getpid()}\n")
        if threshold(obligation) <= 102:
            raise MemoryError
        return PROVED

    backend(behave)
    report = check([write(tmp_path, FAMILY)], CheckOptions(jobs=2))
    assert [c.status for c in report] == [*[Status.UNKNOWN] * 3, Status.PROVED]
    assert len(set(pids.read_text().split())) == 4


# -- what is started -----------------------------------------------------------------------------------


def sleeper(folder: Path) -> Callable[[], None]:
    """Starts a process that outlasts every test, and waits for it; its number is in `folder / "pid"`."""

    def start() -> None:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
        (folder / "started").write_text(str(child.pid))
        (folder / "started").rename(folder / "pid")
        child.wait()

    return start


def gone(pid: int) -> bool:
    """Whether the process ends within a moment, or has."""
    for _ in range(200):
        stat = Path(f"/proc/{pid}/stat")
        try:
            if stat.parent.parent.is_dir() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return True  # it only waits for whoever it has been left to
            os.kill(pid, 0)
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_what_a_worker_has_started_ends_with_it_at_the_deadline(
    tmp_path: Path, backend: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spec_lang.engine.workers._GRACE", 1.0)
    backend(on_second(sleeper(tmp_path)))
    report = check([write(tmp_path, FAMILY)], CheckOptions(jobs=2, timeout=2.0))
    assert [c.status for c in report] == [Status.PROVED, Status.UNKNOWN, Status.PROVED, Status.PROVED]
    assert gone(int((tmp_path / "pid").read_text()))


def test_what_a_worker_has_started_ends_when_the_worker_dies(tmp_path: Path, backend: Install) -> None:
    def start_and_die() -> None:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
        (tmp_path / "pid").write_text(str(child.pid))
        os.kill(os.getpid(), signal.SIGKILL)

    backend(on_second(start_and_die))
    report = check([write(tmp_path, FAMILY)], CheckOptions(jobs=2))
    assert "SIGKILL" in (report["every[1]"].reason or "")
    assert gone(int((tmp_path / "pid").read_text()))


class Impatient:
    """An observer that presses Ctrl-C when the sleeper sleeps and the other worker has decided the rest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.left = 3

    def start(self, claims: int) -> None:
        assert claims == 4

    def began(self, claim: str) -> None:
        assert "::every" in claim

    def progress(self, claim: str, progress: Progress) -> None:
        assert (progress.done, progress.backend) == (0, "fake"), claim

    def narrowed(self, report: ClaimReport) -> None:
        """Nothing is measured here."""

    def decided(self, report: ClaimReport) -> None:
        self.left -= 1
        if not self.left:
            while not (self.folder / "pid").exists():
                time.sleep(0.01)
            raise KeyboardInterrupt(report.name)

    def close(self) -> None:
        """Nothing to clear."""


def test_an_interrupt_ends_what_workers_have_started(tmp_path: Path, backend: Install) -> None:
    backend(on_second(sleeper(tmp_path)))
    options = CheckOptions(jobs=2, timeout=None)
    report = check([write(tmp_path, FAMILY)], options, Impatient(tmp_path))
    assert report.interrupted
    assert [c.status for c in report] == [Status.PROVED, Status.UNKNOWN, Status.PROVED, Status.PROVED]
    assert gone(int((tmp_path / "pid").read_text()))


@LINUX
def test_workers_do_not_outlive_the_process_that_started_them(tmp_path: Path) -> None:
    path = write(tmp_path, FAMILY)
    code = f"""
import os, time
from pathlib import Path
from spec_lang.engine import CheckOptions, check, decide, workers
from tests.engine.fakes import Fake
def behave(obligation, session):
    Path({str(tmp_path)!r}, f"pid{{os.getpid()}}").touch()
    time.sleep(1000)
decide.installed_backends = lambda: (Fake(behave),)
check([{str(path)!r}], CheckOptions(jobs=2, timeout=None))
"""
    parent = subprocess.Popen([sys.executable, "-c", code])
    while len(found := list(tmp_path.glob("pid*"))) < 2:
        time.sleep(0.05)
        assert parent.poll() is None
    parent.kill()
    parent.wait()
    assert all(gone(int(file.name.removeprefix("pid"))) for file in found)


# -- checks of proofs ----------------------------------------------------------------------------------


def test_the_check_of_a_proof_comes_on_top_of_the_time_limit(
    tmp_path: Path, backend: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = examine

    def slow(*arguments: object, **options: object) -> object:
        time.sleep(2.0)
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("spec_lang.engine.checking.examine", slow)
    monkeypatch.setattr("spec_lang.engine.workers._GRACE", 0.5)
    backend(proving)
    report = check([write(tmp_path, FAMILY)], CheckOptions(jobs=2, timeout=0.5))
    assert statuses(report) == {f"every[{i}]": Status.PROVED for i in range(4)}


def test_nobody_waits_for_a_worker_that_is_killed_while_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has not read what it is told, which is more than a pipe holds."""
    path = write(tmp_path, *(f"claim c{n}: forall x in f.domain: f(x).p >= {-100 - n}\n" for n in range(60)))
    monkeypatch.setattr(workers, "_context", lambda: get_context("spawn"))
    killed: list[int] = []
    start = SpawnProcess.start

    def start_and_kill(process: SpawnProcess) -> None:
        start(process)
        if len(killed) < 2 and process.pid is not None:
            killed.append(process.pid)
            os.kill(process.pid, signal.SIGKILL)

    monkeypatch.setattr(SpawnProcess, "start", start_and_kill)
    report = check([path], CheckOptions(jobs=2))
    assert len(killed) == 2
    assert {claim.status for claim in report} == {Status.PROVED}
