"""How far a threshold may go until a point refutes its claim no more, computed from the claim's comparisons.

In: a measure with a number in its claim, and the inputs and outputs at a point.  Out: the last threshold that
the point refutes, or None where that is not seen.  It is a hint: the kernel is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import inf
from typing import Final

from spec_lang._values import dataclass
from spec_lang.engine.task import Measure
from spec_lang.engine.values_at import root_below
from spec_lang.obligations.model import All, Condition, LinearAtom
from spec_lang.syntax.ast import Comparison

# Where the claim is read, in parts of the interval: numbers in it enter comparisons as they are or, in
# Euclidean balls, squared, and three values make a parabola.
_PLACES: Final = (Fraction(1, 4), Fraction(1, 2), Fraction(1))

Numbers = Sequence[Fraction]
Interval = tuple[Fraction, Fraction]
Crossing = Fraction | float  # a number; or infinite, for what is always or never true


@dataclass(slots=True, eq=False)
class Crossings:
    """The claim of one measure, read at three numbers, once."""

    asked: Measure
    _read: tuple[Condition, ...] | None = None

    def at(self, x: Numbers, y: Numbers, sign: int) -> Fraction | None:
        """The greatest number, times `sign`, for which the claim fails at inputs `x` and outputs `y`."""
        interval = self.asked.measured.interval
        if interval is None:
            return None
        low, high = interval
        places = tuple(low + part * (high - low) for part in _PLACES)
        conditions = self._conditions(places)
        if not conditions:
            return None
        low, high = sorted((sign * low, sign * high))
        found = _crossing(conditions, _Sampled(tuple(sign * p for p in places), (low, high), x, y))
        if found == inf:
            return high  # the point refutes all that may be asked
        return max(low, found) if isinstance(found, Fraction) else None

    def _conditions(self, places: Numbers) -> tuple[Condition, ...]:
        if self._read is None:
            statements = tuple(self.asked.measured.claim(Comparison.LE, place) for place in places)
            exists = any(statement.exists for statement in statements)
            self._read = () if exists else tuple(statement.condition for statement in statements)
        return self._read


@dataclass(frozen=True, slots=True)
class _Sampled:
    """The numbers that a claim was read at, where they may lie, and the point."""

    places: tuple[Fraction, ...]
    interval: Interval
    x: Numbers
    y: Numbers


def _crossing(conditions: Sequence[Condition], at: _Sampled) -> Crossing | None:
    """Up to where the condition holds, which holds for smaller numbers, too; None for one that is not read
    alike at all places."""
    first = conditions[0]
    if isinstance(first, LinearAtom):
        atoms = [atom for atom in conditions if isinstance(atom, LinearAtom)]
        return _of_values([_value(atom, at) for atom in atoms], at) if len(atoms) == len(conditions) else None
    columns = list(_columns(conditions))
    if len(columns) != len(first.parts):
        return None
    parts = [_crossing(column, at) for column in columns]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return min(known, default=inf) if isinstance(first, All) else max(known, default=-inf)


def _columns(conditions: Sequence[Condition]) -> Iterator[tuple[Condition, ...]]:
    """The parts that stand at the same place; none where the conditions are not of one kind."""
    first = conditions[0]
    parts = [c.parts for c in conditions if not isinstance(c, LinearAtom) and type(c) is type(first)]
    if len(parts) == len(conditions) and len({len(each) for each in parts}) == 1:
        yield from zip(*parts, strict=True)


def _value(atom: LinearAtom, at: _Sampled) -> Fraction:
    inputs = sum((c * at.x[i] for i, c in atom.inputs), atom.constant)
    return sum((c * at.y[i] for i, c in atom.outputs), inputs)


def _of_values(values: Numbers, at: _Sampled) -> Crossing | None:
    """Up to where the parabola through `values` is not above 0."""
    (p, q, r), (u, v, w) = at.places, values
    slope = (v - u) / (q - p)
    bend = ((w - v) / (r - q) - slope) / (r - p)

    def parabola(t: Fraction) -> Fraction:
        return u + (t - p) * (slope + (t - q) * bend)

    low, high = at.interval
    if parabola(high) <= 0:
        return inf if parabola(low) <= 0 else None  # else it holds for greater ones: not what was looked for
    if parabola(low) > 0:
        return -inf
    if bend == 0:
        return p - u / slope
    # bend·t² + linear·t + constant, of whose roots one lies in the interval
    linear = slope - bend * (p + q)
    constant = u - slope * p + bend * p * q
    square = linear * linear - 4 * bend * constant
    if square < 0:
        return None
    root = root_below(square)
    ends = ((-linear + way * root) / (2 * bend) for way in (1, -1))
    return next((end for end in ends if low <= end <= high), None)
