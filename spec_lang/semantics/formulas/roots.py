"""Comparisons of Euclidean norms, by squaring both sides.

In: a sum of roots and a linear form that is to be at most 0.  Out: forms over squares, of which all or one
must be, or what stands in the way.  Exact: for `f > 0` and any `r`, `f√q <= −r` where `r <= 0` and
`f²q <= r²`, and `r <= f√q` where `r <= 0` or `r² <= f²q`; with `<` for `<=` throughout, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.semantics.terms.elements import ONE, ZERO, Element, Linear, Piecewise, Root, combine

Squares = Callable[[Sequence[Linear]], tuple[Element, ...] | None]

_SUMS = "compares sums of Euclidean norms: both sides can be squared where each is one norm times a number"
_FLOATS = "compares a Euclidean norm with a form whose coefficients no float holds"


@dataclass(frozen=True, slots=True)
class Squared:
    """With `conjunctive` all of `forms` must be at most 0 (or below it), else one of them."""

    forms: tuple[Element, ...]
    conjunctive: bool = True


def squared(element: Piecewise, squares: Squares) -> Squared | str:
    """What `element <= 0` means, whose kinks are roots; strict and closed alike."""
    factors: dict[Linear, Fraction] = {}
    for factor, kink in element.kinks:
        if isinstance(kink, Root):
            factors[kink.square] = factors.get(kink.square, ZERO) + factor
    roots = [(factor, square) for square, factor in factors.items() if factor]
    if not roots:
        return Squared((element.linear,))
    signed = [(factor**2 if factor > 0 else -(factor**2), square) for factor, square in roots]
    if len(roots) > 1:
        opposed = len(roots) == 2 and roots[0][0] * roots[1][0] < 0 and element.linear == Linear(ZERO)
        return Squared((combine(signed),)) if opposed else _SUMS
    found = squares((element.linear,))
    if found is None:
        return _FLOATS
    above = roots[0][0] > 0
    return Squared((element.linear, combine((*signed, (-ONE if above else ONE, found[0])))), above)
