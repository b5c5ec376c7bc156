"""From floats to the numbers of a certificate, and what they still prove.

In: rows of one conjunction with mixtures, phases and parameters, as solvers and optimisers leave them.  Out:
the same as short dyadics, in the units of the certificate, and rigorous bounds at exactly these numbers.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.linear import UNDERFLOW, Context
from spec_lang.bounding.phases import Optimiser, Phases
from spec_lang.bounding.phases import Rows as PhaseRows
from spec_lang.bounding.program import F64, Indices, ReluStep
from spec_lang.bounding.rows import Rows, start_of
from spec_lang.obligations.certificate import Multipliers

SHORT_BITS, FULL_BITS = 8, 24  # significant bits that are tried; float32 holds 24
TIE: Final = 1e-10  # of a row's size
TIE_BITS: Final = (1, 2, 4, 8, 12, 16, 20, 24)
# How small the atoms' part may be where phases alone contradict each other.
CLASH_SHARES: Final = tuple(2.0**-k for k in (4, 12, 24, 40, 60))


def neuron_numbers(context: Context) -> Indices:
    """The certificate's number of every unstable neuron, in the order of `Unstable`."""
    first, numbers = 0, [np.zeros(0, dtype=np.intp)]
    for step in context.program.steps:
        if isinstance(step, ReluStep):
            if step.value in context.layouts:
                layout = context.layouts[step.value]
                numbers.append(first + layout.columns[: layout.mixed])
            first += context.program.sizes[step.value]
    return np.concatenate(numbers)


def first_neuron(context: Context, value: int) -> int:
    """The number of the first element of the ReLU with result `value`."""
    sizes = context.program.sizes
    return sum(sizes[s.value] for s in context.program.steps if isinstance(s, ReluStep) and s.value < value)


def fresh(problem_rows: Rows, optimiser: Optimiser, k: int) -> PhaseRows:
    """Conjunction k as one row: an even mixture, every phase open, the default slopes."""
    index = np.flatnonzero(problem_rows.member[k])[None, :]
    start = start_of(problem_rows, optimiser.context, index)
    constant = problem_rows.constant[index]
    phases: Phases = np.zeros((1, optimiser.unstable.count), dtype=np.int8)
    parameters = optimiser.unstable.lower_slope[None, :].copy()
    mix = np.full(constant.shape, 1.0 / constant.shape[1])
    node = np.zeros(1, dtype=np.intp)
    return PhaseRows(start, constant, mix, phases, parameters, node, problem_rows.relative)


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
    multipliers = rounded(rows.mix * factor, bits)
    slopes = rounded(np.where(is_open, rows.parameters, rows.parameters * factor), bits)
    exact = rows.take(slice(None))
    exact.mix, exact.parameters = multipliers.astype(np.float64), slopes.astype(np.float64)
    with np.errstate(all="ignore"):
        bound = optimiser.evaluate(exact, gradient=False).bounds.minimum / factor[:, 0]
    usable = (multipliers > 0).any(axis=1) & np.isfinite(multipliers).all(axis=1)
    usable &= np.isfinite(slopes).all(axis=1) & (np.where(is_open, slopes, 0) <= 1).all(axis=1)
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


def rounded(values: F64, bits: int) -> NDArray[np.float32]:
    """To `bits` significant bits, as float32; what is below its normal range becomes 0."""
    mantissa, exponent = np.frexp(np.nan_to_num(values, nan=0.0, posinf=np.inf))
    with np.errstate(over="ignore", under="ignore"):
        result: NDArray[np.float32] = np.ldexp(np.round(np.ldexp(mantissa, bits)), exponent - bits).astype(
            np.float32
        )
    return np.where(abs(result) < np.finfo(np.float32).tiny, np.float32(0), result)
