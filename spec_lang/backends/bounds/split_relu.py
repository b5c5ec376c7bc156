"""Branch and bound over ReLU phases: for networks with many inputs.

In: a problem with bounded root boxes.  Out: an outcome.  Each conjunction of the violation is a row to be
proved positive.  What a short search leaves open is searched again over refined hidden bounds, and what that
leaves open one conjunction at a time, over bounds that hold where the conjunction does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._search.attack import descend, random_starts, sample
from spec_lang.backends._search.problem import Problem
from spec_lang.backends.base import Progress, Session
from spec_lang.backends.bounds.last_word import LastWord
from spec_lang.backends.bounds.phase_search import PhaseSearch
from spec_lang.backends.bounds.record import MOST_SLOPES, PhaseRecord, phase_tree
from spec_lang.backends.bounds.refining import Terms, refined
from spec_lang.backends.bounds.search import Search
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Context, Expired
from spec_lang.bounding.hidden import Bounded, bounded
from spec_lang.bounding.leaves import fresh
from spec_lang.bounding.output_constraint import constrained, relaxed
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.rows import Conjunction
from spec_lang.bounding.unstable import neuron_numbers
from spec_lang.obligations.certificate import (
    BY_PHASES,
    BoxProof,
    Lemma,
    PhaseProof,
    PhaseTree,
    Proof,
    Unclosed,
)
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome

# A glance before anything is bounded; then, of each conjunction that the first bounds leave open.
SAMPLES, RESTARTS, DESCENT_STEPS = 50, 2, 15
OPEN_RESTARTS, OPEN_STEPS = 30, 60
# Sub-problems that a search may seem to need before hidden neurons are refined, and together over refined
# bounds; the search ends as soon as it seems to need more.
FIRST_NODES: Final = 20_000
PAIR_NODES: Final = 200_000  # instead, where there are differences of two ReLUs: refining gains little
REFINED_NODES: Final = 10_000
LOOK_EVERY: Final = 500
# Rounds of refinement, each time that a conjunction seems to need more sub-problems than they took.
ROUNDS: Final = (60, 240, 960)


@dataclass(slots=True, eq=False)
class _Stage:
    """Conjunctions that are searched together, over bounds of their own: tree i is of conjunction `ks[i]`."""

    search: PhaseSearch
    ks: tuple[int, ...]
    lemmas: tuple[Lemma, ...] = ()  # that hold where the conjunction does


@dataclass(slots=True, eq=False)
class _Root:
    """A root box and how far it has come: lemmas of the box, and by conjunction the stage that it is in."""

    box: Boxes
    bounds: Bounded
    stages: dict[int, _Stage]


class ReluSplitting(Search):
    """One search over every root box in turn."""

    unit = "nodes"
    counted = "ReLU-phase sub-problems"
    stuck_detail = (
        "combinations of ReLU phases could not be decided: the claim holds there by less than rounding "
        "error, or fails"
    )

    def __init__(self, problem: Problem, session: Session, attestation: Attestation) -> None:
        super().__init__(problem, session, attestation)
        self.roots: list[_Root] = []  # those that the search has come to
        self.next_bound = 1  # how much is done when the next one is told

    def _stages(self) -> list[_Stage]:
        return [stage for root in self.roots for stage in {id(s): s for s in root.stages.values()}.values()]

    def still_open(self) -> int:
        return sum(stage.search.waiting() for stage in self._stages())

    def open_bounds(self) -> Iterator[float]:
        if len(self.roots) < len(self.problem.roots):
            yield -np.inf
        for stage in self._stages():
            yield from stage.search.proved()

    def _bound_at_times(self) -> float | None:
        """The bound, whenever twice as much is done as at the last time: rigorous ones are dear."""
        if self.done < self.next_bound:
            return None
        self.next_bound = 2 * self.done
        return self.bound()

    def search(self) -> Outcome:
        try:
            return self._search()
        finally:
            for stage in self._stages():
                stage.search.recall()

    def _search(self) -> Outcome:
        for box in self.problem.roots:
            if self._attack(box):
                return self.refuted()
            try:
                stop = self._decide(box)
            except Expired:
                return GaveUp(GaveUpReason.TIMEOUT, "the hidden neurons were still being bounded")
            if stop is not None:
                return stop
        while (outcome := self.exhausted()) is None:
            for stage in self._stages():
                if (stop := self._run(stage)) is not None:
                    return stop
        return outcome

    def _attack(self, root: Boxes) -> bool:
        if sample(self.problem, self.witnesses, SAMPLES, self.rng):
            return True
        starts = random_starts(self.problem, root, RESTARTS, self.rng)
        return descend(self.problem, self.witnesses, starts, DESCENT_STEPS)

    # -- one box -------------------------------------------------------------------------------

    def _decide(self, box: Boxes) -> Outcome | None:
        """None once nothing of the box is open but what is stuck."""
        everything = tuple(range(len(self.problem.rows.member)))
        program = self.problem.program
        bounds = bounded(program, box, None, self.expired, raised=False)
        if not bounds.context.usable().all():
            return GaveUp(GaveUpReason.NUMERICAL, "the network's values leave the range of safe floats")
        root = _Root(box, bounds, {})
        self.roots.append(root)
        stage = self._together(root, bounds, everything)
        if (stop := self._run(stage, 1)) is not None or not stage.search.waiting():
            return stop
        stage = self._together(root, bounded(program, box, None, self.expired, raised=True), everything)
        if (stop := self._run(stage, 1)) is not None or not stage.search.waiting():
            return stop
        if stage.search.attack.random(self._unresolved(stage), OPEN_RESTARTS, OPEN_STEPS, self.rng):
            return self.refuted()
        room = PAIR_NODES if program.deltas else FIRST_NODES
        if (stop := self._run_within(stage, room)) is not None:
            return stop
        for rounds in ROUNDS:
            if not any(stage.search.waiting() for stage in root.stages.values()):
                return None
            before = self.done
            stage = self._together(root, self._refined(box, rounds), everything)
            most = np.inf if rounds == ROUNDS[-1] else self.done - before
            if (stop := self._one_by_one(root, stage, most)) is not None:
                return stop
        return None

    def _one_by_one(self, root: _Root, stage: _Stage, room: float) -> Outcome | None:
        """Search all conjunctions together for a while, then each that is open over bounds of its own; leave
        off where one seems to need more than `room` sub-problems."""
        if (stop := self._run_within(stage, REFINED_NODES)) is not None:
            return stop
        for k in self._unresolved(stage):
            if (stop := self.out_of_budget()) is not None:
                return stop
            alone = self._alone(root, k)
            if (stop := self._run_within(alone, room)) is not None:
                return stop
            if alone.search.waiting():
                break
        return None

    def _run_within(self, stage: _Stage, room: float) -> Outcome | None:
        """Search while the share of the trees that is closed says that no more than `room` sub-problems will
        be needed."""
        begun = self.done
        while stage.search.waiting():
            closed = 1.0 - stage.search.share_open()
            if self.done - begun > max(closed * room, LOOK_EVERY):
                stage.search.recall()
                break
            if (stop := self._run(stage, LOOK_EVERY)) is not None:
                return stop
        return None

    def _together(self, root: _Root, bounds: Bounded, ks: tuple[int, ...]) -> _Stage:
        """All conjunctions over the same bounds."""
        root.bounds = bounds
        record = PhaseRecord(len(ks), neuron_numbers(bounds.context))
        search = PhaseSearch(self.problem, self.witnesses, bounds.optimiser, record, self.session.cores)
        self._with_last_word(search, bounds.optimiser, ks)
        search.open(fresh(self.problem.rows, bounds.optimiser, *ks))
        stage = _Stage(search, ks)
        root.stages = dict.fromkeys(ks, stage)
        return stage

    def _with_last_word(self, search: PhaseSearch, optimiser: Optimiser, ks: tuple[int, ...]) -> None:
        if self.problem.program.gates:
            search.last, search.ks = LastWord(self.problem, self.witnesses, optimiser, {}), ks

    def _unresolved(self, stage: _Stage) -> list[int]:
        """The conjunctions of which something is open, those with the fewest open rows first."""
        opened = [
            stage.search.record.root(int(node)) for part in stage.search.stack for node in part.rows.node
        ]
        roots, counts = np.unique(np.array(opened, dtype=np.intp), return_counts=True)
        return [stage.ks[i] for i in roots[np.argsort(counts, kind="stable")]]

    def _refined(self, box: Boxes, rounds: int) -> Bounded:
        terms = Terms(rounds, self.has_spent, self.session.cores)
        bounds, done = refined(Context.start(self.problem.program, box, self.expired), terms)
        self.done += done
        return bounds

    def _alone(self, root: _Root, k: int) -> _Stage:
        """Conjunction k over bounds that hold where it does."""
        rows = self.problem.rows
        found = constrained(root.bounds, Conjunction(rows, k))
        self.done += found.done
        context = root.bounds.context if found.closed else relaxed(root.bounds.context, found.known)
        optimiser = Optimiser(context)
        record = PhaseRecord(1, neuron_numbers(context))
        search = PhaseSearch(self.problem, self.witnesses, optimiser, record, self.session.cores)
        self._with_last_word(search, optimiser, (k,))
        first = fresh(rows, optimiser, k)
        if found.closed:
            record.close(
                first.node, np.ones(first.mix.shape, dtype=np.float32), first.parameters.astype(np.float32)
            )
        else:
            search.open(first)
        root.stages[k] = _Stage(search, (k,), found.lemmas)
        return root.stages[k]

    def _run(self, stage: _Stage, limit: int | None = None) -> Outcome | None:
        """Search until nothing of the stage is open, or about `limit` sub-problems are done."""
        last = None if limit is None else self.done + limit
        search = stage.search
        stuck = search.stuck
        while search.waiting() and (last is None or self.done < last):
            if (stop := self.out_of_budget()) is not None:
                return stop
            self.done += search.advance()
            if self.witnesses.found is not None:
                return self.refuted()
            self.session.observe(Progress(self.done, self.still_open(), self._bound_at_times()))
        if not search.waiting():
            search.recall()
        self.stuck += search.stuck - stuck
        return None

    # -- the proof -----------------------------------------------------------------------------

    def proof(self) -> Proof | None:
        if sum(stage.search.record.kept for stage in self._stages()) > MOST_SLOPES:
            return None
        width = self.problem.rows.width
        axis, no_cut = np.array([BY_PHASES], dtype=np.int32), np.zeros(0)
        weights = np.zeros((1, width), dtype=np.uint8)
        proofs = [PhaseProof(root.bounds.lemmas, self._trees(root)) for root in self.roots]
        return Proof(tuple(BoxProof(i, axis, no_cut, weights, (proof,)) for i, proof in enumerate(proofs)))

    def _trees(self, root: _Root) -> tuple[PhaseTree, ...]:
        found = []
        for k, stage in root.stages.items():
            record = stage.search.record
            grown = record.grown([stage.ks.index(k)])[0]
            found.append(phase_tree(self.problem.rows, k, grown, record.neurons, stage.lemmas))
        return tuple(found)

    def reopen(self, leaves: Sequence[Unclosed]) -> None:
        for leaf in leaves:
            root = self.roots[leaf.part]
            k = self.problem.rows.conjunction.index(leaf.conjunction)
            stage = root.stages[k]
            search, record, i = stage.search, stage.search.record, stage.ks.index(k)
            grown = record.grown([i])[0]
            node = int(grown.node[grown.label < 0][leaf.leaf])
            row = fresh(self.problem.rows, search.optimiser, k)
            row.node, row.phases = np.array([node]), record.phases(node)[None]
            row.parameters = np.where(row.phases == 0, row.parameters, 0.0)
            search.reopen(row)
