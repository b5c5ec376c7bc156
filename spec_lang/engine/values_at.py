"""The value of a number of a spec at a point whose outputs are known, exact but for roots.

In: an element, and the flat inputs and outputs that it is over.  Out: its value, or None for what has none
here; a root that is not rational is rounded down.  A value is a hint: the kernel is asked whether the point
reaches it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt
from typing import Final

from spec_lang.kernel.witness import holds
from spec_lang.obligations.model import All, Condition, LinearAtom, Terms
from spec_lang.semantics.terms.elements import Either, Element, Kink, Linear, Piecewise, Root
from spec_lang.semantics.terms.functions import rational_root

_ROOT_BITS: Final = 128

Numbers = Sequence[Fraction]


def value_at(element: Element, x: Numbers, y: Numbers) -> Fraction | None:
    """`element` at inputs `x` and outputs `y`."""
    match element:
        case Linear(constant, inputs, outputs):
            return constant + _sum(inputs, x) + _sum(outputs, y)
        case Piecewise(linear, kinks):
            total = linear.constant + _sum(linear.inputs, x) + _sum(linear.outputs, y)
            for factor, kink in kinks:
                part = _kink_at(kink, x, y)
                if part is None:
                    return None
                total += factor * part
            return total
        case _:
            return None


def root_below(square: Fraction) -> Fraction:
    """The square root of a number that is not negative, or if it is irrational, a little less."""
    exact = rational_root(square)
    if exact is not None:
        return exact
    shift = max(0, _ROOT_BITS - square.numerator.bit_length() + square.denominator.bit_length())
    return Fraction(isqrt((square.numerator << 2 * shift) // square.denominator), 1 << shift)


def _sum(terms: Terms, values: Numbers) -> Fraction:
    return sum((c * values[i] for i, c in terms), Fraction(0))


def _kink_at(kink: Kink, x: Numbers, y: Numbers) -> Fraction | None:
    if isinstance(kink, Either):
        return value_at(kink.then if _true(kink.condition, x, y) else kink.otherwise, x, y)
    if isinstance(kink, Root):
        square = value_at(kink.square, x, y)
        return None if square is None or square < 0 else root_below(square)
    values = [value_at(option, x, y) for option in kink.options]
    known = [value for value in values if value is not None]
    return max(known) if len(known) == len(values) else None


def _true(condition: Condition, x: Numbers, y: Numbers) -> bool:
    if isinstance(condition, LinearAtom):
        return holds(condition, x, y)
    among = all if isinstance(condition, All) else any
    return among(_true(part, x, y) for part in condition.parts)
