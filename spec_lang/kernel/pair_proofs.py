"""The check of proofs about two points of one function: by cells and pairs, or by degrees.

In: an obligation and a proof.  Out: what is wrong with it, if anything is, and in which arithmetic it was
checked: in exact integers where that is cheap, or asked for, otherwise in floats rounded outward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from spec_lang.kernel.degree import unclosed as open_leaves
from spec_lang.kernel.integers import Integers
from spec_lang.kernel.network import Unchecked, compiled
from spec_lang.kernel.pairs import unclosed as open_pairs
from spec_lang.kernel.rounded import Rounded
from spec_lang.kernel.rounding import fault
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.certificate import Flaw, Unclosed
from spec_lang.obligations.expansion import Expansion, about_two_points
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.pair_certificate import DegreeProof, PairProof
from spec_lang.obligations.two_points import Twofold

# Products of integers that the exact check may cost: about half a second.
_EXACT_PRODUCTS: Final = 2_500_000
# What a pair costs besides: 3 ms, in products.
_PRODUCTS_A_PAIR: Final = 25_000


def examine_pairs(
    obligation: Obligation, proof: PairProof | DegreeProof, check_time: Callable[[], None], *, exact: bool
) -> tuple[Flaw | None, EvidenceKind]:
    """The flaw, or None and what the check is worth.  Raises `Unchecked`."""
    asked = about_two_points(obligation)
    if asked is None:
        raise Unchecked("the obligation is not about two points of one function")
    unclosed: list[Unclosed] = []
    for kind, arithmetic in _arithmetics(asked, proof, exact=exact):
        if arithmetic is Rounded and (broken := fault()) is not None:
            raise Unchecked(broken)
        with np.errstate(all="ignore"):
            match proof:
                case PairProof():
                    unclosed = open_pairs(asked, proof, arithmetic, check_time)
                case DegreeProof():
                    if isinstance(asked, Expansion):
                        raise Unchecked("a degree says nothing of how far images are apart")
                    unclosed = open_leaves(asked, proof, arithmetic, check_time)
        if not unclosed:
            return None, kind
    problem = f"the bounds do not close {len(unclosed)} of its leaves"
    return Flaw(problem, tuple(unclosed)), EvidenceKind.TRUSTED


def _arithmetics(
    asked: Twofold | Expansion, proof: PairProof | DegreeProof, *, exact: bool
) -> list[tuple[EvidenceKind, type[Integers] | type[Rounded]]]:
    network = compiled((asked.pair if isinstance(asked, Expansion) else asked).graph)
    products = (2 * proof.nodes + 2 * network.neurons) * network.multiplications
    products += proof.nodes * (_PRODUCTS_A_PAIR if isinstance(proof, PairProof) else 0)
    kinds: list[tuple[EvidenceKind, type[Integers] | type[Rounded]]] = []
    if exact or products <= _EXACT_PRODUCTS:
        kinds.append((EvidenceKind.CHECKED, Integers))
    if not exact:
        kinds.append((EvidenceKind.CHECKED_ROUNDED, Rounded))
    return kinds
