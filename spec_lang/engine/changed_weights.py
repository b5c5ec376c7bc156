"""Networks whose weights are off, as a reader is told of them.

In: a goal, and a witness that says by how much every weight is off.  Out: for each network how many of its
weights are, by how much of themselves at most, and exactly by what.  Makes no verdict.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np

from spec_lang.kernel.verdict import Witness
from spec_lang.network.drift import Weights
from spec_lang.obligations.model import Goal
from spec_lang.reporters.model import ChangedArray, ChangedNetwork


def changed_networks(goal: Goal, witness: Witness) -> tuple[ChangedNetwork, ...]:
    """Those of the obligation that the witness is about; none where no weight is off."""
    for obligation in goal.obligations if any(witness.changes) else ():
        weights = obligation.graph.weights or ()
        if sum(one.numbers.size for one in weights) == len(witness.changes):
            return _networks(weights, witness)
    return ()


def _networks(weights: tuple[Weights, ...], witness: Witness) -> tuple[ChangedNetwork, ...]:
    found: list[ChangedNetwork] = []
    start = 0
    for _, group in groupby(weights, key=lambda one: one.network):
        arrays: list[ChangedArray] = []
        most, changed, total, mine = 0.0, 0, 0, list(group)
        for one in mine:
            part = witness.changes[start : start + one.numbers.size]
            start += one.numbers.size
            arrays.append(ChangedArray(one.name, one.numbers.shape, part))
            sizes = abs(one.numbers.astype(np.float64)).ravel()
            off = abs(np.array(part, dtype=np.float64))
            rates = np.divide(off, sizes, out=np.zeros_like(off), where=sizes > 0)
            most = max(most, float(rates.max(initial=0.0)))
            # What is repeated is one weight.
            kept = np.unique(sizes, return_index=True)[1] if one.alike else np.arange(len(sizes))
            total += len(kept)
            changed += int(np.count_nonzero(off[kept]))
        found.append(ChangedNetwork(mine[0].owner, changed, total, most, tuple(arrays)))
    return tuple(found)
