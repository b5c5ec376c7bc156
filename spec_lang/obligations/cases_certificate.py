"""Proofs case by case of ReLU phases, in each of which linear rows clash.

In the terms of `kernel.linear_cases`: which neurons to split, and by what to multiply the rows.  No row
stands in such a proof: whoever checks it makes them, of the obligation and the phases.
"""

from __future__ import annotations

from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.obligations.certificate import Ints

Clash = tuple[tuple[int, Fraction], ...]  # numbers of rows, and positive multipliers


@dataclass(frozen=True, slots=True, eq=False)
class CaseTree:
    """For one box.  `neuron` lists the nodes in preorder: the neuron that is split, its active case (z >= 0)
    first, or −1 for a leaf.  `clashes` has one for every leaf and every conjunction that is possible."""

    neuron: Ints  # (nodes,)
    clashes: tuple[tuple[Clash, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class CasesProof:
    """A tree for every box of the region, in their order."""

    trees: tuple[CaseTree, ...]

    @property
    def nodes(self) -> int:
        return sum(len(tree.neuron) for tree in self.trees)
