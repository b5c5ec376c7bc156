"""Proofs over one linear piece of everything that an obligation's graph computes.

In the terms of the obligation: its inputs, its boxes.  No bound and no phase stands in such a proof, for the
kernel finds both: it says around which points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class PieceProof:
    """Why nothing breaks the obligation: on each box of the region, cut by the balls that the violation
    speaks of, no ReLU changes its phase, and the affine map that is left excludes the violation.

    `anchors` are points of the boxes, one for each: the map is written down around them.
    """

    anchors: NDArray[np.float64]  # (boxes, inputs)

    @property
    def nodes(self) -> int:
        return len(self.anchors)
