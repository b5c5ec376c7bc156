"""A gate or a product in plain floats: its planes both ways, over one box or over several.

In: what a context has of the step.  Out: a `PlainBinary`.  Nothing here accounts for rounding.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.columns import rearranged
from spec_lang.bounding.context import Context
from spec_lang.bounding.program import BinaryStep, Indices
from spec_lang.kernel.planes import CrossPlane
from spec_lang.network.operators.cast import Float
from spec_lang.network.primitives import Binary


@dataclass(frozen=True, slots=True, eq=False)
class PlainPlane:
    """As `CrossPlane`, in the floats of choice."""

    of_first: Float | None
    of_second: Float
    constant: Float

    @classmethod
    def of(cls, plane: CrossPlane, kind: type[np.floating[Any]], owner: Indices) -> Self:
        first = None if plane.of_first is None else plane.of_first[owner].astype(kind)
        return cls(first, plane.of_second[owner].astype(kind), plane.constant[owner].astype(kind))

    def at(self, x: Float, y: Float) -> Float:
        found: Float = self.of_second * y + self.constant
        return found if self.of_first is None else found + self.of_first * x

    def take(self, rows: Indices) -> PlainPlane:
        first = None if self.of_first is None else self.of_first[rows]
        return PlainPlane(first, self.of_second[rows], self.constant[rows])

    def fixed(self, phases: NDArray[np.int8]) -> PlainPlane:
        """A gate's, where rows have phases of their own (rows, mixed)."""
        kind = self.of_second.dtype.type
        opened = phases == 0
        slope = np.where(opened, self.of_second, (phases > 0).astype(kind))
        return PlainPlane(None, slope, np.where(opened, self.constant, kind(0)))


@dataclass(frozen=True, slots=True, eq=False)
class PlainBinary:
    """Over one box, or over several with one row each.  `columns` are the elements that are carried; all but
    the first `mixed` are what enters second."""

    value: int
    first: int
    second: int
    function: Binary
    columns: Indices
    mixed: int
    below: PlainPlane  # (1, mixed) or (rows, mixed)
    above: PlainPlane

    @classmethod
    def of(cls, step: BinaryStep, context: Context, kind: type[np.floating[Any]], owner: Indices) -> Self:
        """`owner` is the box of each row."""
        found = context.crossed[step.value]
        below, above = (PlainPlane.of(plane, kind, owner) for plane in (found.below, found.above))
        numbers = step.value, step.first, step.second
        return cls(*numbers, step.function, found.columns, found.mixed, below, above)

    def with_phases(self, phases: NDArray[np.int8]) -> PlainBinary:
        """The same gate, where rows have these phases of its mixed elements."""
        return replace(self, below=self.below.fixed(phases), above=self.above.fixed(phases))

    def take(self, rows: Indices) -> PlainBinary:
        """Those rows; of a product phases change nothing, and all rows share one."""
        if len(self.below.constant) == 1:
            return self
        return replace(self, below=self.below.take(rows), above=self.above.take(rows))

    def lowered(self, rows: Float) -> tuple[Float | None, Float, Float]:
        """The coefficients of both operands' elements, and what the planes add to the constants."""
        head = rows[:, : self.mixed]
        positive = np.maximum(head, 0)
        negative = head - positive
        below, above = self.below, self.above
        constant = (positive * below.constant).sum(axis=1) + (negative * above.constant).sum(axis=1)
        second = positive * below.of_second + negative * above.of_second
        if self.mixed < rows.shape[1]:
            second = np.concatenate([second, rows[:, self.mixed :]], axis=1)
        if below.of_first is None or above.of_first is None:
            return None, second, constant
        return positive * below.of_first + negative * above.of_first, second, constant

    def passed(self, context: Context, rows: Float, pending: dict[int, Float]) -> Float:
        """Hand rows on to what is pending at the operands; what the planes add to the constants."""
        first, second, constant = self.lowered(rows)
        for operand, part in ((self.first, first), (self.second, second)):
            if part is not None:
                moved = context.moved(operand, part, self.columns)
                pending[operand] = pending[operand] + moved if operand in pending else moved
        return constant

    def relaxed(self, arrived: Float, x: Float, y: Float) -> Float:
        """The plane below where the coefficient is positive, the one above elsewhere."""
        head = x[:, : self.mixed], y[:, : self.mixed]
        found = np.where(arrived[:, : self.mixed] < 0, self.above.at(*head), self.below.at(*head))
        return found if self.mixed == y.shape[1] else np.concatenate([found, y[:, self.mixed :]], axis=1)

    def of_values(self, x: Float, y: Float) -> tuple[Float, Float, Float]:
        """The values themselves, and their slopes by both operands."""
        if self.function is Binary.PRODUCT:
            return x * y, y, x
        return opening(x, y, np.zeros(1, dtype=y.dtype))


def opening(x: Float, y: Float, spread: Float) -> tuple[Float, Float, Float]:
    """A gate that opens as σ(x/spread), and its slopes by both operands; at once where the spread is 0, in
    which case x = 0 closes it and no slope says where it is."""
    kind = y.dtype.type
    wide = spread > 0
    by = np.where(wide, spread, kind(1))
    share = np.where(wide, kind(0.5) * np.tanh(kind(0.5) * x / by) + kind(0.5), (x > 0).astype(kind))
    passed: Float = share * y
    steep: Float = np.where(wide, passed * (1 - share) / by, kind(0))
    return passed, steep, share


def aligned(context: Context, value: int, z: Float, chosen: Indices) -> Float:
    """What is carried of a value, as the elements `chosen` of it; 0 where one is not carried."""
    carried, size = context.columns.get(value), context.program.sizes[value]
    if carried is chosen:
        return z
    if carried is None:
        return z[:, chosen]
    return rearranged(z, carried, chosen, size, droppable=True)
