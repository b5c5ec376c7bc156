"""Combinations of a conjunction's atoms at nodes of input cuts, with lower slopes of their own.

In: the weights and slopes of a proof, whose form has been checked.  Out: bounds of the combinations on a
batch of boxes.  Sound because a combination with weights >= 0 of atoms that are at most 0 is so, too, and any
lower slope in [0, 1] is one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang.kernel.network import F64
from spec_lang.kernel.rows import Alternatives
from spec_lang.kernel.scene import Index, Mask, OwnSlopes, Rows, Scene
from spec_lang.obligations.certificate import SLOPE_UNIT, BoxProof


class Combinations:
    """Of one part of a proof."""

    def __init__(self, found: Alternatives, proof: BoxProof, strict: Mask) -> None:
        self.found, self.proof, self.strict = found, proof, strict
        slopes = proof.slopes
        self.keys = self._key(slopes.node.astype(np.int64), slopes.conjunction)
        self.ends = np.cumsum(slopes.count, dtype=np.intp)

    def _key(self, node: NDArray[np.int64], conjunction: NDArray[np.int32] | Index) -> NDArray[np.int64]:
        """Ascends with the node, and then with the conjunction."""
        return node * len(self.found.conjunctions) + conjunction

    def bounded(self, scene: Scene, node: Index, alive: Mask) -> Rows | None:
        """Bounds of the open conjunctions' combinations, box by box (batch, conjunctions), None where the
        proof has none; `alive` is updated."""
        box, conjunction, weights, entry = self._chosen(node, alive)
        if not len(box):
            return None
        linear = scene.combinations(box, weights, self._slopes(entry))
        # A sum of atoms <= 0 is < 0 once a strict one takes part.
        below = (weights[:, self.strict] > 0).any(axis=1)
        closed = (linear.minimum > 0) | (below & (linear.minimum >= 0))
        alive[box[closed], conjunction[closed]] = False
        coefficients = np.zeros((*alive.shape, scene.network.input_size), dtype=linear.coefficients.dtype)
        constant = np.full(alive.shape, scene.nothing, dtype=linear.constant.dtype)
        coefficients[box, conjunction], constant[box, conjunction] = linear.coefficients, linear.constant
        return Rows(coefficients, constant)

    def _chosen(self, node: Index, alive: Mask) -> tuple[Index, Index, F64, Index]:
        """The combinations to bound: their boxes, conjunctions and weights (rows, atoms), and their entries
        among the slopes, −1 for none."""
        box, conjunction = np.nonzero(alive)
        wanted = self._key(node[box].astype(np.int64), conjunction)
        entry = np.minimum(np.searchsorted(self.keys, wanted), max(len(self.keys) - 1, 0))
        has = self.keys[entry] == wanted if len(self.keys) else np.zeros(len(wanted), dtype=np.bool_)
        entry = np.where(has, entry, -1)
        weights = np.zeros((len(box), len(self.found.atoms)))
        for number, atoms in enumerate(self.found.conjunctions):
            mine = np.flatnonzero(conjunction == number)
            if number not in self.found.multiplied:
                if len(atoms):
                    weights[mine, atoms[0]] = has[mine]
                continue
            given = self.proof.weights[node[box[mine]], self.found.multiplied[number]]
            for column, atom in enumerate(atoms):  # an atom may come twice
                weights[mine, atom] += given[:, column]
        kept = np.flatnonzero(weights.any(axis=1))
        return box[kept], conjunction[kept], weights[kept], entry[kept]

    def _slopes(self, entry: Index) -> OwnSlopes:
        slopes = self.proof.slopes
        rows = np.flatnonzero(entry >= 0)
        count = slopes.count[entry[rows]].astype(np.intp)
        begin = self.ends[entry[rows]] - count
        offset = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        place = np.repeat(begin, count) + offset
        value = slopes.slope[place].astype(np.float64) / SLOPE_UNIT
        return OwnSlopes(np.repeat(rows, count), slopes.neuron[place].astype(np.intp), value)
