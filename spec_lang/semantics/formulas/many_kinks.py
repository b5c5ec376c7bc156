"""Sums of more absolute values and maxima than can be spelled out piece by piece.

In: a sum of kinks, and what makes values of the claim's graph of those between two forms.  Out: the same
number, exactly, with such values in their place; None where that is not needed, or makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from spec_lang.semantics.terms.elements import ONE, Element, Kink, Piecewise, combine

# A sum of so many absolute values, maxima or branches has 2^n pieces or more.
MAX_KINKS: Final = 12
# Where all pieces have to be met together, fewer than that are a burden already.
_MAX_TOGETHER: Final = 6

Greater = Callable[[Sequence[Kink]], tuple[Element | None, ...]]


def by_values(element: Piecewise, greater: Greater) -> Element | None:
    """The sum with every kink that can be a value of the graph."""
    if len(element.kinks) <= _MAX_TOGETHER:
        return None
    if len(element.kinks) <= MAX_KINKS and any(factor < 0 for factor, _ in element.kinks):
        return None
    found = greater([kink for _, kink in element.kinks])
    pairs = list(zip(element.kinks, found, strict=True))
    values = [(factor, value) for (factor, _), value in pairs if value is not None]
    if not values:
        return None
    kept = tuple(kink for kink, value in pairs if value is None)
    rest = Piecewise(element.linear, kept) if kept else element.linear
    return combine(((ONE, rest), *values))
