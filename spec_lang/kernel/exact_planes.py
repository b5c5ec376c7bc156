"""Planes below and above gates and products in integers: see `planes` for why they are.

In: the ranges of what enters them, on one box, and the phases that are fixed.  Out: planes with slopes over a
power of two and the constants that they need; nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import starmap

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.dyadics import SLOPE_BITS, Objects, chord
from spec_lang.kernel.exact import Dyadic, objects
from spec_lang.kernel.network import F64
from spec_lang.kernel.planes import states
from spec_lang.kernel.scene import Mask, Phases
from spec_lang.network.primitives import Binary


@dataclass(frozen=True, slots=True, eq=False)
class ExactCrossPlane:
    """`of_first·x + of_second·y + constant`, element by element (n,), or for each row (rows, n); `of_first`
    is None for 0."""

    of_first: Dyadic | None
    of_second: Dyadic
    constant: Dyadic


@dataclass(frozen=True, slots=True, eq=False)
class ExactCrossing:
    below: ExactCrossPlane
    above: ExactCrossPlane


def exact_crossing(
    function: Binary, first: tuple[F64, F64], second: tuple[F64, F64], phases: Phases | None
) -> ExactCrossing:
    """Planes over finite ranges (n,)."""
    if function is Binary.PRODUCT:
        return _of_product(first, second)
    passes, stops = states(first, phases)
    low, high = (end.tolist() for end in second)
    above = list(starmap(chord, zip(low, high, strict=True)))
    below = [chord(-b, -a) for a, b in zip(low, high, strict=True)]
    return ExactCrossing(
        _fixed(_plane([(s, -t) for _, s, t in below]), passes, stops),
        _fixed(_plane([(s, t) for _, s, t in above]), passes, stops),
    )


def exact_with_phases(found: ExactCrossing, phases: Phases) -> ExactCrossing:
    """A gate's planes where rows have phases of their own (rows, n)."""
    return ExactCrossing(
        _fixed(found.below, phases > 0, phases < 0), _fixed(found.above, phases > 0, phases < 0)
    )


def _plane(lines: Sequence[tuple[int, Fraction]]) -> ExactCrossPlane:
    """Slopes over 2^20 and dyadic constants."""
    slopes, constants = objects([s for s, _ in lines]), _dyadic([t for _, t in lines])
    return ExactCrossPlane(None, Dyadic(slopes, SLOPE_BITS), constants)


def _fixed(plane: ExactCrossPlane, passes: Mask, stops: Mask) -> ExactCrossPlane:
    slope, constant = plane.of_second, plane.constant
    numbers: Objects = np.where(passes, 1 << slope.shift, np.where(stops, 0, slope.numbers))
    kept: Objects = np.where(passes | stops, 0, constant.numbers)
    return ExactCrossPlane(None, Dyadic(numbers, slope.shift), Dyadic(kept, constant.shift))


def _of_product(first: tuple[F64, F64], second: tuple[F64, F64]) -> ExactCrossing:
    (x, x_reach), (y, y_reach) = _middle(first), _middle(second)
    both = [a * b for a, b in zip(x, y, strict=True)]
    reach = [a * b for a, b in zip(x_reach, y_reach, strict=True)]
    low = [-a - r for a, r in zip(both, reach, strict=True)]
    high = [-a + r for a, r in zip(both, reach, strict=True)]
    of_x, of_y = _dyadic(y), _dyadic(x)
    return ExactCrossing(
        ExactCrossPlane(of_x, of_y, _dyadic(low)), ExactCrossPlane(of_x, of_y, _dyadic(high))
    )


def _middle(ends: tuple[F64, F64]) -> tuple[list[Fraction], list[Fraction]]:
    pairs = [(Fraction(a), Fraction(b)) for a, b in zip(*(end.tolist() for end in ends), strict=True)]
    return [(a + b) / 2 for a, b in pairs], [(b - a) / 2 for a, b in pairs]


def _dyadic(numbers: Sequence[Fraction]) -> Dyadic:
    """Fractions whose denominators are powers of two."""
    shift = max((number.denominator.bit_length() - 1 for number in numbers), default=0)
    return Dyadic(objects([int(number * (1 << shift)) for number in numbers]), shift)
