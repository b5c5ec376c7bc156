"""Proofs by a case split: a condition that some points meet and others do not, and a proof for either case.

In: nothing.  Out: certificates that name a condition over an obligation's inputs and outputs, whichever, with
proofs of both cases [`obligations.cut`].
"""

from __future__ import annotations

from spec_lang._values import dataclass
from spec_lang.obligations.certificate import Proof
from spec_lang.obligations.model import Condition


@dataclass(frozen=True, slots=True, eq=False)
class CutProof:
    """A proof for where `condition` fails, and one for where it holds."""

    condition: Condition
    parts: tuple[Proof, Proof]

    @property
    def nodes(self) -> int:
        return sum(part.nodes for part in self.parts)
