"""`python -m benchmarks.equivalence`: how far a compressed network may be off, against NeuroDiff.

In: the tasks of `differential`, and a time limit.  Out: a line for each task as it is decided: verdict,
seconds, boxes, the recorded seconds of NeuroDiff, and ratios; sums by kind of task.  With `--roots` the
bounds of the whole box are compared instead.  Exits 1 when a verdict contradicts the expected one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from benchmarks.equivalence_tasks import Task, read_tasks, spec_of
from benchmarks.instances import add_data
from spec_lang.backends._search.halving import row_bounds
from spec_lang.backends._search.problem import prepare as prepare_problem
from spec_lang.bounding.propagate import propagate
from spec_lang.engine import check
from spec_lang.engine.options import CheckOptions, Silent
from spec_lang.engine.prepare import prepare
from spec_lang.kernel.judge import is_impossible
from spec_lang.obligations.differential import differential
from spec_lang.reporters.model import ClaimReport

DECIDED = ("proved", "refuted")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a task."""

    task: Task
    verdict: str
    seconds: float
    work: tuple[tuple[str, int], ...]

    @property
    def wrong(self) -> bool:
        return {self.verdict, self.task.expected} == set(DECIDED)

    def line(self, width: int) -> str:
        work = ", ".join(f"{count:,} {name}" for name, count in self.work if count)
        peers = []
        for name, theirs in (("published", self.task.published), ("local", self.task.local)):
            if theirs is not None:
                peers.append(f"{name} {theirs:.2f} s ({self.seconds / theirs:.2g}×)")
        parts = [f"{self.task.name:<{width}}", f"{self.verdict:<8}", f"{self.task.expected:<8}"]
        parts += [f"{self.seconds:7.2f} s", work, *peers, *(["WRONG"] if self.wrong else [])]
        return "  ".join(parts)


class Printer(Silent):
    """Prints each result as it comes."""

    def __init__(self, claims: dict[str, Task]) -> None:
        self.claims = claims
        self.results: list[Result] = []
        self.width = max(len(task.name) for task in claims.values())

    def decided(self, report: ClaimReport) -> None:
        """Keep it, and print it."""
        result = Result(self.claims[report.name], report.status.value, report.seconds, report.work)
        self.results.append(result)
        print(result.line(self.width), flush=True)


def summary(results: Sequence[Result]) -> Iterator[str]:
    """By kind of task how many are decided, the seconds, and the longest; then the sums against NeuroDiff."""
    for kind in dict.fromkeys(result.task.kind for result in results):
        mine = [result for result in results if result.task.kind == kind]
        decided = [result for result in mine if result.verdict in DECIDED]
        longest = max((result.seconds for result in decided), default=0.0)
        seconds = sum(result.seconds for result in decided)
        yield (
            f"{kind:<24} {len(decided):3} of {len(mine):3} decided, {seconds:7.1f} s, "
            f"the longest {longest:.2f} s"
        )
    for name in ("local", "published"):
        both = [r for r in results if getattr(r.task, name) is not None and r.verdict == "proved"]
        ours, theirs = sum(r.seconds for r in both), sum(getattr(r.task, name) for r in both)
        if theirs:
            ratio = f"{ours / theirs:.3f}×"
            yield f"NeuroDiff, {name}: {ours:.1f} s against {theirs:.1f} s on {len(both)}: {ratio}"
    yield f"{sum(r.wrong for r in results)} wrong"


def decide(tasks: Sequence[Task], options: CheckOptions) -> list[Result]:
    """All of them, in one run."""
    text, claims = spec_of(tasks)
    printer = Printer(claims)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tasks.nnspec"
        path.write_text(text, encoding="utf-8")
        report = check([path], options, printer)
    for diagnostic in report.diagnostics:
        if diagnostic.is_error:
            print(diagnostic.problem, file=sys.stderr)
    return printer.results


def roots(tasks: Sequence[Task]) -> Iterator[tuple[Task, float]]:
    """Of each task the greatest difference that the bounds of the whole box leave possible."""
    text, claims = spec_of(tasks)
    with tempfile.TemporaryDirectory() as folder, np.errstate(all="ignore"):
        path = Path(folder) / "tasks.nnspec"
        path.write_text(text, encoding="utf-8")
        preparation, _ = prepare([path], CheckOptions())
        for work in preparation.tasks:
            task, most = claims[work.name], 0.0
            for obligation in work.goal().obligations:
                if is_impossible(obligation.violation):
                    continue
                problem = prepare_problem(differential(obligation))
                context, _ = propagate(problem.program, problem.roots[0])
                _, least, _ = row_bounds(
                    problem, context, np.ones((1, len(problem.rows.member)), dtype=np.bool_)
                )
                most = max(most, float(task.tolerance) - float(least.min()) * (problem.rows.scale or 1.0))
            yield task, most


def compare_roots(tasks: Sequence[Task]) -> None:
    """Print them beside NeuroDiff's."""
    ratios: dict[str, list[float]] = {}
    for task, most in roots(tasks):
        if task.root:
            ratios.setdefault(task.kind.split()[0], []).append(most / task.root)
            print(
                f"{task.name:<44} {most:12.6g}  NeuroDiff {task.root:12.6g}  {most / task.root:.3f}×",
                flush=True,
            )
    for family, found in ratios.items():
        print(f"{family}: the worst {max(found):.3f}×, {median(found):.3f}× the median, of {len(found)}")


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.equivalence", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--only", default="*", metavar="GLOB", help="tasks by name")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="seconds a task (60)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (2)")
    parser.add_argument("--roots", action="store_true", help="compare the bounds of the whole box alone")
    add_data(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(argv)
    folder = options.data / "differential"
    tasks = read_tasks(folder, options.only) if folder.is_dir() else ()
    if not tasks:
        print(f"no task in {folder}: set NNSPEC_DATA or give --data", file=sys.stderr)
        return 2
    if options.roots:
        compare_roots(tasks)
        return 0
    results = decide(tasks, CheckOptions(timeout=options.timeout, jobs=options.jobs))
    print("\n".join(summary(results)))
    return int(any(result.wrong for result in results))


if __name__ == "__main__":
    sys.exit(main())
