"""What a search over ReLU phases did, kept so that it can be checked.

In: every sub-problem that was split or closed, as it happens.  Out: trees of phases and the numbers at their
leaves, as certificates have them.  A leaf costs its slopes while the search runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._search.record import BoxRecord, Nodes, Trees
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import Indices
from spec_lang.bounding.rows import Rows
from spec_lang.obligations.certificate import Ints, Lemma, Multipliers, PhaseTree, Proof

# Numbers at the leaves of phase trees, all together; a search beyond keeps no proof.
MOST_SLOPES = 50_000_000


def trivial(boxes: int, rows: Rows) -> Proof:
    """What proves that nothing can go wrong, for want of a possible conjunction or of a box."""
    return BoxRecord(Boxes(np.zeros((boxes, 0)), np.zeros((boxes, 0))), rows).proof()


@dataclass(frozen=True, slots=True, eq=False)
class _Leaves:
    """Closed leaves: their nodes, the multipliers of their parts, the numbers of the unstable neurons."""

    node: Nodes
    multipliers: Multipliers
    slopes: Multipliers


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """One tree: its nodes in preorder, and the numbers at its leaves."""

    node: Nodes
    label: Ints
    multipliers: Multipliers
    slopes: Multipliers


class PhaseRecord(Trees):
    """Trees of ReLU phases over one relaxed box; `neurons` are the certificate's numbers of the unstable
    ones, ascending."""

    def __init__(self, roots: int, neurons: Indices) -> None:
        super().__init__(roots)
        self.roots, self.neurons = roots, neurons
        self.leaves: list[_Leaves] = []
        self.kept = 0

    def split(self, nodes: Nodes, unstable: Indices) -> tuple[Nodes, Nodes]:
        """The nodes where the neuron is active and inactive."""
        return self.divide(nodes, self.neurons[unstable])

    def close(self, nodes: Nodes, multipliers: Multipliers, slopes: Multipliers) -> None:
        """Keep what closes the leaves."""
        self.kept += slopes.size
        self.leaves.append(_Leaves(nodes, multipliers, slopes))

    def branch(self, nodes: Nodes) -> PhaseRecord:
        """An empty record of what is done below some leaves: to be grafted."""
        record = PhaseRecord(len(nodes), self.neurons)
        record.depth[: len(nodes)] = self.depth[nodes]
        return record

    def graft(self, nodes: Nodes, other: Trees) -> Nodes:
        number = super().graft(nodes, other)
        if isinstance(other, PhaseRecord):
            self.kept += other.kept
            self.leaves += (replace(part, node=number[part.node]) for part in other.leaves)
        return number

    def grown(self, wanted: Sequence[int] | None = None) -> list[Grown]:
        """The trees, or the wanted ones, whose leaves have all been closed; a leaf that was closed again
        counts as it was last."""
        order, starts = self.preorder()
        node = np.concatenate([part.node for part in self.leaves])
        multipliers = np.concatenate([part.multipliers for part in self.leaves])
        slopes = np.concatenate([part.slopes for part in self.leaves])
        place = np.zeros(self.count, dtype=np.intp)
        place[node] = np.arange(len(node))
        found = []
        for root in range(self.roots) if wanted is None else wanted:
            nodes = order[slice(*starts[root])]
            label = self.label[nodes]
            leaves = place[nodes[label < 0]]
            found.append(Grown(nodes, label, multipliers[leaves], slopes[leaves]))
        return found

    def phases(self, node: int) -> NDArray[np.int8]:
        """The phases that hold at a node, of the unstable neurons."""
        found = np.zeros(len(self.neurons), dtype=np.int8)
        while self.parent[node] >= 0:
            above = int(self.parent[node])
            neuron = np.searchsorted(self.neurons, self.label[above])
            found[neuron] = 1 if self.child[above] == node else -1
            node = above
        return found


def phase_tree(
    rows: Rows, k: int, grown: Grown, neurons: Indices, lemmas: tuple[Lemma, ...] = ()
) -> PhaseTree:
    """The tree of conjunction k, whose parts are its distinct rows, perhaps with more that are not used."""
    count = int(rows.member[k].sum())
    return PhaseTree(
        rows.conjunction[k],
        grown.label,
        rows.unfold(k, grown.multipliers[:, :count]),
        neurons.astype(np.int32),
        grown.slopes,
        lemmas,
    )
