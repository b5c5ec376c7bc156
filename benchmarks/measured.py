"""What one instance took and came to, read from the report of a check.

In: a claim of the JSON report, and the usage of the process that decided it.  Out: a `Measured`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.instances import Instance
from benchmarks.processes import Done, Usage

ANSWERS = {"proved": "unsat", "refuted": "sat", "unknown": "unknown"}


def sub_problems(work: Iterable[tuple[str, int]]) -> int:
    """Boxes, domains and the like; an attack has none."""
    return sum(count for name, count in work if name != "attacks")


@dataclass(frozen=True, slots=True)
class Measured:
    """`answer` is sat, unsat, unknown, or another word: vacuous, error.  `seconds` are those of a process of
    its own, or of the claim where one process had them all: then `cpu` and `peak_bytes` are known of all
    together alone."""

    instance: Instance
    answer: str
    reason: str | None
    seconds: float
    work: tuple[tuple[str, int], ...] = ()
    cpu: float | None = None
    peak_bytes: int | None = None
    evidence: str | None = None
    proof_bytes: int | None = None

    @property
    def decided(self) -> bool:
        return self.answer in ("sat", "unsat")

    @property
    def right(self) -> bool:
        return self.decided and self.answer == self.instance.expected

    @property
    def wrong(self) -> bool:
        """The answer contradicts the one that is expected."""
        return {self.answer, self.instance.expected} == {"sat", "unsat"}

    @property
    def parts(self) -> int:
        return sub_problems(self.work)

    def as_json(self) -> dict[str, Any]:
        own = asdict(self) | {"instance": self.instance.name, "work": dict(self.work)}
        return own | {"expected": self.instance.expected, "wrong": self.wrong}


def of_claim(instance: Instance, claim: Mapping[str, Any], usage: Usage | None = None) -> Measured:
    """With `usage`, that of a process which decided nothing else."""
    return Measured(
        instance,
        ANSWERS.get(claim["verdict"], claim["verdict"]),
        claim["reason"],
        claim["seconds"] if usage is None else usage.seconds,
        tuple(claim["work"].items()),
        None if usage is None else usage.cpu,
        None if usage is None else usage.peak_bytes,
        claim["evidence"],
        claim["proof_bytes"],
    )


def failed(instance: Instance, reason: str, usage: Usage | None = None) -> Measured:
    """An instance of which there is no report."""
    if usage is None:
        return Measured(instance, "error", reason, 0.0)
    return Measured(instance, "error", reason, usage.seconds, (), usage.cpu, usage.peak_bytes)


def report_of(done: Done) -> dict[str, Any] | None:
    """The JSON report that a process has written; None where it has not come to that."""
    try:
        report = json.loads(done.out)
    except ValueError:
        return None
    return report if isinstance(report, dict) else None


def trouble(done: Done, report: Mapping[str, Any] | None) -> str:
    """Why a process has no verdict, in its own words where it has any."""
    if done.code is None:
        return "does not end"
    if report is not None and report["diagnostics"]:
        return "; ".join(diagnostic["problem"] for diagnostic in report["diagnostics"])
    return done.err.strip() or f"ended with exit code {done.code}"
