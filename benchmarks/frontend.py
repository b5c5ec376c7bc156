"""`python -m benchmarks.frontend`: seconds and memory of parsing, resolving and type-checking large specs.

In: shapes and sizes.  Out: a table, one line for each, every measurement in a process of its own; the ratio
says how the time grows when the spec does, 1 being linear.  Exits 1 when a spec has a diagnostic.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks.frontend_specs import SHAPES, spec

SIZES: Final = (1000, 2000, 4000)
_STAGES: Final = ("parse", "resolve", "typecheck")


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds by stage; `peak` is the process's, in MiB, and `start` what it was before the spec was read."""

    shape: str
    claims: int
    lines: int
    tasks: int
    seconds: dict[str, float]
    start: float
    peak: float
    problems: tuple[str, ...]

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def measure(shape: str, claims: int) -> Measured:
    """In this process, which is to be a fresh one."""
    from benchmarks.fuzz_corpus import tiny  # noqa: PLC0415 - imports onnx, which is no part of the front end
    from spec_lang.engine import prepare as engine  # noqa: PLC0415
    from spec_lang.engine.options import CheckOptions  # noqa: PLC0415
    from spec_lang.engine.sources import Source  # noqa: PLC0415

    seconds = dict.fromkeys(_STAGES, 0.0)
    for stage, name in (("parse", "parse_module"), ("resolve", "resolve"), ("typecheck", "typecheck")):
        setattr(engine, name, _timed(getattr(engine, name), stage, seconds))
    options = CheckOptions(networks=(("f", tiny(2, 2)),))
    engine.prepare([engine.parse_source(Source("warm", spec(shape, 1), Path()))], options)  # loads the table
    text = spec(shape, claims)
    seconds.update(dict.fromkeys(_STAGES, 0.0))
    start = _peak()
    preparation, _ = engine.prepare([engine.parse_source(Source("large.nnspec", text, Path()))], options)
    problems = tuple(f"{d.code} {d.problem}" for d in preparation.problems)[:3]
    tasks = len(preparation.tasks)
    return Measured(shape, claims, text.count("\n"), tasks, seconds, start, _peak(), problems)


def _timed(function: Callable[..., Any], stage: str, seconds: dict[str, float]) -> Callable[..., Any]:
    def run(*arguments: object, **named: object) -> object:
        started = time.perf_counter()
        try:
            return function(*arguments, **named)
        finally:
            seconds[stage] += time.perf_counter() - started

    return run


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_a_process(shape: str, claims: int) -> Measured:
    command = [sys.executable, "-m", "benchmarks.frontend", "--one", shape, str(claims)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    values = json.loads(done.stdout)
    return Measured(**{**values, "problems": tuple(values["problems"])})


def line(one: Measured, before: Measured | None) -> str:
    """`before` is the same shape, smaller."""
    stages = "".join(f"{one.seconds[stage]:10.2f}" for stage in _STAGES)
    growth = "" if before is None else f"{one.total / before.total / (one.lines / before.lines):7.2f}"
    size = f"{one.shape:<8}{one.claims:>8}{one.lines:>8}{one.tasks:>8}"
    return f"{size}{stages}{one.total:10.2f}{growth:>8}{one.peak - one.start:>8.0f}{one.peak:>8.0f}"


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frontend", description=__doc__.split("\n")[0])
    parser.add_argument("--shape", choices=("mixed", *SHAPES), action="append", help="(all of them)")
    parser.add_argument("--claims", type=int, action="append", metavar="N", help="(1000, 2000, 4000)")
    parser.add_argument("--one", nargs=2, metavar=("SHAPE", "N"), help="measure here, and print JSON")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(argv)
    if options.one is not None:
        shape, claims = options.one
        print(json.dumps(asdict(measure(shape, int(claims)))))
        return 0
    columns = "".join(f"{stage:>10}" for stage in (*_STAGES, "seconds"))
    head = f"{'shape':<8}{'claims':>8}{'lines':>8}{'members':>8}{columns}"
    print(f"{head}{'ratio':>8}{'MiB':>8}{'peak':>8}")
    wrong = False
    for shape in options.shape or ("mixed", *SHAPES):
        before = None
        for claims in options.claims or SIZES:
            one = in_a_process(shape, claims)
            print(line(one, before), flush=True)
            for problem in one.problems:
                wrong = True
                print(f"  {problem}")
            before = one
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
