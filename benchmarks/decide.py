"""Decides one instance in this process, for comparisons in which starting one would only be in the way.

In: an instance, a time limit, and the backend that may answer.  Out: a `Measured`.  Seconds include reading
the files.
"""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass

from benchmarks.instances import Instance
from benchmarks.measured import ANSWERS, Measured
from spec_lang.engine import check
from spec_lang.engine.options import CheckOptions, Silent
from spec_lang.obligations.model import Semantics
from spec_lang.reporters.model import Report


@dataclass(frozen=True, slots=True)
class Way:
    """`using` is the one backend that may answer, or None for what the planner chooses."""

    timeout: float
    using: str | None = None
    semantics: Semantics = Semantics.REAL


def checked(instance: Instance, way: Way) -> Report:
    """Raises `KeyboardInterrupt`."""
    network = (("", instance.onnx),)
    options = CheckOptions(timeout=way.timeout, using=way.using, networks=network, semantics=way.semantics)
    report = check([instance.vnnlib], options, Silent())
    if report.interrupted:
        raise KeyboardInterrupt
    return report


def decide(instance: Instance, way: Way) -> Measured:
    """Raises `KeyboardInterrupt`."""
    started, before = time.perf_counter(), time.process_time()
    report = checked(instance, way)
    seconds, cpu = time.perf_counter() - started, time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if len(report) != 1:
        problems = "; ".join(d.problem for d in report.diagnostics) or f"{len(report)} claims"
        return Measured(instance, "error", problems, seconds, (), cpu, peak)
    claim = report.claims[0]
    answer = ANSWERS.get(claim.status.value, claim.status.value)
    evidence = None if claim.evidence is None else str(claim.evidence)
    return Measured(instance, answer, claim.reason, seconds, claim.work, cpu, peak, evidence)
