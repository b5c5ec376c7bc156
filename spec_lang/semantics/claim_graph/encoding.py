"""From problem space to a network's own, exactly, or why that is not possible.

In: a tensor over the claim's inputs and outputs, and the space of a network's input.  Out: linear forms, or
the need that says what is not linear.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import prod

from spec_lang.obligations.model import IDENTITY_SCALING
from spec_lang.semantics.claim_graph.signature import Space
from spec_lang.semantics.terms.elements import ONE, ZERO, Element, Linear, Need, Opaque, difference, scaled
from spec_lang.semantics.terms.values import Tensor


def encoded(value: Tensor, space: Space, need: Need) -> tuple[Linear, ...] | Need:
    """The network-space input, or what it would take to be linear."""
    start = space.start_of(value)
    if start is not None:
        return plain(start, space.size)
    forms: list[Linear] = []
    for element, axis in zip(value.elements, space.axes, strict=True):
        if isinstance(element, Opaque):
            return element.need
        scaling = axis.scaling
        form: Element = element
        if scaling != IDENTITY_SCALING:
            form = scaled(difference(element, Linear(scaling.offset)), 1 / scaling.factor)
        if not isinstance(form, Linear):
            return need
        forms.append(form)
    return tuple(forms)


@lru_cache(1024)
def plain(start: int, size: int) -> tuple[Linear, ...]:
    """The inputs from `start` on, as they are."""
    return tuple(Linear(ZERO, ((place, ONE),)) for place in range(start, start + size))


def is_dyadic(forms: Sequence[Linear]) -> bool:
    """Whether binary64 holds every coefficient and constant."""
    return all(
        _fits(number)
        for form in forms
        for number in (form.constant, *(c for _, c in form.inputs), *(c for _, c in form.outputs))
    )


def _fits(number: Fraction) -> bool:
    try:
        return Fraction(float(number)) == number
    except OverflowError:
        return False


def opaque(shape: tuple[int, ...], need: Need, space: Space | None = None) -> Tensor:
    """A tensor of which only the need is known."""
    return Tensor(shape, (Opaque(need),) * prod(shape), space.names if space is not None else None)
