"""Rounds: the obligation behind the waist is decided, and what breaks it there is traced back to inputs.

In: an obligation, its waist and a session.  Out: an outcome.  Each point behind the waist that no input is
led to gives a direction that separates it from all that are; with these the next round begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from spec_lang.backends._answers import who_answers
from spec_lang.backends._lp.model import Unfit
from spec_lang.backends._lp.pattern import active_at, forms_of
from spec_lang.backends._search.problem import Problem, prepare
from spec_lang.backends.base import Budget, Point, Session
from spec_lang.backends.narrow.preimages import Cut, Preimages
from spec_lang.bounding.boxes import exact_candidates, outward
from spec_lang.bounding.program import F64
from spec_lang.bounding.rows import TooManyDisjuncts
from spec_lang.kernel.suffix import seen_at, suffix
from spec_lang.kernel.witness import WitnessChecker
from spec_lang.obligations.certificate import Proof
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.narrow_certificate import Directions, NarrowProof
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome, Proved, Refuted

MOST_ROUNDS: Final = 64
_ALIKE: Final = 1e-7  # directions that differ by less cut off the same


class Rounds:
    """One obligation; `units` are those of work that have been done."""

    def __init__(self, obligation: Obligation, value: int, session: Session) -> None:
        """Raises `Unchecked` and `Unfit`."""
        self.obligation, self.value, self.session = obligation, value, session
        self.seen = seen_at(obligation, value)
        box = outward(obligation.region.boxes[0])
        self.preimages = Preimages(self.seen, box, session.budget.deadline)
        self.searched: dict[str, int] = {}
        self.cuts: list[Cut] = []
        self.found: Point | None = None

    @property
    def units(self) -> dict[str, int]:
        return {**self.searched, "programs": self.preimages.programs}

    def decide(self, stamp: Attestation) -> Outcome:
        try:
            return self._decide(stamp)
        except Unfit as problem:
            return GaveUp(GaveUpReason.UNSUPPORTED, str(problem))

    def _decide(self, stamp: Attestation) -> Outcome:
        ranges = self.preimages.of_ranges()
        for _ in range(MOST_ROUNDS):
            directions = self._directions(ranges)
            asked = suffix(self.obligation, self.value, directions)
            outcome = self._answered(asked)
            if self.found is not None:
                return Refuted(self.found)
            if isinstance(outcome, GaveUp):
                return outcome
            if isinstance(outcome, Proved):
                return self._proved(asked, outcome, directions, stamp)
            if len(self.cuts) == len(directions.weights):
                break
        detail = f"{len(self.cuts)} directions leave points behind the narrow layer that no input is led to"
        return GaveUp(GaveUpReason.NUMERICAL, detail)

    def _directions(self, ranges: F64) -> Directions:
        count = len(self.cuts)
        weights = np.array([cut.weights for cut in self.cuts]).reshape(count, len(ranges) // 2)
        multipliers = np.array([cut.multipliers for cut in self.cuts]).reshape(count, ranges.shape[1])
        return Directions(weights, np.concatenate([ranges, multipliers]))

    def _proved(
        self, asked: Obligation, outcome: Proved, directions: Directions, stamp: Attestation
    ) -> Outcome:
        if not isinstance(outcome.proof, Proof):
            return GaveUp(GaveUpReason.UNSUPPORTED, "an answer behind the narrow layer comes without a proof")
        check = None if self.session.checks is None else self.session.checks(asked)
        if check is not None and (flaw := check(outcome.proof)) is not None:
            return GaveUp(GaveUpReason.NUMERICAL, f"behind the narrow layer, {flaw.problem}")
        return Proved(stamp, NarrowProof(self.value, directions, outcome.proof))

    def _answered(self, asked: Obligation) -> Outcome:
        backend, reason = who_answers(asked)
        if backend is None:
            return GaveUp(GaveUpReason.UNSUPPORTED, reason or "")
        budget = self.session.budget
        left = None if budget.work is None else budget.work - sum(self.units.values())
        if left is not None and left <= 0:
            return GaveUp(GaveUpReason.BUDGET, "nothing of the budget was left for what a narrow layer makes")
        if budget.expired():
            return GaveUp(GaveUpReason.TIMEOUT, f"{len(self.cuts)} directions behind a narrow layer")
        confirm = _Confirm(self, asked)
        checks = self.session.checks
        limits = Budget(budget.deadline, left, budget.memory)
        session = replace(
            self.session,
            budget=limits,
            confirm=confirm,
            examine=None if checks is None else checks(asked),
            nearest=False,
        )
        run = backend.run(asked, session)
        for unit, count in run.work.units:
            self.searched[unit] = self.searched.get(unit, 0) + count
        return run.outcome

    def offer(self, x: F64) -> bool:
        """Whether inputs break the obligation."""
        for point in exact_candidates(self.obligation.region.boxes[0], x):
            if self.session.confirm(point):
                self.found = point
                return True
        return False


class _Confirm:
    """Whether to stop at a point behind the waist: it breaks what is asked there, and either inputs that are
    led near it break the obligation, or a direction separates it from all that are led anywhere."""

    def __init__(self, rounds: Rounds, asked: Obligation) -> None:
        self.rounds, self.checker = rounds, WitnessChecker(asked)
        try:
            self.problem: Problem | None = prepare(asked)
        except TooManyDisjuncts:
            self.problem = None

    def __call__(self, point: Point) -> bool:
        if self.checker(point) is None:
            return False
        rounds = self.rounds
        if rounds.found is not None:
            return True
        u = np.array([float(number) for number in point])
        cut, x = rounds.preimages.apart(u)
        if cut is not None:
            if not any(
                np.allclose(cut.weights, known.weights, rtol=_ALIKE, atol=0.0) for known in rounds.cuts
            ):
                rounds.cuts.append(cut)
            return True
        nearby = self._nearby(u)
        return any(rounds.offer(each) for each in (*nearby, *(() if x is None else (x,))))

    def _nearby(self, u: F64) -> Iterator[F64]:
        """Inputs that are led to the same linear piece as u and break the claim by the same atoms, deep
        within both."""
        problem = self.problem
        if problem is None:
            return
        program = problem.program
        with np.errstate(all="ignore"):
            values = problem.evaluator.values(u[None])
            active = active_at(program, values)
            forms = forms_of(program, active)
            if forms is None:
                return
            outputs = problem.evaluator(u[None])
            at = problem.rows.values(u[None], outputs)[0]
        bends = [np.where(mask, -forms[value], forms[value]).T for value, mask in active.items()]
        ends = np.concatenate([forms[output] for output in program.outputs], axis=1)
        found = problem.rows.outputs @ ends.T
        found[:, :-1] += problem.rows.inputs
        found[:, -1] += problem.rows.constant
        for member in problem.rows.member:
            if (at[member] <= 0).all():
                inputs = self.rounds.preimages.deepest(np.concatenate([*bends, found[member]]))
                if inputs is not None:
                    yield inputs
