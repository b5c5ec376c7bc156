"""The backend's face: questions about the gradient, and who answers them.

In: an obligation about two points and a session.  Out: the proofs of all questions together, or two points
around one where a gradient breaks the claim.  Questions are ordinary obligations: whoever of the other
backends reaches furthest decides them.
"""

from __future__ import annotations

import time
from dataclasses import replace

from spec_lang._values import dataclass
from spec_lang.backends._answers import who_answers
from spec_lang.backends.base import Budget, Capabilities, Point, Run, Session
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.certificate import Proof
from spec_lang.obligations.gradient_tests import Question
from spec_lang.obligations.mean_value import MeanValue, mean_value
from spec_lang.obligations.mean_value_certificate import MeanValueProof
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import (
    Attestation,
    GaveUp,
    GaveUpReason,
    Outcome,
    Proved,
    Refuted,
    Work,
)

_STOPPED = GaveUp(GaveUpReason.TIMEOUT, "the time was up before all questions about the gradient were asked")


@dataclass(frozen=True, slots=True)
class SlopesBackend:
    name: str = "slopes"
    version: str = "0.1.0"
    summary: str = "gradients at one point, for how much a function changes between two"
    capabilities: Capabilities = Capabilities(attacks=True, specialist=True, evidence=EvidenceKind.CHECKED)

    def availability(self) -> str | None:
        return None

    def supports(self, obligation: Obligation) -> str | None:
        found = mean_value(obligation)
        if found is None:
            return "the claim is not about how much a function changes between two points"
        reasons = (who_answers(question.obligation)[1] for question in found.questions)
        return next((reason for reason in reasons if reason is not None), None)

    def run(self, obligation: Obligation, session: Session) -> Run:
        found = mean_value(obligation)
        if found is None:
            return Run(
                GaveUp(GaveUpReason.UNSUPPORTED, "it is not about how much a function changes"), Work()
            )
        decision = _Decision(obligation, found, session)
        started = time.monotonic()
        outcome = decision.decide(Attestation(self.name, self.version, "gradients, outward-rounded float64"))
        units = tuple(sorted(decision.units.items()))
        return Run(outcome, Work(time.monotonic() - started, units))


class _Decision:
    """One obligation; `units` are those of work that have been done."""

    def __init__(self, obligation: Obligation, found: MeanValue, session: Session) -> None:
        self.obligation, self.found, self.session = obligation, found, session
        self.units: dict[str, int] = {}

    def decide(self, stamp: Attestation) -> Outcome:
        # Whoever only asks what this takes does not wait for the searches.
        from spec_lang.backends.slopes.segments import POINTS_A_UNIT, Segments  # noqa: PLC0415

        segments = Segments(self.obligation, self.found.asked, self.session)
        order = segments.by_promise(self.found.questions)
        self.units["attacks"] = segments.tried // POINTS_A_UNIT
        if segments.found is not None:
            return Refuted(segments.found)
        proofs: dict[int, Proof] = {}
        for number in order:
            question = self.found.questions[number]
            outcome = self._answered(question)
            if isinstance(outcome, Refuted):
                pair = segments.around(question, outcome.point)
                return Refuted(pair) if pair is not None else _open()
            if isinstance(outcome, GaveUp):
                return outcome
            if not isinstance(outcome.proof, Proof):
                return GaveUp(GaveUpReason.UNSUPPORTED, "an answer about the gradient comes without a proof")
            check = None if self.session.checks is None else self.session.checks(question.obligation)
            if check is not None and (flaw := check(outcome.proof)) is not None:
                return GaveUp(GaveUpReason.NUMERICAL, f"of a question about the gradient, {flaw.problem}")
            proofs[number] = outcome.proof
        return Proved(stamp, MeanValueProof(tuple(proofs[number] for number in range(len(proofs)))))

    def _answered(self, question: Question) -> Outcome:
        from spec_lang.kernel.witness import WitnessChecker  # noqa: PLC0415

        backend, reason = who_answers(question.obligation)
        if backend is None:
            return GaveUp(GaveUpReason.UNSUPPORTED, reason or "")
        budget = self.session.budget
        left = None if budget.work is None else budget.work - sum(self.units.values())
        if left is not None and left <= 0:
            return GaveUp(
                GaveUpReason.BUDGET, "nothing of the budget was left for a question about gradients"
            )
        if budget.deadline is not None and time.monotonic() > budget.deadline:
            return _STOPPED
        checker = WitnessChecker(question.obligation)

        def confirm(point: Point) -> bool:
            return checker(question.obligation.completed(point)) is not None

        checks = self.session.checks
        examine = None if checks is None else checks(question.obligation)
        limits = Budget(budget.deadline, left, budget.memory)
        session = replace(self.session, budget=limits, confirm=confirm, examine=examine)
        run = backend.run(question.obligation, replace(session, nearest=False))
        for unit, count in run.work.units:
            self.units[unit] = self.units.get(unit, 0) + count
        return run.outcome


def _open() -> GaveUp:
    detail = "a gradient is larger than the claim allows, and no two points near it were found that break it"
    return GaveUp(GaveUpReason.UNSUPPORTED, detail)
