"""`python -m benchmarks FAMILY`: run a benchmark family and compare with what other tools found.

In: the family's name and limits.  Out: a table on stdout, and with `--json` a document.  Exits 1 when a
verdict contradicts the expected one, 2 when there is nothing to run, 130 when it is interrupted; what was
measured until then is printed.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.asking import Asked, ask_each, ask_once, compiled
from benchmarks.figures import Family, families
from benchmarks.instances import Instance, add_data, read_instances
from benchmarks.measured import Measured
from benchmarks.processes import Usage
from benchmarks.table import line, totals
from benchmarks.targets import Judged, judged

FAMILIES = tuple(families())


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument(
        "--timeout", type=float, metavar="S", help="seconds an instance (what the family's targets are for)"
    )
    parser.add_argument(
        "--budget", type=int, metavar="N", help="units of work an instance, then without a limit of time"
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="processes of each `nnspec` (one a core)")
    parser.add_argument(
        "--at-once", type=int, default=1, metavar="N", help="instances at a time, with `--via vnnlib` (1)"
    )
    parser.add_argument("--only", default="*", metavar="GLOB", help="by name, such as '*_1_9_* prop_7'")
    parser.add_argument(
        "--via",
        choices=("vnnlib", "spec"),
        default="vnnlib",
        help="a process an instance, or one spec and one process for all (vnnlib)",
    )
    parser.add_argument("--using", metavar="BACKEND", help="this backend alone (what the planner chooses)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write a document")
    add_data(parser)
    return parser.parse_args(argv)


class Measuring:
    """A run: what has been measured so far, and whether it was interrupted."""

    def __init__(self, family: Family, instances: Sequence[Instance]) -> None:
        self.family, self.instances = family, instances
        self.width = max(len(instance.name) for instance in instances)
        self.rows: list[Measured] = []
        self.usage = Usage(0.0, 0.0, 0)
        self.interrupted = False

    def each(self, asked: Asked, at_once: int) -> None:
        """A process an instance."""
        started = time.perf_counter()
        self._show(started)
        try:
            for row in ask_each(self.instances, asked, at_once):
                self._add(row)
                self._show(started)
        except KeyboardInterrupt:
            self.interrupted = True
        cpu = sum(row.cpu or 0.0 for row in self.rows)
        peak = max((row.peak_bytes or 0 for row in self.rows), default=0)
        self.usage = Usage(time.perf_counter() - started, cpu, peak)

    def together(self, asked: Asked) -> None:
        """One process for all."""
        try:
            rows, self.usage, self.interrupted = ask_once(self.instances, asked)
        except KeyboardInterrupt:
            self.interrupted = True
            return
        for row in rows:
            self._add(row)

    def _add(self, row: Measured) -> None:
        self.rows.append(row)
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
        print(line(row, self.width, self.family), flush=True)

    def _show(self, started: float) -> None:
        """How far it is, on a terminal."""
        if sys.stderr.isatty():
            seconds = time.perf_counter() - started
            sys.stderr.write(f"\r{len(self.rows)} of {len(self.instances)}, {seconds:.0f} s ")
            sys.stderr.flush()


def document(run: Measuring, options: argparse.Namespace, targets: Sequence[Judged]) -> Any:  # noqa: ANN401 - JSON
    """What programs read."""
    return {
        "family": run.family.name,
        "asked": {
            key: getattr(options, key) for key in ("only", "via", "timeout", "jobs", "budget", "using")
        },
        "interrupted": run.interrupted,
        "seconds": run.usage.seconds,
        "cpu": run.usage.cpu,
        "peak_bytes": run.usage.peak_bytes,
        "instances": [row.as_json() for row in run.rows],
        "targets": [
            {"what": j.target.what, "only": j.target.only, "value": j.value, "must": j.meets(j.target.must)}
            | {"aim": j.meets(j.target.aim)}
            for j in targets
        ],
    }


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(argv)
    family = families()[options.family]
    folder = options.data / options.family
    if not (folder / "instances.csv").is_file():
        print(f"no benchmark family in {folder}: set NNSPEC_DATA or give --data", file=sys.stderr)
        return 2
    instances = read_instances(folder, options.only)
    if not instances:
        print(f"no instance matches {options.only}", file=sys.stderr)
        return 2
    if options.timeout is None and options.budget is None:
        options.timeout = family.timeout
    run = Measuring(family, instances)
    asked = Asked(options.timeout, options.jobs, options.budget, options.using)
    with compiled(instances[0]):
        if options.via == "spec":
            run.together(asked)
        else:
            run.each(asked, options.at_once)
    targets = tuple(judged(family, read_instances(folder), run.rows, run.usage, in_one=options.via == "spec"))
    print("\n".join([*totals(run.rows, run.usage, family), *map(str, targets)]))
    if options.json is not None:
        options.json.write_text(json.dumps(document(run, options, targets), indent=2, default=str) + "\n")
    wrong = [row.instance.name for row in run.rows if row.wrong]
    if wrong:
        print(f"WRONG: {', '.join(wrong)}")
    return 1 if wrong else 130 if run.interrupted else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
