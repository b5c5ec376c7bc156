"""A linear program in floats, scaled by powers of two so that no solver drops a coefficient.

In: columns and rows, added block by block.  Out: a `Scaled` program with entries between 1e-9 and 1, and the
way back.  An entry that stays too small is taken out and its row widened by all that it can contribute;
where that is unbounded the program is refused (`Unfit`).
"""

from __future__ import annotations

from dataclasses import field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.program import F64, Indices

SMALLEST: Final = 1e-9  # below this HiGHS puts 0, with a warning
# One process must not be eaten by one model: beyond this many entries it is refused.
MAX_ENTRIES: Final = 20_000_000
LARGEST: Final = 1e15  # from here on HiGHS takes a coefficient for an error, or a bound for infinite


class Unfit(Exception):
    """The program is too large for the solver, or its numbers lie too far apart; the message says where."""


@dataclass(slots=True, eq=False)
class Model:
    """`min cost·x` over rows `lower <= A x <= upper` and columns `lower <= x <= upper`, being built.

    No solution that is looked for leaves `± size` of a column: its scale follows from it, and what an entry
    that is too small can contribute.
    """

    columns: int = 0
    rows: int = 0
    cost: list[F64] = field(default_factory=list)
    lower: list[F64] = field(default_factory=list)
    upper: list[F64] = field(default_factory=list)
    size: list[F64] = field(default_factory=list)
    integer: list[NDArray[np.bool_]] = field(default_factory=list)
    row_lower: list[F64] = field(default_factory=list)
    row_upper: list[F64] = field(default_factory=list)
    entries: list[tuple[Indices, Indices, F64]] = field(default_factory=list)  # row, column, value
    count: int = 0  # of entries

    def add_columns(self, lower: F64, upper: F64, size: F64, *, integer: bool = False) -> Indices:
        """New columns; their numbers."""
        count = len(lower)
        self.lower.append(lower)
        self.upper.append(upper)
        self.size.append(size)
        self.cost.append(np.zeros(count))
        self.integer.append(np.full(count, integer))
        self.columns += count
        return np.arange(self.columns - count, self.columns)

    def add_rows(self, lower: F64, upper: F64) -> Indices:
        """New rows without entries; their numbers."""
        count = len(lower)
        self.row_lower.append(lower)
        self.row_upper.append(upper)
        self.rows += count
        return np.arange(self.rows - count, self.rows)

    def put(self, rows: Indices, columns: Indices, values: F64) -> None:
        """Entries; those at one place are added up, those in column −1 (a value that is 0) left out.

        Raises `Unfit`.
        """
        keep = (columns >= 0) & (values != 0)
        self.entries.append((rows[keep], columns[keep], values[keep]))
        self.count += len(self.entries[-1][2])
        if self.count > MAX_ENTRIES:
            raise Unfit(f"the program has more than {MAX_ENTRIES:,} entries")

    def put_block(self, rows: Indices, columns: Indices, block: F64) -> None:
        """The entries of a dense block (rows, columns).  Raises `Unfit`."""
        row, column = np.nonzero(block)
        self.put(rows[row], columns[column], block[row, column])

    def scaled(self, cost: F64) -> Scaled:
        """Raises `Unfit`."""
        return _scaled(self, cost)


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """The program as the solver gets it, row by row: `x = columns * x'`, row i times `rows[i]`,
    the objective times `objective`."""

    cost: F64
    lower: F64
    upper: F64
    row_lower: F64
    row_upper: F64
    start: Indices
    index: Indices
    value: F64
    integer: NDArray[np.bool_]
    columns: F64
    rows: F64
    objective: float


def _scaled(model: Model, cost: F64) -> Scaled:
    lower, upper, size = (_joined(part) for part in (model.lower, model.upper, model.size))
    integer = np.concatenate([np.zeros(0, dtype=np.bool_), *model.integer])
    columns = np.where(integer, 1.0, _power_of_two(size))
    row, column, value = _merged(model)
    value = value * columns[column]
    largest = np.zeros(model.rows)
    np.maximum.at(largest, row, abs(value))
    rows = 1.0 / _power_of_two(largest)
    value = value * rows[row]
    low, high = lower / columns, upper / columns
    row_lower, row_upper = _joined(model.row_lower) * rows, _joined(model.row_upper) * rows
    tiny = abs(value) < SMALLEST
    if tiny.any():
        at, of = row[tiny], column[tiny]
        reach = size[of] / columns[of]
        ends = value[tiny] * np.array([np.maximum(low[of], -reach), np.minimum(high[of], reach)])
        if not np.isfinite(ends).all():
            raise Unfit("the coefficients of a row differ by a factor of more than 1e9")
        np.subtract.at(row_lower, at, ends.max(axis=0))
        np.subtract.at(row_upper, at, ends.min(axis=0))
        row, column, value = row[~tiny], column[~tiny], value[~tiny]
    objective = 1.0 / float(_power_of_two(abs(cost * columns).max(initial=0.0, keepdims=True))[0])
    for name, part in (("bound", low), ("bound", high), ("row", row_lower), ("row", row_upper)):
        if np.isnan(part).any() or (np.isfinite(part) & (abs(part) >= LARGEST)).any():
            raise Unfit(f"a {name} lies beyond what the solver tells from infinity")
    start = np.searchsorted(row, np.arange(model.rows + 1))
    scaled_cost = cost * columns * objective
    return Scaled(
        scaled_cost, low, high, row_lower, row_upper, start, column, value, integer, columns, rows, objective
    )


def _joined(parts: list[F64]) -> F64:
    return np.concatenate([np.zeros(0), *parts])


def _merged(model: Model) -> tuple[Indices, Indices, F64]:
    """All entries, sorted by row, one for each place."""
    none = np.zeros(0, dtype=np.intp)
    row, column = (np.concatenate([none, *(e[i] for e in model.entries)]) for i in (0, 1))
    value = np.concatenate([np.zeros(0), *(e[2] for e in model.entries)])
    places, inverse = np.unique(row * max(model.columns, 1) + column, return_inverse=True)
    total = np.zeros(len(places))
    np.add.at(total, inverse.ravel(), value)
    if not np.isfinite(total).all():
        raise Unfit("a coefficient is not finite")
    keep = total != 0
    row, column = np.divmod(places[keep], max(model.columns, 1))
    return row, column, total[keep]


def _power_of_two(size: F64) -> F64:
    """The power of two next to each size; 1 for what is 0 or infinite."""
    usable = np.isfinite(size) & (size > 0)
    exponent = np.where(usable, np.round(np.log2(np.where(usable, size, 1.0))), 0.0)
    result: F64 = np.exp2(np.clip(exponent, -500, 500))
    return result
