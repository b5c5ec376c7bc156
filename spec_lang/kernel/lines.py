"""Lines below and above smooth functions over intervals, in float64 rounded outward.

In: a function, and arrays of intervals, whose ends may be infinite.  Out: slopes and constants that hold
exactly as they are stored.  Sound because, with s the slope, p a point left of 0 in [l, u] and f convex on
t <= 0, f(t) − s·t is there at least f(p) − s·p, less what s differs from f'(p) times how far t is from p;
because f(t) − s·t is concave on t >= 0, hence least at an end; and because f(−t) is the sum of the function's
ends less f(t), so that a line below the one on [−u, −l] is a line above the other on [l, u].  Where the line
should touch is chosen in plain floats, and nothing depends on it.  The square and the softplus have lines
of their own.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel import parabola, softplus, spread
from spec_lang.kernel.exponentials import exponential
from spec_lang.kernel.network import F64
from spec_lang.kernel.rounding import UNIT
from spec_lang.network.primitives import Smooth

WIDEST: Final = 1e6  # of an interval that is worth a line with a slope
_LEAST: Final = 1e-300  # more than what products lose that underflow

_UP, _DOWN = 1.0 + 16 * UNIT, 1.0 - 16 * UNIT  # more than the few operations around them lose

_TABLE: Final = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """`below·t + below_constant <= f(t) <= above·t + above_constant`, element by element (batch, n)."""

    below: F64
    below_constant: F64
    above: F64
    above_constant: F64


@dataclass(frozen=True, slots=True, eq=False)
class _At:
    """Bounds of a function's values, and of its slopes."""

    below: F64
    above: F64
    gentle: F64
    steep: F64


def lines(function: Smooth, lower: F64, upper: F64) -> Lines:
    """Lines over `lower <= t <= upper`; a bound that is no number is none."""
    if function is Smooth.SQUARE:
        return Lines(*parabola.lines(lower, upper))
    if function is Smooth.SOFTPLUS:
        return Lines(*softplus.lines(lower, upper))
    if function is Smooth.SPREAD:
        return Lines(*spread.lines(lower, upper))
    lower = np.where(np.isnan(lower), -np.inf, lower)
    upper = np.where(np.isnan(upper), np.inf, upper)
    with np.errstate(over="ignore", invalid="ignore"):
        first, last = _at(function, lower), _at(function, upper)
        below, constant = _below(function, (lower, first), (upper, last))
        ends = (-upper, _mirrored(function, last)), (-lower, _mirrored(function, first))
        above, mirrored = _below(function, *ends)
    return Lines(below, constant, above, np.nextafter(function.turned - mirrored, np.inf))


def ends(function: Smooth, lower: F64, upper: F64) -> tuple[F64, F64]:
    """What the function's values lie between where `lower <= t <= upper`, rounded outward."""
    if function is Smooth.SQUARE:
        return parabola.ends(lower, upper)
    if function is Smooth.SOFTPLUS:
        return softplus.ends(lower, upper)
    if function is Smooth.SPREAD:
        return spread.ends(lower, upper)
    least, most = function.ends
    return np.full_like(lower, -np.inf if least is None else least), np.full_like(
        upper, np.inf if most is None else most
    )


def touching(function: Smooth, lower: F64, upper: F64) -> tuple[F64, F64]:
    """A point left of 0 where a line below the function might touch it, its slope there or of the chord, and
    0 where a flat line will do: plain floats."""
    with np.errstate(over="ignore", invalid="ignore"):
        p, s, _ = _touching(function, (lower, _at(function, lower)), (upper, _at(function, upper)))
    return p, s


def _at(function: Smooth, t: F64) -> _At:
    """With e = e^−|t|: σ is 1/(1 + e) or e/(1 + e), its slope e/(1 + e)²; tanh t is 2σ(2t) − 1."""
    factor = 1.0 if function is Smooth.SIGMOID else 2.0
    low, high = exponential(factor * abs(t))
    least, most = 1 + low, 1 + high
    gentle = factor * factor * low / (least * least) * _DOWN
    steep = np.minimum(factor * factor * high / (most * most) * _UP, factor * factor / 4)
    left = t < 0
    if function is Smooth.SIGMOID:
        below = np.where(left, low, 1.0) / np.where(left, least, most) * _DOWN
        above = np.minimum(np.where(left, high, 1.0) / np.where(left, most, least) * _UP, 1.0)
        return _At(below, above, gentle, steep)
    small = np.maximum((1 - high) / most * _DOWN, 0.0)
    large = np.minimum((1 - low) / least * _UP, 1.0)
    return _At(np.where(left, -large, small), np.where(left, -small, large), gentle, steep)


def _mirrored(function: Smooth, at: _At) -> _At:
    """The same at −t."""
    total = function.turned
    return _At((total - at.above) - UNIT, (total - at.below) + UNIT, at.gentle, at.steep)


def _below(function: Smooth, from_: tuple[F64, _At], to: tuple[F64, _At]) -> tuple[F64, F64]:
    """Slopes and constants of lines below."""
    (lower, first), (upper, last) = from_, to
    p, s, at = _touching(function, from_, to)
    right = np.maximum(s - at.gentle, 0.0) * (np.minimum(upper, 0.0) - p)
    left = np.maximum(at.steep - s, 0.0) * (p - lower)
    size = abs(at.below) + abs(s * p) + right + left
    tangent = at.below - s * p - right - left - (16 * UNIT * size + _LEAST)
    ends = [
        end.below - s * t - (16 * UNIT * (abs(end.below) + abs(s * t)) + _LEAST)
        for t, end in ((lower, first), (upper, last))
    ]
    convex = np.where(upper > 0, np.minimum(tangent, ends[1]), tangent)
    found = np.where(lower >= 0, np.minimum(*ends), convex)
    return s, np.where(s == 0, first.below, found)


def _touching(function: Smooth, lower: tuple[F64, _At], upper: tuple[F64, _At]) -> tuple[F64, F64, _At]:
    """Left of 0 the tangent in the middle; across it the tangent through the upper end, or the chord where
    that touches beyond the lower end; right of it the chord."""
    (low, first), (high, last) = lower, upper
    factor = 1.0 if function is Smooth.SIGMOID else 2.0
    wide = high - low
    chord = np.where(wide > 0, (last.below - first.below) / np.where(wide > 0, wide, 1.0), first.gentle)
    touch = _tangent(factor * high) / factor
    p = np.where(high > 0, touch, low + 0.5 * wide)
    p = np.maximum(np.minimum(p, np.minimum(high, 0.0)), low)
    is_chord = (low >= 0) | ((high > 0) & (touch <= low))
    at = _at(function, p)
    s = np.where(is_chord, np.clip(chord, 0.0, first.steep), at.gentle)
    return p, np.where(wide < WIDEST, s, 0.0), at


def _tangent(end: F64) -> F64:
    """Where the tangent of σ that passes through it at `end` > 0 touches it, nearly."""
    places, points = _tangents()
    found: F64 = np.interp(np.log1p(np.maximum(end, 0.0)), places, points)
    return found


@cache
def _tangents() -> tuple[F64, F64]:
    """By halving: f(d) + f'(d) (u − d) − f(u) ascends with d on d <= 0."""
    places = np.linspace(0.0, np.log1p(2 * WIDEST), _TABLE)
    end = np.expm1(places)
    low, high = np.full(_TABLE, -40.0), np.zeros(_TABLE)
    for _ in range(60):
        d = 0.5 * (low + high)
        value = 1 / (1 + np.exp(-d))
        short = value + value * (1 - value) * (end - d) < 1 / (1 + np.exp(-end))
        low, high = np.where(short, d, low), np.where(short, high, d)
    return places, high
