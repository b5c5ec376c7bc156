"""Proofs about two points of one function: that it takes no value twice, or only where nothing is broken.

In the terms of `obligations.two_points`: a function f, its rows r that agree at x and y, domains.  No bound
and no conclusion stands in such a proof either: it says how to cut, and what to look at where.  `tangents`
are points (flat inputs of one point): at each of them every `Quadratic` of the domains gives a row that holds
on them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass

# What closes a pair of cells.
SPLIT: Final = 0  # nothing: its parts are pairs of the next level
APART: Final = 1  # r·f differs: some direction separates the images of the two cells
JOINED: Final = 2  # every matrix that r·f(x) − r·f(y) may be of x − y is nonsingular
OUTSIDE: Final = 3  # one of the cells holds no point of the domain
SPARED: Final = 4  # what is said besides is false there

LEAF: Final = -1

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class PairProof:
    """Why no pair of points breaks the obligation: pairs of cells, level by level.

    The cells of a level are those of the level before, each cut in the middle of its input `axes[level]`, the
    lower half first.  A level's pairs are, in this order: for every pair (i, j) of the level before whose
    code is `SPLIT`, (i₀, j₀), (i₀, j₁), (i₁, j₀), (i₁, j₁), without (i₁, j₀) where i = j; (i₀, j₀) and
    (i₁, j₁) alone where the input is shared; (i₀, j) and (i₁, j) where y is a single point.  Pairs stand for
    themselves and for their mirror images.  The first level is the whole box with itself, or with the point.
    """

    axes: Bytes  # (levels − 1,)
    codes: Bytes  # (pairs of all levels,)
    tangents: NDArray[np.float64]  # (tangents, inputs)

    @property
    def nodes(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True, eq=False)
class DegreeProof:
    """Why r·f takes no value twice on a convex set of the line or of the plane, which holds both domains.

    `weights` (free inputs, rows of r) makes as many rows of those of r as there are inputs that are free; the
    others are single numbers.  `axis` lists the nodes of a tree of cells in preorder: the input that is cut
    in the middle, lower half first, or `LEAF`.  At a leaf every pattern of slopes 0 and 1, of the neurons
    whose phase is open on the cell, gives a matrix whose determinant has the sign `sign`, or is met on no
    open set of the cell and the domain.  Then the degree is that of the boundary, whose image is looked at
    exactly.
    """

    weights: NDArray[np.float64]
    sign: int
    axis: NDArray[np.int8]  # (nodes,)
    tangents: NDArray[np.float64]  # (tangents, inputs)

    @property
    def nodes(self) -> int:
        return len(self.axis)
