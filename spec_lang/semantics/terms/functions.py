"""The functions of the language, on values: extrema, sums, norms, reshaping.

In: a function's name and its arguments' values.  Out: its value, exact; one that is smooth is opaque.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isqrt
from typing import Final

from spec_lang.diagnostics import InternalError, Span
from spec_lang.semantics.terms.elements import (
    ONE,
    Element,
    Fragment,
    Linear,
    Need,
    Opaque,
    combine,
    greatest,
    least,
    magnitude,
    scaled,
)
from spec_lang.semantics.terms.values import Extremisers, Extremum, Tensor, Value

# Parameters by function.
FUNCTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "abs": ("tensor",),
    "argmax": ("tensor",),
    "argmin": ("tensor",),
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


def norm(tensor: Tensor, name: str, text: str, span: Span) -> Tensor:
    """`norm(tensor, l1 | l2 | linf)`; `text` is how the spec writes the tensor."""
    units = _common(tensor)
    if name == "linf":
        return Tensor((), (greatest(tuple(map(magnitude, tensor.elements))),), units=units)
    if name == "l1":
        return Tensor((), (combine((ONE, magnitude(e)) for e in tensor.elements),), units=units)
    if tensor.size == 1:
        return Tensor((), (magnitude(tensor.elements[0]),), units=units)
    root = _root(sum((c * c for c in tensor.constants), Fraction(0))) if tensor.is_constant else None
    if root is not None:
        return Tensor((), (Linear(root),), units=units)
    problem = f"the `l2` norm of `{text}` is not linear"
    return Tensor((), (Opaque(Need(Fragment.SMOOTH, problem, span)),), units=units)


def dot(a: Tensor, b: Tensor, need: Need) -> Tensor:
    """`Σ aᵢ·bᵢ`; where both factors of a pair vary, `need` says what that takes."""
    return Tensor(
        (), (combine((ONE, _product(x, y, need)) for x, y in zip(a.elements, b.elements, strict=True)),)
    )


def extreme(name: str, sides: Sequence[Sequence[Element]]) -> tuple[Element, ...]:
    """`max` or `min` of several tensors, element by element."""
    choose = greatest if name == "max" else least
    return tuple(choose(options) for options in zip(*sides, strict=True))


def _product(x: Element, y: Element, need: Need) -> Element:
    if isinstance(x, Linear) and x.is_constant:
        return scaled(y, x.constant)
    if isinstance(y, Linear) and y.is_constant:
        return scaled(x, y.constant)
    return next((e for e in (x, y) if isinstance(e, Opaque)), Opaque(need))


def _root(square: Fraction) -> Fraction | None:
    """The square root where it is rational."""
    parts = isqrt(square.numerator), isqrt(square.denominator)
    root = Fraction(*parts)
    return root if root * root == square else None


def _common(tensor: Tensor) -> tuple[str | None, ...] | None:
    """The unit of all elements, when they have the same."""
    if tensor.units is None or len(set(tensor.units)) != 1:
        return None
    return tensor.units[:1]
