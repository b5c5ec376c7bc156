"""`python -m benchmarks.scaling`: what a second worker is worth, here and on a cluster of dask.

In: how many claims, and how hard a single one is.  Out: wall seconds of both with `--jobs` 1 and 2 and with 1
and 2 workers of a local cluster, as ratios to those of `--jobs 1` in the same run; and the bytes that a claim
sends.  On a machine with less than three free cores the numbers say little: the scheduler needs some, too.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import distributed

from benchmarks.generated import write_hard, write_many
from spec_lang.engine import CheckOptions, check


class Weighing(Executor):
    """A thread that does what it is asked, and the bytes of each job."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self._pool = ThreadPoolExecutor(1)
        self._max_workers = 1

    def submit(self, fn: Any, /, *arguments: Any, **_: Any) -> Future[Any]:  # noqa: ANN401
        self.sizes.append(len(pickle.dumps(arguments)))
        return self._pool.submit(fn, *arguments)


def measured(path: Path) -> dict[str, float]:
    """Seconds by how it was decided."""
    found = {f"--jobs {jobs}": _alone(path, jobs) for jobs in (1, 2)}
    for workers in (1, 2):
        with (
            distributed.LocalCluster(workers, threads_per_worker=1, dashboard_address=None) as cluster,
            distributed.Client(cluster) as client,
        ):
            client.wait_for_workers(workers)
            executor = client.get_executor(pure=False)
            report = check([path], CheckOptions(timeout=600), executor=executor)
            found[f"dask, {workers}"] = report.seconds
    return found


def _alone(path: Path, jobs: int) -> float:
    """By the command: this process has dask's threads, and one with threads forks nobody."""
    options = ["--no-cache", "--timeout", "600", "--jobs", str(jobs), "--output-format", "json"]
    command = [sys.executable, "-m", "spec_lang", "check", str(path), *options]
    # dask sets variables of malloc's for its workers, and for whoever is started beside them: a search that
    # gives memory back at every step takes twice as long.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return float(json.loads(done.stdout)["seconds"])


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__.split("\n")[0])
    parser.add_argument("--claims", type=int, default=200, metavar="N")
    parser.add_argument("--inputs", type=int, default=5, metavar="N", help="of the network of the hard claim")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="nnspec-scaling-") as name:
        folder = Path(name)
        path = write_many(folder, arguments.claims)
        weighing = Weighing()
        check([path], CheckOptions(timeout=600), executor=weighing)
        first, *others = weighing.sizes
        print(f"bytes of a job: {first:,} for the first, with the network; then {max(others):,} at most")
        for title, spec in (
            (f"{arguments.claims} claims", path),
            ("one claim", write_hard(folder, arguments.inputs)),
        ):
            seconds = measured(spec)
            alone = seconds["--jobs 1"]
            for words, taken in seconds.items():
                print(f"{title:12} {words:10} {taken:8.1f} s   x {alone / taken:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
