"""Gates as rows and columns: what they are while open, and what is left of them once a phase is fixed.

In: the elements of a gate that may be open or shut, their planes, and the ranges of what enters them.  Out:
a `Gates`, for all gates of a program together.  A gate's phase is that of the unstable neuron that reads the
same z, where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._lp.highs import Solver
from spec_lang.backends._lp.model import Model
from spec_lang.bounding.program import F64, Indices
from spec_lang.bounding.relax.binary import Crossed
from spec_lang.bounding.unstable import Phases
from spec_lang.kernel.scene import Ends


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """What a gate's elements read: the columns of g (−1 where it is 0) and of z, which is `element` of value
    `of`, the number of the unstable neuron that reads z, −1 for none, and the ranges of both."""

    g: Indices
    z: Indices
    of: int
    element: Indices
    neuron: Indices
    of_g: Ends
    of_z: Ends


@dataclass(frozen=True, slots=True, eq=False)
class Gates:
    """One entry for every element: its column and what it reads, and the rows `gate − slope·g >= below`,
    `gate − slope·g <= above` and `gate − g`, of which the last says nothing while the phase is open."""

    column: Indices
    g: Indices
    z: Indices
    value: Indices  # z is element `element` of it
    element: Indices
    neuron: Indices
    low_g: F64
    high_g: F64
    low_z: F64
    high_z: F64
    below_row: Indices
    above_row: Indices
    equal_row: Indices
    below: F64
    above: F64

    def phases(self, of: Phases) -> Phases:
        """The phase of every element, by those of the unstable neurons; open where there is no neuron."""
        found: Phases = np.zeros(len(self.column), dtype=np.int8)
        known = self.neuron >= 0
        found[known] = of[self.neuron[known]]
        return found

    def fix(self, solver: Solver, before: Phases, after: Phases) -> None:
        """Fix phases, and free others: an active gate is g, an inactive one 0."""
        old, new = self.phases(before), self.phases(after)
        changed = np.flatnonzero(old != new)
        new = new[changed]
        free, zero = np.full(len(changed), np.inf), np.zeros(len(changed))
        is_open, active, shut = new == 0, new > 0, new < 0
        solver.bound_columns(self.column[changed], np.where(shut, zero, -free), np.where(shut, zero, free))
        equal = np.where(active, zero, free)
        solver.bound_rows(self.equal_row[changed], -equal, equal)
        solver.bound_rows(self.below_row[changed], np.where(is_open, self.below[changed], -free), free)
        solver.bound_rows(self.above_row[changed], -free, np.where(is_open, self.above[changed], free))

    def passing(self, x: F64) -> NDArray[np.bool_]:
        """Which elements are nearer to g than to 0 at a solution."""
        column, g = x[self.column], np.append(x, 0.0)[self.g]
        found: NDArray[np.bool_] = abs(column - g) <= abs(column)
        return found

    def gaps(self, x: F64, duals: F64) -> F64:
        """By how much each element is neither g nor 0 at a solution, weighted by what its planes cost."""
        column, g = x[self.column], np.append(x, 0.0)[self.g]
        weight = abs(duals[self.below_row]) + abs(duals[self.above_row])
        found: F64 = np.minimum(abs(column), abs(column - g)) * weight
        return found


def add_gate(model: Model, read: Read, planes: Crossed) -> Gates:
    """Sound because the planes hold whatever the phase is, and that of a neuron is its gates'."""
    count = len(read.g)
    free, ones = np.full(count, np.inf), np.ones(count)
    low, high = read.of_g
    column = model.add_columns(-free, free, np.maximum(abs(low), abs(high)))
    below, above = planes.below.constant[0], planes.above.constant[0]
    rows = model.add_rows(below, free), model.add_rows(-free, above), model.add_rows(-free, free)
    slopes = planes.below.of_second[0], planes.above.of_second[0], ones
    for row, slope in zip(rows, slopes, strict=True):
        model.put(row, column, ones)
        model.put(row, read.g, -slope)
    value = np.full(count, read.of)
    reads = read.g, read.z, value, read.element, read.neuron
    return Gates(column, *reads, low, high, *read.of_z, *rows, below, above)


def joined(parts: Sequence[Gates]) -> Gates:
    """All entries, one part after the other."""
    none, empty = np.zeros(0, dtype=np.intp), np.zeros(0)
    places, ranges = (none,) * 6, (empty,) * 4
    every = (Gates(*places, *ranges, none, none, none, empty, empty), *parts)
    return Gates(*(np.concatenate([getattr(part, each.name) for part in every]) for each in fields(Gates)))
