"""`python -m benchmarks.planner`: what the planner chooses, beside every backend on its own.

In: instances of the families, and a time limit.  Out: a table of seconds with a mark where nothing was
decided, the sums, and the planner's sum over that of the best single backend; who does not decide an
instance has spent the limit on it.  Exits 1 when a verdict contradicts the expected one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from benchmarks.__main__ import FAMILIES
from benchmarks.decide import Way, decide
from benchmarks.instances import Instance, add_data, read_instances
from benchmarks.measured import Measured
from spec_lang.engine.decide import installed_backends

PLANNER = "planner"
# A few of each kind: tiny ones, many boxes or few, both answers, and outputs without a tie.
SAMPLE = (
    ("test", "*"),
    ("acasxu", "*_1_1_* prop_[1345]"),
    ("acasxu", "*_2_2_* prop_2"),
    ("acasxu", "*_2_9_* prop_8"),
    ("acasxu", "*_3_3_* prop_9"),
    ("acasxu", "*_4_5_* prop_10"),
    ("rl_benchmarks", "*_1[05]"),
    ("tllverifybench", "*"),
)


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planner", description=__doc__.split("\n")[0])
    parser.add_argument("--family", choices=FAMILIES, help="one family instead of the sample of all")
    parser.add_argument("--only", default="*", metavar="GLOB", help="instances of the family, by name")
    parser.add_argument("--timeout", type=float, default=20.0, metavar="S", help="seconds an instance (20)")
    parser.add_argument("--using", action="append", metavar="BACKEND", help="compare with these alone")
    add_data(parser)
    return parser.parse_args(argv)


def instances(options: argparse.Namespace) -> Iterator[Instance]:
    chosen = SAMPLE if options.family is None else ((options.family, options.only),)
    for family, only in chosen:
        yield from read_instances(options.data / family, only)


def spent(measured: Measured, timeout: float) -> float:
    """The seconds, or the limit where nothing was decided."""
    return measured.seconds if measured.decided else max(timeout, measured.seconds)


def cell(measured: Measured) -> str:
    mark = "!" if measured.wrong else " " if measured.decided else "?"
    return f"{measured.seconds:9.2f}{mark}"


def summary(rows: Sequence[dict[str, Measured]], timeout: float) -> Iterator[str]:
    """The sums, and how the planner compares with the best single backend."""
    ways = tuple(rows[0])
    sums = {way: sum(spent(row[way], timeout) for row in rows) for way in ways}
    for way in ways:
        decided = sum(row[way].decided for row in rows)
        yield f"{way:<10} {decided:3} of {len(rows)} decided, {sums[way]:8.1f} s with the limit for the rest"
    singles = [way for way in ways if way != PLANNER]
    if singles and PLANNER in sums:
        best = min(singles, key=lambda way: sums[way])
        yield f"the planner takes {sums[PLANNER] / sums[best]:.2f} times the seconds of {best} alone"


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(argv)
    backends = options.using or [backend.name for backend in installed_backends()]
    found = tuple(instances(options)) if options.data.is_dir() else ()
    if not found:
        print(f"no instance in {options.data}: set NNSPEC_DATA or give --data", file=sys.stderr)
        return 2
    width = max(len(instance.name) for instance in found)
    print(f"{'':<{width}}" + "".join(f"{way:>10}" for way in (PLANNER, *backends)))
    rows: list[dict[str, Measured]] = []
    for instance in found:
        row = {PLANNER: decide(instance, Way(options.timeout))}
        row |= {name: decide(instance, Way(options.timeout, using=name)) for name in backends}
        rows.append(row)
        print(f"{instance.name:<{width}}" + "".join(map(cell, row.values())), flush=True)
    print("\n".join(summary(rows, options.timeout)))
    return int(any(measured.wrong for row in rows for measured in row.values()))


if __name__ == "__main__":
    sys.exit(main())
