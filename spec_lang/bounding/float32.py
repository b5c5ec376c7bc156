"""How far float32 arithmetic may carry an affine step from its exact value.

In: how many products one element sums, and bounds of their magnitudes.  Out: a bound on the error, rounded
up, for any order of summation, with or without fused operations, wider accumulators, and results below the
normal range flushed to zero [Higham 2002, chapter 3].  docs/float32.md counts the terms.  Besides, the way to
points that float32 holds.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Affine, most_terms
from spec_lang.obligations.model import Box, Semantics

UNIT32: Final = 2.0**-24
LEAST_NORMAL32: Final = 2.0**-126
LARGEST32: Final = 2.0**128 - 2.0**104
_UP: Final = 1.0001  # more than the few float64 operations around it can lose


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a sum of float32 numbers rounds: `gamma` times what is summed, and `underflow` besides."""

    gamma: float
    underflow: float

    def error(self, magnitude: NDArray[np.float64]) -> NDArray[np.float64]:
        """The error of sums, where `magnitude` is at least Σ|W||x| + |b|, element by element.

        Sound because a product meets at most n + 1 roundings on its way into the sum, n + 3 with a factor
        before and after; and each of the 2n operations may lose a result below 2^-126, which the roundings
        after it magnify by at most 1 + γ.
        """
        return _UP * self.gamma * magnitude + self.underflow


def rounding_of(terms: int) -> Rounding:
    """Of sums of `terms` products and a bias."""
    k = (terms + 4) * UNIT32
    gamma = _UP * k / (1 - k) if k < 1 else inf
    return Rounding(gamma, _UP * (1 + gamma) * (2 * terms + 1) * LEAST_NORMAL32)


def roundings(graph: Graph, semantics: Semantics) -> dict[int, Rounding]:
    """How each affine step of a network rounds, by its value; none under real semantics, none for glue."""
    if semantics is Semantics.REAL:
        return {}
    return {
        value: rounding_of(sum(map(most_terms, node.primitive.maps)))
        for value, node in enumerate(graph.nodes, start=len(graph.inputs))
        if isinstance(node.primitive, Affine) and not node.glue
    }


def single_candidate(box: Box, point: NDArray[np.float64]) -> tuple[Fraction, ...]:
    """The point of `box` nearest to a float point, element by element, that float32 holds; where an element's
    interval has no float32 number, the exact end of it."""
    with np.errstate(over="ignore"):
        near = point.astype(np.float32)
    return tuple(_single(x, low, high) for x, low, high in zip(near, box.lower, box.upper, strict=True))


def _single(near: np.float32, lower: Fraction | None, upper: Fraction | None) -> Fraction:
    if not np.isfinite(near):
        near = np.copysign(np.finfo(np.float32).max, near)
    value = Fraction(float(near))
    if lower is not None and value < lower:
        value = _beyond(lower, np.float32(np.inf))
        return value if upper is None or value <= upper else lower
    if upper is not None and value > upper:
        value = _beyond(upper, np.float32(-np.inf))
        return value if lower is None or value >= lower else upper
    return value


def _beyond(end: Fraction, direction: np.float32) -> Fraction:
    """The float32 number next to `end` on one side, `end` itself where it is one or beyond all of them."""
    try:
        with np.errstate(over="ignore"):
            near = np.float32(float(end))
    except OverflowError:
        return end
    if np.isfinite(near) and (Fraction(float(near)) - end) * int(np.sign(direction)) < 0:
        near = np.nextafter(near, direction)
    return Fraction(float(near)) if np.isfinite(near) else end
