"""Slope matrices at the vertices of many boxes of slopes at once, and the signs of their determinants.

In: a network's `Slopes`, and boxes of slopes.  Out: which boxes have matrices of full rank alone: their
determinant is affine in every slope, so that it has one sign on a box if it has at its vertices.  Plain
float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb, prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.determinants import determinants
from spec_lang.bounding.program import F64, AffineStep, Indices
from spec_lang.bounding.slopes import Slopes, Span, patterns
from spec_lang.network.operators import Operator

ROOM: Final = 2**15  # vertices at once
MARGIN: Final = 1e-10  # of a determinant, for what rounding does
MOST_MINORS: Final = 20  # with more, one product with a matrix has to do
STEPS: Final = 20  # for a combination of minors

# What an axis of open slopes has: nothing, the least matrix and what each slope adds, or all vertices.
_NONE, _TERMS, _WHOLE = 0, 1, 2


def of_full_rank(slopes: Slopes, span: Span) -> NDArray[np.bool_]:
    """Boxes on which a combination of the n x n minors of J(s) is positive, or, where these are many,
    det P J(s) has one sign, with the pseudo-inverse P of the mean over the vertices."""
    found = np.zeros(len(span.lower), dtype=np.bool_)
    for group in groups(slopes, span):
        matrices = at_vertices(slopes, span.take(group))
        rows, columns = matrices.shape[-2:]
        if rows < columns:
            return found
        few = rows > columns and comb(rows, columns) <= MOST_MINORS
        if rows > columns and not few:
            matrices = np.linalg.pinv(matrices.mean(axis=1))[:, None] @ matrices
        # What no minor is beyond [Hadamard 1893]: rounding errs by a share of it.
        most = np.sqrt((matrices**2).sum(axis=-2)).prod(axis=-1)
        if few:
            chosen = combinations(range(rows), columns)
            minors = np.stack([determinants(matrices[..., c, :]) for c in chosen], axis=-1)
            found[group] = _agree(minors, MARGIN * most)
        else:
            values = determinants(matrices)
            values = values * np.sign(values[:, :1])
            found[group] = (values > MARGIN * most).all(axis=1)
    return found


def _agree(minors: F64, least: F64) -> NDArray[np.bool_]:
    """Of (batch, vertices, minors) whether some combination is positive at all vertices: by steps towards the
    point of their hull that is nearest to 0 [Gilbert 1966], over the greatest at each, which has to be more
    than `least`."""
    largest = abs(minors).max(axis=-1)
    units = minors / np.where(largest > 0, largest, 1.0)[..., None]
    found = np.zeros(len(minors), dtype=np.bool_)
    point, every = units.mean(axis=1), np.arange(len(minors))
    for _ in range(STEPS):
        products = (units @ point[..., None])[..., 0]
        last = products.argmin(axis=1)
        found |= products[every, last] > MARGIN
        if found.all():
            break
        way = units[every, last] - point
        square = np.einsum("bm,bm->b", way, way)
        share = -np.einsum("bm,bm->b", point, way) / np.where(square > 0, square, 1.0)
        point = point + np.clip(np.where(found, 0.0, share), 0.0, 1.0)[:, None] * way
    found &= (largest > least).all(axis=1)
    return found


def groups(slopes: Slopes, span: Span) -> Iterator[Indices]:
    """Boxes with as many open slopes in every step, not too many at once."""
    opened = span.lower < span.upper
    counts = [opened[:, where].sum(axis=1) for where in _places(slopes)]
    if not counts:
        yield np.arange(len(span.lower))
        return
    kinds, of = np.unique(np.stack(counts, axis=1), axis=0, return_inverse=True)
    for number, kind in enumerate(kinds):
        members = np.flatnonzero(of.ravel() == number)
        room = max(1, ROOM >> int(kind.sum()))
        for first in range(0, len(members), room):
            yield members[first : first + room]


def _places(slopes: Slopes) -> list[slice]:
    return [slice(a, a + slopes.program.sizes[value]) for value, a in slopes.starts.items()]


def at_vertices(slopes: Slopes, span: Span) -> F64:
    """J (batch, 2^k, m, free) for boxes that have as many open slopes in every step."""
    places = _places(slopes)
    counts = [int(np.count_nonzero(span.lower[0, where] < span.upper[0, where])) for where in places]
    axes = [k for k in counts if k]
    values = _start(slopes, len(axes))
    axis = 0
    for step in slopes.steps:
        if isinstance(step, AffineStep):
            parts = _alike([values[operand] for operand in step.operands], axes)
            values[step.value] = _Spread(_sum(step.maps, [part.array for part in parts]), parts[0].state)
            continue
        where = slice(slopes.starts[step.value], slopes.starts[step.value] + slopes.program.sizes[step.value])
        low, width = span.lower[:, where], (span.upper - span.lower)[:, where]
        entering, shape = values[step.operand], [len(low)] + [1] * len(axes) + [1, low.shape[1]]
        if not width[0].any():
            values[step.value] = _Spread(entering.array * low.reshape(shape), entering.state)
            continue
        shape[1 + axis] = 1 + axes[axis]
        array = entering.whole(axes).array * _terms(low, width, axes[axis]).reshape(shape)
        state = tuple(_WHOLE if s else _NONE for s in entering.state)
        values[step.value] = _Spread(array, (*state[:axis], _TERMS, *state[axis + 1 :]))
        axis += 1
    full: F64 = np.zeros(1)
    column = 0
    for output in slopes.program.outputs:
        rows = slopes.rows[:, column : column + slopes.program.sizes[output]]
        column += slopes.program.sizes[output]
        if rows.any():
            found = values[output]
            full = full + _Spread(found.array @ rows.T, found.state).whole(axes).array
    full = np.broadcast_to(full, (len(span.lower), *(2**k for k in axes), *full.shape[-2:]))
    return np.swapaxes(full.reshape(len(full), -1, *full.shape[-2:]), -1, -2)


def _terms(low: F64, width: F64, count: int) -> F64:
    """The least slopes, then what each open one may have beyond it: (batch, 1 + count, size)."""
    terms = np.zeros((len(low), 1 + count, low.shape[1]))
    terms[:, 0] = low
    box, neuron = np.nonzero(width)
    place = np.arange(len(box)) % count  # as many in every box, one box after another
    terms[box, 1 + place, neuron] = width[box, neuron]
    return terms


@dataclass(frozen=True, slots=True, eq=False)
class _Spread:
    """A value's tangents (batch, an axis for every step with open slopes …, free, size)."""

    array: F64
    state: tuple[int, ...]

    def whole(self, axes: Sequence[int]) -> _Spread:
        return self.expanded(axes, [s == _TERMS for s in self.state])

    def expanded(self, axes: Sequence[int], chosen: Sequence[bool]) -> _Spread:
        """Some axes of terms by vertices."""
        array, state = self.array, list(self.state)
        for axis, (count, wanted) in enumerate(zip(axes, chosen, strict=True)):
            if wanted and state[axis] == _TERMS:
                shape = array.shape
                every = np.concatenate([np.ones((2**count, 1)), patterns(count)], axis=1)
                array = every @ array.reshape(prod(shape[: 1 + axis]), shape[1 + axis], -1)
                array = array.reshape(*shape[: 1 + axis], 2**count, *shape[2 + axis :])
                state[axis] = _WHOLE
        return _Spread(array, tuple(state))

    def as_terms(self, axis: int, count: int) -> _Spread:
        """A value that does not depend on a step's slopes, as one that does."""
        if self.state[axis] != _NONE:
            return self
        more = [(0, 0)] * self.array.ndim
        more[1 + axis] = (0, count)
        return _Spread(np.pad(self.array, more), (*self.state[:axis], _TERMS, *self.state[axis + 1 :]))


def _alike(parts: Sequence[_Spread], axes: Sequence[int]) -> list[_Spread]:
    """Values that can be added: on each axis terms, vertices or nothing for all that have any."""
    if len(parts) == 1:
        return list(parts)
    states = [{part.state[axis] for part in parts} for axis in range(len(axes))]
    parts = [part.expanded(axes, [_WHOLE in seen for seen in states]) for part in parts]
    for axis, count in enumerate(axes):
        if _TERMS in states[axis] and _WHOLE not in states[axis]:
            parts = [part.as_terms(axis, count) for part in parts]
    most = np.broadcast_shapes(*(part.array.shape[:-1] for part in parts))
    state = tuple(max(part.state[axis] for part in parts) for axis in range(len(axes)))
    return [_Spread(np.broadcast_to(part.array, (*most, part.array.shape[-1])), state) for part in parts]


def _start(slopes: Slopes, axes: int) -> dict[int, _Spread]:
    """The inputs' own tangents."""
    whole = np.zeros((len(slopes.free), slopes.program.input_size))
    whole[np.arange(len(slopes.free)), slopes.free] = 1.0
    full = whole.reshape(*[1] * (1 + axes), *whole.shape)
    return {n: _Spread(full[..., w], (_NONE,) * axes) for n, w in enumerate(slopes.program.input_slices)}


def _sum(maps: Sequence[Operator], operands: Sequence[F64]) -> F64:
    total: F64 | float = 0.0
    for linear, operand in zip(maps, operands, strict=True):
        found = linear.forward(operand.reshape(-1, operand.shape[-1]))
        total = total + found.reshape(*operand.shape[:-1], -1)
    return np.asarray(total)
