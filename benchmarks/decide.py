"""Decides one instance and measures what it took.

In: an instance, a time limit, and how to ask: through VNN-LIB or a spec, in this process or in one of
its own.  Out: a `Measured`.  Seconds include reading the files; in a process of its own also starting it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.instances import Instance, acasxu_claim
from spec_lang.engine import check
from spec_lang.engine.options import CheckOptions, Silent

_ANSWERS = {"proved": "unsat", "refuted": "sat", "unknown": "unknown"}
# What a process may take beyond the time limit before the benchmark ends it: start-up and the report.
_GRACE = 30.0


@dataclass(frozen=True, slots=True)
class Way:
    """How to ask: `spec` is a laid-out ACAS Xu spec, or None to ask through VNN-LIB; `using` is the one
    backend that may answer, or None for what the planner chooses."""

    timeout: float
    spec: Path | None = None
    whole_process: bool = False
    using: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    instance: Instance
    answer: str  # sat, unsat, unknown, or another word: vacuous, error
    reason: str | None
    seconds: float
    work: tuple[tuple[str, int], ...]
    peak_bytes: int

    @property
    def decided(self) -> bool:
        return self.answer in ("sat", "unsat")

    @property
    def wrong(self) -> bool:
        """The answer contradicts the one that is expected."""
        return {self.answer, self.instance.expected} == {"sat", "unsat"}


def decide(instance: Instance, way: Way) -> Measured:
    return _in_a_process(instance, way) if way.whole_process else _in_this_process(instance, way)


def _in_this_process(instance: Instance, way: Way) -> Measured:
    started = time.perf_counter()
    if way.spec is None:
        options = CheckOptions(timeout=way.timeout, using=way.using, networks=(("", instance.onnx),))
        report = check([instance.vnnlib], options, Silent())
    else:
        options = CheckOptions(timeout=way.timeout, using=way.using, claims=(acasxu_claim(instance),))
        report = check([way.spec], options, Silent())
    if report.interrupted:
        raise KeyboardInterrupt
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if len(report) != 1:
        problems = "; ".join(d.problem for d in report.diagnostics) or f"{len(report)} claims"
        return Measured(instance, "error", problems, seconds, (), peak)
    claim = report.claims[0]
    answer = _ANSWERS.get(claim.status.value, claim.status.value)
    return Measured(instance, answer, claim.reason, seconds, claim.work, peak)


def _in_a_process(instance: Instance, way: Way) -> Measured:
    command = [sys.executable, "-m", "spec_lang", "check", "--timeout", str(way.timeout)]
    command += ["--output-format", "json", "--no-cache"]
    command += [] if way.using is None else ["--using", way.using]
    if way.spec is None:
        command += [str(instance.vnnlib), "--network", str(instance.onnx)]
    else:
        command += [str(way.spec), "--claim", acasxu_claim(instance)]
    started = time.perf_counter()
    try:
        limit = way.timeout + _GRACE
        run = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return Measured(instance, "error", "does not end", time.perf_counter() - started, (), 0)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    claims = json.loads(run.stdout)["claims"] if run.stdout.startswith("{") else []
    if len(claims) != 1:
        return Measured(instance, "error", run.stderr.strip() or run.stdout.strip(), seconds, (), peak)
    answer = _ANSWERS.get(claims[0]["verdict"], claims[0]["verdict"])
    work = tuple(claims[0]["work"].items())
    return Measured(instance, answer, claims[0]["reason"], seconds, work, peak)
