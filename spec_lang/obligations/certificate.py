"""Proof objects: what a backend hands over so that the kernel need not believe it.

A proof of an obligation has one part for every box of its region.  A part is a tree of cuts of inputs and
of neurons, whose leaves are closed by bounds alone, or by trees of ReLU phases or quadratic forms, one for
every conjunction that is still possible there.  No bound and no conclusion stands in a proof: it says where
to cut and which multipliers and slopes to use, and the kernel computes what follows.  All numbers are dyadic,
exactly as stored.

Conjunctions are those of the disjunctive normal form of "the region's constraints, and the violation",
left to right; their atoms are each divided by their largest coefficient of outputs, or of inputs where they
have none of outputs.  Neurons are the elements of the graph's piecewise linear nodes, node by node; those of
smooth nodes are none, and the kernel's own lines bound them.
"""

from __future__ import annotations

from dataclasses import field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass

CLOSED: Final = -1  # a leaf: the bounds there exclude every conjunction
BY_PHASES: Final = -2  # a leaf: what is possible at the node above is excluded by the next of `phases`

MOST_WEIGHT: Final = 255  # of an atom in a combination at a node
SLOPE_UNIT: Final = 128  # a slope at a node is a byte over this, at most 1

Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Multipliers = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Lemma:
    """Tighter bounds of what enters the neurons of one node.

    Row j bounds `side[j]·z` of `neuron[j]` from below, by the least bound at the leaves of a tree of ReLU
    phases of its own: `tree` lists the nodes of these trees in preorder, one tree after the other, each as in
    `PhaseTree`; a tree that is one leaf is one −1.  At leaf l of all of them the row is
    `side·z + Σ multipliers[l, i]·atom_i`, with slopes as in `PhaseTree`.  A lemma that belongs to no tree of
    a conjunction has no atoms, and uses relaxations of nodes before its own alone; one that does belong to
    one holds only where the atoms do, which are at most 0 there.
    """

    neuron: Ints  # (rows,), all of one node
    side: NDArray[np.int8]  # (rows,)
    tree: Ints  # (nodes of all trees,)
    multipliers: Multipliers  # (leaves, atoms of the conjunction, or 0), >= 0
    columns: Ints  # (k,), ascending
    slopes: Multipliers  # (leaves, k)


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

    `lemmas` come first, one after the other, of any nodes in any order: each tightens the ranges that the
    next ones and the tree see.  Where they leave a neuron no value the conjunction is closed.
    """

    conjunction: int
    neuron: Ints  # (nodes,)
    multipliers: Multipliers  # (leaves, atoms of the conjunction)
    columns: Ints  # (k,), ascending
    slopes: Multipliers  # (leaves, k)
    lemmas: tuple[Lemma, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SquareProof:
    """Why conjunction number `conjunction` is nowhere met on one box, by one quadratic form in the inputs.

    The combination `Σ multipliers[i]·atom_i` is substituted back as far as ReLUs, and differences of two,
    that depend on the inputs by affine steps alone.  What it has there of one neuron is at least s where the
    neuron's z is positive, and at least 0 elsewhere, s affine [`kernel.first_layer`]; hence

        at least  below·z − relu(v)  with  v = tilt·z − s  and  0 <= below <= tilt,
        and relu(v) <= bend·v² + slope·v + the least constant that will do on v's range.

    All this together is positive for inputs `centre + radius·u`, |u_i| <= 1, if `Σ shares[i]·(1 − u_i²)`
    plus a form that is positive definite bounds it from below.  Neurons that are not listed have zeros.
    """

    conjunction: int
    multipliers: Multipliers  # (atoms of the conjunction,), >= 0
    neuron: Ints  # (k,), ascending
    tilt: Multipliers  # (k,), >= 0
    below: Multipliers  # (k,), from 0 to `tilt`
    bend: Multipliers  # (k,), >= 0
    slope: Multipliers  # (k,), in [0, 1]
    shares: Multipliers  # (inputs,), >= 0


@dataclass(frozen=True, slots=True, eq=False)
class PhaseProof:
    """What closes a leaf `BY_PHASES`: lemmas in the order of the graph's nodes, then one tree, or one proof
    by squares, for every conjunction that is possible at the node above (at a root: for every
    conjunction)."""

    lemmas: tuple[Lemma, ...]
    trees: tuple[PhaseTree, ...]
    squares: tuple[SquareProof, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class NodeSlopes:
    """Lower slopes of combinations at nodes of input cuts: entry e has the slopes of conjunction
    `conjunction[e]` at node `node[e]` (in preorder), which are the next `count[e]` of `slope`, over 128, for
    the neurons of `neuron`.  Entries ascend by node, then by conjunction, neurons within an entry; a neuron
    without a slope has one of the kernel's choice."""

    node: Ints  # (entries,)
    conjunction: Ints
    count: Ints
    neuron: Ints  # (all of them,)
    slope: Bytes


def no_slopes() -> NodeSlopes:
    """Of no node."""
    none = np.zeros(0, dtype=np.int32)
    return NodeSlopes(none, none, none, none, np.zeros(0, dtype=np.uint8))


@dataclass(frozen=True, slots=True, eq=False)
class BoxProof:
    """The part for box number `box` of the region: a tree of input cuts.

    `axis` lists the nodes in preorder: the input that is cut, the lower part first, or `CLOSED`, or
    `BY_PHASES`; `cut` has where, inner node by inner node.  Number `inputs + i`, for a network of so many
    inputs, splits neuron i instead, at 0, which is its place in `cut`: the first part has z >= 0 and passes
    gradients on, the second z <= 0 and passes none.  Phases of trees that close a leaf below start with those
    that are fixed there, and have multipliers β for them as well.  At every node but those `BY_PHASES` the
    kernel bounds what enters the neurons, keeping what it knew of the node above, and the atoms.  Then it
    bounds combinations: for every possible conjunction of several atoms the sum of these by `weights`, one
    column for every atom of every conjunction that has several, unless all are 0; for one of a single atom
    that atom once more, where `slopes` has an entry.  Their lower slopes are those of `slopes`.  It drops the
    conjunctions that cannot hold, and shrinks the box to where the others can: by each atom, and by the
    combination.
    """

    box: int
    axis: Ints  # (nodes,)
    cut: NDArray[np.float64]  # (inner nodes,)
    weights: Bytes  # (nodes, atoms of conjunctions with several)
    phases: tuple[PhaseProof, ...] = ()
    slopes: NodeSlopes = field(default_factory=no_slopes)


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


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a leaf is: what clipping has left of its box (inputs,), and the ranges there of what enters
    neurons, by value of the graph (elements,)."""

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    known: dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True, slots=True)
class Unclosed:
    """A leaf that its bounds do not close: node `node` of part `part`; inside the phase proof there, leaf
    number `leaf` of the tree of `conjunction`.  `place` helps to refine it."""

    part: int
    node: int
    conjunction: int | None = None
    leaf: int | None = None
    place: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a proof is none.  `unclosed` are leaves that a finer tree may still close; without any the
    proof is not even of the right form."""

    problem: str
    unclosed: tuple[Unclosed, ...] = ()
