"""Which neurons of a smaller layer stand for which of a larger one: neurons that were pruned are missing.

In: two affine maps, the first with fewer elements, or with operands that have.  Out: both over the elements
of the second, and the match.  Any match is exact, a good one makes the differences small: a neuron is matched
with the one whose weights are the nearest.
"""

from __future__ import annotations

import numpy as np

from spec_lang.network.primitives import Affine, Dense, Floats, Indices, frozen


def can_align(own: Affine, base: Affine) -> bool:
    """Whether `aligned` takes them: single matrices, and no more elements than there are to match."""
    dense = all(len(each.maps) == 1 and isinstance(each.maps[0], Dense) for each in (own, base))
    return dense and len(own.bias) <= len(base.bias)


def aligned(
    own: Affine, base: Affine, matches: tuple[Indices | None, ...]
) -> tuple[Affine, Affine, Indices | None]:
    """`own` over the elements of `base` and of its operands, `base` where it has a match and 0 elsewhere, and
    the match, None where it is one to one in order; `matches` are those of the operands."""
    if all(match is None for match in matches) and len(own.bias) == len(base.bias):
        return own, base, None
    (mine,), (theirs,), (of_operand,) = own.maps, base.maps, matches
    if not isinstance(mine, Dense) or not isinstance(theirs, Dense):
        return own, base, None
    weight = _scattered(mine.weight.T, of_operand, theirs.weight.shape[1]).T
    if len(own.bias) == len(base.bias):
        return Affine((Dense(frozen(weight)),), own.bias), base, None
    match = _nearest(weight, own.bias, theirs.weight, base.bias)
    size = len(base.bias)
    rows, bias = _scattered(weight, match, size), _scattered(own.bias, match, size)
    kept = np.zeros(size, dtype=np.bool_)
    kept[match] = True
    rest = np.where(kept[:, None], theirs.weight, 0), np.where(kept, base.bias, 0)
    return (
        Affine((Dense(frozen(rows)),), frozen(bias)),
        Affine((Dense(frozen(rest[0])),), frozen(rest[1])),
        match,
    )


def _scattered(rows: Floats, match: Indices | None, size: int) -> Floats:
    """Row j becomes row `match[j]` of so many; the others are 0."""
    if match is None:
        return rows
    found = np.zeros((size, *rows.shape[1:]), dtype=rows.dtype)
    found[match] = rows
    return found


def _nearest(weight: Floats, bias: Floats, others: Floats, other_bias: Floats) -> Indices:
    """Of every row another one of `others`, the nearest that is left; rows with a clear choice choose first.

    No two rows have the same one, whatever the numbers are: what the distances cannot say is decided in
    order.
    """
    mine = np.concatenate([weight, bias[:, None]], axis=1).astype(np.float64)
    theirs = np.concatenate([others, other_bias[:, None]], axis=1).astype(np.float64)
    with np.errstate(all="ignore"):
        squares = (mine**2).sum(axis=1)[:, None] + (theirs**2).sum(axis=1)[None]
        distance = np.nan_to_num(squares - 2 * (mine @ theirs.T), nan=np.inf)
    match = np.full(len(mine), -1, dtype=np.intp)
    left = np.ones(len(theirs), dtype=np.bool_)
    for row in np.argsort(distance.min(axis=1), kind="stable"):
        places = np.flatnonzero(left)
        match[row] = places[distance[row, places].argmin()]
        left[match[row]] = False
    return match
