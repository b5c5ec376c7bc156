"""A smooth step over one box in plain floats: its values and slopes, and its lines both ways.

In: what a context has of the step.  Out: a `PlainSmooth`.  Nothing here accounts for rounding.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.context import Context
from spec_lang.bounding.program import Indices, SmoothStep
from spec_lang.network.evaluate import smooth_slopes, smooth_values
from spec_lang.network.primitives import Smooth

Float = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class PlainSmooth:
    """Over one box, or over several with one row each.  `carried` are the elements that the operand carries,
    None for all: the others are 0."""

    value: int
    operand: int
    function: Smooth
    lower_slope: Float  # (1, n) or (rows, n), like the other lines
    lower_intercept: Float
    upper_slope: Float
    upper_intercept: Float
    carried: Indices | None

    @classmethod
    def of(cls, step: SmoothStep, context: Context, kind: type[np.floating[Any]], owner: Indices) -> Self:
        """`owner` is the box of each row."""
        found = context.lines[step.value]
        return cls(
            step.value,
            step.operand,
            step.function,
            found.lower_slope[owner].astype(kind),
            found.lower_intercept[owner].astype(kind),
            found.upper_slope[owner].astype(kind),
            found.upper_intercept[owner].astype(kind),
            context.columns.get(step.operand),
        )

    def to_operand(self, coefficients: Float) -> Float:
        return coefficients if self.carried is None else coefficients[:, self.carried]

    def from_operand(self, z: Float) -> Float:
        if self.carried is None:
            return z
        full = np.zeros((len(z), self.lower_slope.shape[1]), dtype=z.dtype)
        full[:, self.carried] = z
        return full

    def of_values(self, z: Float) -> tuple[Float, Float]:
        """The function's values where its operand is `z`, and its slopes there."""
        points = self.from_operand(z)
        values: Float = smooth_values(self.function, points)
        return values, smooth_slopes(self.function, points, values)

    def lowered(self, coefficients: Float) -> tuple[Float, Float]:
        """The operand's coefficients, and what the lines add to the constants."""
        positive = np.maximum(coefficients, 0)
        negative = coefficients - positive
        constant = (positive * self.lower_intercept).sum(axis=1)
        constant += (negative * self.upper_intercept).sum(axis=1)
        positive *= self.lower_slope
        negative *= self.upper_slope
        positive += negative
        return self.to_operand(positive), constant

    def relaxed(self, arrived: Float, z: Float) -> Float:
        """The line below where the coefficient is positive, the one above elsewhere."""
        z = self.from_operand(z)
        below = self.lower_slope * z + self.lower_intercept
        above = self.upper_slope * z + self.upper_intercept
        found: Float = np.where(arrived < 0, above, below)
        return found
