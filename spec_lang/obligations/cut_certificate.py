"""Proofs made of others: by a case split, and by an obligation that says more.

In: nothing.  Out: certificates whose parts are certificates of any kind, each about another obligation.  None
of these is written down: whoever checks a proof makes them, of the obligation and of what the proof names.
"""

from __future__ import annotations

from spec_lang._values import dataclass
from spec_lang.obligations.cases_certificate import CasesProof
from spec_lang.obligations.certificate import Proof
from spec_lang.obligations.mean_value_certificate import MeanValueProof
from spec_lang.obligations.model import Condition, Region
from spec_lang.obligations.narrow_certificate import NarrowProof
from spec_lang.obligations.pair_certificate import DegreeProof, PairProof
from spec_lang.obligations.piece_certificate import PieceProof


@dataclass(frozen=True, slots=True, eq=False)
class CutProof:
    """A proof for where `condition` fails, and one for where it holds [`obligations.cut`].  The condition is
    one over the obligation's inputs and outputs, whichever."""

    condition: Condition
    parts: tuple[Certificate, Certificate]

    @property
    def nodes(self) -> int:
        return sum(part.nodes for part in self.parts)


@dataclass(frozen=True, slots=True, eq=False)
class Wider:
    """That nothing in `region` makes `violation` true.

    Of the values that an obligation's graph gives out, `outputs` has those that `violation` speaks of, by
    their numbers: the layers behind them take no part.
    """

    region: Region
    outputs: tuple[int, ...]
    violation: Condition


@dataclass(frozen=True, slots=True, eq=False)
class WiderProof:
    """A proof of more than was asked for."""

    said: Wider
    proof: Certificate

    @property
    def nodes(self) -> int:
        return self.proof.nodes


# What the kernel can check: for any obligation, for those about two points of one function, where all that is
# computed is affine on the region, for what follows from gradients, for what follows a narrow layer, case by
# case of phases, for two cases together, and for more than was asked.
Certificate = (
    Proof
    | PairProof
    | DegreeProof
    | PieceProof
    | MeanValueProof
    | NarrowProof
    | CasesProof
    | CutProof
    | WiderProof
)
