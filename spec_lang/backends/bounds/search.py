"""What both searches share: their surroundings, and how they end.

In: a problem, a session, and the attestation to hand out.  Out: a `Run`.  A search counts what it has
done and what it had to leave undecided; with anything left undecided it never ends in `Proved`.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from spec_lang.backends._search.attack import deepen
from spec_lang.backends._search.problem import Problem, Witnesses
from spec_lang.backends.base import Run, Session
from spec_lang.obligations.certificate import Proof, Unclosed
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome, Proved, Refuted, Work

MOST_REPAIRS = 3  # of a proof; one nearly always suffices


class Search(ABC):
    """One search.  `done` counts sub-problems, `stuck` those that floats could not decide; `worst` is the
    least proved bound among the stuck ones."""

    unit: ClassVar[str]  # what `done` counts, as a key of `Work.units`
    counted: ClassVar[str]  # the same in words
    stuck_detail: ClassVar[str]

    def __init__(self, problem: Problem, session: Session, attestation: Attestation) -> None:
        self.problem = problem
        self.session = session
        self.attestation = attestation
        self.witnesses = Witnesses(problem, session)
        self.rng = np.random.default_rng(0)
        self.started = time.monotonic()
        self.done = 0
        self.stuck = 0
        self.worst = np.inf
        self.repairs = 0

    def run(self) -> Run:
        outcome = self.search()
        return Run(outcome, self.work)

    @property
    def work(self) -> Work:
        """So far."""
        return Work(time.monotonic() - self.started, self.units())

    def units(self) -> tuple[tuple[str, int], ...]:
        """What counts against a budget."""
        return (self.unit, self.done), ("attacks", self.witnesses.work)

    @abstractmethod
    def search(self) -> Outcome:
        """The outcome; every way out that is not a decision is a `GaveUp`."""

    @abstractmethod
    def still_open(self) -> int:
        """How many sub-problems wait to be bounded."""

    @abstractmethod
    def open_bounds(self) -> Iterator[float]:
        """Lower bounds that are proved of what is open; −inf for what has not been bounded yet."""

    def bound(self) -> float | None:
        """Proved lower bound on the violation's margin over all that is open or stuck, in the claim's own
        units; None where there is none."""
        scale = self.problem.rows.scale
        worst = min([self.worst, *self.open_bounds()])
        return worst * scale if scale is not None and np.isfinite(worst) else None

    def expired(self) -> bool:
        return self.witnesses.expired()

    @abstractmethod
    def proof(self) -> Proof | None:
        """What the search did, once nothing is open; None where it is too long to keep."""

    @abstractmethod
    def reopen(self, leaves: Sequence[Unclosed]) -> None:
        """Refine what the kernel's bounds, which are rounded in another order, leave open."""

    def exhausted(self) -> Outcome | None:
        """The outcome once nothing is open any more; None when the kernel has left leaves open, to go on."""
        if self.stuck:
            return GaveUp(GaveUpReason.NUMERICAL, f"{self.stuck} {self.stuck_detail}", self.bound())
        proof = self.proof()
        if proof is not None and self.session.examine is not None and self.repairs < MOST_REPAIRS:
            flaw = self.session.examine(proof)
            if flaw is not None and flaw.unclosed:
                self.repairs += 1
                self.reopen(flaw.unclosed)
                return None
        return Proved(self.attestation, proof)

    def refuted(self) -> Outcome:
        deepen(self.problem, self.witnesses)
        if self.witnesses.found is None:
            return GaveUp(GaveUpReason.NUMERICAL, "a counterexample was lost")
        return Refuted(self.witnesses.found)

    def out_of_budget(self) -> GaveUp | None:
        """Why the search must stop here, or None."""
        if self.expired():
            detail = f"{self.done} {self.counted} bounded, {self.still_open()} open"
            return GaveUp(GaveUpReason.TIMEOUT, detail, self.bound())
        if self.done and self.has_spent():
            spent = f"all {self.session.budget.work:,} units are spent"
            return GaveUp(GaveUpReason.BUDGET, f"{spent}, {self.done} {self.counted} bounded", self.bound())
        return None

    def has_spent(self, more: int = 0) -> bool:
        """Whether the budget is spent when `more` sub-problems are counted besides."""
        limit = self.session.budget.work
        return limit is not None and sum(count for _, count in self.units()) + more >= limit
