"""Linear bounds on smooth functions over `lower <= z <= upper`.

In: rigorous pre-activation bounds.  Out: slopes and intercepts, as floats that are valid exactly as stored.
The lines touch where the kernel's do, which is a matter of taste; that they are bounds is computed here, by
other means than there, and with more slack.
"""

from __future__ import annotations

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.program import F64, Indices
from spec_lang.kernel import softplus, spread
from spec_lang.kernel.lines import touching
from spec_lang.network.primitives import Smooth

# numpy is off by a few units of 2^-53 in exponentials and hyperbolic tangents, and each operation by one.
SLACK = 2.0**-40
# Of a square, which is computed by single operations: the kernel's is a quarter of this.
SQUARE_SLACK = 2.0**-49
LEAST = 1e-299  # more than what products lose that underflow


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """`lower_slope·z + lower_intercept <= f(z) <= upper_slope·z + upper_intercept` (batch, n)."""

    lower_slope: F64
    lower_intercept: F64
    upper_slope: F64
    upper_intercept: F64

    def passed(self, coefficients: F64, owner: Indices) -> tuple[F64, F64, F64]:
        """Rows over the function's values as rows over its operand, what that adds to the constants, and what
        the error of these sums scales with: the intercepts have either sign."""
        positive = np.maximum(coefficients, 0.0)
        negative = coefficients - positive
        below, above = (
            np.take(by_box, owner, axis=0) for by_box in (self.lower_intercept, self.upper_intercept)
        )
        constant = np.einsum("rn,rn->r", positive, below) + np.einsum("rn,rn->r", negative, above)
        weight = np.einsum("rn,rn->r", positive, abs(below)) - np.einsum("rn,rn->r", negative, abs(above))
        passed = positive * np.take(self.lower_slope, owner, axis=0)
        passed += negative * np.take(self.upper_slope, owner, axis=0)
        return passed, constant, weight


def lines(function: Smooth, lower: F64, upper: F64) -> Lines:
    """A chord or a tangent on either side; the one above is the one below of an S-shaped function turned by
    half a turn, `f(z) = f(−∞) + f(∞) − f(−z)`."""
    if function is Smooth.SQUARE:
        return _of_square(lower, upper)
    if function is Smooth.SOFTPLUS:
        return _of_softplus(lower, upper)
    if function is Smooth.SPREAD:
        return _of_spread(lower, upper)
    with np.errstate(over="ignore", invalid="ignore"):
        slope, intercept = _below(function, lower, upper)
        above, turned = _below(function, -upper, -lower)
    return Lines(slope, intercept, above, function.turned - turned + 4 * SLACK)


def _of_square(lower: F64, upper: F64) -> Lines:
    """The tangent in the middle, and the chord: `(z − l)(z − u) <= 0` between them."""
    with np.errstate(over="ignore", invalid="ignore"):
        middle = 0.5 * lower + 0.5 * upper
        chord = lower + upper
        ends = lower * (lower - chord), upper * (upper - chord)
        size = np.maximum(abs(ends[0]), abs(ends[1]))
        above = np.maximum(*ends) + (SQUARE_SLACK * size + LEAST)
        below = -(middle * middle * (1 + SQUARE_SLACK) + LEAST)
    return Lines(2 * middle, below, chord, above)


def _of_spread(lower: F64, upper: F64) -> Lines:
    """The kernel's own, with more slack where that is not exact."""
    below, low, above, high = spread.lines(lower, upper)
    slack = np.where(high == 0, 0.0, SQUARE_SLACK * (abs(lower) + abs(upper)) + LEAST)
    return Lines(below, low - slack, above, high + slack)


def _of_softplus(lower: F64, upper: F64) -> Lines:
    """The kernel's own, with more slack."""
    below, low, above, high = softplus.lines(lower, upper)
    return Lines(below, low - SLACK * (1 + abs(low)), above, high + SLACK * (1 + abs(high)))


def ends(function: Smooth, lower: F64, upper: F64) -> tuple[F64, F64]:
    """What the values lie between over these ranges, rounded outward."""
    if function is Smooth.SPREAD:
        return spread.ends(lower, upper)
    if function is Smooth.SOFTPLUS:
        low, high = softplus.ends(lower, upper)
        return np.maximum(low * (1 - SLACK), 0.0), high * (1 + SLACK)
    if function is not Smooth.SQUARE:
        least, most = function.ends
        return np.full_like(lower, -np.inf if least is None else least), np.full_like(
            upper, np.inf if most is None else most
        )
    near, far = np.maximum(np.maximum(lower, -upper), 0.0), np.maximum(-lower, upper)
    with np.errstate(over="ignore", invalid="ignore"):
        low = np.maximum(near * near * (1 - SQUARE_SLACK) - LEAST, 0.0)
        return low, far * far * (1 + SQUARE_SLACK) + LEAST


def _below(function: Smooth, lower: F64, upper: F64) -> tuple[F64, F64]:
    """Sound because `f − slope·z` is concave where z >= 0, and so is least at an end; and where z <= 0 f is
    convex, hence above its tangent at p, from which the line strays by the difference of the slopes."""
    p, slope = touching(function, lower, upper)
    at_lower, at_upper, at_p = (_value(function, z) for z in (lower, upper, p))
    exact = _slope(function, p)
    lost = np.maximum(slope - exact * (1 - SLACK), 0.0) * (np.minimum(upper, 0.0) - p)
    lost += np.maximum(exact * (1 + SLACK) - slope, 0.0) * (p - lower)
    tangent = at_p - slope * p - lost - SLACK * (1 + abs(slope * p) + lost)
    first, last = (
        value - slope * z - SLACK * (1 + abs(slope * z))
        for value, z in ((at_lower, lower), (at_upper, upper))
    )
    convex = np.where(upper > 0, np.minimum(tangent, last), tangent)
    found = np.where(lower >= 0, np.minimum(first, last), convex)
    return slope, np.where(slope == 0, at_lower - SLACK, found)


def _value(function: Smooth, z: F64) -> F64:
    found: F64 = np.tanh(z) if function is Smooth.TANH else 0.5 * np.tanh(0.5 * z) + 0.5
    return found


def _slope(function: Smooth, z: F64) -> F64:
    factor = 2.0 if function is Smooth.TANH else 1.0
    e = np.exp(-factor * abs(z))
    found: F64 = factor * factor * e / ((1 + e) * (1 + e))
    return found
