"""The tree of input cuts, kept while a box is searched, and what the kernel is told of it.

In: cuts, as they are made, and phase proofs of leaves.  Out: the part of a proof for the box.
"""

from __future__ import annotations

from dataclasses import field

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.boxes import Boxes
from spec_lang.obligations.certificate import BY_PHASES, CLOSED, BoxProof, PhaseProof


@dataclass(slots=True, eq=False)
class Tree:
    """Node 0 is the root; the two children of a node are made together.  A leaf is closed by bounds unless
    it has `phases`."""

    axis: list[int] = field(default_factory=lambda: [CLOSED])
    cut: list[float] = field(default_factory=lambda: [0.0])
    children: list[int] = field(default_factory=lambda: [-1])  # the first of the two
    parent: list[int] = field(default_factory=lambda: [-1])
    phases: dict[int, PhaseProof] = field(default_factory=dict)

    def divide(self, node: int, axis: int, cut: float) -> tuple[int, int]:
        """Cut a leaf; the nodes below and above."""
        first = len(self.axis)
        self.axis[node], self.cut[node], self.children[node] = axis, cut, first
        for _ in range(2):
            self.axis.append(CLOSED)
            self.cut.append(0.0)
            self.children.append(-1)
            self.parent.append(node)
        return first, first + 1

    def preorder(self) -> list[int]:
        """All nodes, the lower part of a cut first."""
        order, stack = [], [0]
        while stack:
            node = stack.pop()
            order.append(node)
            if self.axis[node] >= 0:
                stack += [self.children[node] + 1, self.children[node]]
        return order

    def box(self, node: int, root: Boxes) -> Boxes:
        """The node's box as the cuts above it leave it of the root's."""
        lower, upper = root.lower.copy(), root.upper.copy()
        while self.parent[node] >= 0:
            above = self.parent[node]
            axis, cut = self.axis[above], self.cut[above]
            if node == self.children[above]:
                upper[0, axis] = min(upper[0, axis], cut)
            else:
                lower[0, axis] = max(lower[0, axis], cut)
            node = above
        return Boxes(lower, upper)

    def part(self, number: int, width: int) -> BoxProof:
        """The part of a proof for box `number`; no box is shrunk: all of the `width` weights are 0."""
        order = self.preorder()
        axis = np.array([BY_PHASES if n in self.phases else self.axis[n] for n in order], dtype=np.int32)
        cut = np.array([self.cut[n] for n in order if self.axis[n] >= 0])
        weights = np.zeros((len(order), width), dtype=np.uint8)
        return BoxProof(number, axis, cut, weights, tuple(self.phases[n] for n in order if n in self.phases))
