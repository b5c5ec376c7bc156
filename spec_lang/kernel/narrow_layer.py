"""The check of proofs about what follows a narrow layer.

In: an obligation, a `NarrowProof`, and the check of a proof of one obligation.  Out: what is wrong with it,
if anything is, and what it is worth.  What is asked behind the layer is made here anew, by exact arithmetic
[`kernel.suffix` says why the answer decides the obligation].
"""

from __future__ import annotations

from spec_lang.kernel.mean_value import Check
from spec_lang.kernel.network import Unchecked
from spec_lang.kernel.suffix import suffix
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.certificate import Flaw, Proof
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.narrow_certificate import NarrowProof


def examine_narrow(
    obligation: Obligation, proof: NarrowProof, check: Check
) -> tuple[Flaw | None, EvidenceKind]:
    """The flaw, or None and what the check is worth.  Raises `Unchecked`."""
    if not isinstance(proof.proof, Proof):
        raise Unchecked("the proof behind the narrow layer is no proof about one point")
    flaw, kind = check(suffix(obligation, proof.value, proof.directions), proof.proof)
    if flaw is not None:
        return Flaw(f"behind the narrow layer: {flaw.problem}"), EvidenceKind.TRUSTED
    return None, kind
