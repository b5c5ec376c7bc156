"""What a search over ReLU phases did, kept so that it can be checked.

In: every sub-problem that was split or closed, as it happens.  Out: the trees of a `PhaseProof`, their
nodes in preorder.  A leaf costs its slopes while the search runs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._search.record import BoxRecord, Nodes, Trees
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.rows import Rows
from spec_lang.obligations.certificate import Multipliers, PhaseTree, Proof, Unclosed

# Numbers at the leaves of phase trees, all together; a search beyond keeps no proof.
MOST_SLOPES = 50_000_000


def trivial(boxes: int, rows: Rows) -> Proof:
    """What proves that nothing can go wrong, for want of a possible conjunction or of a box."""
    return BoxRecord(Boxes(np.zeros((boxes, 0)), np.zeros((boxes, 0))), rows).proof()


@dataclass(frozen=True, slots=True, eq=False)
class _Leaves:
    """Closed leaves: their nodes, the multipliers of their atoms, the numbers of the unstable neurons."""

    node: Nodes
    multipliers: Multipliers
    slopes: Multipliers


class PhaseRecord(Trees):
    """Trees of ReLU phases over one box, one for every conjunction; `neurons` are the certificate's numbers
    of the unstable ones, ascending."""

    def __init__(self, rows: Rows, neurons: NDArray[np.intp]) -> None:
        super().__init__(len(rows.member))
        self.rows, self.neurons = rows, neurons
        self.leaves: list[_Leaves] = []
        self.kept = 0

    @property
    def too_long(self) -> bool:
        return self.kept > MOST_SLOPES

    def split(self, nodes: Nodes, unstable: NDArray[np.intp]) -> tuple[Nodes, Nodes]:
        """The nodes where the neuron is active and inactive."""
        return self.divide(nodes, self.neurons[unstable])

    def close(self, nodes: Nodes, multipliers: Multipliers, slopes: Multipliers) -> None:
        """Keep what closes the leaves; the multipliers are of the conjunctions' distinct rows."""
        self.kept += slopes.size
        if self.too_long:
            self.leaves = []
            return
        self.leaves.append(_Leaves(nodes, multipliers, slopes))

    def trees(self) -> tuple[PhaseTree, ...]:
        """One a conjunction."""
        order, starts = self.preorder()
        node = np.concatenate([part.node for part in self.leaves])
        multipliers = np.concatenate([part.multipliers for part in self.leaves])
        slopes = np.concatenate([part.slopes for part in self.leaves])
        place = np.empty(self.count, dtype=np.intp)
        place[node] = np.arange(len(node))  # a leaf that was closed again counts as it was last
        found = []
        for k, (start, stop) in enumerate(starts):
            nodes = order[start:stop]
            leaves = place[nodes[self.label[nodes] < 0]]
            rows = multipliers[leaves][:, : int(self.rows.member[k].sum())]
            found.append(
                PhaseTree(
                    self.rows.conjunction[k],
                    self.label[nodes],
                    self.rows.unfold(k, rows),
                    self.neurons.astype(np.int32),
                    slopes[leaves],
                )
            )
        return tuple(found)

    def node_of(self, leaf: Unclosed) -> tuple[int, int]:
        """The conjunction (as the search counts them) and the node that the kernel speaks of."""
        k = self.rows.conjunction.index(leaf.conjunction)
        order, starts = self.preorder()
        nodes = order[slice(*starts[k])]
        return k, int(nodes[self.label[nodes] < 0][leaf.leaf])

    def phases(self, node: int) -> NDArray[np.int8]:
        """The phases that hold at a node, of the unstable neurons."""
        found = np.zeros(len(self.neurons), dtype=np.int8)
        while self.parent[node] >= 0:
            above = int(self.parent[node])
            neuron = np.searchsorted(self.neurons, self.label[above])
            found[neuron] = 1 if self.child[above] == node else -1
            node = above
        return found
