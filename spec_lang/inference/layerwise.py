"""Patterns of one layer that the data allow: as few neurons as tell a decision's points from the others.

In: signatures, a layer, and a point to start from.  Out: a candidate whose conditions hold at the point, and
at no point of another decision.  A likely invariant, which is to be decided; it is minimal for the data: no
condition can be left out.
"""

from __future__ import annotations

import numpy as np

from spec_lang.inference.model import Candidate, Literal, Mask, Method
from spec_lang.inference.signatures import Signatures


def relaxed(found: Signatures, layer: int, row: int, extra: Mask | None = None) -> Candidate | None:
    """The signature of point `row`, without what is not needed to exclude other decisions; None where points
    of another decision have the same signature.

    `extra` are signatures of this layer (points, neurons) to exclude as well: those of counterexamples.
    """
    decision = int(found.decided[row])
    bits = found.bits[layer]
    signature = bits[row]
    other = bits[found.decided != decision]
    if extra is not None:
        other = np.concatenate([other, extra])
    against = other != signature
    if not against.any(axis=1).all():
        return None
    lost = (bits[found.decided == decision] != signature).sum(axis=0)
    chosen = _cover(against, lost)
    literals = tuple(
        Literal(layer, neuron, bool(signature[neuron])) for neuron in np.flatnonzero(chosen).tolist()
    )
    note = f"the signature of point {row} in {found.subject.layers[layer].name}, as far as the data need it"
    return Candidate(decision, Method.LAYER, literals, note=note)


def _cover(against: Mask, lost: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Mask:
    """Few columns, so that every row of `against` is true in one of them, and few points are lost.

    Greedy, by rows that a column takes care of for each point that it loses [Chvátal 1979]; then those that
    the others make superfluous are left out, the dearest first.
    """
    chosen = np.zeros(against.shape[1], dtype=np.bool_)
    left = against
    price = 1.0 + lost
    while len(left):
        best = int(np.argmax(np.count_nonzero(left, axis=0) / price))
        chosen[best] = True
        left = left[~left[:, best]]
    times = against[:, chosen].sum(axis=1)
    for column in sorted(np.flatnonzero(chosen).tolist(), key=lambda c: (-lost[c], c)):
        rows = against[:, column]
        if (times[rows] > 1).all():
            chosen[column] = False
            times -= rows
    return chosen
