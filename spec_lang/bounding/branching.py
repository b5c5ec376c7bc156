"""Which neuron to split, and the rows of the two children.

In: open rows and scores of their neurons.  Out: candidates, and rows with one phase more.  Plain choices: no
bound depends on them.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang.bounding.layers import layers_of
from spec_lang.bounding.objectives import Rows
from spec_lang.bounding.plain import Plain
from spec_lang.bounding.program import Indices
from spec_lang.bounding.relaxed import lowered
from spec_lang.network.operators.cast import Float

CANDIDATES: Final = 3  # neurons tried per row from each of the scores


def top(scores: Float, rows: Rows) -> Indices:
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
    """Both batches, of the same objectives, as one."""
    return Rows(
        first.objectives,
        np.concatenate([first.which, second.which]),
        np.concatenate([first.mix, second.mix]),
        np.concatenate([first.phases, second.phases]),
        np.concatenate([first.parameters, second.parameters]),
        np.concatenate([first.node, second.node]),
    )


def branched(plain: Plain, rows: Rows, bound: Float, gaps: Float, intercepts: Float) -> tuple[Rows, Indices]:
    """Both children of every row, the active ones first, and the neurons that they are split on: of the
    candidates of either score the one whose children bound best."""
    picks = np.concatenate([top(gaps, rows), top(intercepts, rows)], axis=1)
    gain = np.ones(picks.shape)
    for phase in (1, -1):
        children = children_of(rows, picks, phase)
        start, constant = children.mixed()
        cast: dict[int, Float] = {v: part.astype(plain.kind, copy=False) for v, part in start.items()}
        layers = layers_of(plain, children.phases, children.parameters)
        tried = lowered(plain, layers, cast, constant.astype(plain.kind, copy=False)).bound
        raised = np.nan_to_num(tried.reshape(picks.shape) - bound[:, None], nan=0.0)
        gain *= np.clip(raised, 1e-6, np.maximum(-bound, 1e-6)[:, None] + 1e-4)
    chosen = picks[np.arange(len(rows)), gain.argmax(axis=1)]
    children = joined(*(children_of(rows, chosen[:, None], phase) for phase in (1, -1)))
    return children, chosen
