"""From floats to the numbers of a certificate, and what they still prove.

In: rows of one conjunction with mixtures, phases and parameters, as solvers and optimisers leave them.  Out:
the same as short dyadics, in the units of the certificate, and rigorous bounds at exactly these numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.context import UNDERFLOW, Context
from spec_lang.bounding.objectives import Objectives, fresh_rows
from spec_lang.bounding.objectives import Rows as PhaseRows
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.program import F64
from spec_lang.bounding.rows import Rows, start_of
from spec_lang.network.operators.cast import Float
from spec_lang.obligations.certificate import Multipliers

SHORT_BITS, FULL_BITS = 8, 24  # significant bits that are tried; float32 holds 24
TIE: Final = 1e-10  # of a row's size
TIE_BITS: Final = (1, 2, 4, 8, 12, 16, 20, 24)
# How small the atoms' part may be where phases alone contradict each other.
CLASH_SHARES: Final = tuple(2.0**-k for k in (4, 12, 24, 40, 60))


def objectives_of(rows: Rows, context: Context, ks: Sequence[int]) -> Objectives:
    """One objective for each of the conjunctions `ks`; those with fewer atoms have parts that are 0."""
    most = max(int(rows.member[k].sum()) for k in ks)
    index = np.zeros((len(ks), most), dtype=np.intp)
    real = np.zeros((len(ks), most), dtype=np.bool_)
    for i, k in enumerate(ks):
        mine = np.flatnonzero(rows.member[k])
        index[i, : len(mine)], real[i, : len(mine)] = mine, True
    start = {v: part * real[:, :, None] for v, part in start_of(rows, context, index).items()}
    return Objectives(start, rows.constant[index] * real, rows.relative)


def fresh(rows: Rows, optimiser: Optimiser, *ks: int) -> PhaseRows:
    """Conjunctions as rows: even mixtures, every phase open, the default slopes."""
    objectives = objectives_of(rows, optimiser.context, ks)
    found = fresh_rows(objectives, optimiser.unstable, np.arange(len(ks)))
    counts = rows.member[list(ks)].sum(axis=1, keepdims=True)
    found.mix = np.where(np.arange(found.mix.shape[1]) < counts, 1.0 / counts, 0.0)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """Rounded numbers, row by row, and the bounds that hold with them."""

    multipliers: Multipliers  # (rows, distinct rows of the conjunction)
    slopes: Multipliers  # (rows, unstable)
    bound: F64  # (rows,)


def leaves(optimiser: Optimiser, rows: PhaseRows, bits: int) -> Leaves:
    """The rows with `bits` significant bits a number."""
    is_open = rows.phases == 0
    # Any positive multiple of a leaf's numbers proves the same: the largest multiplier is about 1.
    size = rows.mix.max(axis=1, initial=0.0)
    factor = np.exp2(-np.round(np.log2(np.where(size > 0, size, 1.0))))[:, None]
    if rows.objectives.anchored:
        factor = np.ones_like(factor)
    multipliers = rounded(rows.mix * factor, bits)
    parameters = rows.parameters
    if bool((factor != 1.0).any()):
        parameters = np.where(is_open, parameters, parameters * factor)
    slopes = rounded(parameters, bits)
    exact = PhaseRows(
        rows.objectives,
        rows.which,
        multipliers.astype(np.float64),
        rows.phases,
        slopes.astype(np.float64),
        rows.node,
    )
    with np.errstate(all="ignore"):
        bound = optimiser.bounds(exact).minimum / factor[:, 0]
    usable = (multipliers > 0).any(axis=1) & np.isfinite(multipliers).all(axis=1)
    usable &= np.isfinite(slopes).all(axis=1) & ~((slopes > 1) & is_open).any(axis=1)
    return Leaves(multipliers, slopes, np.where(usable & np.isfinite(bound), bound, -np.inf))


def closing(optimiser: Optimiser, rows: PhaseRows) -> Leaves:
    """Every row as short as its bound stays positive, otherwise with the bits that float32 has."""
    short = leaves(optimiser, rows, SHORT_BITS)
    if (short.bound > 0).all():
        return short
    full = leaves(optimiser, rows, FULL_BITS)
    better = ~(short.bound > 0)
    return Leaves(
        np.where(better[:, None], full.multipliers, short.multipliers),
        np.where(better[:, None], full.slopes, short.slopes),
        np.where(better, full.bound, short.bound),
    )


def closing_clash(optimiser: Optimiser, row: PhaseRows) -> tuple[PhaseRows, Leaves]:
    """A row whose phases are said to contradict each other, with as much of the atoms as it bears: a leaf
    needs a multiplier that is not 0."""
    size = max(float(row.parameters[row.phases != 0].max(initial=0.0)), 1e-300)
    found = leaves(optimiser, row, FULL_BITS)
    for share in CLASH_SHARES:
        tried = row.take(slice(None))
        tried.mix = np.full(row.mix.shape, share * size)
        found = leaves(optimiser, tried, FULL_BITS)
        if found.bound[0] > 0:
            return tried, found
    return row, found


def nearly(optimiser: Optimiser, row: PhaseRows) -> Leaves | None:
    """The shortest numbers with which a row misses 0 by no more than rounding may cost; None where it misses
    it by more.  At a tie exact arithmetic may find 0 where floats find a little less."""
    start = {v: part[0] for v, part in row.start.items()}
    size = float(abs(row.constant[0]).max())
    for value, part in start.items():
        magnitude, columns = optimiser.context.magnitudes[value][0], optimiser.context.columns.get(value)
        size += float((abs(part) @ (magnitude if columns is None else magnitude[columns])).max())
    least = -TIE * size * float(row.mix.max(initial=0.0)) - 1e3 * UNDERFLOW
    for bits in TIE_BITS:
        found = leaves(optimiser, row, bits)
        if found.bound[0] >= least:
            return found
    return None


def rounded(values: Float, bits: int) -> NDArray[np.float32]:
    """To `bits` significant bits, as float32; what is below its normal range becomes 0."""
    with np.errstate(over="ignore", under="ignore"):
        single = np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf).astype(np.float32)
    # The bits of a float's magnitude are in order: adding half a unit of the last one that stays rounds it.
    lost = FULL_BITS - bits
    whole = single.view(np.uint32)
    if lost:
        whole = (whole + np.uint32(1 << (lost - 1))) & np.uint32(0xFFFFFFFF ^ ((1 << lost) - 1))
    result: NDArray[np.float32] = whole.view(np.float32)
    result[abs(result) < np.finfo(np.float32).tiny] = 0
    return result
