"""Batches of input boxes in floats, and the ways between them and exact rationals.

In: exact boxes of a region.  Out: float boxes that contain them, and, on the way back, exact points
inside them.  Rounding is outward on the way in; on the way out every point lies in the exact box.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import inf, nextafter

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.program import F64
from spec_lang.obligations.model import Box


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """`lower <= x <= upper`, row by row (batch, in); every entry finite."""

    lower: F64
    upper: F64

    def __len__(self) -> int:
        return len(self.lower)

    @property
    def center(self) -> F64:
        return self.lower + 0.5 * (self.upper - self.lower)

    def radius(self, center: F64) -> F64:
        """Half-widths about `center`, rounded up: `center ± radius` contains the box."""
        reach = np.maximum(self.upper - center, center - self.lower)
        return np.nextafter(np.maximum(reach, 0.0), np.inf)

    @property
    def magnitude(self) -> F64:
        return np.maximum(abs(self.lower), abs(self.upper))


def outward(box: Box) -> Boxes:
    """The smallest float box around an exact one, as a batch of one; unbounded sides become ±inf."""
    lower = [-inf if v is None else _float_below(v) for v in box.lower]
    upper = [inf if v is None else -_float_below(-v) for v in box.upper]
    return Boxes(np.array([lower]), np.array([upper]))


def _float_below(value: Fraction) -> float:
    try:
        near = float(value)
    except OverflowError:
        return -inf if value < 0 else nextafter(inf, 0.0)
    return near if Fraction(near) <= value else nextafter(near, -inf)


def exact_candidates(box: Box, point: F64) -> Iterator[tuple[Fraction, ...]]:
    """Exact points of `box` near a float point, the one that float32 can represent first.

    A witness that float32 holds exactly can be run by onnxruntime as it stands; where the box is too
    narrow for that, the float64 point is tried, and last the same with its coordinates clamped.
    """
    seen = set()
    for rounded in (point.astype(np.float32).astype(np.float64), point):
        exact = tuple(
            _clamp(Fraction(float(v)), lo, hi)
            for v, lo, hi in zip(rounded, box.lower, box.upper, strict=True)
        )
        if exact not in seen:
            seen.add(exact)
            yield exact


def _clamp(value: Fraction, lower: Fraction | None, upper: Fraction | None) -> Fraction:
    if lower is not None and value < lower:
        return lower
    if upper is not None and value > upper:
        return upper
    return value
