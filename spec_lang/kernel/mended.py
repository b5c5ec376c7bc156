"""What an earlier check of a proof says of a proof that was made from it.

In: two trees of cuts over the same box, and the nodes of the first that were not closed.  Out: the nodes of
the second that need not be walked again.  Sound because what a walk closes below a node holds for every point
that the cuts above lead there, whatever was bounded or clipped on the way, and the same cuts lead the same
points to the other tree's node.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.tree import right_children
from spec_lang.obligations.certificate import BoxProof, Proof, Unclosed
from spec_lang.obligations.model import Obligation

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ClosedPart:
    """Copies, which nobody else can change, of where one tree is cut, and which of its nodes stayed open."""

    axis: NDArray[np.int32]
    cut: NDArray[np.float64]  # by node; 0 for leaves
    unclosed: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Closed:
    """What a check has closed of a proof, though not all, part by part; in integers where `exactly`."""

    obligation: Obligation
    parts: tuple[ClosedPart, ...]
    exactly: bool

    def serves(self, obligation: Obligation, *, exactly: bool) -> bool:
        """Whether it counts in a check of this very obligation: what floats have closed is no part of one in
        integers."""
        return self.obligation is obligation and (self.exactly or not exactly)

    def settles(self, number: int, part: BoxProof) -> Mask:
        """The topmost nodes of part `number`, whose form has been checked, that need no walk."""
        if number >= len(self.parts):
            return np.zeros(len(part.axis), dtype=np.bool_)
        return _settled(part, self.parts[number])


def closed_of(obligation: Obligation, proof: Proof, unclosed: Sequence[Unclosed], *, exactly: bool) -> Closed:
    """What is left once the walk along every part has found `unclosed`, and nothing else, open."""
    nodes: list[list[int]] = [[] for _ in proof.parts]
    for leaf in unclosed:
        nodes[leaf.part].append(leaf.node)
    parts = (
        ClosedPart(part.axis.copy(), _cuts(part), np.unique(np.array(opened, dtype=np.intp)))
        for part, opened in zip(proof.parts, nodes, strict=True)
    )
    return Closed(obligation, tuple(parts), exactly)


def _settled(now: BoxProof, before: ClosedPart) -> Mask:
    found = np.zeros(len(now.axis), dtype=np.bool_)
    right, right_before, cut = right_children(now.axis), right_children(before.axis), _cuts(now)
    here, there = np.zeros(1, dtype=np.intp), np.zeros(1, dtype=np.intp)
    end = np.array([len(before.axis)])  # of the tree below each of `there`
    while len(here):
        closed = np.searchsorted(before.unclosed, there) == np.searchsorted(before.unclosed, end)
        found[here[closed]] = True
        alike = (now.axis[here] == before.axis[there]) & (cut[here] == before.cut[there])
        kept = np.flatnonzero(~closed & alike & (now.axis[here] >= 0))
        here, there, end = here[kept], there[kept], end[kept]
        second = right_before[there]
        here = np.concatenate([here + 1, right[here]])
        there, end = np.concatenate([there + 1, second]), np.concatenate([second, end])
    return found


def _cuts(part: BoxProof) -> NDArray[np.float64]:
    """Where every node is cut; 0 for leaves."""
    found = np.zeros(len(part.axis))
    found[part.axis >= 0] = part.cut
    return found
