"""Proofs by a case split: a condition that some points meet and others do not, and a proof for either case.

In: an obligation and any condition over its inputs and outputs.  Out: two obligations that together say what
the one says.  Sound because a point that breaks the obligation meets the condition or its negation with the
very outputs that break it, and so breaks one of the two, whatever the condition is.
"""

from __future__ import annotations

from dataclasses import replace

from spec_lang._values import dataclass
from spec_lang.obligations.certificate import Proof
from spec_lang.obligations.model import All, Any, Condition, LinearAtom, Obligation


@dataclass(frozen=True, slots=True, eq=False)
class CutProof:
    """A proof for where `condition` fails, and one for where it holds."""

    condition: Condition
    parts: tuple[Proof, Proof]

    @property
    def nodes(self) -> int:
        return sum(part.nodes for part in self.parts)


def cases_of(obligation: Obligation, condition: Condition) -> tuple[Obligation, Obligation]:
    """The obligation where the condition fails, and where it holds."""
    failing, holding = (
        replace(obligation, violation=All((obligation.violation, case)))
        for case in (denied(condition), condition)
    )
    return failing, holding


def denied(condition: Condition) -> Condition:
    """True exactly where `condition` is false."""
    match condition:
        case LinearAtom():
            return condition.negated()
        case All(parts):
            return Any(tuple(map(denied, parts)))
        case Any(parts):
            return All(tuple(map(denied, parts)))
