"""What a search did, kept so that it can be checked.

In: every sub-problem that was bounded, split or closed, as it happens.  Out: the trees of a `Proof`, their
nodes in preorder.  A node costs some twenty bytes while the search runs, a leaf of phases its slopes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import F64
from spec_lang.bounding.rows import Rows
from spec_lang.obligations.certificate import (
    CLOSED,
    BoxProof,
    Multipliers,
    PhaseTree,
    Proof,
    Unclosed,
)

Nodes = NDArray[np.intp]
_Number = TypeVar("_Number", bound=np.generic)
_FIRST_ROOM = 1024
# Numbers at the leaves of phase trees, all together; a search beyond keeps no proof.
MOST_SLOPES = 50_000_000


class Trees:
    """Binary trees, grown by splitting leaves.  Nodes 0, 1, … are the roots; the children of a node are made
    together, and after it.  `label` is what an inner node is split on, −1 at leaves."""

    def __init__(self, roots: int) -> None:
        self.count = roots
        room = max(_FIRST_ROOM, roots)
        self.label = np.full(room, CLOSED, dtype=np.int32)
        self.child = np.zeros(room, dtype=np.intp)  # the first of the two
        self.parent = np.full(room, -1, dtype=np.intp)
        self.depth = np.zeros(room, dtype=np.int32)

    def divide(self, nodes: Nodes, labels: NDArray[np.intp]) -> tuple[Nodes, Nodes]:
        """Split leaves; their first and second children."""
        count = len(nodes)
        while self.count + 2 * count > len(self.label):
            self._grow()
        first = self.count + 2 * np.arange(count)
        self.label[nodes], self.child[nodes] = labels, first
        for child in (first, first + 1):
            self.parent[child], self.depth[child] = nodes, self.depth[nodes] + 1
        self.count += 2 * count
        return first, first + 1

    def _grow(self) -> None:
        self.label = _doubled(self.label, CLOSED)
        self.child, self.depth = _doubled(self.child, 0), _doubled(self.depth, 0)
        self.parent = _doubled(self.parent, -1)

    def root(self, node: int) -> int:
        while self.parent[node] >= 0:
            node = int(self.parent[node])
        return node

    def preorder(self) -> tuple[Nodes, list[tuple[int, int]]]:
        """Every node in preorder, root by root; where each root's tree stands."""
        depth, parent = self.depth[: self.count], self.parent[: self.count]
        by_depth = np.argsort(depth, kind="stable")
        levels = np.split(by_depth, np.cumsum(np.bincount(depth))[:-1]) if self.count else []
        size = np.ones(self.count, dtype=np.intp)
        for level in levels[:0:-1]:
            np.add.at(size, parent[level], size[level])
        roots = np.flatnonzero(parent < 0)
        ends = np.cumsum(size[roots])
        place = np.zeros(self.count, dtype=np.intp)
        place[roots] = ends - size[roots]
        for level in levels:
            inner = level[self.label[level] >= 0]
            first = self.child[inner]
            place[first] = place[inner] + 1
            place[first + 1] = place[inner] + 1 + size[first]
        order = np.empty(self.count, dtype=np.intp)
        order[place] = np.arange(self.count)
        return order, list(zip((ends - size[roots]).tolist(), ends.tolist(), strict=True))


def _doubled(array: NDArray[_Number], fill: int) -> NDArray[_Number]:
    return np.concatenate([array, np.full_like(array, fill)])


class BoxRecord(Trees):
    """Trees of input cuts, one for every root box."""

    def __init__(self, roots: Boxes, rows: Rows) -> None:
        super().__init__(len(roots))
        self.roots, self.rows = roots, rows
        self.cut = np.zeros(len(self.label))
        self.weights = np.zeros((len(self.label), rows.width), dtype=np.uint8)

    def _grow(self) -> None:
        super()._grow()
        self.cut, self.weights = _doubled(self.cut, 0), _doubled(self.weights, 0)

    def weigh(self, nodes: Nodes, k: int, weights: NDArray[np.uint8]) -> None:
        """By which combination of the distinct rows of conjunction k the nodes' boxes were clipped."""
        if self.rows.columns[k].stop > self.rows.columns[k].start:
            self.weights[nodes, self.rows.columns[k]] = self.rows.unfold(k, weights)

    def split(self, nodes: Nodes, axis: NDArray[np.intp], cut: F64) -> tuple[Nodes, Nodes]:
        """The nodes below and above the cuts."""
        self.cut[nodes] = cut
        return self.divide(nodes, axis)

    def proof(self) -> Proof:
        """The trees as they stand; a node that was not cut is a closed leaf."""
        order, starts = self.preorder()
        parts = []
        for box, (start, stop) in enumerate(starts):
            nodes = order[start:stop]
            axis = self.label[nodes]
            parts.append(BoxProof(box, axis, self.cut[nodes][axis >= 0], self.weights[nodes]))
        return Proof(tuple(parts))

    def nodes(self, leaves: Sequence[Unclosed]) -> list[int]:
        """The nodes that the kernel speaks of."""
        order, starts = self.preorder()
        return [int(order[starts[leaf.part][0] + leaf.node]) for leaf in leaves]

    def box(self, node: int) -> Boxes:
        """The node's box as the cuts above it leave it."""
        path = [node]
        while self.parent[path[-1]] >= 0:
            path.append(int(self.parent[path[-1]]))
        lower, upper = self.roots.lower[path[-1]].copy(), self.roots.upper[path[-1]].copy()
        for above, here in zip(path[:0:-1], path[-2::-1], strict=True):
            axis, cut = self.label[above], self.cut[above]
            if here == self.child[above]:
                upper[axis] = min(upper[axis], cut)
            else:
                lower[axis] = max(lower[axis], cut)
        return Boxes(lower[None], upper[None])


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
