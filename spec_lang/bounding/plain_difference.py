"""A difference of two ReLUs over several boxes in plain floats: its planes, both ways.

In: what a context has of it.  Out: a `PlainDifference`.  Nothing here accounts for rounding.
"""

from __future__ import annotations

from typing import Self

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.context import Context
from spec_lang.bounding.program import F64, Indices
from spec_lang.kernel.differences import Plane


@dataclass(frozen=True, slots=True, eq=False)
class PlainDifference:
    """`lower <= relu(x + delta) − relu(x) <= upper` for the elements `carried`, row by row."""

    x: int
    delta: int
    lower: Plane
    upper: Plane
    carried: Indices

    @classmethod
    def of(cls, value: int, context: Context, owner: Indices) -> Self:
        """`owner` is the box of each row."""
        found, pair = context.planes[value], context.program.deltas[value]
        lower, upper = (
            Plane(plane.of_x[owner], plane.of_delta[owner], plane.intercept[owner])
            for plane in (found.lower, found.upper)
        )
        return cls(pair.x, pair.delta, lower, upper, found.carried)

    def lowered(self, rows: F64) -> tuple[F64, F64, F64]:
        """What rows over it become over x and over δ, and what is added to them."""
        positive = np.maximum(rows, 0.0)
        negative = rows - positive
        below, above = self.lower, self.upper
        constant: F64 = np.einsum("rn,rn->r", positive, below.intercept)
        constant += np.einsum("rn,rn->r", negative, above.intercept)
        of_x = positive * below.of_x + negative * above.of_x
        return of_x, positive * below.of_delta + negative * above.of_delta, constant

    def relaxed(self, rows: F64, x: F64, delta: F64) -> F64:
        """Its value on the planes that bound rows with these coefficients."""
        below, above = (p.of_x * x + p.of_delta * delta + p.intercept for p in (self.lower, self.upper))
        return np.where(rows < 0, above, below)
