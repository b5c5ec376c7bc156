"""Positive parts of linear forms, as values that a claim's graph computes: absolute values and maxima of two.

In: forms over the flat inputs and outputs, or a kink between two.  Out: a form whose positive part is a
multiple of the wanted one, with coefficients that binary64 holds, exactly.  `max(a, b) = b + max(a − b, 0)`
and so `|a| = 2·max(a, 0) − a`: a sum of many such kinks is linear in their positive parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from spec_lang._values import dataclass
from spec_lang.obligations.model import Axis
from spec_lang.semantics.claim_graph.encoding import is_dyadic
from spec_lang.semantics.claim_graph.squares import form_text
from spec_lang.semantics.terms.elements import (
    ONE,
    Element,
    Greatest,
    Kink,
    Linear,
    combine,
    difference,
    scaled,
)


@dataclass(frozen=True, slots=True)
class Positive:
    """`max(form, 0) = weight · max(root, 0)`, with a positive weight."""

    root: Linear
    weight: Fraction


@dataclass(frozen=True, slots=True)
class Ramp:
    """What a graph computes the positive part of; told from what it squares."""

    root: Linear

    @property
    def inputs(self) -> tuple[tuple[int, Fraction], ...]:
        return self.root.inputs


def positive(form: Linear) -> Positive | None:
    """None where no multiple has numbers of binary64; for a form that is not constant.

    Forms that are positive multiples of each other share one root.
    """
    numbers = [form.constant, *(c for _, c in (*form.inputs, *form.outputs))]
    lead = abs(numbers[1])
    common = lcm(*((number / lead).denominator for number in numbers))
    largest = max(abs(number) for number in numbers) * common / lead
    factor = common / lead / 2 ** (largest.numerator // largest.denominator).bit_length()
    root = scaled(form, factor)
    if not isinstance(root, Linear) or not is_dyadic((root,)):
        return None
    return Positive(root, 1 / factor)


def of_two(kink: Kink) -> tuple[Linear, Linear] | None:
    """`a − b` and `b` where the kink is the greater of two linear forms a and b."""
    if not isinstance(kink, Greatest) or len(kink.options) != 2:
        return None
    first, second = kink.options
    if not isinstance(first, Linear) or not isinstance(second, Linear):
        return None
    gap = difference(first, second)
    return (gap, second) if isinstance(gap, Linear) and not gap.is_constant else None


def with_positive(second: Linear, found: Positive, part: Linear) -> Element:
    """`b + max(a − b, 0)`, where the positive part of the root is known."""
    return combine(((ONE, second), (found.weight, part)))


def positive_axes(
    roots: Sequence[Linear], inputs: Sequence[Axis], outputs: Sequence[Axis]
) -> tuple[Axis, ...]:
    """What to call the positive parts of `roots` where somebody wants to see them."""
    return tuple(Axis(f"max({form_text(root, inputs, outputs)}, 0)") for root in roots)
