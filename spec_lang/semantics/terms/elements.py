"""One number of a spec, as a function of the claim's variables: linear, piecewise linear, or beyond both.

In: operands.  Out: exact results over the flat inputs and outputs of the claim's graph; sparse, so that an
input of a thousand elements costs a thousand terms.  A number that no backend takes is `Opaque`: it knows
the place that made it so, and nothing made of it is ever lost or simplified away but by the factor 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from fractions import Fraction
from itertools import chain
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Note, Span
from spec_lang.obligations.model import Condition, Terms

ZERO: Final = Fraction(0)
ONE: Final = Fraction(1)


class Fragment(Enum):
    """What a backend must understand to decide a claim, simplest first; the value is how a reader sees it."""

    LINEAR = "linear"
    PIECEWISE = "piecewise linear"
    PRODUCT = "a product of variables"
    SMOOTH = "a smooth function"
    GRADIENT = "a gradient"
    PERTURBATION = "a set of networks"
    COMPOSITION = "a composition that is not exact in binary"
    ALTERNATION = "alternating quantifiers"
    MEASURE = "a measure"


@dataclass(frozen=True, slots=True)
class Need:
    """Why a claim is beyond the backends: what it needs, and the places responsible."""

    fragment: Fragment
    problem: str
    span: Span
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Linear:
    """`Σ inputs·x + Σ outputs·y + constant`."""

    constant: Fraction
    inputs: Terms = ()
    outputs: Terms = ()

    @property
    def is_constant(self) -> bool:
        return not self.inputs and not self.outputs


@dataclass(frozen=True, slots=True)
class Greatest:
    """The maximum of `options`, of which there is at least one."""

    options: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """`then` where `condition` holds, `otherwise` where `negation`, its complement, does."""

    condition: Condition
    negation: Condition
    then: Element
    otherwise: Element


@dataclass(frozen=True, slots=True)
class Root:
    """The square root of a sum of squares, which is negative nowhere."""

    square: Linear


Kink = Greatest | Either | Root


@dataclass(frozen=True, slots=True)
class Piecewise:
    """`linear + Σ factor · kink`, no factor 0, at least one kink; a root is one, though it has no pieces."""

    linear: Linear
    kinks: tuple[tuple[Fraction, Kink], ...]


@dataclass(frozen=True, slots=True)
class Opaque:
    """A number that only its need is known of."""

    need: Need


Element = Linear | Piecewise | Opaque


def is_constant(element: Element) -> bool:
    return isinstance(element, Linear) and element.is_constant


def scaled(element: Element, factor: Fraction) -> Element:
    """`factor · element`."""
    if factor == 1:
        return element
    if factor == 0:
        return Linear(ZERO)
    match element:
        case Linear(constant, inputs, outputs):
            return Linear(constant * factor, _scaled(inputs, factor), _scaled(outputs, factor))
        case Piecewise(linear, kinks):
            whole = scaled(linear, factor)
            return Piecewise(_linear(whole), tuple((f * factor, kink) for f, kink in kinks))
        case Opaque():
            return element


def combine(parts: Iterable[tuple[Fraction, Element]]) -> Element:
    """`Σ factor · part`, terms sorted and without zeros."""
    constant = ZERO
    inputs: list[Terms] = []
    outputs: list[Terms] = []
    kinks: list[tuple[Fraction, Kink]] = []
    opaque: Opaque | None = None
    for factor, part in parts:
        if isinstance(part, Opaque):
            opaque = opaque or (part if factor else None)
            continue
        multiple = scaled(part, factor)
        if isinstance(multiple, Piecewise):
            kinks += multiple.kinks
            multiple = multiple.linear
        linear = _linear(multiple)
        constant = constant + linear.constant if constant else linear.constant
        inputs.append(linear.inputs)
        outputs.append(linear.outputs)
    if opaque is not None:
        return opaque
    linear = Linear(constant, _sum(inputs), _sum(outputs))
    return Piecewise(linear, tuple(kinks)) if kinks else linear


def difference(a: Element, b: Element) -> Element:
    """`a − b`."""
    if isinstance(a, Linear) and isinstance(b, Linear):  # nearly all of them, and most against a constant
        if b.is_constant:
            return Linear(a.constant - b.constant, a.inputs, a.outputs) if b.constant else a
        if a.is_constant:
            minus = tuple((i, -c) for i, c in b.inputs), tuple((i, -c) for i, c in b.outputs)
            return Linear(a.constant - b.constant, *minus)
    return combine(((ONE, a), (-ONE, b)))


def greatest(options: Sequence[Element]) -> Element:
    """The maximum; a constant for constants."""
    for option in options:
        if isinstance(option, Opaque):
            return option
    linear = [option for option in options if isinstance(option, Linear)]
    if len(linear) == len(options) and all(option.is_constant for option in linear):
        return Linear(max(option.constant for option in linear))
    distinct = tuple(dict.fromkeys(options))
    if len(distinct) == 1:
        return distinct[0]
    return Piecewise(Linear(ZERO), ((ONE, Greatest(distinct)),))


def least(options: Sequence[Element]) -> Element:
    """The minimum, which is minus the maximum of the negatives."""
    return scaled(greatest([scaled(option, -ONE) for option in options]), -ONE)


def magnitude(element: Element) -> Element:
    """The absolute value."""
    if isinstance(element, Linear) and element.is_constant:
        return Linear(abs(element.constant))
    return greatest((element, scaled(element, -ONE)))


def either(condition: Condition, negation: Condition, then: Element, otherwise: Element) -> Element:
    """`then` where `condition` holds, elsewhere `otherwise`."""
    if then == otherwise:
        return then
    for option in (then, otherwise):
        if isinstance(option, Opaque):
            return option
    return Piecewise(Linear(ZERO), ((ONE, Either(condition, negation, then, otherwise)),))


def _linear(element: Element) -> Linear:
    if not isinstance(element, Linear):  # pragma: no cover - scaling keeps the kind
        raise TypeError("a linear form")
    return element


def _scaled(terms: Terms, factor: Fraction) -> Terms:
    return tuple((i, c * factor) for i, c in terms)


def _sum(parts: Sequence[Terms]) -> Terms:
    """Sorted and without zeros, as `parts` are but for what numbers near them have lost."""
    some = [terms for terms in parts if terms]
    if len(some) == 1:
        return tuple(term for term in some[0] if term[1])
    coefficients: dict[int, Fraction] = {}
    for index, c in chain.from_iterable(some):
        coefficients[index] = coefficients[index] + c if index in coefficients else c
    return tuple(sorted((i, c) for i, c in coefficients.items() if c))
