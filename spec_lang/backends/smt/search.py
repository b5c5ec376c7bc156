"""The search: attack, boxes cut by bounds, the solver on what is left of them, and a proof for the kernel.

In: an obligation and a session.  Out: a `Run`.  Bounds need a finite box and ReLUs; whatever else there is
goes to the solver as it stands.  Where the time suffices, what the solver has closed is closed once more by
trees of ReLU phases that the kernel can check; its own word, that of an exact solver, is `trusted`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import field
from fractions import Fraction
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._lp.prove import prove_box
from spec_lang.backends._lp.setting import Setting, Tally
from spec_lang.backends._search.attack import descend, random_starts, sample
from spec_lang.backends._search.problem import Problem, Witnesses, prepare
from spec_lang.backends.base import Point, Run, Session
from spec_lang.backends.smt.cutting import Bounds, Cutting, Prove
from spec_lang.backends.smt.encode import NOTHING, Encoder, Interval, Knowledge
from spec_lang.backends.smt.leaves import Leaves
from spec_lang.backends.smt.points import Recogniser
from spec_lang.backends.smt.process import Answer, NoAnswer, Solution, SolverProcess
from spec_lang.backends.smt.record import Tree
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.hidden import Bounded, bounded
from spec_lang.bounding.linear import Expired
from spec_lang.bounding.program import unsupported
from spec_lang.bounding.rows import TooManyDisjuncts
from spec_lang.kernel.rounding import fault as rounding_fault
from spec_lang.obligations.certificate import PhaseProof, Proof, Unclosed
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
MENDINGS: Final = 2  # rounds in which leaves are closed that the kernel does not find closed
PROOF_SHARE: Final = 0.8  # of the time that is left; the kernel's check takes some, too


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """A box of the region that is not cut."""

    bounds: Bounded
    tree: Tree = field(default_factory=Tree)

    def prove(self, prove: Prove) -> bool:
        proof = prove(self.bounds, None)
        if proof is not None:
            self.tree.phases[0] = proof
        return proof is not None

    def mend(self, leaves: Sequence[Unclosed], prove: Prove) -> bool:  # noqa: ARG002 - as for boxes that are cut
        """Nothing is left to try."""
        return not leaves


_Part = Cutting | Whole


class Search:
    """Of one obligation."""

    def __init__(self, obligation: Obligation, session: Session, backend: str, version: str) -> None:
        self.obligation, self.session = obligation, session
        self.stamp = Attestation(backend, version, "exact rationals, on boxes cut by outward-rounded bounds")
        self.recogniser = Recogniser(obligation, session)
        self.started = time.monotonic()
        self.boxes = 0
        self.bound = np.inf  # proved of what is open
        self.tally = Tally()

    def run(self) -> Run:
        budget = self.session.budget
        with SolverProcess(budget.memory, budget.deadline) as solver:
            try:
                outcome = self._search(solver)
            except Expired:
                outcome = GaveUp(GaveUpReason.TIMEOUT, "the hidden neurons were still being bounded")
        units = (("boxes", self.boxes), ("checks", solver.checks), ("nodes", self.tally.nodes))
        return Run(outcome, Work(time.monotonic() - self.started, units))

    def _search(self, solver: SolverProcess) -> Outcome:
        problem = _boundable(self.obligation)
        if problem is None and self.obligation.semantics is Semantics.FLOAT32:
            return GaveUp(GaveUpReason.UNSUPPORTED, "float32 errors need bounds, which do not take this")
        if problem is not None and not len(problem.rows.member) and problem.may_overflow():
            return GaveUp(GaveUpReason.NUMERICAL, "a sum may overflow in float32")
        if problem is not None and (point := self._attack(problem)) is not None:
            return Refuted(point)
        leaves = Leaves(Encoder(self.obligation), solver, self.recogniser)
        parts: list[_Part] = []
        for number, box in enumerate(self.obligation.region.boxes):
            if problem is None:
                answer = leaves.decide(_intervals(box), NOTHING, None)
            else:
                answer, part = self._bounded(problem, number, leaves)
                parts.append(part)
            if isinstance(answer, Solution):
                return self._refuted()
            if isinstance(answer, NoAnswer):
                return GaveUp(answer.reason, answer.detail, self._worst(problem))
        return Proved(self.stamp) if problem is None else self._proved(problem, parts)

    def _attack(self, problem: Problem) -> Point | None:
        witnesses, rng = Witnesses(problem, self.session), np.random.default_rng(0)
        if not len(problem.rows.member) or not problem.roots:
            return None
        if not sample(problem, witnesses, SAMPLES, rng):
            starts = random_starts(problem, problem.root_of_all, RESTARTS, rng)
            descend(problem, witnesses, starts, DESCENT_STEPS)
        return witnesses.found

    def _refuted(self) -> Outcome:
        if self.recogniser.found is None:
            return GaveUp(GaveUpReason.NUMERICAL, "a counterexample was lost")
        return Refuted(self.recogniser.found)

    # -- one box of the region -------------------------------------------------------------------

    def _bounded(self, problem: Problem, number: int, leaves: Leaves) -> tuple[Answer, _Part]:
        """What is said of one box of the region, and what its proof would start from."""
        root, box = problem.roots[number], self.obligation.region.boxes[number]

        def decide(bounds: Bounds, seconds: float | None) -> Answer:
            return leaves.decide(_within(bounds.boxes, box), _knowledge(bounds), seconds)

        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if problem.program.input_size <= FEW_INPUTS:
                cutting = Cutting(problem, self.session, root, decide)
                try:
                    answer = cutting.run(self.session.budget.work)
                finally:
                    self.boxes += cutting.boxes
                    self.bound = min(self.bound, cutting.bound())
                return answer, cutting
            self.boxes += 1
            whole = Whole(bounded(problem.program, root, None, self._expired, raised=True))
            context = whole.bounds.context
            if not context.usable().all():
                detail = "the network's values leave the range of safe floats"
                return NoAnswer(GaveUpReason.NUMERICAL, detail), whole
            errors = {value: error[0] for value, error in context.errors.items()}
            return decide(Bounds(root, whole.bounds.known, errors), None), whole

    def _expired(self) -> bool:
        deadline = self.session.budget.deadline
        return deadline is not None and time.monotonic() > deadline

    def _worst(self, problem: Problem | None) -> float | None:
        """The proved bound on the violation, in the claim's units, where there is one."""
        scale = None if problem is None or len(problem.roots) > 1 else problem.rows.scale
        return None if scale is None or not np.isfinite(self.bound) else self.bound * scale

    # -- the proof -------------------------------------------------------------------------------

    def _proved(self, problem: Problem, parts: Sequence[_Part]) -> Outcome:
        """Proved, with a proof if one is found in the time that is left and the kernel accepts it."""
        deadline = self.session.budget.deadline
        now = time.monotonic()
        until = None if deadline is None else now + PROOF_SHARE * (deadline - now)
        setting = Setting(problem, Witnesses(problem, self.session), self.tally)

        def prove(bounds: Bounded, wanted: Sequence[int] | None) -> PhaseProof | None:
            found = prove_box(setting, bounds, until, PROOF_NODES, wanted)
            return found if isinstance(found, PhaseProof) else None

        proof = None
        with contextlib.suppress(Expired):
            proof = self._accepted(problem, parts, prove)
        if setting.witnesses.found is not None:
            return Refuted(setting.witnesses.found)
        return Proved(self.stamp, proof)

    def _accepted(self, problem: Problem, parts: Sequence[_Part], prove: Prove) -> Proof | None:
        """A proof that the kernel accepts, or None.  Raises `Expired`."""
        if not all(part.prove(prove) for part in parts):
            return None
        for _ in range(MENDINGS + 1):
            width = problem.rows.width
            proof = Proof(tuple(part.tree.part(number, width) for number, part in enumerate(parts)))
            flaw = None if self.session.examine is None else self.session.examine(proof)
            if flaw is None:
                return proof
            for number, part in enumerate(parts):
                if not part.mend([leaf for leaf in flaw.unclosed if leaf.part == number], prove):
                    return None
            if not flaw.unclosed:
                return None
        return None


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


def _knowledge(bounds: Bounds) -> Knowledge:
    ranges = {value: (known.lower[0], known.upper[0]) for value, known in bounds.known.items()}
    return Knowledge(ranges, bounds.errors)
