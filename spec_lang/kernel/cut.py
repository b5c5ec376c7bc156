"""The check of proofs by a case split.

In: an obligation, a `CutProof`, and the check of any proof of an obligation.  Out: what is wrong with it, if
anything is, and what the weaker of its parts is worth.  Both cases are made here anew, of the obligation and
the condition, which is looked at for nothing but its form [`obligations.cut` says why any does].
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

from spec_lang.kernel.network import Unchecked
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.network.graph import Graph
from spec_lang.obligations.certificate import Flaw
from spec_lang.obligations.cut import cases_of
from spec_lang.obligations.cut_certificate import Certificate, CutProof
from spec_lang.obligations.model import LinearAtom, Obligation, Terms, atoms

_STRENGTH = tuple(EvidenceKind)  # strongest first

Check = Callable[[Obligation, Certificate], tuple[Flaw | None, EvidenceKind]]


def examine_cut(obligation: Obligation, proof: CutProof, check: Check) -> tuple[Flaw | None, EvidenceKind]:
    """The flaw, or None and what the check is worth.  Raises `Unchecked`."""
    if len(proof.parts) != len(_CASES):
        raise Unchecked("the proof has not one part for either case")
    for atom in atoms(proof.condition):
        check_form(atom, obligation.graph)
    kinds = []
    for case, question, part in zip(_CASES, cases_of(obligation, proof.condition), proof.parts, strict=True):
        flaw, kind = check(question, part)
        if flaw is not None:
            return Flaw(f"the case where the cut {case}: {flaw.problem}"), EvidenceKind.TRUSTED
        kinds.append(kind)
    return None, max(kinds, key=_STRENGTH.index)


_CASES = ("fails", "holds")


def check_form(atom: LinearAtom, graph: Graph) -> None:
    """Raises `Unchecked` for an atom that says nothing over the graph's inputs and outputs."""
    fine = _is_sum(atom.inputs, graph.input_size) and _is_sum(atom.outputs, graph.output_size)
    if not fine or not isinstance(atom.constant, Fraction) or not isinstance(atom.strict, bool):
        raise Unchecked("a condition of the proof is none over this network")


def _is_sum(terms: Terms, size: int) -> bool:
    ascending = all(one < other for (one, _), (other, _) in pairwise(terms))
    return ascending and all(0 <= i < size and isinstance(c, Fraction) and c for i, c in terms)
