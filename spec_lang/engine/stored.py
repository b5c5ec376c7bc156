"""What is stored of a claim, held against it by the kernel.

In: a task, and the folder of proofs.  Out: a report like that of a search, or why there is none.  The goal
is made anew, its record looked up by what it means, and the kernel judges; a record proves nothing by being
there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from spec_lang._companions import Cores
from spec_lang._values import dataclass
from spec_lang.engine import lift
from spec_lang.engine.audit_measure import NOTHING_STORED, Looked, audit_measure
from spec_lang.engine.checking import shared_by
from spec_lang.engine.pictures import pictured
from spec_lang.engine.replay import replay_witness
from spec_lang.engine.task import Task
from spec_lang.kernel.judge import judge
from spec_lang.kernel.proof import Examined, examine
from spec_lang.kernel.verdict import EvidenceKind, Status, Verdict
from spec_lang.obligations.model import Goal, Obligation
from spec_lang.obligations.outcome import Certificate, GaveUpReason, Outcome, Proved
from spec_lang.reporters.model import ClaimReport
from spec_lang.store.files import Damaged, Found, Kept, Store


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """Stored proofs, to be held against goals until `end`, a `time.monotonic()` moment.

    With an `accept` of `checked` every proof is held to exact arithmetic, whatever it costs.
    """

    store: Store
    accept: EvidenceKind
    end: float
    cores: Cores | None = None
    pictures: bool = False  # whether reports are looked at

    def report(self, task: Task) -> tuple[ClaimReport, Sequence[Outcome]]:
        """The report on `task`, and the outcomes that it was made of.  Raises `OutOfTime`."""
        started = time.monotonic()
        if task.measure is not None:
            return audit_measure(task, task.measure, self.store, self.look), ()
        looked = self.look(task.goal())
        verdict = looked.verdict
        if looked.problem is not None:
            return lift.undecided(task, *looked.problem, time.monotonic() - started), ()
        shown = None
        if verdict.witness is not None and verdict.broken is not None:
            replayed = replay_witness(task, looked.goal.obligations[verdict.broken], verdict.witness)
            shown = lift.counterexample(task, looked.goal, verdict.witness, replayed)
            shown = pictured(task, looked.goal, verdict, shown) if self.pictures else shown
        course = lift.Course(backend=looked.finder, seconds=time.monotonic() - started, kept=looked.kept)
        return lift.decided(task, verdict, course, shown), looked.outcomes

    def look(self, goal: Goal) -> Looked:
        """What the kernel says of one goal."""
        found = self.store.look_up(goal)
        outcomes = found.outcomes if isinstance(found, Found) else ()
        examined = tuple(self._examined(goal, outcomes))
        verdict = judge(goal, outcomes, examined=examined, accept=self.accept)
        problem = _problem(found, verdict)
        kept = Kept(found.digest, found.size) if isinstance(found, Found) else None
        return Looked(goal, verdict, kept, problem, _finder(outcomes), outcomes)

    def _examined(self, goal: Goal, outcomes: Sequence[Outcome]) -> Iterator[Examined]:
        """Every proof, examined.  What is too tight for the exact check is held to the rounded one too, which
        tells a proof that is weaker than was asked for from one that is none."""
        exact = self.accept is EvidenceKind.CHECKED
        for obligation, outcome in zip(goal.obligations, outcomes, strict=False):
            if not isinstance(outcome, Proved) or outcome.proof is None:
                continue
            result = self._examine(obligation, outcome.proof, exact=exact)
            if exact and result.flaw is not None:
                result = self._examine(obligation, outcome.proof, exact=False)
            yield result

    def _examine(self, obligation: Obligation, proof: Certificate, *, exact: bool) -> Examined:
        spread = shared_by(self.cores)
        return examine(obligation, proof, exact=exact, expired=self._expired, spread=spread)

    def _expired(self) -> bool:
        return time.monotonic() > self.end


def _problem(found: Found | Damaged | None, verdict: Verdict) -> tuple[Status, str] | None:
    """Why a claim without a verdict has none, as far as its record is the reason."""
    if verdict.status is not Status.UNKNOWN:
        return None
    match found:
        case None:
            tried = verdict.gave_up is not GaveUpReason.INTERRUPTED  # of what the goal says by itself
            return None if tried else (Status.UNKNOWN, NOTHING_STORED)
        case Damaged(path, problem):
            return Status.UNKNOWN, f"the stored proof is lost: {problem} (`{path}`); run `nnspec check`"
        case Found() if verdict.gave_up is GaveUpReason.NUMERICAL:
            return Status.ERROR, f"the stored proof {found.digest} proves nothing: {verdict.reason}"
        case Found():
            return None


def _finder(outcomes: Sequence[Outcome]) -> str | None:
    """The backend that found the first of the proofs."""
    stamps = (outcome.attestation for outcome in outcomes if isinstance(outcome, Proved))
    return next((stamp.backend for stamp in stamps), None)
