"""What closes pairs of cells for an `Expansion`: rows that differ by as much as points do.

In: a question about its pair, its limits, the cells of a level, and pairs of them.  Out: a code for every
pair.  The kernel looks for the same reasons in the same places, so that only a margin for rounding is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations, islice
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends.pairs.cells import Cells, Forms, Question, least
from spec_lang.backends.pairs.closing import MARGIN, Mask, Pairs, coded, where_few_are_open
from spec_lang.backends.pairs.vertices import at_vertices, groups
from spec_lang.bounding.determinants import determinants
from spec_lang.bounding.program import F64
from spec_lang.bounding.slopes import Slopes, Span
from spec_lang.kernel.expansion import MOST_CHOICES
from spec_lang.obligations.expansion import Expansion
from spec_lang.obligations.pair_certificate import APART, JOINED, Bytes

_SUM: Final = 1 - 1e-9  # of what must sum to at most 1


@dataclass(frozen=True, slots=True, eq=False)
class Spreading:
    """`limits` as a matrix (limits, inputs)."""

    limits: F64

    @classmethod
    def of(cls, asked: Expansion) -> Spreading:
        limits = np.zeros((len(asked.limits), len(asked.pair.first)))
        for number, terms in enumerate(asked.limits):
            for index, c in terms:
                limits[number, index] = float(c)
        return cls(limits)

    def closed(self, question: Question, cells: Cells, pairs: Pairs, outside: Mask) -> Bytes:
        """The codes of pairs; `outside` are the cells that hold no point of the domain."""
        reasons = (APART, self._apart), (JOINED, self._joined), (APART, self._apart_by_own)
        return coded(question, cells, pairs, outside, reasons)

    def _apart(self, question: Question, cells: Cells, pairs: Pairs) -> Mask:
        return self._reach(question, cells, pairs, _of_sum_one(question.directions)[None])

    def _apart_by_own(self, question: Question, cells: Cells, pairs: Pairs) -> Mask:
        """Along the difference of the images' middles, and the rows of the inverse of the mean slope."""
        x, y = pairs
        count, free = question.rows, question.slopes.free
        images = cells.images[:, :count]
        middle = 0.5 * (cells.below[0] + cells.above[0])[:, :count, free]
        inverse = np.linalg.pinv(0.5 * (middle[x] + middle[y]))
        own = _of_sum_one(np.concatenate([(images[x] - images[y])[:, None], inverse], axis=1))
        return self._reach(question, cells, pairs, np.concatenate([own, -own], axis=1))

    def _reach(self, question: Question, cells: Cells, pairs: Pairs, directions: F64) -> Mask:
        """Whether each limit, with either sign, is at most 0, or at most what some direction is more at the
        first cell than at the second."""
        full = np.zeros((*directions.shape[:2], len(question.values)))
        full[..., : question.rows] = directions
        found = np.ones(len(pairs[0]), dtype=np.bool_)
        for limit in np.concatenate([self.limits, -self.limits]):
            left = np.flatnonzero(found)
            left = left[~_at_most_zero(question, cells, (pairs[0][left], pairs[1][left]), limit)]
            tried = full if len(full) == 1 else full[left]
            here = np.broadcast_to(limit, (full.shape[1], len(limit)))
            forms = Forms(tried, -tried, -here, here, np.zeros(full.shape[1]))
            beyond = least(question, cells, (pairs[0][left], pairs[1][left]), forms)
            found[left] = np.logical_or.reduce(beyond > MARGIN * cells.scale, axis=1)
        return found

    def _joined(self, question: Question, cells: Cells, pairs: Pairs) -> Mask:
        """Whether every slope matrix between the cells keeps points apart."""
        return where_few_are_open(question, cells, pairs, partial(self._keep_apart, question.slopes))

    def _keep_apart(self, slopes: Slopes, span: Span) -> Mask:
        found = np.zeros(len(span.lower), dtype=np.bool_)
        limits = self.limits[:, slopes.free]
        for group in groups(slopes, span):
            matrices = at_vertices(slopes, span.take(group))
            left = np.ones((len(group), len(limits)), dtype=np.bool_)
            for weights in _choices(matrices):
                left &= ~_at_most_rows(limits, matrices, weights)
                if not left.any():
                    break
            found[group] = ~left.any(axis=1)
        return found


def _choices(matrices: F64) -> Iterator[F64]:
    """What makes matrices (batch, vertices, m, n) square: nothing, or the inverse of their mean, or rows."""
    rows, columns = matrices.shape[-2:]
    if rows == columns:
        yield np.eye(rows)
    elif rows > columns:
        yield np.linalg.pinv(matrices.mean(axis=1))[:, None]
        for chosen in islice(combinations(range(rows), columns), MOST_CHOICES):
            yield np.eye(rows)[list(chosen)]


def _at_most_rows(limits: F64, matrices: F64, weights: F64) -> Mask:
    """Whether these weights show that a limit is at most the rows, at all vertices (batch, limits)."""
    square = weights @ matrices
    values = determinants(square)
    columns = square.shape[-1]
    least = 1e-12 * abs(square).max(axis=(-2, -1)) ** columns + np.finfo(np.float64).tiny
    regular = abs(values) > least
    inverse = np.linalg.inv(np.where(regular[..., None, None], square, np.eye(columns)))
    small = abs(limits @ inverse @ weights).sum(axis=-1) <= _SUM
    signed = abs(np.sign(values).sum(axis=1)) == values.shape[1]
    found: Mask = (regular[..., None] & small).all(axis=1) & signed[:, None]
    return found


def _of_sum_one(weights: F64) -> F64:
    total = abs(weights).sum(axis=-1, keepdims=True)
    found: F64 = weights / np.where(total > 0, total, 1.0)
    return found


def _at_most_zero(question: Question, cells: Cells, pairs: Pairs, limit: F64) -> Mask:
    """Whether `limit·(x − y)` is, term by term."""
    x, y = pairs
    found = np.ones(len(x), dtype=np.bool_)
    for index in question.slopes.free.tolist():
        one, other = (x, y) if limit[index] > 0 else (y, x)
        if limit[index]:
            found &= cells.boxes.upper[one, index] <= cells.boxes.lower[other, index]
    return found
