"""The kernel's word on a proof before it is handed over, and leaves that it does not find closed.

In: what a search recorded, and who proves a box by phases.  Out: a proof that the kernel accepts, or what it
says is wrong.  The kernel's bounds round differently, so a leaf that was barely closed may be open there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from spec_lang.backends._search.problem import Problem
from spec_lang.backends._search.record import BoxRecord
from spec_lang.backends.base import Session
from spec_lang.bounding.hidden import Bounded, bounded
from spec_lang.obligations.certificate import Flaw, PhaseProof, Proof, Unclosed

MENDINGS: Final = 2  # rounds in which leaves are closed that the kernel does not find closed

Prove = Callable[[Bounded], PhaseProof | None]


def accepted(
    problem: Problem, session: Session, record: BoxRecord, prove: Prove, expired: Callable[[], bool]
) -> Proof | Flaw:
    """Raises `Expired`."""
    mendings = 0
    while True:
        proof = record.proof()
        flaw = None if session.examine is None else session.examine(proof)
        if flaw is None:
            return proof
        if mendings == MENDINGS or not flaw.unclosed:
            return flaw
        if not _mend(problem, record, flaw.unclosed, prove, expired):
            return flaw
        mendings += 1


def _mend(
    problem: Problem,
    record: BoxRecord,
    leaves: Sequence[Unclosed],
    prove: Prove,
    expired: Callable[[], bool],
) -> bool:
    """Whether phases close the leaves that bounds do not."""
    found: dict[int, PhaseProof] = {}
    for leaf, node in zip(leaves, record.nodes(leaves), strict=True):
        if leaf.leaf is not None or node in record.phases:
            return False  # a tree of phases has been tried there already
        proof = prove(bounded(problem.program, record.box(node), None, expired, raised=True))
        if proof is None:
            return False
        found[node] = proof
    record.phases.update(found)
    return True
