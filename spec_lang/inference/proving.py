"""Candidates through the ordinary engine, and what it says of them.

In: candidates, and the limits of a run.  Out: a `Finding` for each: proved, refuted with the point, undecided
with the reason.  Planner and kernel are those of `nnspec check`; what an earlier run has kept is looked up
by the text of the claim.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.engine.options import CheckOptions, Observer
from spec_lang.engine.prepare import parse_source
from spec_lang.engine.run import check
from spec_lang.engine.sources import Source
from spec_lang.inference.model import Candidate, Decision
from spec_lang.inference.subject import Subject
from spec_lang.inference.writing import statement
from spec_lang.kernel.verdict import Status
from spec_lang.reporters.model import ClaimReport

_ROUNDS = 4  # candidates one after the other, before it is asked how much time is left

Point = tuple[Fraction, ...]  # in network space


class Interrupted(Exception):
    """The user has had enough; what was found until then is kept."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of a candidate."""

    candidate: Candidate
    status: Status
    reason: str | None = None
    witness: Point | None = None
    seconds: float = 0.0
    evidence: str | None = None


@dataclass(slots=True)
class Prover:
    """Decides candidates; `known` are the findings so far by what was asked, `save` hears of new ones."""

    subject: Subject
    decisions: Sequence[Decision]
    options: CheckOptions
    known: dict[str, Finding] = field(default_factory=dict)
    save: Callable[[], None] = lambda: None
    observer: Callable[[str, int], Observer] | None = None
    ends: float | None = None  # a `time.monotonic()` moment
    asked: int = 0

    @property
    def seconds_left(self) -> float:
        return float("inf") if self.ends is None else self.ends - time.monotonic()

    def key(self, candidate: Candidate) -> str:
        """What is asked of the engine, as one word."""
        text = statement(self.subject, self.decisions, candidate, "i")
        asked = f"{text}|{self.options.timeout}|{self.options.budget}"
        return hashlib.sha256(asked.encode()).hexdigest()[:24]

    def decide(self, candidates: Sequence[Candidate], timeout: float | None = None) -> tuple[Finding, ...]:
        """The findings, in the order of the candidates.  Raises `Interrupted`, with all that was decided
        known."""
        keys = [self.key(candidate) for candidate in candidates]
        fresh = [c for n, c in enumerate(candidates) if keys[n] not in self.known and keys[n] not in keys[:n]]
        most = len(fresh) if self.ends is None else _ROUNDS * self.options.jobs
        for start in range(0, len(fresh), max(most, 1)):
            if self.seconds_left > 0:
                self._run(fresh[start : start + most], timeout)
        out = Finding(candidates[0], Status.UNKNOWN, "no time was left") if candidates else None
        found = []
        for key, candidate in zip(keys, candidates, strict=True):
            finding = self.known.get(key, out)
            if finding is None:
                raise InternalError("a candidate without a finding")
            found.append(replace(finding, candidate=candidate))
        return tuple(found)

    def _run(self, candidates: Sequence[Candidate], timeout: float | None) -> None:
        names = [f"candidate_{number}" for number in range(len(candidates))]
        lines = [
            statement(self.subject, self.decisions, c, name)
            for name, c in zip(names, candidates, strict=True)
        ]
        text = "\n".join(["language 1", self.subject.header, *lines, ""])
        source = Source(self.subject.file.as_posix(), text, self.subject.folder)
        limit = self.options.timeout if timeout is None else timeout
        if self.ends is not None:
            share = self.seconds_left * self.options.jobs / len(candidates)
            limit = max(0.1, share if limit is None else min(limit, max(share, self.seconds_left / _ROUNDS)))
        observer = None if self.observer is None else self.observer("deciding", len(candidates))
        report = check([parse_source(source)], replace(self.options, timeout=limit), observer)
        self.asked += len(candidates)
        errors = [d for d in report.diagnostics if d.is_error]
        if errors:
            raise InternalError(f"a candidate is no claim: {errors[0].problem}")
        for name, candidate in zip(names, candidates, strict=True):
            claim = report[name]
            if not (report.interrupted and claim.status is Status.UNKNOWN):
                self.known[self.key(candidate)] = _finding(candidate, claim)
        self.save()
        if report.interrupted:
            raise Interrupted


def _finding(candidate: Candidate, claim: ClaimReport) -> Finding:
    witness = claim.counterexample
    point = None if witness is None else tuple(reading.network for reading in witness.inputs)
    evidence = None if claim.evidence is None else claim.evidence.kind.value
    return Finding(candidate, claim.status, claim.reason, point, claim.seconds, evidence)
