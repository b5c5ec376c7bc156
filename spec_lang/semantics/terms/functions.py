"""The functions of the language, on values: extrema, sums, norms, reshaping.

In: a function's name and its arguments' values.  Out: its value, exact; a Euclidean norm is a root, and what
no backend takes is opaque.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isqrt
from typing import Final, Protocol

from spec_lang.diagnostics import InternalError
from spec_lang.semantics.formulas.clauses import Clause
from spec_lang.semantics.terms.elements import (
    ONE,
    ZERO,
    Element,
    Fragment,
    Linear,
    Need,
    Opaque,
    Piecewise,
    Root,
    combine,
    greatest,
    least,
    magnitude,
    scaled,
)
from spec_lang.semantics.terms.products import product_of_forms
from spec_lang.semantics.terms.values import Extremisers, Extremum, Head, Tensor, Value

# Parameters by function.
FUNCTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "abs": ("tensor",),
    "argmax": ("tensor",),
    "argmin": ("tensor",),
    "argtop": ("tensor", "count"),
    "cosine": ("a", "b"),
    "dot": ("a", "b"),
    "flat": ("tensor",),
    "max": ("tensor",),
    "mean": ("tensor",),
    "min": ("tensor",),
    "norm": ("tensor", "norm"),
    "sum": ("tensor",),
}
# They take any number of numbers or tensors, too, and then work element by element.
VARIADIC: Final = ("max", "min")
# About a network at a point: the claim's context knows them.
NETWORK_FUNCTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "grad": ("output", "at"),
    "preactivations": ("network", "at"),
    **{head.value: ("network",) for head in Head},
}
REGION_FUNCTIONS: Final = ("ball", "box", "everywhere")
NETWORK_SETS: Final = ("perturbed",)
BUILT_IN: Final = frozenset((*FUNCTIONS, *NETWORK_FUNCTIONS, *REGION_FUNCTIONS, *NETWORK_SETS))
NORMS: Final = ("linf", "l1", "l2")


def apply(name: str, tensor: Tensor) -> Value:
    """The value of a function of one tensor."""
    elements = tensor.elements
    match name:
        case "argmax" | "argmin":
            return Extremisers(Extremum(name), tensor)
        case "flat":
            return Tensor((tensor.size,), elements, tensor.names, tensor.units)
        case "abs":
            return Tensor(tensor.shape, tuple(map(magnitude, elements)), tensor.names, tensor.units)
        case "max":
            return Tensor((), (greatest(elements),), units=_common(tensor))
        case "min":
            return Tensor((), (least(elements),), units=_common(tensor))
        case "sum":
            return Tensor((), (combine((ONE, e) for e in elements),), units=_common(tensor))
        case "mean":
            weight = Fraction(1, tensor.size)
            return Tensor((), (combine((weight, e) for e in elements),), units=_common(tensor))
        case _:
            raise InternalError(f"{name} is not a function of one tensor")


class Values(Protocol):
    """The graph of the claim that is read: what it computes is linear again."""

    def squares(self, forms: Sequence[Linear]) -> tuple[Element, ...] | None:
        """The squares of these forms; None where floats do not hold their coefficients."""

    def products(self, pairs: Sequence[tuple[Linear, Linear]]) -> tuple[Element, ...] | None:
        """The products of these forms; None where they are to be said by squares."""

    def summed(self, form: Linear) -> Linear | None:
        """`form` as a sum of values of the graph; None where its coefficients differ too much."""


def norm(tensor: Tensor, name: str, written: Clause, values: Values | None) -> Tensor:
    """`norm(tensor, l1 | l2 | linf)`; `written` is how the spec writes the tensor, and `values` squares."""
    units = _common(tensor)
    if name == "linf":
        return Tensor((), (greatest(tuple(map(magnitude, tensor.elements))),), units=units)
    if name == "l1":
        return Tensor((), (combine((ONE, magnitude(e)) for e in tensor.elements),), units=units)
    if tensor.size == 1:
        return Tensor((), (magnitude(tensor.elements[0]),), units=units)
    root = rational_root(sum((c * c for c in tensor.constants), Fraction(0))) if tensor.is_constant else None
    if root is not None:
        return Tensor((), (Linear(root),), units=units)
    return Tensor((), (_euclidean(tensor.elements, written, values),), units=units)


def _euclidean(elements: Sequence[Element], written: Clause, values: Values | None) -> Element:
    opaque = next((element for element in elements if isinstance(element, Opaque)), None)
    if opaque is not None:
        return opaque
    forms = [element for element in elements if isinstance(element, Linear)]
    found = values.squares(forms) if values is not None and len(forms) == len(elements) else None
    total = None if found is None else combine((ONE, square) for square in found)
    if isinstance(total, Linear):
        return Piecewise(Linear(ZERO), ((ONE, Root(total)),))
    problem = f"the `l2` norm of `{written}` is "
    pieces = len(forms) < len(elements)
    problem += "one of absolute values, maxima or branches" if pieces else "of numbers that no float holds"
    return Opaque(Need(Fragment.SMOOTH, problem, written.span))


def dot(a: Tensor, b: Tensor, need: Need, values: Values | None) -> Tensor:
    """`Σ aᵢ·bᵢ`; where a pair has no product, `need` says what that takes."""
    return Tensor((), (combine((ONE, e) for e in products(a.elements, b.elements, need, values)),))


def extreme(name: str, sides: Sequence[Sequence[Element]]) -> tuple[Element, ...]:
    """`max` or `min` of several tensors, element by element."""
    choose = greatest if name == "max" else least
    return tuple(choose(options) for options in zip(*sides, strict=True))


def products(
    first: Sequence[Element], second: Sequence[Element], need: Need, values: Values | None
) -> tuple[Element, ...]:
    """`x·y` for the pairs: of two forms a value or a sum of squares; `need` says what other products take."""
    known = [_by_constant(x, y) for x, y in zip(first, second, strict=True)]
    pairs = {
        place: (x, y)
        for place, (x, y) in enumerate(zip(first, second, strict=True))
        if known[place] is None and isinstance(x, Linear) and isinstance(y, Linear)
    }
    found = _of_forms(tuple(pairs.values()), values) if values is not None else None
    for place, product in zip(pairs, found or (), strict=found is not None):
        known[place] = product
    return tuple(
        next((e for e in (x, y) if isinstance(e, Opaque)), Opaque(need)) if product is None else product
        for x, y, product in zip(first, second, known, strict=True)
    )


def _by_constant(x: Element, y: Element) -> Element | None:
    for factor, other in ((x, y), (y, x)):
        if isinstance(factor, Linear) and factor.is_constant:
            return scaled(other, factor.constant)
    return None


def _of_forms(pairs: Sequence[tuple[Linear, Linear]], values: Values) -> Sequence[Element] | None:
    """The products of forms that vary, all alike; None where floats do not hold their numbers.

    Of a form and its multiples one square is enough, of others there may be products."""
    written = [product_of_forms(x, y) for x, y in pairs]
    apart = [place for place, (_, (weight, _), _) in enumerate(written) if weight]
    direct = values.products([pairs[place] for place in apart]) if apart else None
    found = dict(zip(apart, direct, strict=True)) if direct is not None else {}
    left = [place for place in range(len(pairs)) if place not in found]
    parts = [(place, *part) for place in left for part in written[place][:2] if part[0]]
    squares = values.squares([form for _, _, form in parts])
    if squares is None:
        return None
    for place in left:
        own = ((w, s) for (p, w, _), s in zip(parts, squares, strict=True) if p == place)
        found[place] = combine((*own, (ONE, written[place][2])))
    return [found[place] for place in range(len(pairs))]


def rational_root(square: Fraction) -> Fraction | None:
    """The square root where it is rational."""
    parts = isqrt(square.numerator), isqrt(square.denominator)
    root = Fraction(*parts)
    return root if root * root == square else None


def _common(tensor: Tensor) -> tuple[str | None, ...] | None:
    """The unit of all elements, when they have the same."""
    if tensor.units is None or len(set(tensor.units)) != 1:
        return None
    return tensor.units[:1]
