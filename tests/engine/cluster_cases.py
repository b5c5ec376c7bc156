"""A real cluster of dask, of two worker processes: nothing is lost when one of them is killed.

`test_cluster.py` runs these in a process of their own: dask's threads stay for as long as a process runs, and
one with threads forks no workers.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import distributed
import pytest

from benchmarks.generated import write_hard, write_many
from spec_lang.backends.base import Progress
from spec_lang.cli import main
from spec_lang.engine import CheckOptions, check
from spec_lang.engine.audit import audit
from spec_lang.engine.connect import NoExecutor, connected
from spec_lang.kernel.verdict import Status
from spec_lang.reporters.model import ClaimReport
from tests.engine.specs import FAILS, HOLDS, write
from tests.engine.test_workers import statuses

CALM = CheckOptions(budget=3000, timeout=None)


@pytest.fixture(scope="module")
def cluster() -> Iterator[distributed.LocalCluster]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as found:
        yield found


@pytest.fixture
def client(cluster: distributed.LocalCluster) -> Iterator[distributed.Client]:
    with distributed.Client(cluster) as found:
        found.wait_for_workers(2, timeout=60)
        yield found


class Killing:
    """An observer that kills a worker when so many claims are decided; `heard` are those that were."""

    def __init__(self, client: distributed.Client, after: int) -> None:
        self.client, self.after = client, after
        self.heard: list[str] = []

    def start(self, claims: int) -> None:
        assert claims > self.after

    def began(self, claim: str) -> None:
        assert claim

    def progress(self, claim: str, progress: Progress) -> None:
        """There is none from elsewhere."""

    def narrowed(self, report: ClaimReport) -> None:
        """Nothing is measured here."""

    def decided(self, report: ClaimReport) -> None:
        self.heard.append(report.id)
        if len(self.heard) == self.after:
            os.kill(min(self.client.run(os.getpid).values()), signal.SIGKILL)

    def close(self) -> None:
        """Nothing to clear."""


@pytest.mark.parametrize("count", [12, pytest.param(200, marks=pytest.mark.long)])
def test_a_worker_that_is_killed_costs_nothing(
    tmp_path: Path, client: distributed.Client, count: int
) -> None:
    path = write_many(tmp_path, count)
    before = set(client.run(os.getpid).values())
    observer = Killing(client, count // 4)
    options = CheckOptions(budget=3000, timeout=None, store=tmp_path / "store")
    report = check([path], options, observer, executor=client.get_executor())
    assert statuses(report) == statuses(check([path], CALM))
    assert sorted(observer.heard) == sorted(claim.id for claim in report)
    assert statuses(audit([path], options).report) == statuses(report)
    client.wait_for_workers(2, timeout=60)
    assert len(before & set(client.run(os.getpid).values())) == 1


def tasks_seen(client: distributed.Client) -> int:
    """How many of our tasks the scheduler has seen to their end."""

    def count(dask_scheduler: Any) -> int:  # noqa: ANN401 - dask's
        prefix = dask_scheduler.task_prefixes.get("perform")
        return 0 if prefix is None else int(prefix.state_counts["memory"])

    found = client.run_on_scheduler(count)
    assert isinstance(found, int)
    return found


@pytest.mark.long
def test_the_frontier_of_a_single_claim_goes_to_the_idle_worker(
    tmp_path: Path, client: distributed.Client
) -> None:
    before = tasks_seen(client)
    options = CheckOptions(timeout=300, store=tmp_path / "store")
    path = write_hard(tmp_path)
    report = check([path], options, executor=client.get_executor(pure=False))
    assert [claim.status for claim in report] == [Status.PROVED]
    assert tasks_seen(client) - before > 2  # the claim, what it needed first, and parts of its search
    assert statuses(audit([path], options).report) == statuses(report)


def test_the_command_decides_on_a_cluster(
    tmp_path: Path, cluster: distributed.LocalCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, HOLDS, FAILS)
    address = cluster.scheduler_address.removeprefix("tcp://")
    assert main(["check", str(path), "--executor", f"dask://{address}"]) == 1
    out = capsys.readouterr().out
    assert "1 proved, 1 refuted" in out


def test_a_cluster_without_workers_is_a_diagnostic() -> None:
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as empty:
        port = int(empty.scheduler_address.rpartition(":")[2])
        with (
            pytest.raises(NoExecutor, match="the cluster has no workers"),
            connected("dask", "127.0.0.1", port),
        ):
            pytest.fail("it has none")


def test_an_address_that_is_none_is_a_mistake_of_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, HOLDS)
    for address in ("dask://host", "tcp://host:1", "dask://host:99999"):
        assert main(["check", str(path), "--executor", address]) == 2
        assert "is not the address of a scheduler" in capsys.readouterr().err
