"""Proofs of invariants that this run has made, for the claims `@via` them.

In: the case of a claim where an invariant's left side holds, and what the run knows of the invariant.  Out:
proofs that serve the case, with what the kernel has said of them.  They lie in a folder of the run's own, so
that what a run does depends on nothing that was there before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from spec_lang._values import dataclass
from spec_lang.engine.sweep import Waiting
from spec_lang.engine.task import Task
from spec_lang.kernel.network import Unchecked
from spec_lang.kernel.proof import Examined
from spec_lang.kernel.verdict import Evidence
from spec_lang.kernel.wider import wider
from spec_lang.obligations.cut_certificate import Wider, WiderProof
from spec_lang.obligations.model import Goal, Obligation
from spec_lang.obligations.outcome import Attestation, Proved
from spec_lang.reporters.model import ClaimReport
from spec_lang.store.files import Found, Store
from spec_lang.store.keys import Keys


@dataclass(frozen=True, slots=True, eq=False)
class Earlier:
    """An invariant that was proved: its goal, what the kernel's check of it was worth, what its search has
    taken, and the folder with its proof, by the hash of the record."""

    goal: Callable[[], Goal]
    evidence: Evidence
    work: tuple[tuple[str, int], ...]
    seconds: float
    folder: Path
    digest: str

    def serving(self, case: Obligation) -> Iterator[Serving]:
        """The proofs of all that the case says, and more."""
        goal = self.goal()
        found, keys = Store(self.folder).look_up(goal), Keys()
        if not isinstance(found, Found) or found.digest != self.digest:
            return
        for obligation, outcome in zip(goal.obligations, found.outcomes, strict=False):
            said = _said_of(case, obligation)
            if said is None or not isinstance(outcome, Proved) or outcome.proof is None:
                continue
            try:
                asked = wider(case, said)
            except Unchecked:
                continue
            same = asked.graph.precision == obligation.graph.precision
            if same and keys.obligation(asked) == keys.obligation(obligation):
                known = Examined(asked, outcome.proof, self.evidence, None)
                yield Serving(outcome.attestation, WiderProof(said, outcome.proof), known)


@dataclass(frozen=True, slots=True, eq=False)
class Serving:
    """A proof for a case.  What the kernel has said of its part is `known`: the record is the one that was
    written when the kernel had accepted it, by its hash, and it is of the same obligation, by its key."""

    stamp: Attestation
    proof: WiderProof
    known: Examined


def _said_of(case: Obligation, other: Obligation) -> Wider | None:
    """What `other` says, in terms of the values that the case's graph gives out, found by their names."""
    graph = case.graph
    named = {graph.value(value).name: value for value in graph.outputs}
    names = [other.graph.value(value).name for value in other.graph.outputs]
    if case.semantics is not other.semantics or not all(name in named for name in names):
        return None
    return Wider(other.region, tuple(named[name] for name in names), other.violation)


@contextmanager
def left_for_claims(tasks: Sequence[Task]) -> Iterator[tuple[Sequence[Task], Waiting]]:
    """The tasks of a run, and those of them that wait for the invariants that they are proved `@via`."""
    invariants = {(task.file, task.name): task for task in tasks if task.kind == "invariant"}
    waits = {n: (t.file, t.cut.name) for n, t in enumerate(tasks) if t.cut is not None}
    waits = {number: name for number, name in waits.items() if name in invariants}
    if not waits:
        yield tasks, Waiting(frozenset(), lambda task, _: task)
        return
    wanted = set(waits.values())
    with TemporaryDirectory(prefix="nnspec-") as folder:
        leaves = Path(folder)

        def told(task: Task, reports: Sequence[ClaimReport]) -> Task:
            name = None if task.cut is None else (task.file, task.cut.name)
            for report in reports:
                if (report.file, report.name) == name and report.left and report.evidence is not None:
                    goal, seconds = invariants[name].goal, report.seconds
                    known = Earlier(goal, report.evidence, report.work, seconds, leaves, report.left)
                    return replace(task, earlier=known)
            return task

        yield (
            [replace(task, leaves=leaves) if (task.file, task.name) in wanted else task for task in tasks],
            Waiting(frozenset(waits), told),
        )
