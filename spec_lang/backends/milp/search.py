"""The search: attack, quick trees of phases, the mixed-integer program, and trees again if that has no point.

In: a problem and a session.  Out: a `Run`.  The solver is asked what a few hundred sub-problems have not
decided; where it finds a point, that is replayed exactly, and where it finds none, the tree goes on in the
time that is left.  Only what no tree closes rests on the solver's word, and says so.
"""

from __future__ import annotations

import time
from typing import Final

import numpy as np

from spec_lang.backends._lp.highs import Status
from spec_lang.backends._lp.model import Unfit
from spec_lang.backends._lp.polish import Polisher
from spec_lang.backends._lp.prove import TIED, out_of_range, prove_box
from spec_lang.backends._lp.relaxation import Triangle
from spec_lang.backends._lp.setting import AT_KINKS, Setting, Tally
from spec_lang.backends._lp.tightening import Allowance, Tightened, closed_by, tightened
from spec_lang.backends._lp.tree import PhaseSearch
from spec_lang.backends._search.attack import deepen, descend, random_starts, sample
from spec_lang.backends._search.cutting import Cutting, Decision, Leaf, Readiness
from spec_lang.backends._search.mending import accepted
from spec_lang.backends._search.problem import Problem, Witnesses
from spec_lang.backends._search.record import record_of
from spec_lang.backends.base import Run, Session, is_past
from spec_lang.backends.milp import program
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Expired
from spec_lang.bounding.hidden import Bounded, bounded
from spec_lang.bounding.rows import Conjunction
from spec_lang.obligations.certificate import Flaw, PhaseProof, PhaseTree, Proof
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome, Proved, Refuted, Work

FEW_INPUTS: Final = 10  # up to here boxes are cut
SAMPLES, RESTARTS, DESCENT_STEPS = 200, 20, 40
QUICK_NODES: Final = 400  # sub-problems before the solver is asked
# With how many unstable neurons a tree is tried in a box that may be cut.
READINESS: Final = Readiness(first=60.0, least=8.0, more=1.05, fewer=0.8, root=True)
MEND_NODES: Final = 400  # the same in a leaf that the kernel does not find closed
CUT_NODES, CUT_NODES_AFTER = 40, 400  # the same in a box that may be cut instead, and once the solver says no
TIGHTENING_SHARE: Final = 0.3  # of the time, or of the budget, that a conjunction has
SOLVER_SHARE: Final = 0.5  # of the time, or of the budget, that a conjunction has
CUT_SECONDS: Final = 2.0  # for the solver, in a box that may be cut instead
CUT_SHARE: Final = 0.05  # the same of a budget that is left
BINARIES: Final = 40  # beyond this a program of a box that may be cut takes longer than cutting it


class Search:
    """Of one obligation."""

    def __init__(self, problem: Problem, session: Session, stamp: Attestation, *, provable: bool) -> None:
        self.problem, self.session, self.stamp, self.provable = problem, session, stamp, provable
        self.setting = Setting(problem, Witnesses(problem, session), Tally())
        self.deadline = session.budget.deadline
        self.started = time.monotonic()
        self.record = record_of(problem)
        self.words: list[str] = []  # the solver's, that a proof would have to rest on
        self.at_kinks = False  # whether boxes that count as closed are not, at kinks

    def run(self) -> Run:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            outcome = self._search()
        if self.setting.witnesses.found is not None:
            deepen(self.problem, self.setting.witnesses)
            outcome = Refuted(self.setting.witnesses.found)
        return Run(outcome, Work(time.monotonic() - self.started, self.setting.units))

    def _search(self) -> Outcome:
        if self._attack():
            return GaveUp(GaveUpReason.INTERRUPTED, "a counterexample was found")
        try:
            for number, root in enumerate(self.problem.roots):
                stop = self._root(number, root, self._share(len(self.problem.roots) - number))
                if stop is not None:
                    return self._in_units(stop, last=number == len(self.problem.roots) - 1)
            return self._proved()
        except Expired:
            return GaveUp(GaveUpReason.TIMEOUT, "the hidden neurons were still being bounded")

    def _attack(self) -> bool:
        rng, witnesses = np.random.default_rng(0), self.setting.witnesses
        if sample(self.problem, witnesses, SAMPLES, rng):
            return True
        starts = random_starts(self.problem, self.problem.root_of_all, RESTARTS, rng)
        return descend(self.problem, witnesses, starts, DESCENT_STEPS)

    def _share(self, sharers: int) -> float | None:
        """The deadline of one of so many that are left."""
        return self._part(self.deadline, 1 / sharers)

    def _part(self, deadline: float | None, share: float) -> float | None:
        """The deadline of a share of the time until `deadline`; with a budget that is divided instead."""
        if deadline is None or self.session.budget.work is not None:
            return deadline
        now = time.monotonic()
        return now + share * max(0.0, deadline - now)

    def _in_units(self, stop: GaveUp, *, last: bool) -> GaveUp:
        """The bound in the claim's own units; none as long as other boxes have not been looked at."""
        scale, bound = self.problem.rows.scale, stop.bound
        if not last or scale is None or bound is None or not np.isfinite(bound):
            return GaveUp(stop.reason, stop.detail)
        return GaveUp(stop.reason, stop.detail, bound * scale)

    def _proved(self) -> Outcome:
        if self.at_kinks:
            return AT_KINKS
        if self.words:
            method = f"{self.words[0]}; no proof was found in the time that was left"
            return Proved(Attestation(self.stamp.backend, self.stamp.version, method))
        if not self.provable:
            return Proved(self.stamp)

        def prove(bounds: Bounded) -> PhaseProof | None:
            found = prove_box(self.setting, bounds, self.deadline, MEND_NODES)
            return found if isinstance(found, PhaseProof) else None

        proof = accepted(self.problem, self.session, self.record, prove, self.setting.witnesses.expired)
        if isinstance(proof, Flaw):
            why = f"the kernel does not accept the proof: {proof.problem}"
            return GaveUp(GaveUpReason.NUMERICAL, TIED if self.setting.tally.hopes else why)
        return Proved(self.stamp, proof)

    # -- one box of the region -----------------------------------------------------------------

    def _root(self, number: int, root: Boxes, deadline: float | None) -> GaveUp | None:
        """None where the box is closed, in the record or by the solver's word."""
        if self.problem.program.input_size <= FEW_INPUTS:
            return self._cut(number, deadline)
        self.setting.tally.boxes += 1
        bounds = bounded(self.problem.program, root, None, lambda: is_past(deadline), raised=True)
        if not bounds.context.usable().all():
            return out_of_range()
        trees: list[PhaseTree] = []
        count = len(self.problem.rows.member)
        for k in range(count):
            tree = self._conjunction(bounds, k, self._part(deadline, 1 / (count - k)))
            if isinstance(tree, GaveUp):
                return tree
            trees += [] if tree is None else [tree]
        self.record.phases[number] = PhaseProof(bounds.lemmas, tuple(trees))
        return None

    def _conjunction(self, bounds: Bounded, k: int, deadline: float | None) -> PhaseTree | GaveUp | None:
        """The tree of one conjunction; None where only the solver's word closes it, or kinks alone keep it
        open, which is noted."""
        search = PhaseSearch(self.setting, bounds, k)
        tree = search.run(deadline, QUICK_NODES)
        if isinstance(tree, GaveUp) and _may_go_on(tree):
            tight = self._tightened(bounds, k, deadline)
            if tight is not None and tight.closed:
                return closed_by(tight.lemmas, self.problem.rows, k)
            if tight is not None:
                search = PhaseSearch(self.setting, tight.bounds, k, tight.lemmas)
                tree = search.run(deadline, QUICK_NODES)
        if not isinstance(tree, GaveUp) or not _may_go_on(tree):
            return self._closed(tree)
        word = self._ask(search, k, deadline, SOLVER_SHARE)
        if self.setting.witnesses.found is not None:
            return _found()
        tree = search.run(deadline) if tree.reason is GaveUpReason.BUDGET else tree
        if isinstance(tree, GaveUp) and word is not None:
            self.words.append(word)
            return None
        return self._closed(tree)

    def _tightened(self, bounds: Bounded, k: int, deadline: float | None) -> Tightened | None:
        """Bounds where the conjunction holds, for a share of the time or of the budget."""
        left = self.setting.left()
        programs = None if left is None else int(TIGHTENING_SHARE * left)
        allowance = Allowance(self._part(deadline, TIGHTENING_SHARE), programs)
        return tightened(bounds, Conjunction(self.problem.rows, k), self.setting.tally, allowance)

    def _closed(self, tree: PhaseTree | GaveUp | None) -> PhaseTree | GaveUp | None:
        """What a search ended with: a conjunction that is met at kinks alone counts as closed, for others may
        have a counterexample."""
        if tree == AT_KINKS:
            self.at_kinks = True
            return None
        return tree if tree is not None else _found()

    def _ask(self, search: PhaseSearch, k: int, deadline: float | None, share: float) -> str | None:
        """The solver's word where it says that there is no point; a point that it has is tried.  It gets a
        share of the time or, with a budget, of the units that are left, in sub-problems of its own."""
        until, left = self._part(deadline, share), self.setting.left()
        nodes = None if left is None else int(share * left)
        try:
            for to_the_end in (False, True):
                limits = program.Limits(until, nodes, to_the_end=to_the_end)
                said = program.solve(search.bounds, self.problem.rows, k, limits)
                self.setting.tally.solver += said.nodes
                nodes = None if nodes is None else max(0, nodes - said.nodes)
                if said.status is Status.INFEASIBLE:
                    return said.detail
                # The first point may lie at the edge, where rounding decides; the deepest one seldom does.
                if said.point is None or self._polish(search.bounds, k, said, deadline):
                    break
        except Unfit:
            pass
        return None

    def _briefly(self, deadline: float | None) -> tuple[float | None, float]:
        """A deadline and a share for the solver, in a box that may be cut instead."""
        if self.session.budget.work is not None:
            return deadline, CUT_SHARE
        until = time.monotonic() + CUT_SECONDS
        return until if deadline is None else min(until, deadline), 1.0

    def _polish(self, bounds: Bounded, k: int, said: program.Said, deadline: float | None) -> bool:
        if said.point is None:
            return False
        triangle = Triangle(bounds.optimiser, bounds.known, Conjunction(self.problem.rows, k))
        return Polisher(self.setting, bounds, k, triangle).polish(said.point, deadline, said.phases)

    # -- a box that may be cut instead ---------------------------------------------------------

    def _cut(self, number: int, deadline: float | None) -> GaveUp | None:
        """Trees on the whole box, and on ever smaller ones if that fails."""
        setting, before = self.setting, self.setting.tally.boxes

        def expired() -> bool:
            return is_past(deadline)

        def decide(leaf: Leaf) -> Decision | GaveUp:
            first = leaf.node == number
            bounds = bounded(self.problem.program, leaf.boxes, leaf.known, expired, raised=first)
            quick = QUICK_NODES if first or not leaf.divisible else CUT_NODES
            proof = self._trees(bounds, leaf.wanted, quick, deadline)
            if self.setting.witnesses.found is not None:
                return _found()
            if isinstance(proof, PhaseProof):
                return Decision(closed=True, worth=True, proof=proof)
            if proof == AT_KINKS:
                self.at_kinks = True
                return Decision(closed=True, worth=True)
            if proof.reason is GaveUpReason.TIMEOUT:
                raise Expired
            if setting.left() == 0:
                return proof
            return Decision(closed=False, worth=first)

        def count(boxes: int) -> bool:
            setting.tally.boxes = before + boxes
            return setting.left() == 0

        cutting = Cutting(self.problem, self.session, self.record, number, READINESS, decide, expired, count)
        return cutting.run()

    def _trees(
        self, bounds: Bounded, wanted: tuple[int, ...], quick: int, deadline: float | None
    ) -> PhaseProof | GaveUp:
        """Trees for all conjunctions that are wanted, or none: then the box is cut."""
        trees, stop = [], None
        for k in wanted:
            search = PhaseSearch(self.setting, bounds, k)
            tree = search.run(deadline, quick)
            if tree == AT_KINKS:
                stop = AT_KINKS
                continue
            open_end = isinstance(tree, GaveUp) and tree.reason is GaveUpReason.BUDGET
            if open_end and bounds.optimiser.unstable.count <= BINARIES:
                word = self._ask(search, k, *self._briefly(deadline))
                if word is not None and self.setting.witnesses.found is None:
                    tree = search.run(deadline, CUT_NODES_AFTER)
            if tree is None or self.setting.witnesses.found is not None:
                return _found()
            if isinstance(tree, GaveUp):
                return tree
            trees.append(tree)
        return stop or PhaseProof(bounds.lemmas, tuple(trees))


def nothing_to_do(problem: Problem) -> Proof:
    """The proof where no conjunction is possible, or there is no box."""
    return record_of(problem).proof()


def _may_go_on(tree: GaveUp) -> bool:
    """Whether a search has stopped where it was told to, or was stuck, with time left."""
    return tree != AT_KINKS and tree.reason is not GaveUpReason.TIMEOUT


def _found() -> GaveUp:
    return GaveUp(GaveUpReason.INTERRUPTED, "a counterexample was found")
