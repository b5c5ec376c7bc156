"""`python -m benchmarks.differential`: random obligations through every backend, against exact enumeration.

In: how many, from which number on, limits.  Out: the share that each backend decides, and every wrong answer
with the smallest obligation that still has it.  Exits 1 when there is a wrong answer.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tests.differential.examine import Limits
from tests.differential.shrink import report
from tests.differential.tally import Series, Tally, installed, run_chunks, table

_SHOWN = 10  # findings in full; more of them have the same few causes


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.differential", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--cases", type=int, default=10_000, metavar="N", help="how many (10000)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first one (0)")
    parser.add_argument("--seed", type=int, default=1, help="of the series (1)")
    parser.add_argument(
        "--seconds", type=float, default=2.0, metavar="S", help="for one run of a backend (2)"
    )
    parser.add_argument(
        "--work", type=int, default=3000, metavar="N", help="units of work for one run (3000)"
    )
    parser.add_argument("--using", nargs="*", default=(), metavar="NAME", help="these backends alone")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (2)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(argv)
    names = [backend.name for backend in installed()]
    unknown = set(options.using) - set(names)
    if unknown:
        print(f"no backend is called {' or '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    numbers = range(options.first, options.first + options.cases)
    limits = Limits(options.seconds, options.work)
    series = Series(numbers, options.seed, limits, tuple(options.using))
    total, started = Tally(), time.perf_counter()
    for tally in run_chunks(series, options.jobs):
        total.add(tally)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{total.cases} cases, {len(total.findings)} wrong ")
    for line in table(total, options.using or names):
        print(line)
    print(f"{time.perf_counter() - started:.0f} s")
    for finding in total.findings[:_SHOWN]:
        print(report(finding, limits), flush=True)
    return 1 if total.findings else 0


if __name__ == "__main__":
    sys.exit(main())
