"""Linear bounds on gates and products of two values over ranges of both.

In: rigorous ranges.  Out: planes and ends, as floats that are valid exactly as stored, for the elements that
are not 0 in every box.  They are the kernel's own planes, which a search cannot do without knowing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.program import F64, Indices
from spec_lang.kernel.planes import Crossing, CrossPlane, crossing, crossing_ends, states, with_phases
from spec_lang.kernel.scene import Ends, Phases
from spec_lang.network.primitives import Binary


@dataclass(frozen=True, slots=True, eq=False)
class Crossed:
    """`below <= value <= above` for the first `mixed` of the elements `columns`; the others give what enters
    them second, in every box.  What is no column is 0 in every box."""

    columns: Indices
    mixed: int
    below: CrossPlane  # (batch, mixed)
    above: CrossPlane
    ends: Ends  # of all elements (batch, n)

    def passed(self, rows: F64, owner: Indices) -> tuple[F64 | None, F64, F64, F64]:
        """Rows over the values as rows over both operands, what that adds to the constants, and what the
        error of these sums scales with.  Coefficients above 0 take the plane below, others that above."""
        head = rows[:, : self.mixed]
        positive = np.maximum(head, 0.0)
        negative = head - positive
        constant, weight = np.zeros(len(rows)), np.zeros(len(rows))
        first = None if self.below.of_first is None else np.zeros_like(rows)
        second = np.zeros_like(head)
        for part, plane in ((positive, self.below), (negative, self.above)):
            constants = part * np.take(plane.constant, owner, axis=0)
            constant += constants.sum(axis=1)
            weight += abs(constants).sum(axis=1)
            second += part * np.take(plane.of_second, owner, axis=0)
            if first is not None and plane.of_first is not None:
                first[:, : self.mixed] += part * np.take(plane.of_first, owner, axis=0)
        if self.mixed < rows.shape[1]:
            second = np.concatenate([second, rows[:, self.mixed :]], axis=1)
        return first, second, constant, weight

    def with_phases(self, phases: NDArray[np.int8]) -> Crossed:
        """The gate of one box, where rows have phases of their own (rows, mixed)."""
        found = with_phases(Crossing(self.below, self.above), phases)
        return replace(self, below=found.below, above=found.above)


def crossed(function: Binary, first: Ends, second: Ends, phases: Phases | None = None) -> Crossed:
    """Sound because a gate is 0 wherever nothing passes, and what enters it wherever that surely does; its
    planes elsewhere, and those of products, are the kernel's [`kernel.planes`]."""
    ends = crossing_ends(function, first, second, phases)
    planes = crossing(function, first, second, phases)
    if function is Binary.PRODUCT:
        every = np.arange(first[0].shape[1])
        return Crossed(every, len(every), planes.below, planes.above, ends)
    passes, stops = states(first, phases)
    always = passes.all(axis=0)
    mixed = np.flatnonzero(~(always | stops.all(axis=0)))
    columns = np.concatenate([mixed, np.flatnonzero(always)])
    return Crossed(columns, len(mixed), _part(planes.below, mixed), _part(planes.above, mixed), ends)


def is_open(z: Ends, phases: Phases | None = None) -> NDArray[np.bool_]:
    """Where a gate may pass, or not; `phases` (batch, n) are those that are fixed."""
    passes, stops = states(z, phases)
    return ~(passes | stops)


def _part(plane: CrossPlane, columns: Indices) -> CrossPlane:
    """A gate's plane for some elements; it has no coefficients of z."""
    slope, constant = (np.ascontiguousarray(part[:, columns]) for part in (plane.of_second, plane.constant))
    return CrossPlane(None, slope, constant)
