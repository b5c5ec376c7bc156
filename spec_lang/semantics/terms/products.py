"""A product of two linear forms as squares of others.

In: two forms that are not constant.  Out: what squares add up to their product, exactly.
"""

from __future__ import annotations

from fractions import Fraction

from spec_lang.semantics.terms.elements import ONE, ZERO, Element, Linear, combine


def product_of_forms(a: Linear, b: Linear) -> tuple[tuple[Fraction, Linear], tuple[Fraction, Linear], Linear]:
    """Two factors and forms f, and a rest, such that `a·b = Σ factor·f² + rest`; neither is constant.

    Where b is `k·a + d` it is `k·a² + d·a`; else `((s·a + b)² − (s·a − b)²) / 4s` for any s, here the power
    of two that brings both to about one size.
    """
    k = _ratio(a, b)
    if k is not None:
        d = b.constant - k * a.constant
        return (k, a), (ZERO, a), _linear(combine(((d, a),)))
    sizes = [max(abs(c) for _, c in (*form.inputs, *form.outputs)) for form in (a, b)]
    share = sizes[1] / sizes[0]
    s = Fraction(2) ** (share.numerator.bit_length() - share.denominator.bit_length())
    both = (_linear(combine(((s, a), (sign, b)))) for sign in (ONE, -ONE))
    weight = 1 / (4 * s)
    return (weight, next(both)), (-weight, next(both)), Linear(ZERO)


def _ratio(a: Linear, b: Linear) -> Fraction | None:
    """k, where b is `k·a` but for a constant."""
    mine, theirs = (*a.inputs, *a.outputs), (*b.inputs, *b.outputs)
    if len(a.inputs) != len(b.inputs) or len(mine) != len(theirs):
        return None
    k = theirs[0][1] / mine[0][1]
    same = all(i == j and d == k * c for (i, c), (j, d) in zip(mine, theirs, strict=True))
    return k if same else None


def _linear(element: Element) -> Linear:
    if not isinstance(element, Linear):  # pragma: no cover - sums of linear forms are linear
        raise TypeError("a linear form")
    return element
