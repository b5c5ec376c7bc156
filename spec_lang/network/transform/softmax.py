"""Softmax, from sigmoids and softplus alone, and the derivatives that go down from it.

In: logits, as one flat value of a graph, and what appends a node.  Out: the numbers of the new values.
Exact: `ln(e^a + e^b) = b + softplus(a − b)`, a tree of which is the logarithm of a sum of exponentials, and
the probability of a class is the sigmoid of its logit less that of its rivals.  No number on the way is much
larger than the logits are, and every slope is between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.primitives import Affine, Binary, Entries, Floats, Indices, Primitive, Smooth, frozen

Add = Callable[[Primitive, tuple[int, ...], int], int]
"""Appends `primitive` of the values with these numbers, of that size: the number of the result."""


@dataclass(frozen=True, slots=True)
class Ratios:
    """Of each class, by how much its logit is above the logarithm of its rivals' exponentials (`gap`), and
    its probability."""

    gap: int
    probability: int


def ratios(logits: int, width: int, classes: Indices, add: Add) -> Ratios:
    """Of the classes in every row of `classes`, which are places in the logits, two or more: all of them side
    by side, ⌈log2(n − 1)⌉ softplus one above the other."""
    count = classes.shape[1]
    own = classes.ravel()
    rivals = np.stack([np.delete(classes, j, axis=1) for j in range(count)], axis=1).reshape(-1, count - 1)
    value, size = logits, width
    while rivals.shape[1] > 1:
        value, size, rivals = _round(value, size, rivals, add)
    if value == logits:  # of pairs
        maps: tuple[Entries, ...] = (_differences(own, rivals[:, 0], width),)
    else:
        maps = _picked(own, width), _picked(rivals[:, 0], size, -1)
    gap = add(Affine(maps, _zeros(len(own))), (logits, value)[: len(maps)], len(own))
    return Ratios(gap, add(Smooth.SIGMOID, (gap,), len(own)))


def losses(gap: int, size: int, add: Add) -> int:
    """The cross-entropy `−ln p` of each class: `softplus(−gap)`."""
    turned = add(Affine((_picked(np.arange(size), size, -1),), _zeros(size)), (gap,), size)
    return add(Smooth.SOFTPLUS, (turned,), size)


def probability_cotangent(probability: int, size: int, label: int, add: Add) -> int:
    """`∂p_c/∂y = p_c (e_c − p)`; of two classes `(p_c − p_c²)(e_c − e_d)`, where nothing is a product."""
    column = np.array([label], dtype=np.intp)
    own = add(Affine((_picked(column, size),), _zeros(1)), (probability,), 1)
    square = add(Smooth.SQUARE, (own,), 1)
    if size == 2:
        turned = np.where(np.arange(2) == label, 1.0, -1.0)
        return add(
            Affine((_column(turned), _column(-turned)), _zeros(2)),
            (own, square),
            2,
        )
    others = np.delete(np.arange(size), label)
    repeated = add(Affine((_column(np.ones(size - 1)),), _zeros(size - 1)), (own,), size - 1)
    rest = add(Affine((_picked(others, size),), _zeros(size - 1)), (probability,), size - 1)
    product = add(Binary.PRODUCT, (repeated, rest), size - 1)
    unit = np.zeros(size)
    unit[label] = 1.0
    spread = Entries((size, size - 1), others, np.arange(size - 1), frozen(-np.ones(size - 1)))
    return add(Affine((_column(unit), _column(-unit), spread), _zeros(size)), (own, square, product), size)


def loss_cotangent(probability: int, size: int, label: int, add: Add) -> int:
    """`∂(−ln p_c)/∂y = p − e_c`."""
    constant = _zeros(size).copy()
    constant[label] = -1.0
    return add(Affine((_picked(np.arange(size), size),), frozen(constant)), (probability,), size)


def sigmoid_cotangent(probability: int, size: int, label: int, add: Add) -> int:
    """`∂σ(y_c)/∂y = (p_c − p_c²) e_c`."""
    own = add(Affine((_picked(np.array([label]), size),), _zeros(1)), (probability,), 1)
    square = add(Smooth.SQUARE, (own,), 1)
    unit = np.zeros(size)
    unit[label] = 1.0
    return add(Affine((_column(unit), _column(-unit)), _zeros(size)), (own, square), size)


def _round(value: int, width: int, rows: Indices, add: Add) -> tuple[int, int, Indices]:
    """Neighbours in each row meet: the new value, its size, and what is left of every row.

    A pair that stands in several rows is one element."""
    if rows.shape[1] % 2:
        rows = np.pad(rows, ((0, 0), (0, 1)), constant_values=-1)
    pairs = np.stack([rows[:, ::2].ravel(), rows[:, 1::2].ravel()], axis=1)
    pairs, number = np.unique(pairs, axis=0, return_inverse=True)
    first, second = pairs.T
    both = np.flatnonzero(second >= 0)
    gaps = _differences(first[both], second[both], width)
    gap = add(Affine((gaps,), _zeros(len(both))), (value,), len(both))
    excess = add(Smooth.SOFTPLUS, (gap,), len(both))
    base = _picked(np.where(second >= 0, second, first), width)
    embedded = Entries((len(pairs), len(both)), both, np.arange(len(both)), frozen(np.ones(len(both))))
    result = add(Affine((base, embedded), _zeros(len(pairs))), (value, excess), len(pairs))
    return result, len(pairs), number.reshape(rows.shape[0], -1)


def _differences(first: Indices, second: Indices, width: int) -> Entries:
    """`v[first] − v[second]`"""
    row = np.repeat(np.arange(len(first)), 2)
    column = np.stack([first, second], axis=1)
    order = np.argsort(column, axis=1)
    sign = np.take_along_axis(np.array([[1.0, -1.0]]).repeat(len(first), 0), order, axis=1)
    return Entries((len(first), width), row, np.sort(column, axis=1).ravel(), frozen(sign.ravel()))


def _picked(places: Sequence[int] | Indices, width: int, factor: int = 1) -> Entries:
    """`factor · v[places]`"""
    column = np.asarray(places, dtype=np.intp)
    count = len(column)
    return Entries((count, width), np.arange(count), column, frozen(np.full(count, float(factor))))


def _column(numbers: Floats) -> Entries:
    """One element times each of `numbers`."""
    row = np.flatnonzero(numbers)
    column = np.zeros(len(row), dtype=np.intp)
    return Entries((len(numbers), 1), row, column, frozen(numbers[row]))


def _zeros(size: int) -> Floats:
    return frozen(np.zeros(size))
