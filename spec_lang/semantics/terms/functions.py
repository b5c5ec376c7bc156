"""The functions of the language, on values: extrema, sums, norms, reshaping.

In: a function's name and its arguments' values.  Out: its value, exact; a Euclidean norm is a root, and what
no backend takes is opaque.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import isqrt
from typing import Final

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


Squares = Callable[[Sequence[Linear]], tuple[Element, ...] | None]


def norm(tensor: Tensor, name: str, written: Clause, squares: Squares | None) -> Tensor:
    """`norm(tensor, l1 | l2 | linf)`; `written` is how the spec writes the tensor, and `squares` squares."""
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
    return Tensor((), (_euclidean(tensor.elements, written, squares),), units=units)


def _euclidean(elements: Sequence[Element], written: Clause, squares: Squares | None) -> Element:
    opaque = next((element for element in elements if isinstance(element, Opaque)), None)
    if opaque is not None:
        return opaque
    forms = [element for element in elements if isinstance(element, Linear)]
    found = squares(forms) if squares is not None and len(forms) == len(elements) else None
    total = None if found is None else combine((ONE, square) for square in found)
    if isinstance(total, Linear):
        return Piecewise(Linear(ZERO), ((ONE, Root(total)),))
    problem = f"the `l2` norm of `{written}` is "
    pieces = len(forms) < len(elements)
    problem += "one of absolute values, maxima or branches" if pieces else "of numbers that no float holds"
    return Opaque(Need(Fragment.SMOOTH, problem, written.span))


def dot(a: Tensor, b: Tensor, need: Need, squares: Squares | None) -> Tensor:
    """`Σ aᵢ·bᵢ`; where a pair has no product, `need` says what that takes."""
    pairs = zip(a.elements, b.elements, strict=True)
    return Tensor((), (combine((ONE, product(x, y, need, squares)) for x, y in pairs),))


def extreme(name: str, sides: Sequence[Sequence[Element]]) -> tuple[Element, ...]:
    """`max` or `min` of several tensors, element by element."""
    choose = greatest if name == "max" else least
    return tuple(choose(options) for options in zip(*sides, strict=True))


def product(x: Element, y: Element, need: Need, squares: Squares | None) -> Element:
    """`x·y`: of two forms a sum of squares; `need` says what any other product takes."""
    for factor, other in ((x, y), (y, x)):
        if isinstance(factor, Linear) and factor.is_constant:
            return scaled(other, factor.constant)
    if isinstance(x, Linear) and isinstance(y, Linear) and squares is not None:
        *weighted, rest = product_of_forms(x, y)
        present = [(weight, form) for weight, form in weighted if weight]
        found = squares([form for _, form in present])
        if found is not None:
            parts = [(weight, square) for (weight, _), square in zip(present, found, strict=True)]
            return combine((*parts, (ONE, rest)))
    return next((e for e in (x, y) if isinstance(e, Opaque)), Opaque(need))


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
