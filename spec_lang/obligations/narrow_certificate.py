"""Proofs of what a network does with a few numbers that it makes of all its inputs.

In the terms of `obligations.narrow_layers`: a value of the graph, and facts about it that follow from the
region.  No bound stands in such a proof: it says in which directions to look, and whoever checks it finds out
how far the region reaches there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.obligations.certificate import Proof


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """Rows in which a value u is bounded: `weights·u <= max (weights·u − multipliers·premises)` over the box
    of the inputs, since premises are at most 0 wherever the obligation is broken.  The first rows of
    `multipliers` belong to u's own elements, first all of them from above, then all from below."""

    weights: NDArray[np.float64]  # (rows, elements of u that are read)
    multipliers: NDArray[np.float64]  # (2 * elements + rows, premises), >= 0


@dataclass(frozen=True, slots=True, eq=False)
class NarrowProof:
    """`proof` is one of the obligation about value number `value` that these directions make."""

    value: int
    directions: Directions
    proof: Proof

    @property
    def nodes(self) -> int:
        return self.proof.nodes
