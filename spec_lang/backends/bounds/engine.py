"""The backend's face: what it takes, and which of its two searches an obligation gets."""

from __future__ import annotations

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._search.problem import Problem, prepare
from spec_lang.backends.base import Capabilities, Run, Session
from spec_lang.backends.bounds.by_squares import Look, after
from spec_lang.backends.bounds.record import trivial
from spec_lang.backends.bounds.resuming import resumed
from spec_lang.backends.bounds.split_input import InputSplitting
from spec_lang.backends.bounds.split_neurons import NeuronSplitting
from spec_lang.backends.bounds.split_relu import ReluSplitting
from spec_lang.bounding.program import ReluStep, unsupported
from spec_lang.bounding.rows import MAX_CONJUNCTIONS, TooManyDisjuncts
from spec_lang.kernel.rounding import fault as rounding_fault
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.model import Obligation, Semantics
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Proved, Work

# Halving one input of many changes little: from here on the phases of ReLUs are split instead.
MANY_INPUTS = 20
# Boxes of a claim about gradients that are bounded before there is an attack, which costs several times that.
GRADIENT_BOXES = 15


@dataclass(frozen=True, slots=True)
class BoundsBackend:
    name: str = "bounds"
    version: str = "0.1.0"
    summary: str = "outward-rounded linear bounds with branch and bound over inputs or ReLU phases"
    capabilities: Capabilities = Capabilities(
        attacks=True, resumes=True, semantics=tuple(Semantics), evidence=EvidenceKind.CHECKED
    )

    def availability(self) -> str | None:
        return None

    def supports(self, obligation: Obligation) -> str | None:
        for box in obligation.region.boxes:
            for number, (low, high) in enumerate(zip(box.lower, box.upper, strict=True)):
                if low is None or high is None:
                    return f"the region leaves input {number} unbounded; bounds need a finite box"
        return unsupported(obligation.graph, obligation.semantics)

    def run(self, obligation: Obligation, session: Session) -> Run:
        try:
            problem = prepare(obligation)
        except TooManyDisjuncts:
            detail = f"the negated claim has more than {MAX_CONJUNCTIONS} alternatives"
            return Run(GaveUp(GaveUpReason.UNSUPPORTED, detail), Work())
        if not len(problem.rows.member) or not problem.roots:
            if problem.may_overflow():
                return Run(GaveUp(GaveUpReason.NUMERICAL, "a sum may overflow in float32"), Work())
            proof = trivial(len(problem.roots), problem.rows)
            return Run(Proved(self._attestation("nothing left to bound"), proof), Work())
        if not np.isfinite(problem.root_of_all.magnitude).all():
            return Run(GaveUp(GaveUpReason.NUMERICAL, "the region reaches beyond float64"), Work())
        return self._search(problem, session)

    def _search(self, problem: Problem, session: Session) -> Run:
        if (fault := rounding_fault()) is not None:
            return Run(GaveUp(GaveUpReason.NUMERICAL, fault), Work())
        program, roots = problem.program, problem.root_of_all
        by_inputs = self._attestation("input splitting, outward-rounded float64")
        if session.earlier is not None:
            return resumed(problem, session, session.earlier, by_inputs)
        free = int((roots.upper > roots.lower).any(axis=0).sum())
        boxes = InputSplitting(problem, session, by_inputs)
        by_boxes = free < MANY_INPUTS or not any(isinstance(s, ReluStep) for s in program.steps)
        # The planes of differences over the whole box may be all that is needed, or gradients over a few.
        early = GRADIENT_BOXES if program.gates and by_boxes else int(bool(program.deltas))
        if early and (outcome := boxes.at_once(early)) is not None:
            return Run(outcome, boxes.work)
        if by_boxes:
            return boxes.run()
        before = boxes.work if program.deltas else Work()
        by_squares = self._attestation("quadratic forms over the first layer, outward-rounded float64")
        outcome, looked = Look(problem, after(session, before), by_squares).run()
        before = _together(before, looked)
        if outcome is not None:
            return Run(outcome, before)
        if program.gates and program.bent:
            by_neurons = self._attestation("neuron splitting, outward-rounded float64")
            return NeuronSplitting(problem, session, by_neurons).run()
        by_phases = self._attestation("ReLU splitting, outward-rounded float64")
        first = ReluSplitting(problem, after(session, before), by_phases).run()
        done = _together(before, first.work)
        stuck = isinstance(first.outcome, GaveUp) and first.outcome.reason is GaveUpReason.NUMERICAL
        if not (stuck and program.bent):
            return Run(first.outcome, done)
        # What smooth functions leave open no phases close: smaller boxes do.
        second = InputSplitting(problem, after(session, done), by_inputs).run()
        return Run(second.outcome, _together(done, second.work))

    def _attestation(self, method: str) -> Attestation:
        return Attestation(self.name, self.version, method)


def _together(first: Work, second: Work) -> Work:
    units = dict(first.units)
    for name, count in second.units:
        units[name] = units.get(name, 0) + count
    return Work(first.seconds + second.seconds, tuple(units.items()))
