"""What a search over boxes did, kept so that it can be checked.

In: every box that was cut, clipped or closed by phases, as it happens.  Out: the trees of a `Proof`, their
nodes in preorder.  A node costs some twenty bytes while the search runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spec_lang.backends._search.problem import Problem
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import F64
from spec_lang.bounding.raised import Raised
from spec_lang.bounding.rows import Rows
from spec_lang.kernel.tree import right_children
from spec_lang.obligations.certificate import (
    BY_PHASES,
    CLOSED,
    BoxProof,
    NodeSlopes,
    PhaseProof,
    Proof,
    Unclosed,
    no_slopes,
)

Nodes = NDArray[np.intp]
_Number = TypeVar("_Number", bound=np.generic)
_FIRST_ROOM = 1024


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

    def graft(self, nodes: Nodes, other: Trees) -> Nodes:
        """Make the trees of `other` grow from leaves, root i from `nodes[i]`; its nodes' new numbers."""
        count, roots = other.count, len(nodes)
        number = np.concatenate([nodes, self.count + np.arange(count - roots)])
        while self.count + count - roots > len(self.label):
            self._grow()
        self.label[number] = other.label[:count]
        inner = np.flatnonzero(other.label[:count] >= 0)
        self.child[number[inner]] = number[other.child[inner]]
        self.parent[number[roots:]] = number[other.parent[roots:count]]
        self.depth[number[roots:]] = other.depth[roots:count]
        self.count += count - roots
        return number

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
        self.phases: dict[int, PhaseProof] = {}  # what closes a leaf that bounds alone do not
        self.slopes: list[NodeSlopes] = []  # in the order of the search, by its own numbers

    def _grow(self) -> None:
        super()._grow()
        self.cut, self.weights = _doubled(self.cut, 0), _doubled(self.weights, 0)

    def branch(self, nodes: Nodes, boxes: Boxes) -> BoxRecord:
        """An empty record of what is done below some leaves, whose boxes are given: to be grafted."""
        record = BoxRecord(boxes, self.rows)
        record.depth[: len(nodes)] = self.depth[nodes]
        return record

    def graft(self, nodes: Nodes, other: Trees) -> Nodes:
        number = super().graft(nodes, other)
        if isinstance(other, BoxRecord):
            self.cut[number], self.weights[number] = other.cut[: other.count], other.weights[: other.count]
            self.slopes += (replace(part, node=number[part.node].astype(np.int32)) for part in other.slopes)
            self.phases.update((int(number[node]), proof) for node, proof in other.phases.items())
        return number

    def combine(self, nodes: Nodes, k: NDArray[np.intp], raised: Raised) -> None:
        """How conjunction `k[r]` was combined at node `nodes[r]`."""
        for number in np.unique(k):
            if self.rows.columns[number].stop > self.rows.columns[number].start:
                mine = k == number
                weights = raised.weights[mine][:, self.rows.member[number]]
                self.weights[nodes[mine], self.rows.columns[number]] = self.rows.unfold(number, weights)
        row, neuron, slope = raised.numbers()
        count = np.bincount(row, minlength=len(nodes)).astype(np.int32)
        conjunction = np.array(self.rows.conjunction, dtype=np.int32)[k]
        self.slopes.append(NodeSlopes(nodes.astype(np.int32), conjunction, count, neuron, slope))

    def split(self, nodes: Nodes, axis: NDArray[np.intp], cut: F64) -> tuple[Nodes, Nodes]:
        """The nodes below and above the cuts."""
        self.cut[nodes] = cut
        return self.divide(nodes, axis)

    def proof(self) -> Proof:
        """The trees as they stand; a node that was not cut is a closed leaf."""
        order, starts = self.preorder()
        slopes = joined(self.slopes)
        return Proof(tuple(self._part(box, order[slice(*where)], slopes) for box, where in enumerate(starts)))

    def _part(self, box: int, nodes: Nodes, slopes: NodeSlopes) -> BoxProof:
        by_phases = np.isin(nodes, list(self.phases))
        label = self.label[nodes]
        axis = np.where(by_phases, BY_PHASES, label).astype(np.int32)
        weights = self.weights[nodes]
        weights[by_phases] = 0  # the kernel does not clip there
        phases = tuple(self.phases[node] for node in nodes[by_phases].tolist())
        place = np.full(self.count, -1, dtype=np.int32)
        place[nodes[~by_phases]] = np.flatnonzero(~by_phases)
        return BoxProof(box, axis, self.cut[nodes][label >= 0], weights, phases, placed(slopes, place))

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


def joined(parts: Sequence[NodeSlopes]) -> NodeSlopes:
    """All entries, one part after the other."""
    names = ("node", "conjunction", "count", "neuron", "slope")
    return NodeSlopes(*(np.concatenate([getattr(p, name) for p in (no_slopes(), *parts)]) for name in names))


def placed(slopes: NodeSlopes, place: NDArray[np.int32]) -> NodeSlopes:
    """The entries of the nodes that have a place, by place and conjunction; of two of one the last counts."""
    node = place[slopes.node]
    kept = np.flatnonzero(node >= 0)
    order = kept[np.lexsort((kept, slopes.conjunction[kept], node[kept]))]
    key = np.stack([node[order], slopes.conjunction[order]])
    last = np.ones(len(order), dtype=np.bool_)
    last[:-1] = (key[:, 1:] != key[:, :-1]).any(axis=0)
    order = order[last]
    first = np.cumsum(slopes.count) - slopes.count
    count = slopes.count[order]
    begins = np.cumsum(count) - count
    source = np.arange(int(count.sum())) + np.repeat(first[order] - begins, count)
    return NodeSlopes(
        node[order], slopes.conjunction[order], count, slopes.neuron[source], slopes.slope[source]
    )


def regrown(problem: Problem, proof: Proof) -> BoxRecord:
    """The record of a search that would have made `proof`, which is of this problem's form, and cuts inputs
    alone."""
    record = record_of(problem)
    for box, part in enumerate(proof.parts):
        axis, right = part.axis.astype(np.intp), right_children(part.axis)
        cut = np.zeros(len(part.axis))
        cut[part.axis >= 0] = part.cut
        number = np.zeros(len(part.axis), dtype=np.intp)
        number[0] = box
        here = np.flatnonzero(part.axis[:1] >= 0)
        while len(here):
            number[here + 1], number[right[here]] = record.split(number[here], axis[here], cut[here])
            below = np.concatenate([here + 1, right[here]])
            here = below[part.axis[below] >= 0]
        record.weights[number] = part.weights
        record.slopes.append(replace(part.slopes, node=number[part.slopes.node].astype(np.int32)))
        by_phases = number[part.axis == BY_PHASES].tolist()
        record.phases.update(zip(by_phases, part.phases, strict=True))
    return record


def record_of(problem: Problem) -> BoxRecord:
    """An empty record: of every root box a leaf."""
    none = np.zeros((0, problem.program.input_size))
    return BoxRecord(problem.root_of_all if problem.roots else Boxes(none, none), problem.rows)
