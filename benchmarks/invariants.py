"""`python -m benchmarks.invariants`: published rules about networks, decided.

In: recorded rules, boxes and networks, and a time limit.  Out: for each question how many of its claims are
proved and refuted, in what time, and where that is not what another checker or a sample said.  Every
counterexample has been replayed in exact numbers.  Exits 1 when a sampled counterexample is denied.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import median
from typing import Final

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks.instances import add_data
from benchmarks.rules import Asked, boxes, input_rules, layer_5, mnist
from spec_lang.engine import CheckOptions, check
from spec_lang.reporters.model import ClaimReport


@dataclass(frozen=True, slots=True)
class Question:
    """What `laid_out` writes, with a limit of its own for each claim; `must` seconds, for all of them."""

    laid_out: Callable[[Path, Path], Asked]
    about: str
    limit: float
    must: float | None = None


QUESTIONS: Final = {
    "rules": Question(input_rules, "input rules of ACAS Xu 1_1", 60.0),
    "layer_5": Question(layer_5, "a pattern of layer 5, over the inputs' ranges", 600.0),
    "boxes": Question(boxes, "boxes of inputs that are clear of conflict", 20.0, 120.0),
    "mnist": Question(mnist, "rules of a 784-10×10-10 network, over [0, 1]^784", 60.0),
}


def rows(question: Question, data: Path, most: float, jobs: int) -> Iterator[tuple[str, bool]]:
    """Lines of the table, and whether they say that something is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        asked = question.laid_out(Path(folder), data)
        options = CheckOptions(timeout=min(question.limit, most), jobs=jobs)
        started = time.perf_counter()
        report = check([asked.spec], options)
        seconds = time.perf_counter() - started
    if errors := [d for d in report.diagnostics if d.is_error]:
        raise ValueError("; ".join(map(str, errors)))
    counts = {
        word: sum(c.status.value == word for c in report.claims) for word in ("proved", "refuted", "unknown")
    }
    said = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    limit = "" if question.must is None else f" (must {question.must:g} s)"
    missed = "  MISSED" if question.must is not None and seconds > question.must else ""
    slowest = max(claim.seconds for claim in report.claims)
    typical = median(claim.seconds for claim in report.claims)
    left = f"; {asked.left_out} cannot be read" if asked.left_out else ""
    yield (
        f"{said} in {seconds:.1f} s{limit}, {typical:.2g} s each, at most {slowest:.2g} s{left}{missed}",
        False,
    )
    for claim in report.claims:
        yield from _against(claim, asked.known.get(claim.name, ""))


def _against(claim: ClaimReport, known: str) -> Iterator[tuple[str, bool]]:
    """Where a verdict is not what was said, or there is none."""
    status = claim.status.value
    if status == "unknown":
        yield f"  {claim.name}: {claim.reason}", False
    elif known and status != known:
        # What was proved elsewhere may have been over less, or by floats; a counterexample counts.
        found = "" if claim.counterexample is None else ", by a counterexample that is replayed exactly"
        yield f"  {claim.name}: {status}{found}; elsewhere {known}", known == "refuted"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.invariants", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--only", default="*", metavar="GLOB", help="questions by name")
    parser.add_argument(
        "--timeout", type=float, default=600.0, metavar="S", help="seconds a claim, at most (600)"
    )
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="claims at once (2)")
    add_data(parser)
    given = parser.parse_args(argv)
    chosen = {name: question for name, question in QUESTIONS.items() if fnmatchcase(name, given.only)}
    if not chosen or not (given.data / "prophecy").is_dir():
        print(f"nothing is called {given.only}, or no prophecy in {given.data}", file=sys.stderr)
        return 2
    wrong = False
    for name, question in chosen.items():
        print(f"{name:<8}  {question.about}", flush=True)
        for text, is_wrong in rows(question, given.data, given.timeout, given.jobs):
            wrong |= is_wrong
            print(f"{name:<8}  {text}{'  WRONG' if is_wrong else ''}", flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
