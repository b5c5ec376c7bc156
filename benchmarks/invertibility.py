"""`python -m benchmarks.invertibility`: injectivity, preimages and radii, each proof checked once more.

In: the recorded Brusselator networks, random ones, and a time limit.  Out: a line for each question: verdict,
seconds, the seconds of an audit of its proof, bytes as stored, and what the design prototype and the mixed
integer program of two copies took; of the random ones how many are decided.  Exits 1 when an answer is wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks.instances import add_data
from benchmarks.table import size_text
from spec_lang.engine import CheckOptions, check
from spec_lang.engine.audit import audit
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.reporters.model import ClaimReport, Measurement
from tests.invertibility.asking import flaw, reports_on
from tests.invertibility.brusselator import FOLDER, write_all
from tests.invertibility.brusselator_questions import CLAIMS, HEAD, RADII, Known
from tests.invertibility.cases import Kind, case

# Seconds of the design prototype and of the mixed integer program, as the design records them.
_PROTOTYPE: Final = {
    **dict.fromkeys(["para_300", "para_500", "para_600", "para_650", "para_6553"], 0.01),
    **dict.fromkeys(["para_660", "para_700"], 0.15),
    **dict.fromkeys(["ghost_2770", "ghost_2775"], 0.07),
    "twice_600": 0.05,
    "thrice_400": 0.11,
    "four_400": 0.27,
    "family_600": 0.1,
    "both_1000": 10.5,
    **dict.fromkeys(["r_para", "r_para_l1", "r_para_l2", "ghost_para"], 0.04),
    **dict.fromkeys(["r_ts", "r_ts_l1", "r_ts_l2", "ghost_ts", "r_ts_half"], 0.03),
}
# Seconds that a question may take, if not one, or two for a radius; and what an audit and a proof may.
_MUST: Final = {"twice_600": 10, "thrice_400": 10, "four_400": 10, "family_600": 2, "both_1000": 15}
_AUDIT, _BYTES = 1.0, 10_000
DECIDED: Final = (Status.PROVED, Status.REFUTED)
_PROGRAM: Final = {"para_300": 1.8, "para_600": 23.0, "para_700": 69.0}

# Of the random networks: what is asked of them, and their sizes.
SERIES: Final = {
    "random/injective 1-10-10-1": ((1, 10, 10, 1), Kind.INJECTIVE, "linf"),
    "random/injective 2-8-8-2": ((2, 8, 8, 2), Kind.INJECTIVE, "linf"),
    "random/injective 2-8-8-2 l1": ((2, 8, 8, 2), Kind.INJECTIVE, "l1"),
    "random/injective 2-8-8-2 l2": ((2, 8, 8, 2), Kind.INJECTIVE, "l2"),
    "random/injective 2-8-8-3": ((2, 8, 8, 3), Kind.INJECTIVE, "linf"),
    "random/given 2-8-8-1": ((2, 8, 8, 1), Kind.GIVEN, "linf"),
    "random/no_other_preimage 2-8-8-2": ((2, 8, 8, 2), Kind.ALONE, "linf"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """A claim or measure, as a line of a spec; `known` are the ends of a radius."""

    name: str
    text: str
    expected: Status
    known: Known | None = None


QUESTIONS: Final = (
    *(Question(name, f"claim {name}: {text}", status) for name, (text, status) in CLAIMS.items()),
    *(Question(name, f"measure {name} = {k.text}", Status.PROVED, k) for name, k in RADII.items()),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a question, and of its proof when it was checked alone."""

    question: Question
    report: ClaimReport
    audited: ClaimReport

    @property
    def wrong(self) -> bool:
        report, audited, known = self.report, self.audited, self.question.known
        if report.status is not Status.UNKNOWN and audited.status not in (report.status, Status.UNKNOWN):
            return True
        if report.measurement is not None and known is not None:
            return not _meets(report.measurement, known)
        return report.status not in (self.question.expected, Status.UNKNOWN)

    def line(self, width: int) -> str:
        report, name = self.report, self.question.name
        parts = [f"{name:<{width}}", f"{report.status.value:<8}", f"{self.question.expected.value:<8}"]
        parts += [f"{report.seconds:7.3f} s"]
        if report.status in DECIDED:
            parts.append(f"audit {self.audited.seconds:.3f} s")
        parts += [size_text(size) for size in [_stored(report)] if size]
        parts += [] if report.evidence is None else [report.evidence.kind.value]
        parts += [] if report.measurement is None else [_bracket(report.measurement)]
        for tool, seconds in (("prototype", _PROTOTYPE), ("two-copy MILP", _PROGRAM)):
            if name in seconds and report.status in DECIDED:
                parts.append(f"{tool} {seconds[name]:g} s ({report.seconds / seconds[name]:.2g}×)")
        parts += [report.reason] if report.status not in DECIDED and report.reason else []
        return "  ".join([*parts, *self.missed, *(["WRONG"] if self.wrong else [])])

    @property
    def missed(self) -> list[str]:
        """What it should not have taken."""
        must = _MUST.get(self.question.name, 1 if self.question.known is None else 2)
        found = [f"over {must} s"] if self.report.seconds > must else []
        if self.report.status in DECIDED:
            found += [f"audit over {_AUDIT:g} s"] if self.audited.seconds > _AUDIT else []
            found += ["audit without an end"] if self.audited.status is Status.UNKNOWN else []
        return found + ([f"over {size_text(_BYTES)}"] if _stored(self.report) > _BYTES else [])


def _meets(found: Measurement, known: Known) -> bool:
    """Whether a bracket has room for the radius."""
    low, high = found.lower, found.upper
    return (low is None or low.value <= known.above) and (high is None or high.value >= known.below)


def _stored(report: ClaimReport) -> int:
    ends = report.measurement.ends if report.measurement is not None else ()
    return (report.proof_bytes or 0) + sum(end.proof_bytes or 0 for end in ends)


def _bracket(found: Measurement) -> str:
    low, high = found.lower, found.upper
    text = ", ".join("?" if end is None else f"{float(end.value):.10g}" for end in (low, high))
    return f"[{text}]" + (f" width {float(high.value - low.value):.1e}" if low and high else "")


def ask(question: Question, folder: Path, options: CheckOptions) -> Result:
    """The answer, and an audit of what was stored."""
    spec = folder / "spec.nnspec"
    spec.write_text(f"{HEAD}{question.text}\n", encoding="utf-8")
    with tempfile.TemporaryDirectory() as store:
        asked = replace(options, store=Path(store))
        report = check([spec], asked)
        for diagnostic in report.diagnostics:
            if diagnostic.is_error:
                print(diagnostic.problem, file=sys.stderr)
        (claim,), (again,) = report.claims, audit([spec], asked).report.claims
    return Result(question, claim, again)


def recorded(data: Path, only: str, options: CheckOptions) -> Iterator[Result]:
    """The questions about the recorded networks, one after another."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_all(data, folder)
        for question in QUESTIONS:
            if fnmatchcase(question.name, only):
                yield ask(question, folder, options)


def series(name: str, count: int, options: CheckOptions) -> tuple[str, bool]:
    """A line on so many random networks; whether something is wrong."""
    sizes, kind, norm = SERIES[name]
    cases = [case(number, sizes, kind, norm) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        reports = reports_on(cases, Path(folder), options)
    flaws = [f for c, r in zip(cases, reports, strict=True) if (f := flaw(c, r)) is not None]
    counts = Counter(report.status.value for report in reports)
    seconds = [report.seconds for report in reports]
    open_ones = [c.name for c, r in zip(cases, reports, strict=True) if r.status is Status.UNKNOWN]
    found = ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
    line = f"{name:<34} {found} of {count}; {sum(seconds):.1f} s, the longest {max(seconds):.2f} s"
    line += f"; open: {', '.join(open_ones[:10])}" if open_ones else ""
    return "  ".join([line, *(f"WRONG: {f}" for f in flaws)]), bool(flaws)


def summary(results: Sequence[Result]) -> str:
    decided = [r for r in results if r.report.status in DECIDED]
    seconds, audits = [r.report.seconds for r in decided], [r.audited.seconds for r in decided]
    missed = sum(bool(r.missed) for r in results)
    return (
        f"{len(decided)} of {len(results)} decided, {sum(r.wrong for r in results)} wrong, "
        f"{missed} over a limit; "
        f"{sum(seconds):.1f} s, the longest {max(seconds, default=0.0):.2f} s; "
        f"audits {sum(audits):.1f} s, the longest {max(audits, default=0.0):.2f} s; "
        f"the largest proof {size_text(max((_stored(r.report) for r in decided), default=0))}"
    )


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.invertibility", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--only", default="*", metavar="GLOB", help="questions by name")
    parser.add_argument("--random", type=int, default=500, metavar="N", help="networks of each series (500)")
    parser.add_argument("--timeout", type=float, default=20.0, metavar="S", help="seconds a question (20)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (1)")
    add_data(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    given = arguments(argv)
    options = CheckOptions(timeout=given.timeout, jobs=given.jobs, evidence=EvidenceKind.CHECKED_ROUNDED)
    chosen = [name for name in SERIES if given.random and fnmatchcase(name, given.only)]
    questions = [question for question in QUESTIONS if fnmatchcase(question.name, given.only)]
    if not (given.data / FOLDER).is_dir():
        print(f"no {FOLDER} in {given.data}: set NNSPEC_DATA or give --data", file=sys.stderr)
        questions = []
    if not chosen and not questions:
        print(f"nothing is called {given.only}", file=sys.stderr)
        return 2
    results = []
    for result in recorded(given.data, given.only, options) if questions else ():
        results.append(result)
        print(result.line(max(len(question.name) for question in questions)), flush=True)
    if results:
        print(summary(results))
    wrong = any(result.wrong for result in results)
    for name in chosen:
        line, flawed = series(name, given.random, options)
        print(line, flush=True)
        wrong = wrong or flawed
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
