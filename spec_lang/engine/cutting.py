"""Claims `@via` an invariant: their obligations decided case by case.

In: an obligation, and the invariant's left side as a cut.  Out: a proof of both cases together, which the
kernel has accepted, or a point that breaks the obligation; None where a case stays open, and the obligation
is to be decided without the cut.  What either case took is kept for the report.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import field

from spec_lang._values import dataclass
from spec_lang.engine.checking import OUT_OF_TIME
from spec_lang.engine.portfolio import Portfolio, Terms
from spec_lang.kernel.proof import OutOfTime
from spec_lang.kernel.witness import check_witness
from spec_lang.obligations.certificate import Proof
from spec_lang.obligations.cut import cases_of
from spec_lang.obligations.cut_certificate import CutProof
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Outcome, Proved, Refuted
from spec_lang.reporters.model import CutCourse
from spec_lang.semantics.model import Cut

# Of the time or work of an obligation the cut may spend this part; the rest is for deciding it without.
_PART = 2
_CASES = ("where it says nothing", "where it holds")


@dataclass(slots=True)
class Cutting:
    """For the obligations of one claim."""

    cut: Cut
    terms: Terms
    work: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    problem: str | None = None

    def decide(self, obligation: Obligation, deadline: float | None, units: int | None) -> Outcome | None:
        """Within a part of what the obligation may spend; nothing is tried once a cut has failed."""
        if self.problem is not None:
            return None
        left = None if units is None else units // _PART
        end = None if deadline is None else time.monotonic() + max(0.0, deadline - time.monotonic()) / _PART
        proved: list[Proved] = []
        for number, case in enumerate(cases_of(obligation, self.cut.holds)):
            before = self.terms.log.units.copy()
            sharers = len(_CASES) - number
            outcome = self._case(case, end, left, sharers)
            spent = self.terms.log.units - before
            self.work[number].update(spent)
            left = None if left is None else max(0, left - spent.total())
            if isinstance(outcome, Refuted):
                if check_witness(obligation, outcome.point) is not None:
                    return outcome
                self.problem = f"the point found {_CASES[number]} does not break the claim"
                return None
            if not isinstance(outcome, Proved):
                self.problem = f"the case {_CASES[number]} is open: {outcome.detail}"
                return None
            proved.append(outcome)
        return self._together(obligation, proved)

    def _case(self, case: Obligation, end: float | None, units: int | None, sharers: int) -> Outcome:
        now = time.monotonic()
        until = None if end is None else now + max(0.0, end - now) / sharers
        return Portfolio(case, self.terms).decide(until, None if units is None else units // sharers)

    def _together(self, obligation: Obligation, proved: list[Proved]) -> Outcome | None:
        first, second = (outcome.proof for outcome in proved)
        if not isinstance(first, Proof) or not isinstance(second, Proof):
            self.problem = "a case has no proof that could be put together with another"
            return None
        proof = CutProof(self.cut.holds, (first, second))
        try:
            flaw = self.terms.checks(obligation, proof).flaw
        except OutOfTime:
            self.problem = OUT_OF_TIME
            return None
        if flaw is not None:
            self.problem = f"the kernel does not accept both cases together: {flaw.problem}"
            return None
        return Proved(proved[-1].attestation, proof)

    @property
    def spent(self) -> int:
        """All units of work together."""
        return sum(work.total() for work in self.work)

    def course(self) -> CutCourse:
        """What came of it."""
        failing, holding = (tuple(sorted(work.items())) for work in self.work)
        return CutCourse(self.cut.name, self.problem is None, failing, holding, self.problem)
