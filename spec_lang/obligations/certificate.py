"""Proof objects: what a backend hands over so that the kernel need not believe it.

A proof of an obligation has one part for every box of its region.  A part is a tree of input cuts, whose
leaves are closed by bounds alone, or by trees of ReLU phases, one for every conjunction that is still
possible there.  No bound and no conclusion stands in a proof: it says where to cut and which multipliers
and slopes to use, and the kernel computes what follows.  All numbers are dyadic, exactly as stored.

Conjunctions are those of the disjunctive normal form of "the region's constraints, and the violation",
left to right; their atoms are each divided by their largest coefficient of outputs, or of inputs where they
have none of outputs.  Neurons are the elements of the graph's piecewise linear nodes, node by node.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass

CLOSED: Final = -1  # a leaf: the bounds there exclude every conjunction
BY_PHASES: Final = -2  # a leaf: what is possible at the node above is excluded by the next of `phases`

Ints = NDArray[np.int32]
Multipliers = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class PhaseTree:
    """Why conjunction number `conjunction` is nowhere met on one box, case by case of ReLU phases.

    `neuron` lists the nodes in preorder: the neuron that is split, its active case (z >= 0) first, or −1
    for a leaf.  At leaf l the combination `Σ multipliers[l, i]·atom_i` of the conjunction's atoms
    (>= 0, not all 0) is bounded from below by backward substitution.  There `slopes[l, j]` is, for neuron
    `columns[j]`, its lower slope α in [0, 1] while it is open, and its multiplier β >= 0 where its phase is
    fixed (`−β z` is added to the row where z >= 0, `+β z` where z <= 0).  Neurons that are no column have
    a slope of the kernel's choice and β = 0; those that are stable on the whole box need neither, and what
    is said of them is not used.
    """

    conjunction: int
    neuron: Ints  # (nodes,)
    multipliers: Multipliers  # (leaves, atoms of the conjunction)
    columns: Ints  # (k,), ascending
    slopes: Multipliers  # (leaves, k)


@dataclass(frozen=True, slots=True, eq=False)
class Lemma:
    """Tighter bounds of what enters the neurons of one node, from the relaxations of those before it.

    Row j bounds `side[j]·z` of `neuron[j]` from below (`side` is 1 or −1) by backward substitution with the
    lower slopes `slopes[j]`, in [0, 1], of the neurons `columns`.
    """

    neuron: Ints  # (rows,), all of one node
    side: NDArray[np.int8]  # (rows,)
    columns: Ints  # (k,), ascending
    slopes: Multipliers  # (rows, k)


@dataclass(frozen=True, slots=True, eq=False)
class PhaseProof:
    """What closes a leaf `BY_PHASES`: lemmas in the order of the graph's nodes, then one tree for every
    conjunction that is possible at the node above (at a root: for every conjunction)."""

    lemmas: tuple[Lemma, ...]
    trees: tuple[PhaseTree, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BoxProof:
    """The part for box number `box` of the region: a tree of input cuts.

    `axis` lists the nodes in preorder: the input that is cut, the lower part first, or `CLOSED`, or
    `BY_PHASES`; `cut` has where, inner node by inner node.  At every node but those `BY_PHASES` the kernel
    bounds what enters the neurons, keeping what it knew of the node above, and the atoms; then it drops the
    conjunctions that cannot hold, and shrinks the box to where the others can: by each atom, and by the
    combination of a conjunction's atoms with `weights`, one column for every atom of every conjunction that
    has several.
    """

    box: int
    axis: Ints  # (nodes,)
    cut: NDArray[np.float64]  # (inner nodes,)
    weights: NDArray[np.uint8]  # (nodes, atoms of conjunctions with several)
    phases: tuple[PhaseProof, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """A part for every box of the region, in their order."""

    parts: tuple[BoxProof, ...]

    @property
    def nodes(self) -> int:
        """Nodes of all its trees."""
        return sum(
            len(part.axis) + sum(len(tree.neuron) for proof in part.phases for tree in proof.trees)
            for part in self.parts
        )


@dataclass(frozen=True, slots=True)
class Unclosed:
    """A leaf that its bounds do not close: node `node` of part `part`; inside the phase proof there, leaf
    number `leaf` of the tree of `conjunction`."""

    part: int
    node: int
    conjunction: int | None = None
    leaf: int | None = None


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a proof is none.  `unclosed` are leaves that a finer tree may still close; without any the
    proof is not even of the right form."""

    problem: str
    unclosed: tuple[Unclosed, ...] = ()
