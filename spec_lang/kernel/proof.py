"""The check of proofs.

In: an obligation and a proof object that somebody made.  Out: `Examined`: what the proof is worth, or the
flaw in it.  Nothing is taken from the proof but where to cut and by what to multiply; every bound is computed
here, in exact integers for small proofs and in outward-rounded float64 for large ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, assert_never

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.cut import examine_cut
from spec_lang.kernel.dyadics import float_above, float_below
from spec_lang.kernel.form import check_form
from spec_lang.kernel.integers import Integers
from spec_lang.kernel.linear_cases import examine_cases
from spec_lang.kernel.mean_value import examine_mean_value
from spec_lang.kernel.mended import Closed, closed_of
from spec_lang.kernel.narrow_layer import examine_narrow
from spec_lang.kernel.network import F64, Network, Unchecked, compiled
from spec_lang.kernel.one_piece import examine_piece
from spec_lang.kernel.pair_proofs import examine_pairs
from spec_lang.kernel.rounded import Rounded
from spec_lang.kernel.rounding import fault
from spec_lang.kernel.rows import Alternatives, alternatives
from spec_lang.kernel.shares import WHOLE, Share
from spec_lang.kernel.tree import Walk
from spec_lang.kernel.verdict import Evidence, EvidenceKind
from spec_lang.kernel.wider import examine_wider
from spec_lang.obligations.cases_certificate import CasesProof
from spec_lang.obligations.certificate import (
    Flaw,
    Proof,
    Unclosed,
)
from spec_lang.obligations.cut_certificate import CutProof, WiderProof
from spec_lang.obligations.differential import differential
from spec_lang.obligations.mean_value_certificate import MeanValueProof
from spec_lang.obligations.model import Box, Obligation
from spec_lang.obligations.narrow_certificate import NarrowProof
from spec_lang.obligations.outcome import Certificate
from spec_lang.obligations.pair_certificate import DegreeProof, PairProof
from spec_lang.obligations.piece_certificate import PieceProof

# Products of integers that the exact check of a proof may cost before floats are used: about half a second.
EXACT_PRODUCTS: Final = 3_000_000
# What a node costs besides: 2 ms, in products.
_PRODUCTS_A_NODE: Final = 12_000
# What the lines of a smooth neuron cost: 0.1 ms.
_PRODUCTS_A_LINE: Final = 700


# Proofs within a proof, one in the other.
_DEEPEST: Final = 8

# Nodes of a proof that is worth several processes.
MANY_NODES: Final = 1000

# Runs a walk in several shares, 0 to n − 1 of n, wherever it likes, and answers with what all of them gave.
Walked = tuple[Share, list[Unclosed]]
Spread = Callable[[Callable[[Share], Walked]], Sequence[Walked]]


class OutOfTime(Exception):
    """The check was stopped: it says nothing of the proof."""


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """`evidence` when `proof` proves `obligation`, otherwise `flaw`, and what is `closed` nevertheless."""

    obligation: Obligation
    proof: Certificate
    evidence: Evidence | None
    flaw: Flaw | None
    closed: Closed | None = None


def examine(
    obligation: Obligation,
    proof: Certificate,
    *,
    exact: bool = False,
    expired: Callable[[], bool] = lambda: False,
    spread: Spread | None = None,
) -> Examined:
    """What `proof` is worth; with `exact` in integers whatever it costs.  A large one is handed to `spread`.

    Raises `OutOfTime` once `expired` says so.
    """
    return _examined(obligation, proof, _Terms(exact, _timer(expired), spread))


def examine_mended(
    before: Closed,
    proof: Proof,
    *,
    exact: bool = False,
    expired: Callable[[], bool] = lambda: False,
    spread: Spread | None = None,
) -> Examined:
    """The same of a proof of the obligation of `before`, without what was closed there."""
    return _examined(before.obligation, proof, _Terms(exact, _timer(expired), spread, before))


def _examined(obligation: Obligation, proof: Certificate, terms: _Terms) -> Examined:
    closed = None
    try:
        if isinstance(proof, Proof):
            check = _Check(obligation, proof, terms)
            flaw, kind = check.run()
            closed = check.closed
        else:
            flaw, kind = _weighed(obligation, proof, terms, 0)
    except (Unchecked, ValueError) as problem:
        flaw, kind = Flaw(str(problem)), EvidenceKind.TRUSTED
    return Examined(obligation, proof, None if flaw else Evidence(kind), flaw, closed if flaw else None)


@dataclass(frozen=True, slots=True, eq=False)
class _Terms:
    """What holds for all parts of a proof, and what is known of the whole to be closed."""

    exact: bool
    check_time: Callable[[], None]
    spread: Spread | None
    before: Closed | None = None


def _weighed(
    obligation: Obligation, proof: Certificate, terms: _Terms, depth: int
) -> tuple[Flaw | None, EvidenceKind]:
    """The flaw, or None and what the check is worth.  Raises `Unchecked`."""
    if depth > _DEEPEST:
        raise Unchecked("the proof has proofs within proofs, too deep")
    match proof:
        case Proof():
            return _Check(obligation, proof, terms).run()
        case PairProof() | DegreeProof():
            return examine_pairs(obligation, proof, terms.check_time, exact=terms.exact)
        case PieceProof():
            return examine_piece(obligation, proof, terms.check_time, exact=terms.exact)
        case CasesProof():
            return examine_cases(obligation, proof, terms.check_time)
        case MeanValueProof() | NarrowProof() | CutProof() | WiderProof():

            def check(asked: Obligation, part: Certificate) -> tuple[Flaw | None, EvidenceKind]:
                return _weighed(asked, part, terms, depth + 1)

            return _by_parts(obligation, proof, check)
        case _ as unreachable:
            assert_never(unreachable)


def examined_by_parts(
    obligation: Obligation, proof: Certificate, known: Sequence[Examined]
) -> Examined | None:
    """What a proof is worth all parts of which have been examined before; None for any other."""
    if not isinstance(proof, MeanValueProof | NarrowProof | CutProof | WiderProof):
        return None

    def check(asked: Obligation, part: Certificate) -> tuple[Flaw | None, EvidenceKind]:
        for one in known:
            if one.proof is part and one.evidence is not None and _is_same(one.obligation, asked):
                return None, one.evidence.kind
        by_parts = examined_by_parts(asked, part, known)
        if by_parts is None or by_parts.evidence is None:
            raise Unchecked("a part has not been examined")
        return None, by_parts.evidence.kind

    try:
        flaw, kind = _by_parts(obligation, proof, check)
    except Unchecked:
        return None
    return None if flaw else Examined(obligation, proof, Evidence(kind), None)


def _by_parts(
    obligation: Obligation,
    proof: MeanValueProof | NarrowProof | CutProof | WiderProof,
    check: Callable[[Obligation, Certificate], tuple[Flaw | None, EvidenceKind]],
) -> tuple[Flaw | None, EvidenceKind]:
    """What a proof is worth whose parts are proofs of other obligations.  Raises `Unchecked`."""
    if isinstance(proof, CutProof):
        return examine_cut(obligation, proof, check)
    if isinstance(proof, WiderProof):
        return examine_wider(obligation, proof, check)
    if isinstance(proof, NarrowProof):
        return examine_narrow(obligation, proof, check)
    return examine_mean_value(obligation, proof, check)


def _is_same(one: Obligation, other: Obligation) -> bool:
    """Whether two obligations say the same; sufficient, not necessary."""
    if one is other:
        return True
    alike = one.graph is other.graph and one.semantics is other.semantics and one.ties == other.ties
    return alike and one.region == other.region and one.violation == other.violation


def _timer(expired: Callable[[], bool]) -> Callable[[], None]:
    def check_time() -> None:
        if expired():
            raise OutOfTime

    return check_time


@dataclass(slots=True, eq=False)
class _Check:
    """`closed` is what is known after a check that found a flaw."""

    obligation: Obligation
    proof: Proof
    terms: _Terms
    closed: Closed | None = None

    def run(self) -> tuple[Flaw | None, EvidenceKind]:
        seen = differential(self.obligation)
        proof, network = self.proof, compiled(seen.graph, seen.semantics)
        found = alternatives(seen, network)
        if [part.box for part in proof.parts] != list(range(len(self.obligation.region.boxes))):
            raise Unchecked("the proof has not one part for every box of the region")
        for part in proof.parts:
            check_form(part, network, found)
        arithmetics: list[tuple[EvidenceKind, type[Integers] | type[Rounded]]] = []
        if self.terms.exact or _products(proof, network, found) <= EXACT_PRODUCTS:
            arithmetics.append((EvidenceKind.CHECKED, Integers))
        if not self.terms.exact:
            arithmetics.append((EvidenceKind.CHECKED_ROUNDED, Rounded))
        unclosed: list[Unclosed] = []
        for kind, arithmetic in arithmetics:  # chords of fewer bits may lose what floats can still show
            if arithmetic is Rounded and (broken := fault()) is not None:
                raise Unchecked(broken)
            unclosed = self._unclosed(network, found, arithmetic)
            if not unclosed:
                return None, kind
            self.closed = closed_of(self.obligation, proof, unclosed, exactly=arithmetic is Integers)
        problem = f"the bounds do not close {len(unclosed)} of its leaves"
        return Flaw(problem, tuple(unclosed)), EvidenceKind.TRUSTED

    def _unclosed(
        self, network: Network, found: Alternatives, arithmetic: type[Integers] | type[Rounded]
    ) -> list[Unclosed]:
        """The leaves that stay open, all shares together."""
        scenes = arithmetic(network, found, self.obligation.semantics)
        boxes = [_outward(box) for box in self.obligation.region.boxes]
        before = self.terms.before
        if before is not None and not before.serves(self.obligation, exactly=arithmetic is Integers):
            before = None

        def walk(share: Share) -> Walked:
            unclosed: list[Unclosed] = []
            with np.errstate(all="ignore"):
                for number, (part, ends) in enumerate(zip(self.proof.parts, boxes, strict=True)):
                    settled = None if before is None else before.settles(number, part)
                    path = Walk(network, found, scenes, part, number, self.terms.check_time, share, settled)
                    unclosed += path.run(*ends)
            return share, unclosed

        if self.terms.spread is None or arithmetic is Integers or self.proof.nodes < MANY_NODES:
            return walk(WHOLE)[1]
        done = self.terms.spread(walk)
        if not done or {share for share, _ in done} != {
            Share(i, done[0][0].of) for i in range(done[0][0].of)
        }:
            raise Unchecked("a share of the check was not done")
        return list(dict.fromkeys(leaf for _, leaves in done for leaf in leaves))


def _products(proof: Proof, network: Network, found: Alternatives) -> int:
    """Roughly what the exact check multiplies, and what it does besides, in the same unit."""
    smooth = sum(network.sizes[value] for value in network.bent)
    rows = 2 * (network.neurons + smooth) + len(found.atoms)
    boxes = leaves = squares = 0
    for part in proof.parts:
        boxes += len(part.axis) + len(part.phases)
        leaves += sum(len(tree.multipliers) for proof in part.phases for tree in proof.trees)
        squares += sum(len(proof.squares) for proof in part.phases)
    forms = network.neurons * network.multiplications + network.input_size**2 * (
        network.neurons + network.input_size
    )
    nodes = (boxes + leaves) * _PRODUCTS_A_NODE + boxes * smooth * _PRODUCTS_A_LINE
    return (boxes * rows + leaves) * network.multiplications + squares * forms + nodes


def _outward(box: Box) -> tuple[F64, F64]:
    """The smallest float box around an exact one."""
    if None in box.lower or None in box.upper:
        raise Unchecked("the region is unbounded")
    lower = [float_below(v) for v in box.lower if v is not None]
    upper = [float_above(v) for v in box.upper if v is not None]
    if not np.isfinite([*lower, *upper]).all():
        raise Unchecked("the region reaches beyond float64")
    return np.array(lower), np.array(upper)
