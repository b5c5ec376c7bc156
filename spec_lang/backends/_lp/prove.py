"""Proofs by ReLU phases: what turns a solver's `unsat` into something that the kernel can check.

In: a problem and a session.  Out: a `PhaseProof` for every root box, a counterexample met on the way, or why
there is neither.  Every leaf has been closed in outward-rounded arithmetic with the numbers that stand in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from spec_lang.backends._lp.setting import Setting, Tally
from spec_lang.backends._lp.tree import PhaseSearch
from spec_lang.backends._search.problem import Problem, Witnesses
from spec_lang.backends.base import Session, is_past
from spec_lang.bounding.context import Expired
from spec_lang.bounding.hidden import Bounded, bounded
from spec_lang.obligations.certificate import BY_PHASES, BoxProof, PhaseProof, Proof
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Refuted

TIED: Final = "the claim holds by less than rounding error, or fails"


def prove_by_phases(
    problem: Problem, session: Session, deadline: float | None = None, tally: Tally | None = None
) -> tuple[PhaseProof, ...] | Refuted | GaveUp:
    """One proof for every root box, within `deadline` or, without it, the session's."""
    deadline = session.budget.deadline if deadline is None else deadline
    witnesses = Witnesses(problem, session)
    setting = Setting(problem, witnesses, tally or Tally())
    found: list[PhaseProof] = []
    for root in problem.roots:
        try:
            bounds = bounded(problem.program, root, None, lambda: is_past(deadline), raised=True)
        except Expired:
            return GaveUp(GaveUpReason.TIMEOUT, "the hidden neurons were still being bounded")
        proof = prove_box(setting, bounds, deadline, session.budget.work)
        if witnesses.found is not None:
            return Refuted(witnesses.found)
        if isinstance(proof, GaveUp):
            return proof
        found.append(proof)
    if setting.tally.hopes and (session.examine is None or session.examine(assembled(problem, found))):
        return GaveUp(GaveUpReason.NUMERICAL, TIED)
    return tuple(found)


def prove_box(
    setting: Setting,
    bounds: Bounded,
    deadline: float | None,
    limit: int | None = None,
    wanted: Sequence[int] | None = None,
) -> PhaseProof | GaveUp:
    """A proof for one box, of the conjunctions `wanted` or of all, each within about `limit` sub-problems.
    Stops when a counterexample is found, with a `GaveUp` that says nothing more."""
    if not bounds.context.usable().all():
        return out_of_range()
    trees = []
    for k in range(len(setting.problem.rows.member)) if wanted is None else wanted:
        tree = PhaseSearch(setting, bounds, k).run(deadline, limit)
        if tree is None:
            return GaveUp(GaveUpReason.INTERRUPTED, "a counterexample was found")
        if isinstance(tree, GaveUp):
            return tree
        trees.append(tree)
    return PhaseProof(bounds.lemmas, tuple(trees))


def assembled(problem: Problem, proofs: Sequence[PhaseProof]) -> Proof:
    """The proof without input cuts: one phase proof a box."""
    return Proof(tuple(uncut(problem, box, proof) for box, proof in enumerate(proofs)))


def uncut(problem: Problem, box: int, proof: PhaseProof) -> BoxProof:
    """The part for one box."""
    weights = np.zeros((1, problem.rows.width), dtype=np.uint8)
    axis = np.array([BY_PHASES], dtype=np.int32)
    return BoxProof(box, axis, np.zeros(0), weights, phases=(proof,))


def out_of_range() -> GaveUp:
    return GaveUp(GaveUpReason.NUMERICAL, "the network's values leave the range of safe floats")
