"""The check of proofs about two points by gradients at one.

In: an obligation, a `MeanValueProof`, and the check of a proof of one obligation.  Out: what is wrong with
it, if anything is, and what the weakest of its parts is worth.  The questions are made here anew, of the
obligation alone, by exact rules [`obligations.mean_value` says why the answers decide it].
"""

from __future__ import annotations

from collections.abc import Callable

from spec_lang.kernel.network import Unchecked
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.certificate import Flaw, Proof
from spec_lang.obligations.mean_value import mean_value
from spec_lang.obligations.mean_value_certificate import MeanValueProof
from spec_lang.obligations.model import Obligation

_STRENGTH = tuple(EvidenceKind)  # strongest first

Check = Callable[[Obligation, Proof], tuple[Flaw | None, EvidenceKind]]


def examine_mean_value(
    obligation: Obligation, proof: MeanValueProof, check: Check
) -> tuple[Flaw | None, EvidenceKind]:
    """The flaw, or None and what the check is worth.  Raises `Unchecked`."""
    found = mean_value(obligation)
    if found is None:
        raise Unchecked("the obligation is not about how much a function changes between two points")
    if len(proof.parts) != len(found.questions) or not found.questions:
        raise Unchecked("the proof has not one part for every question about the gradient")
    kinds = []
    for number, (question, part) in enumerate(zip(found.questions, proof.parts, strict=True), start=1):
        if not isinstance(part, Proof):
            raise Unchecked("a part is no proof about one point")
        flaw, kind = check(question.obligation, part)
        if flaw is not None:
            return Flaw(f"question {number} about the gradient: {flaw.problem}"), EvidenceKind.TRUSTED
        kinds.append(kind)
    return None, max(kinds, key=_STRENGTH.index)
