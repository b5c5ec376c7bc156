"""Differences of two ReLUs where phases of either are fixed, over one box: the planes of all nine cases.

In: a relaxed context, and where its unstable neurons sit among all of them.  Out: a `Pair` for every
difference; `Chosen` has the planes of the rows of a batch, by their phases.  The planes are the kernel's own.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.context import Context
from spec_lang.bounding.program import F64, Indices, ReluStep
from spec_lang.bounding.unstable import Phases, Unstable
from spec_lang.kernel.differences import Plane, by_case, case_of, chords, planes_by_case
from spec_lang.kernel.scene import Ends
from spec_lang.network.transform.difference import Delta

Float = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One difference.  `of_x` and `of_y` are where the two neurons of its elements sit among the unstable
    ones, −1 where one is stable; `beside` is the same of y's, for the unstable neurons of x."""

    delta: Delta
    carried: Indices
    of_x: Indices
    of_y: Indices
    beside: Indices
    lower: Plane  # (9, carried)
    upper: Plane
    gap: F64  # (9, carried): between the two in the middle of the ranges
    above: F64  # (9, unstable neurons of x): lines above relu(x)
    intercept: F64
    x: Indices | None  # where what is carried sits among what is of x, None for all
    more: Indices | None  # of δ

    @classmethod
    def of(cls, context: Context, unstable: Unstable, delta: Delta) -> Self:
        kept = context.planes[delta.value].carried
        ends = [context.entering[value] for value in (delta.x, delta.y, delta.delta)]
        cases = by_case(*_cut(ends, kept))
        below, above = planes_by_case(*_cut(ends, kept))
        layout = context.layouts.get(delta.base)
        mixed = kept[:0] if layout is None else layout.columns[: layout.mixed]
        lines = chords(*by_case(*_cut(ends, mixed))[0])
        return cls(
            delta,
            kept,
            _places(context, unstable, delta.base, kept),
            _places(context, unstable, delta.other, kept),
            _places(context, unstable, delta.other, mixed),
            below,
            above,
            _gap(below, above, cases[0], cases[2]),
            lines.above,
            lines.intercept,
            _taken(context, delta.x, kept),
            _taken(context, delta.delta, kept),
        )

    @property
    def has_y(self) -> bool:
        """Whether phases of y may be fixed."""
        return bool((self.of_y >= 0).any())

    def chosen(self, phases: Phases, *, fixed: bool) -> Chosen:
        """The planes of rows with these phases (rows, unstable), of which none is fixed unless `fixed`."""
        if not fixed:
            phases = np.zeros((1, phases.shape[1]), dtype=np.int8)
        case = case_of(_at(phases, self.of_x), _at(phases, self.of_y))
        gap = self.gap[case, np.arange(case.shape[1])]
        lower, upper = self.lower.each(case), self.upper.each(case)
        return Chosen(self, lower, upper, gap, case // 3 == 1, case % 3 == 1, fixed=fixed)

    def operands(self, values: dict[int, Float]) -> tuple[Float, Float]:
        """x and δ of the elements, among the values of a pass."""
        x, more = values[self.delta.x], values[self.delta.delta]
        return x if self.x is None else x[:, self.x], more if self.more is None else more[:, self.more]

    def lines(self, phases: Phases) -> tuple[F64, F64]:
        """Above the open neurons of x, row by row: slopes and intercepts."""
        y = _at(phases, self.beside)
        here = case_of(np.zeros_like(y), y), np.arange(y.shape[1])
        return self.above[here], self.intercept[here]


@dataclass(slots=True, eq=False)
class Chosen:
    """Planes row by row, or one row for all; `fixed` says whether phases of these rows are."""

    pair: Pair
    lower: Plane
    upper: Plane
    gap: F64
    x_open: NDArray[np.bool_]
    y_open: NDArray[np.bool_]
    fixed: bool

    def keep(self, rows: Indices) -> None:
        if self.fixed:
            self.lower, self.upper = (
                Plane(plane.of_x[rows], plane.of_delta[rows], plane.intercept[rows])
                for plane in (self.lower, self.upper)
            )
            self.gap, self.x_open, self.y_open = self.gap[rows], self.x_open[rows], self.y_open[rows]

    def lowered(self, rows: Float) -> tuple[F64, F64, F64]:
        """What rows over the difference become over x and over δ, and what is added, element by element."""
        positive = np.maximum(rows, 0.0)
        negative = rows - positive
        of_x = positive * self.lower.of_x + negative * self.upper.of_x
        of_delta = positive * self.lower.of_delta + negative * self.upper.of_delta
        return of_x, of_delta, positive * self.lower.intercept + negative * self.upper.intercept

    def relaxed(self, rows: Float, x: Float, more: Float) -> Float:
        """Its value on the planes that bound rows with these coefficients."""
        low, high = (p.of_x * x + p.of_delta * more + p.intercept for p in (self.lower, self.upper))
        return np.where(rows < 0, high, low)

    def scored(self, rows: Float, cost: Float, scores: Float) -> None:
        """Add what the difference costs rows to the scores of the neuron to split: of x where the coefficient
        is positive, which D >= δ or D >= 0 then serves; of y where it is negative."""
        pair = self.pair
        first = np.where(rows > 0, self.x_open & (pair.of_x >= 0), ~self.y_open | (pair.of_y < 0))
        for places, mask in ((pair.of_x, first), (pair.of_y, ~first)):
            known = np.flatnonzero(places >= 0)
            scores[:, places[known]] += (cost * mask)[:, known]


def pairs_of(context: Context, unstable: Unstable) -> dict[int, Pair]:
    """By the value of the difference."""
    return {value: Pair.of(context, unstable, context.program.deltas[value]) for value in context.planes}


def widths_of(context: Context, unstable: Unstable) -> F64:
    """Of the ranges of what enters the unstable neurons."""
    found = np.ones(unstable.count)
    for step in context.program.steps:
        if isinstance(step, ReluStep) and step.value in unstable.slices:
            layout, (low, high) = context.layouts[step.value], context.entering[step.operand]
            mixed = layout.columns[: layout.mixed]
            found[unstable.slices[step.value]] = (high - low)[0, mixed]
    return found


def _gap(low: Plane, high: Plane, x: Ends, more: Ends) -> F64:
    middle, over = 0.5 * x[0] + 0.5 * x[1], 0.5 * more[0] + 0.5 * more[1]
    gap = (high.of_x - low.of_x) * middle + (high.of_delta - low.of_delta) * over
    found: F64 = np.maximum(gap + high.intercept - low.intercept, 0.0)
    return found


def _cut(ends: list[Ends], kept: Indices) -> list[Ends]:
    return [(low[:, kept], high[:, kept]) for low, high in ends]


def _places(context: Context, unstable: Unstable, value: int, elements: Indices) -> Indices:
    """Where elements of a ReLU sit among the unstable neurons, −1 for those that are stable."""
    place = np.full(context.program.sizes[value], -1, dtype=np.intp)
    if value in unstable.slices:
        layout, where = context.layouts[value], unstable.slices[value]
        place[layout.columns[: layout.mixed]] = np.arange(where.start, where.stop)
    return place[elements]


def _taken(context: Context, value: int, elements: Indices) -> Indices | None:
    """Where elements of a value sit among those that are carried of it."""
    columns = context.columns.get(value)
    if columns is elements:
        return None
    if columns is None:
        return elements
    place = np.zeros(context.program.sizes[value], dtype=np.intp)
    place[columns] = np.arange(len(columns))
    return place[elements]


def _at(phases: Phases, places: Indices) -> Phases:
    """The phases there; open where there is no place."""
    if not phases.shape[1]:
        return np.zeros((len(phases), len(places)), dtype=np.int8)
    found: Phases = np.where(places >= 0, phases[:, places], np.int8(0))
    return found
