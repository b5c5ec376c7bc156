"""Rigorous bounds of linear programs from any dual multipliers whatever [Neumaier & Shcherbina 2004].

In: `min cost·x` over rows `lower <= a·x <= upper` and columns `lower <= x <= upper`, exact, and multipliers
of the rows, usually a solver's rounded duals.  Out: an exact lower bound of the minimum, or None where the
multipliers give none.  Nothing is assumed of the multipliers; poor ones give a poor bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import frexp, isfinite, lcm, ldexp

from spec_lang._values import dataclass
from spec_lang.obligations.model import Terms


@dataclass(frozen=True, slots=True)
class Row:
    """`lower <= Σ terms·x <= upper`; None is unbounded on that side."""

    terms: Terms
    lower: Fraction | None
    upper: Fraction | None


@dataclass(frozen=True, slots=True)
class Program:
    """`min cost·x`; `lower` and `upper` are the columns' bounds, None unbounded."""

    cost: tuple[Fraction, ...]
    rows: tuple[Row, ...]
    lower: tuple[Fraction | None, ...]
    upper: tuple[Fraction | None, ...]


def lower_bound(program: Program, multipliers: Sequence[Fraction]) -> Fraction | None:
    """At most `cost·x` for every feasible x; None is no bound.

    Sound because for any y of the right signs `cost·x = Σ y_i (a_i·x) + r·x` with `r = cost − Aᵀy`, and each
    term is at least its least value over the row's or the column's interval.  A multiplier whose side is
    unbounded counts as 0.
    """
    kept = [_clipped(row, y) for row, y in zip(program.rows, multipliers, strict=True)]
    total = Fraction(0)
    for y, row in zip(kept, program.rows, strict=True):
        total += _least(y, row.lower, row.upper) or 0
    for r, low, high in zip(_reduced(program, kept), program.lower, program.upper, strict=True):
        least = _least(r, low, high)
        if least is None:
            return None
        total += least
    return total


def proves_infeasible(program: Program, multipliers: Sequence[Fraction]) -> bool:
    """Whether the multipliers prove that no x satisfies the rows and the bounds; the cost plays no part."""
    without = Program((Fraction(0),) * len(program.cost), program.rows, program.lower, program.upper)
    bound = lower_bound(without, multipliers)
    return bound is not None and bound > 0


def short_dyadic(value: float, bits: int) -> Fraction:
    """`value` to `bits` significant bits, as an exact dyadic; 0 for what is not finite."""
    if not isfinite(value):
        return Fraction(0)
    mantissa, exponent = frexp(value)
    return Fraction(ldexp(round(ldexp(mantissa, bits)), exponent - bits))


def _clipped(row: Row, y: Fraction) -> Fraction:
    side = row.lower if y > 0 else row.upper
    return Fraction(0) if side is None else y


def _least(factor: Fraction, low: Fraction | None, high: Fraction | None) -> Fraction | None:
    """The least value of `factor * t` over `low <= t <= high`."""
    if not factor:
        return Fraction(0)
    end = low if factor > 0 else high
    return None if end is None else factor * end


def _reduced(program: Program, multipliers: Sequence[Fraction]) -> list[Fraction]:
    """`cost − Aᵀy`, summed as integers over one denominator: fractions cost thirty times as much."""
    used = [(row, y) for row, y in zip(program.rows, multipliers, strict=True) if y]
    of_y = lcm(*(y.denominator for _, y in used))
    coefficients = (c for row, _ in used for _, c in row.terms)
    of_a = lcm(*(c.denominator for c in coefficients), *(c.denominator for c in program.cost))
    sums = [int(c * of_a) * of_y for c in program.cost]
    for row, y in used:
        factor = int(y * of_y)
        for column, coefficient in row.terms:
            sums[column] -= factor * (coefficient.numerator * (of_a // coefficient.denominator))
    return [Fraction(s, of_a * of_y) for s in sums]
