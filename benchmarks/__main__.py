"""`python -m benchmarks FAMILY`: run a benchmark family and compare with what other tools found.

In: the family's name and limits.  Out: a table on stdout.  Exits 1 when a verdict contradicts the
expected one, 2 when there is nothing to run, 130 when it is interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

# A BLAS thread a core in each of several processes only makes them wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks.decide import Measured, Way, decide
from benchmarks.instances import Instance, acasxu_folder, read_instances
from benchmarks.table import line, totals

CHECKOUT = Path(__file__).resolve().parent.parent
FAMILIES = ("acasxu", "mnist_fc", "rl_benchmarks", "tllverifybench", "test")


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("--timeout", type=float, default=30.0, metavar="S", help="seconds an instance (30)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="instances at a time (1)")
    parser.add_argument("--only", default="*", metavar="GLOB", help="by name, such as '*_1_9_* prop_7'")
    parser.add_argument("--via", choices=("vnnlib", "spec"), default="vnnlib", help="how to ask (vnnlib)")
    parser.add_argument("--whole-process", action="store_true", help="start `nnspec` anew for each instance")
    parser.add_argument("--using", metavar="BACKEND", help="this backend alone (what the planner chooses)")
    default = Path(os.environ.get("NNSPEC_DATA", CHECKOUT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="the families' folder ($NNSPEC_DATA)")
    parsed = parser.parse_args(argv)
    if parsed.via == "spec" and parsed.family != "acasxu":
        parser.error("only acasxu is written as a spec")
    return parsed


@contextmanager
def way_to_ask(options: argparse.Namespace) -> Iterator[Way]:
    with tempfile.TemporaryDirectory() as folder:
        spec = None
        if options.via == "spec":
            source = CHECKOUT / "tests" / "acasxu" / "acasxu.nnspec"
            spec = acasxu_folder(source, options.data / "acasxu" / "onnx", Path(folder))
        yield Way(options.timeout, spec, options.whole_process, options.using)


def measure(instances: Sequence[Instance], way: Way, jobs: int) -> Iterator[Measured]:
    """Every instance, as it is done."""
    if jobs == 1:
        yield from (decide(instance, way) for instance in instances)
        return
    pool = ProcessPoolExecutor(jobs)
    try:
        yield from (done.result() for done in as_completed([pool.submit(decide, i, way) for i in instances]))
    finally:
        pool.shutdown(cancel_futures=True)


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(argv)
    folder = options.data / options.family
    if not (folder / "instances.csv").is_file():
        print(f"no benchmark family in {folder}: set NNSPEC_DATA or give --data", file=sys.stderr)
        return 2
    instances = read_instances(folder, options.only)
    if not instances:
        print(f"no instance matches {options.only}", file=sys.stderr)
        return 2
    width = max(len(instance.name) for instance in instances)
    rows: list[Measured] = []
    started = time.perf_counter()
    interrupted = False
    try:
        with way_to_ask(options) as way:
            for row in measure(instances, way, options.jobs):
                rows.append(row)
                print(line(row, width), flush=True)
    except KeyboardInterrupt:
        interrupted = True
    print(totals(rows, time.perf_counter() - started))
    wrong = any(row.wrong for row in rows)
    return 1 if wrong else 130 if interrupted else 0


if __name__ == "__main__":
    sys.exit(main())
