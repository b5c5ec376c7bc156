"""One check of a proof, done in several shares, by whoever it may be.

In: a tree of input cuts.  Out: which parts of it belong to which share.  Sound because the shares together
walk every node: what is skipped in one is the root of a subtree that belongs to exactly one other.
"""

from __future__ import annotations

import heapq
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass

SMALL: Final = 256  # nodes of a tree that is not divided: its phase trees are, leaf by leaf
PIECES: Final = 16  # subtrees a share


@dataclass(frozen=True, slots=True)
class Share:
    """Number `number` of `of` shares."""

    number: int
    of: int


WHOLE: Final = Share(0, 1)


def is_divided(nodes: int, share: Share) -> bool:
    """Whether a tree of so many nodes is divided among the shares; otherwise every share walks all of it."""
    return share.of > 1 and nodes >= SMALL


def of_others(right: NDArray[np.intp], share: Share) -> NDArray[np.bool_]:
    """The nodes at which a subtree of another share begins, in a preorder with the second children `right`.

    The largest subtree is halved until there are enough; then each goes to the share with the least so far.
    """
    nodes = len(right)
    skipped = np.zeros(nodes, dtype=np.bool_)
    if not is_divided(nodes, share):
        return skipped
    pieces = [(-nodes, 0)]  # minus its size, and its root
    while len(pieces) < PIECES * share.of:
        size, root = heapq.heappop(pieces)
        second = int(right[root])
        if second < 0:  # the largest is a leaf: there is no more to divide
            heapq.heappush(pieces, (size, root))
            break
        end = root - size
        heapq.heappush(pieces, (root + 1 - second, root + 1))
        heapq.heappush(pieces, (second - end, second))
    load = [0] * share.of
    for size, root in sorted(pieces):
        owner = load.index(min(load))
        load[owner] -= size
        skipped[root] = owner != share.number
    return skipped
