"""Which neuron to split, and the rows of the two children.

In: open rows and scores of their neurons.  Out: candidates, and rows with one phase more.  Plain choices: no
bound depends on them.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang.bounding.phases import Rows
from spec_lang.bounding.program import F64, Indices

CANDIDATES: Final = 3  # neurons tried per row from each of the scores


def top(scores: F64, rows: Rows) -> Indices:
    """The open neurons with the largest scores, row by row; a row with fewer repeats its best."""
    masked = np.where(rows.phases == 0, np.nan_to_num(scores), -1.0)
    count = min(CANDIDATES, masked.shape[1])
    picks = np.argpartition(-masked, count - 1, axis=1)[:, :count]
    best = masked.argmax(axis=1)[:, None]
    return np.where(np.take_along_axis(masked, picks, axis=1) < 0, best, picks)


def children_of(rows: Rows, picks: Indices, phase: int) -> Rows:
    """For every row and each of its picks, the row with that neuron's phase fixed and multiplier 0."""
    index = np.repeat(np.arange(len(rows)), picks.shape[1])
    children, here = rows.take(index), np.arange(len(index))
    children.phases[here, picks.ravel()] = phase
    children.parameters[here, picks.ravel()] = 0.0
    return children


def joined(first: Rows, second: Rows) -> Rows:
    return Rows(
        {v: np.concatenate([part, second.start[v]]) for v, part in first.start.items()},
        np.concatenate([first.constant, second.constant]),
        np.concatenate([first.mix, second.mix]),
        np.concatenate([first.phases, second.phases]),
        np.concatenate([first.parameters, second.parameters]),
        np.concatenate([first.node, second.node]),
        first.relative,
    )
