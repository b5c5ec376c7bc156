"""What closes pairs of cells: images that are apart, matrices between that are all nonsingular, and the rest.

In: a question, the cells of a level, and pairs of them.  Out: a code for every pair, cheap reasons first.
The kernel looks for the same reasons in the same places, so that only a margin for rounding is kept here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang.backends.pairs.cells import Cells, Forms, Question, least
from spec_lang.backends.pairs.vertices import of_full_rank
from spec_lang.bounding.program import F64, Indices
from spec_lang.bounding.slopes import Span, chords
from spec_lang.kernel.determinants import MOST_FREE
from spec_lang.obligations.pair_certificate import APART, JOINED, OUTSIDE, SPARED, SPLIT, Bytes

CHUNK: Final = 1024  # pairs at once
MOST_OPEN: Final = 11  # slopes between two cells: with more, halves cost less than vertices
STEPS: Final = 1024  # slopes of chords are rounded outward to so many
MARGIN: Final = 1e-10  # of differences, relative to the values
_SLACK: Final = 1e-7  # of a step

Mask = NDArray[np.bool_]
Pairs = tuple[Indices, Indices]
Reason = Callable[[Question, Cells, Pairs], Mask]


def closed(question: Question, cells: Cells, pairs: Pairs, outside: Mask) -> Bytes:
    """The codes of pairs; `outside` are the cells that hold no point of the domain."""
    reasons = (APART, _apart), (SPARED, _spared), (JOINED, _joined), (APART, _apart_by_own)
    return coded(question, cells, pairs, outside, reasons)


def coded(
    question: Question, cells: Cells, pairs: Pairs, outside: Mask, reasons: Sequence[tuple[int, Reason]]
) -> Bytes:
    """The first code whose reason holds, pair by pair."""
    x, y = pairs
    codes = np.full(len(x), SPLIT, dtype=np.uint8)
    codes[outside[x] if question.found.fixed else outside[x] | outside[y]] = OUTSIDE
    for code, reason in reasons:
        pending = np.flatnonzero(codes == SPLIT)
        for first in range(0, len(pending), CHUNK):
            chosen = pending[first : first + CHUNK]
            codes[chosen[reason(question, cells, (x[chosen], y[chosen]))]] = code
    return codes


def _apart(question: Question, cells: Cells, pairs: Pairs) -> Mask:
    return _differ(question, cells, pairs, question.directions[None])


def _apart_by_own(question: Question, cells: Cells, pairs: Pairs) -> Mask:
    """Along the difference of the images' middles, and the rows of the inverse of the mean slope."""
    x, y = pairs
    count, free = question.rows, question.slopes.free
    images = cells.images[:, :count]
    middle = 0.5 * (cells.below[0] + cells.above[0])[:, :count, free]
    own = np.concatenate(
        [(images[x] - images[y])[:, None], np.linalg.pinv(0.5 * (middle[x] + middle[y]))], axis=1
    )
    length = np.sqrt((own**2).sum(axis=-1, keepdims=True))
    own /= np.where(length > 0, length, 1.0)
    return _differ(question, cells, pairs, np.concatenate([own, -own], axis=1))


def _differ(question: Question, cells: Cells, pairs: Pairs, directions: F64) -> Mask:
    """Whether some combination of the rows is greater at the first cell than at the second."""
    full = np.zeros((*directions.shape[:2], len(question.values)))
    full[..., : question.rows] = directions
    none, zeros = np.zeros((full.shape[1], question.program.input_size)), np.zeros(full.shape[1])
    found = least(question, cells, pairs, Forms(full, -full, none, none, zeros))
    result: Mask = np.logical_or.reduce(found > MARGIN * cells.scale, axis=1)
    return result


def _spared(question: Question, cells: Cells, pairs: Pairs) -> Mask:
    """Whether every case has an atom that is positive, in either order of the cells.  Atoms over inputs do
    not count: a check does not look at them."""
    found = np.full(len(pairs[0]), bool(question.cases))
    orders = [question.forms] if question.found.fixed else [question.forms, question.forms.mirrored]
    of_inputs = abs(question.forms.here).max(axis=1, initial=0.0) + abs(question.forms.there).max(
        axis=1, initial=0.0
    )
    of_values = of_inputs == 0
    if not all(of_values[case].any() for case in question.cases):
        return np.zeros_like(found)
    for forms in orders:
        pending = np.flatnonzero(found)
        if len(pending):
            x, y = pairs[0][pending], pairs[1][pending]
            positive = (least(question, cells, (x, y), forms) > MARGIN * cells.scale) & of_values
            found[pending] = np.all([positive[:, case].any(axis=1) for case in question.cases], axis=0)
    return found


def _joined(question: Question, cells: Cells, pairs: Pairs) -> Mask:
    """Whether every slope matrix between the cells is nonsingular."""
    return where_few_are_open(question, cells, pairs, partial(of_full_rank, question.slopes))


def where_few_are_open(question: Question, cells: Cells, pairs: Pairs, holds: Callable[[Span], Mask]) -> Mask:
    """What is asked of the slopes between cells, and False where too many of them are open."""
    found = np.zeros(len(pairs[0]), dtype=np.bool_)
    if len(question.slopes.free) > MOST_FREE:
        return found
    span = between(cells, pairs)
    few = np.flatnonzero(span.counts <= MOST_OPEN)
    if len(few):
        found[few] = holds(span.take(few))
    return found


def between(cells: Cells, pairs: Pairs) -> Span:
    """The slopes of chords between the cells of pairs, rounded outward as a check rounds them."""
    x, y = (cells.ranges.take(side) for side in pairs)
    span = chords(x, y)
    lower = np.clip(np.floor(span.lower * STEPS - _SLACK) / STEPS, 0.0, 1.0)
    upper = np.clip(np.ceil(span.upper * STEPS + _SLACK) / STEPS, 0.0, 1.0)
    # Slopes of neurons that have one phase on both cells are 0 or 1 exactly.
    active = (x.lower >= 0) & (y.lower >= 0)
    lower, upper = np.where(active, 1.0, lower), np.where((x.upper <= 0) & (y.upper <= 0), 0.0, upper)
    return Span(lower, upper)
