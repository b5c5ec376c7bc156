"""Proofs about two points of one function by its gradient at one point.

In the terms of `obligations.mean_value`: an obligation, and the questions that answer it.  The proof does not
say what they are, which whoever checks it finds out by himself.
"""

from __future__ import annotations

from spec_lang._values import dataclass
from spec_lang.obligations.certificate import Proof


@dataclass(frozen=True, slots=True, eq=False)
class MeanValueProof:
    """A proof for every question, in their order."""

    parts: tuple[Proof, ...]

    @property
    def nodes(self) -> int:
        return sum(part.nodes for part in self.parts)
