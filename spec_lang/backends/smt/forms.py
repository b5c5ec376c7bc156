"""A network's values as exact linear forms of its inputs and of its undecided neurons, on one box.

In: a graph, a box, and rigorous ranges of what enters its neurons.  Out: for every value that is asked for
the rows of a linear form.  Neurons with one possible piece are eliminated; any other one gets a variable.
Weights are dyadic, so that every number is an integer over a power of two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends.smt.pieces import Line
from spec_lang.bounding.program import F64
from spec_lang.network.primitives import Floats

Integers = NDArray[Any]  # of dtype object: Python's own integers
Indices = NDArray[np.intp]

# Rounds a float sum of products up: more than any sum here can lose.
_UPWARD: Final = 1.0 + 2.0**-20
_SMALLEST: Final = 1e-300
# Products of exact numbers between two looks at the clock: a fraction of a second.
_PAIRS: Final = 2**21

Check = Callable[[], None]  # raises where the time is up


@dataclass(frozen=True, slots=True, eq=False)
class Dyadic:
    """`numbers / 2**shift`, element by element."""

    numbers: Integers
    shift: int


def dyadic(array: Floats) -> Dyadic:
    """The exact numbers of an array of finite floats."""
    mantissas, exponents = np.frexp(array.astype(np.float64))
    integers = np.ldexp(mantissas, 53).astype(np.int64)
    present = integers != 0
    if not present.any():
        return Dyadic(integers.astype(object), 0)
    lowest_bits = np.where(present, integers & -integers, 1)
    exponents = exponents + (
        np.frexp(lowest_bits.astype(np.float64))[1] - 54
    )  # of the lowest bit that is set
    lowest = min(int(exponents[present].min()), 0)
    shifts = np.where(present, exponents - lowest, 0).astype(object)
    return Dyadic((integers // lowest_bits).astype(object) << shifts, -lowest)


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """Rows `(numbers @ variables[columns] + constant) / 2**shift ± radius` of one value of the graph."""

    columns: Indices  # (k,), ascending: numbers of variables
    numbers: Integers  # (n, k)
    constant: Integers  # (n,)
    shift: int
    radius: F64  # (n,)

    def take(self, rows: Indices, present: NDArray[np.bool_]) -> Form:
        """The given rows where they are present; elsewhere 0."""
        count, chosen = len(rows), rows[present]
        numbers, constant, radius = _zeros(count, len(self.columns)), _zeros(count), np.zeros(count)
        numbers[present], constant[present] = self.numbers[chosen], self.constant[chosen]
        radius[present] = self.radius[chosen]
        return Form(self.columns, numbers, constant, self.shift, radius)

    def row(self, number: int) -> tuple[tuple[tuple[int, Fraction], ...], Fraction, Fraction]:
        """Terms, constant and radius of one row."""
        unit = 1 << self.shift
        entries = self.numbers[number]
        present = np.flatnonzero(entries)
        terms = tuple((int(self.columns[j]), Fraction(entries[j], unit)) for j in present)
        return terms, Fraction(self.constant[number], unit), Fraction(float(self.radius[number]))


def variables(numbers: Indices) -> Form:
    """The variables themselves, one a row."""
    count = len(numbers)
    eye = np.zeros((count, count), dtype=object)
    np.fill_diagonal(eye, 1)
    return Form(numbers, eye, _zeros(count), 0, np.zeros(count))


def _zeros(*shape: int) -> Integers:
    return np.zeros(shape, dtype=object)


@dataclass(frozen=True, slots=True, eq=False)
class Scattered:
    """A matrix of `rows` rows with `value[t]` at `row[t]`, `column[t]`."""

    rows: int
    row: Indices
    column: Indices
    value: Floats


Weights = Floats | Scattered  # a matrix as it is, or by its entries


def total(parts: list[tuple[Weights, Form]], bias: Floats, error: F64 | None, check: Check) -> Form:
    """`Σ weight_k @ form_k + bias ± error`: exact, but for the radius, which is rounded up."""
    exact = [(dyadic(w.value if isinstance(w, Scattered) else w), w, form) for w, form in parts]
    offset = dyadic(bias)
    columns: Indices = np.zeros(0, dtype=np.intp)
    for _, form in parts:
        columns = np.union1d(columns, form.columns)
    shift = max([offset.shift, *(number.shift + form.shift for number, _, form in exact)])
    numbers = _zeros(len(bias), len(columns))
    constant = offset.numbers << (shift - offset.shift)
    for number, weight, form in exact:
        up = shift - number.shift - form.shift
        where = np.searchsorted(columns, form.columns)
        numbers[:, where] += product(number.numbers, weight, form.numbers, check) << up
        constant = constant + (product(number.numbers, weight, form.constant[:, None], check)[:, 0] << up)
    radius = np.zeros(len(bias)) if error is None else error.copy()
    for weight, form in parts:
        if form.radius.any():
            radius = (radius + _spread(weight, form.radius) * _UPWARD + _SMALLEST) * _UPWARD
    return Form(columns, numbers, constant, shift, radius)


def along(form: Form, lines: Sequence[Line], undecided: Sequence[tuple[int, int]]) -> Form:
    """Each row r put through `lines[r]`; but the rows r of `undecided` (r, v) become the new variable v."""
    shift = max([0, *(_shift(number) for line in lines for number in (line.slope, line.offset))])
    slopes = np.array([int(line.slope * (1 << shift)) for line in lines], dtype=object)
    offsets = np.array([int(line.offset * (1 << shift)) for line in lines], dtype=object)
    old = len(form.columns)
    numbers = _zeros(len(lines), old + len(undecided))
    numbers[:, :old] = slopes[:, None] * form.numbers
    constant = slopes * form.constant + (offsets << form.shift)
    for column, (row, _) in enumerate(undecided, start=old):
        numbers[row, column] = 1 << (form.shift + shift)
    radius = form.radius * np.array([abs(float(line.slope)) for line in lines]) * _UPWARD
    columns = np.array([*form.columns, *(variable for _, variable in undecided)], dtype=np.intp)
    return Form(columns, numbers, constant, form.shift + shift, radius)


def _shift(number: Fraction) -> int:
    return number.denominator.bit_length() - 1


def _spread(weight: Weights, radius: F64) -> F64:
    if not isinstance(weight, Scattered):
        return np.asarray(abs(weight.astype(np.float64)) @ radius)
    spread = abs(weight.value.astype(np.float64)) * radius[weight.column]
    return np.bincount(weight.row, spread, weight.rows).astype(np.float64)


def product(exact: Integers, weight: Weights, numbers: Integers, check: Check) -> Integers:
    """`weight @ numbers`, with `exact` for the weight's values; skips what is 0."""
    if not isinstance(weight, Scattered):
        return _dense_product(exact, numbers, check)
    result = _zeros(weight.rows, numbers.shape[1])
    of, term = np.nonzero(numbers)
    first = np.searchsorted(of, np.arange(len(numbers) + 1))
    count = (first[1:] - first[:-1])[weight.column]
    ends = np.cumsum(count)
    # Every entry meets every term of the form that it multiplies; so many of these pairs at a time.
    cuts = [0, *np.searchsorted(ends, np.arange(_PAIRS, int(count.sum()), _PAIRS)), len(count)]
    for low, high in pairwise(cuts):
        check()
        here = count[low:high]
        at = np.repeat(first[weight.column[low:high]] - (np.cumsum(here) - here), here)
        at += np.arange(len(at))
        found = np.repeat(exact[low:high], here) * numbers[of[at], term[at]]
        np.add.at(result, (np.repeat(weight.row[low:high], here), term[at]), found)
    return result


def _dense_product(weight: Integers, numbers: Integers, check: Check) -> Integers:
    result = _zeros(len(weight), numbers.shape[1])
    counts = (numbers != 0).sum(axis=1)
    for row in np.flatnonzero(counts == 1):  # a variable, or an input: no sum
        column = int(np.flatnonzero(numbers[row])[0])
        result[:, column] += weight[:, row] * numbers[row, column]
    rest = np.flatnonzero(counts > 1)
    step = max(1, _PAIRS // max(1, len(rest) * numbers.shape[1]))
    for low in range(0, len(weight) if len(rest) else 0, step):
        check()
        result[low : low + step] += weight[low : low + step, rest] @ numbers[rest]
    return result
