"""`python -m benchmarks.fuzz`: mutated specs through the front end; nothing but diagnostics may come out.

In: how many, a seed, and how far to go.  Out: a table, and every failure with the smallest text that still
fails in the same place.  Exits 1 when there is a failure: an exception, or a case that passes its time limit.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks.fuzz_case import STAGES, Failure, Way, run_case
from benchmarks.fuzz_corpus import Corpus, corpus
from benchmarks.fuzz_minimise import minimise

CHECKOUT = Path(__file__).resolve().parent.parent
_CHUNK = 250
_SHOWN = 20  # failures in full; more of them have the same few causes


@dataclass(slots=True)
class Tally:
    """What became of the cases of one chunk, or of all."""

    cases: int = 0
    results: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, -1)  # seconds, number of the case
    failures: dict[str, Failure] = field(default_factory=dict)  # by place: the first one is kept
    failed: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        self.cases += other.cases
        self.results += other.results
        self.codes += other.codes
        self.slowest = max(self.slowest, other.slowest)
        self.failed += other.failed
        for place, failure in other.failures.items():
            self.failures.setdefault(place, failure)


@dataclass(frozen=True, slots=True)
class Setup:
    """What every worker needs."""

    corpus: Corpus
    seed: int
    way: Way


def run_chunk(setup: Setup, numbers: range) -> Tally:
    """The cases with these numbers; which case a number is does not depend on the chunk."""
    tally = Tally()
    for number in numbers:
        started = time.perf_counter()
        outcome = run_case(number, setup.corpus, setup.seed, setup.way)
        tally.slowest = max(tally.slowest, (time.perf_counter() - started, number))
        tally.cases += 1
        tally.results[outcome.result] += 1
        tally.codes.update(outcome.codes)
        if outcome.failure is not None:
            tally.failed[outcome.failure.place] += 1
            tally.failures.setdefault(outcome.failure.place, outcome.failure)
    return tally


def run_all(setup: Setup, numbers: range, jobs: int) -> Iterator[Tally]:
    """One tally a chunk, as they are done."""
    chunks = [numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK)]
    if jobs == 1:
        yield from map(partial(run_chunk, setup), chunks)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(partial(run_chunk, setup), chunks)


def table(tally: Tally, seconds: float, setup: Setup) -> Iterator[str]:
    texts = len(setup.corpus.texts)
    yield f"{tally.cases} mutated specs of {texts} texts, seed {setup.seed}, up to {setup.way.stage}"
    for result, count in tally.results.most_common():
        yield f"  {result:<24}  {count:>7}  {100 * count / tally.cases:5.1f} %"
    codes = ", ".join(f"{code} {count}" for code, count in sorted(tally.codes.items()))
    yield f"codes: {codes}"
    slow, number = tally.slowest
    each = 1000 * seconds / max(1, tally.cases)
    yield f"{seconds:.0f} s, {each:.1f} ms a case of wall time, the slowest {slow:.2f} s (number {number})"
    yield f"{sum(tally.failed.values())} failures in {len(tally.failures)} places"


def report_failure(failure: Failure, count: int, setup: Setup) -> str:
    """The failure with a text made as small as it can be."""
    small = minimise(failure, setup.way)
    return (
        f"\n== {count} x {failure.place} (number {failure.number}, {', '.join(failure.mutations)})\n"
        f"-- text\n{small.text}\n-- traceback\n{small.traceback}"
    )


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=100_000, metavar="N", help="how many specs (100000)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first one (0)")
    parser.add_argument("--seed", type=int, default=1, help="of the mutations (1)")
    parser.add_argument("--stage", choices=STAGES, default=STAGES[-1], help=f"the last one ({STAGES[-1]})")
    parser.add_argument("--limit", type=float, default=10.0, metavar="S", help="seconds a case (10)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (2)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    total = Tally()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        way = Way(folder, options.stage, options.limit)
        setup = Setup(corpus(CHECKOUT, folder), options.seed, way)
        numbers = range(options.first, options.first + options.cases)
        for tally in run_all(setup, numbers, options.jobs):
            total.add(tally)
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{total.cases} cases, {sum(total.failed.values())} failures ")
        for line in table(total, time.perf_counter() - started, setup):
            print(line, flush=True)
        for place, failure in list(total.failures.items())[:_SHOWN]:
            print(report_failure(failure, total.failed[place], setup), flush=True)
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
