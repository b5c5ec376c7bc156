"""The search: attack, boxes cut by bounds, the solver on what is left of them, and a proof for the kernel.

In: an obligation and a session.  Out: a `Run`.  Bounds need a finite box and ReLUs; whatever else there is
goes to the solver as it stands.  Where the time suffices, what the solver has closed is closed once more by
trees of ReLU phases that the kernel can check; its own word, that of an exact solver, is `trusted`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final, assert_never

import numpy as np

from spec_lang.backends._lp.prove import prove_box
from spec_lang.backends._lp.setting import AT_KINKS, Setting, Tally
from spec_lang.backends._search.attack import descend, random_starts, sample
from spec_lang.backends._search.cutting import Cutting, Decision, Leaf, Readiness
from spec_lang.backends._search.mending import accepted
from spec_lang.backends._search.problem import Problem, Witnesses, prepare
from spec_lang.backends._search.record import BoxRecord, record_of
from spec_lang.backends.base import Point, Run, Session
from spec_lang.backends.smt.encode import NOTHING, Encoder, Interval, Knowledge
from spec_lang.backends.smt.leaves import AtKinks, Leaves, Limits
from spec_lang.backends.smt.points import Recogniser
from spec_lang.backends.smt.process import Answer, Impossible, NoAnswer, Solution, SolverProcess
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Expired
from spec_lang.bounding.hidden import Bounded, bounded
from spec_lang.bounding.program import F64, unsupported
from spec_lang.bounding.propagate import Known
from spec_lang.bounding.rows import TooManyDisjuncts
from spec_lang.kernel.rounding import fault as rounding_fault
from spec_lang.obligations.certificate import PhaseProof, Proof
from spec_lang.obligations.model import Box, Obligation, Semantics
from spec_lang.obligations.outcome import (
    Attestation,
    GaveUp,
    GaveUpReason,
    Outcome,
    Proved,
    Refuted,
    Work,
)

FEW_INPUTS: Final = 10  # up to here boxes are cut
SAMPLES, RESTARTS, DESCENT_STEPS = 500, 20, 40
PROOF_NODES: Final = 2000  # of one tree of phases, before the solver's word is left as it is
PROOF_SHARE: Final = 0.8  # of the time that is left; the kernel's check takes some, too
# Unstable neurons with which a box goes to the solver: at the root, and how many cuts double that number.
# Cutting is cheap, but where the claim holds with equality it would never end.
READINESS: Final = Readiness(first=10.0, least=2.0, more=1.1, fewer=0.9, doubling=32)
SECONDS: Final = 1.0  # for the solver, on a box that can be cut instead
QUICK: Final = 0.05  # seconds in which hundreds of boxes can be cut: what the solver may take
# The same in units of a budget.
UNITS: Final = 1000
QUICK_UNITS: Final = 50

Prove = Callable[[Bounded, Sequence[int] | None], PhaseProof | None]


class Search:
    """Of one obligation."""

    def __init__(self, obligation: Obligation, session: Session, backend: str, version: str) -> None:
        self.obligation, self.session = obligation, session
        self.stamp = Attestation(backend, version, "exact rationals, on boxes cut by outward-rounded bounds")
        self.recogniser = Recogniser(obligation, session)
        self.started = time.monotonic()
        self.setting: Setting | None = None  # where bounds take it
        self.unproved: list[Leaf] = []  # closed by the solver's word
        self.wholes: dict[int, Bounded] = {}  # the same, of boxes that are not cut
        self.only_at_kinks = False  # whether a box that is closed has counterexamples there
        self.tally = Tally()

    def run(self) -> Run:
        budget = self.session.budget
        with SolverProcess(budget.memory, budget.deadline) as solver:
            try:
                outcome = self._search(solver)
            except Expired:
                outcome = GaveUp(GaveUpReason.TIMEOUT, "the network was still being prepared for the solver")
        return Run(outcome, Work(time.monotonic() - self.started, self._units(solver)))

    def _units(self, solver: SolverProcess) -> tuple[tuple[str, int], ...]:
        self.tally.solver = solver.work
        return self.tally.units if self.setting is None else self.setting.units

    def _limits(self, solver: SolverProcess, *, divisible: bool = False) -> Limits:
        """For a question, on a box that can be cut instead or not."""
        budget = self.session.budget.work
        if budget is None:
            return Limits(seconds=SECONDS if divisible else None)
        left = max(0, budget - sum(count for _, count in self._units(solver)))
        return Limits(work=min(UNITS, left) if divisible else left)

    def _search(self, solver: SolverProcess) -> Outcome:
        problem = _boundable(self.obligation)
        if problem is None and self.obligation.semantics is Semantics.FLOAT32:
            return GaveUp(GaveUpReason.UNSUPPORTED, "float32 errors need bounds, which do not take this")
        if problem is not None and not len(problem.rows.member) and problem.may_overflow():
            return GaveUp(GaveUpReason.NUMERICAL, "a sum may overflow in float32")
        if problem is not None:
            self.setting = Setting(problem, Witnesses(problem, self.session), self.tally)
            if (point := self._attack(self.setting)) is not None:
                return Refuted(point)
        leaves = Leaves(Encoder(self.obligation, self._check_time), solver, self.recogniser)
        record = None if problem is None else record_of(problem)
        for number, box in enumerate(self.obligation.region.boxes):
            if problem is None or record is None:
                stop = self._gave_up(leaves.decide(_intervals(box), NOTHING, self._limits(solver)))
            else:
                stop = self._bounded(problem, record, number, leaves)
            if self.recogniser.found is not None:
                return Refuted(self.recogniser.found)
            if stop is not None:
                return stop
        if self.only_at_kinks:
            return AT_KINKS
        if self.setting is None or record is None:
            return Proved(self.stamp)
        self._units(solver)
        return self._proved(self.setting, record)

    def _attack(self, setting: Setting) -> Point | None:
        problem, witnesses, rng = setting.problem, setting.witnesses, np.random.default_rng(0)
        if not len(problem.rows.member) or not problem.roots:
            return None
        if not sample(problem, witnesses, SAMPLES, rng):
            starts = random_starts(problem, problem.root_of_all, RESTARTS, rng)
            descend(problem, witnesses, starts, DESCENT_STEPS)
        return witnesses.found

    # -- one box of the region -------------------------------------------------------------------

    def _bounded(self, problem: Problem, record: BoxRecord, number: int, leaves: Leaves) -> GaveUp | None:
        """None where the box has no counterexample."""
        root, box = problem.roots[number], self.obligation.region.boxes[number]
        if problem.program.input_size <= FEW_INPUTS:
            before = self.tally.boxes

            def decide(leaf: Leaf) -> Decision | GaveUp:
                return self._decision(leaves, _within(leaf.boxes, box), leaf)

            def count(boxes: int) -> bool:
                self.tally.boxes = before + boxes
                return self._limits(leaves.solver).work == 0

            cutting = Cutting(problem, self.session, record, number, READINESS, decide, self._expired, count)
            stop = cutting.run()
            self.unproved += cutting.unproved
            return stop if stop is None else _in_units(problem, stop)
        self.tally.boxes += 1
        bounds = bounded(problem.program, root, None, self._expired, raised=True)
        if not bounds.context.usable().all():
            return GaveUp(GaveUpReason.NUMERICAL, "the network's values leave the range of safe floats")
        self.wholes[number] = bounds
        errors = {value: error[0] for value, error in bounds.context.errors.items()}
        known = _knowledge(bounds.known, errors)
        return self._gave_up(leaves.decide(_within(root, box), known, self._limits(leaves.solver)))

    def _decision(self, leaves: Leaves, box: Sequence[Interval], leaf: Leaf) -> Decision | GaveUp:
        """What the solver makes of a leaf; one that takes it long is cut instead, where it can be."""
        started, before = time.monotonic(), leaves.solver.work
        limits = self._limits(leaves.solver, divisible=leaf.divisible)
        answer = leaves.decide(box, _knowledge(leaf.known, leaf.errors), limits)
        quick = time.monotonic() - started < QUICK
        if limits.work is not None:
            quick = leaves.solver.work - before < QUICK_UNITS
        if isinstance(answer, NoAnswer) and answer.slow and leaf.divisible:
            return Decision(closed=False, worth=quick)
        return self._gave_up(answer) or Decision(closed=True, worth=quick)

    def _gave_up(self, answer: Answer | AtKinks) -> GaveUp | None:
        """None where there is no counterexample; one that there is, the recogniser has."""
        match answer:
            case Impossible():
                return None
            case AtKinks():
                self.only_at_kinks = True  # other boxes may have one elsewhere
                return None
            case Solution():
                return GaveUp(GaveUpReason.NUMERICAL, "a counterexample was lost")
            case NoAnswer():
                return GaveUp(answer.reason, answer.detail)
            case _:
                assert_never(answer)

    def _check_time(self) -> None:
        if self._expired():
            raise Expired

    def _expired(self) -> bool:
        return self.session.budget.expired()

    # -- the proof -------------------------------------------------------------------------------

    def _proved(self, setting: Setting, record: BoxRecord) -> Outcome:
        """Proved, with a proof if one is found in the time that is left and the kernel accepts it."""
        problem, budget = setting.problem, self.session.budget
        now, until = time.monotonic(), budget.deadline
        if until is not None and budget.work is None:
            until = now + PROOF_SHARE * (until - now)

        def prove(bounds: Bounded, wanted: Sequence[int] | None = None) -> PhaseProof | None:
            found = prove_box(setting, bounds, until, PROOF_NODES, wanted)
            return found if isinstance(found, PhaseProof) else None

        proof = None
        with contextlib.suppress(Expired):
            if self._close_again(problem, record, prove):
                proof = accepted(problem, self.session, record, prove, self._expired)
        if setting.witnesses.found is not None:
            return Refuted(setting.witnesses.found)
        return Proved(self.stamp, proof if isinstance(proof, Proof) else None)

    def _close_again(self, problem: Problem, record: BoxRecord, prove: Prove) -> bool:
        """Whether every box that the solver closed is closed by phases, too."""
        for leaf in self.unproved:
            bounds = bounded(problem.program, leaf.boxes, leaf.known, self._expired, raised=False)
            proof = prove(bounds, leaf.wanted)
            if proof is None:
                return False
            record.phases[leaf.node] = proof
        for number, bounds in self.wholes.items():
            proof = prove(bounds, None)
            if proof is None:
                return False
            record.phases[number] = proof
        return True


def _boundable(obligation: Obligation) -> Problem | None:
    """The problem in floats, where bounds take it."""
    finite = all(None not in box.lower and None not in box.upper for box in obligation.region.boxes)
    if not finite or unsupported(obligation.graph) is not None or rounding_fault() is not None:
        return None
    try:
        problem = prepare(obligation)
    except TooManyDisjuncts:
        return None
    reach = [root.magnitude for root in problem.roots]
    return problem if all(np.isfinite(part).all() for part in reach) else None


def _intervals(box: Box) -> list[Interval]:
    return list(zip(box.lower, box.upper, strict=True))


def _within(boxes: Boxes, box: Box) -> list[Interval]:
    """The one box of `boxes`, in floats, cut to the exact one."""
    found: list[Interval] = []
    for low, high, (lower, upper) in zip(boxes.lower[0], boxes.upper[0], _intervals(box), strict=True):
        least, most = Fraction(float(low)), Fraction(float(high))
        found.append(
            (least if lower is None else max(least, lower), most if upper is None else min(most, upper))
        )
    return found


def _knowledge(known: Known, errors: dict[int, F64]) -> Knowledge:
    return Knowledge({value: (part.lower[0], part.upper[0]) for value, part in known.items()}, errors)


def _in_units(problem: Problem, stop: GaveUp) -> GaveUp:
    """The bound in the claim's own units; none as long as other boxes have not been looked at."""
    scale, bound = problem.rows.scale, stop.bound
    if len(problem.roots) > 1 or scale is None or bound is None:
        return GaveUp(stop.reason, stop.detail)
    return GaveUp(stop.reason, stop.detail, bound * scale)
