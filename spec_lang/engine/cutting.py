"""Claims `@via` an invariant: their obligations decided case by case.

In: an obligation, the invariant's left side as a cut, and what the run knows of the invariant.  Out: a proof
of both cases together, which the kernel has accepted, or a point that breaks the obligation; None where a
case stays open, and the obligation is to be decided without the cut.  Where the left side fails, the layers
up to it are asked alone first; where it holds, a proof of the invariant serves if it says enough.  What
either case took is kept for the report.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import field, replace

from spec_lang._values import dataclass
from spec_lang.engine.checking import OUT_OF_TIME
from spec_lang.engine.earlier import Earlier
from spec_lang.engine.portfolio import Log, Portfolio, Terms
from spec_lang.kernel.proof import OutOfTime
from spec_lang.kernel.wider import wider
from spec_lang.kernel.witness import check_witness
from spec_lang.obligations.cut import cases_of, up_to, without_condition
from spec_lang.obligations.cut_certificate import CutProof, Wider, WiderProof
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Attestation, Outcome, Proved, Refuted
from spec_lang.reporters._cut import CutCourse, Reused
from spec_lang.semantics.model import Cut

# Of the time or work of an obligation the cut may spend this part; the rest is for deciding it without.  Of
# that of a case, the layers up to the invariant alone may spend as much.
_PART = 2
_CASES = ("where it says nothing", "where it holds")
_FAILING, _HOLDING = range(2)


@dataclass(frozen=True, slots=True)
class _Limits:
    """Of one obligation or case: a moment, and units of work."""

    end: float | None
    units: int | None

    def part(self, of: int) -> _Limits:
        now = time.monotonic()
        end = None if self.end is None else now + max(0.0, self.end - now) / of
        return _Limits(end, None if self.units is None else self.units // of)

    def less(self, spent: int) -> _Limits:
        return self if self.units is None else replace(self, units=max(0, self.units - spent))


@dataclass(slots=True)
class Cutting:
    """For the obligations of one claim."""

    cut: Cut
    terms: Terms
    earlier: Earlier | None = None
    work: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    problem: str | None = None
    alone: bool = True  # so far
    reused: int | None = 0  # nodes of what served, unless a case was decided anew

    def decide(self, obligation: Obligation, deadline: float | None, units: int | None) -> Outcome | None:
        """Within a part of what the obligation may spend; nothing is tried once a cut has failed."""
        if self.problem is not None:
            return None
        limits = _Limits(deadline, units).part(_PART)
        failing, holding = cases_of(obligation, self.cut.holds)
        served = self._served(holding)
        proved: list[Proved] = []
        for number, case in ((_FAILING, failing), (_HOLDING, holding)):
            if number == _HOLDING and served is not None:
                proved.append(served)
                continue
            before = self.terms.log.units.copy()
            sharers = len(_CASES) - number if served is None else 1
            outcome = self._case(number, case, limits.part(sharers))
            spent = self.terms.log.units - before
            self.work[number].update(spent)
            limits = limits.less(spent.total())
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

    def _served(self, holding: Obligation) -> Proved | None:
        """The case where the invariant speaks, by a proof of the invariant."""
        for serving in () if self.earlier is None else self.earlier.serving(holding):
            self.terms.checks.know(serving.known)
            if self.terms.checks(holding, serving.proof).evidence is not None:
                self.reused = None if self.reused is None else self.reused + serving.proof.nodes
                return Proved(serving.stamp, serving.proof)
        self.reused = None
        return None

    def _case(self, number: int, case: Obligation, limits: _Limits) -> Outcome:
        if number == _HOLDING:
            # Where the left side holds everywhere, it narrows nothing down: its phases are in the graph.
            said = without_condition(case) if self.alone else None
            return self._wider(case, said, self.terms, limits) or Portfolio(case, self.terms).decide(
                limits.end, limits.units
            )
        before = self.terms.log.spent
        own = replace(self.terms, log=Log())
        # A point where the left side fails breaks nothing.
        proved = self._wider(case, up_to(case), own, limits.part(_PART))
        if isinstance(proved, Proved):
            self.terms.log.join(own.log)
            return proved
        self.terms.log.units.update(own.log.units)
        self.alone = False
        limits = limits.less(self.terms.log.spent - before)
        return Portfolio(case, self.terms).decide(limits.end, limits.units)

    def _wider(self, case: Obligation, said: Wider | None, terms: Terms, limits: _Limits) -> Outcome | None:
        """What backends say of more than the case; None where there is no more to say."""
        if said is None:
            return None
        outcome = Portfolio(wider(case, said), terms).decide(limits.end, limits.units)
        if not isinstance(outcome, Proved) or outcome.proof is None:
            return outcome
        return replace(outcome, proof=WiderProof(said, outcome.proof))

    def _together(self, obligation: Obligation, proved: list[Proved]) -> Outcome | None:
        first, second = proved
        if first.proof is None or second.proof is None:
            return Proved(_word_of(proved))
        proof = CutProof(self.cut.holds, (first.proof, second.proof))
        try:
            flaw = self.terms.checks(obligation, proof).flaw
        except OutOfTime:
            self.problem = OUT_OF_TIME
            return None
        if flaw is not None:
            self.problem = f"the kernel does not accept both cases together: {flaw.problem}"
            return None
        return Proved(second.attestation, proof)

    @property
    def spent(self) -> int:
        """All units of work together."""
        return sum(work.total() for work in self.work)

    def course(self) -> CutCourse:
        """What came of it."""
        failing, holding = (tuple(sorted(work.items())) for work in self.work)
        used = self.problem is None
        reused = None
        if used and self.earlier is not None and self.reused:
            reused = Reused(self.earlier.work, self.earlier.seconds, self.reused)
        alone = used and self.alone
        return CutCourse(self.cut.name, used, failing, holding, self.problem, alone, reused)


def _word_of(proved: list[Proved]) -> Attestation:
    """Whose word there is for the cases that have no proof."""
    words = [(o.attestation, case) for o, case in zip(proved, _CASES, strict=True) if o.proof is None]
    first, _ = words[0]
    told = [
        f"{stamp.method} {case}"
        if stamp.backend == first.backend
        else f"{stamp.backend} {stamp.version}, {stamp.method} {case}"
        for stamp, case in words
    ]
    return replace(first, method="; ".join(told))
