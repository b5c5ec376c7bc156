"""The functions of the language, on values: extrema, sums, reshaping.

In: a function's name and its arguments' values, which fit together.  Out: its value, exact.  The names of
functions that are not linear are kept as well, so that a spec that uses one is told so.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from spec_lang.diagnostics import InternalError
from spec_lang.semantics.values import ONE, Extremisers, Extremum, Tensor, Value, combine

# Parameters by function.
FUNCTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "argmax": ("tensor",),
    "argmin": ("tensor",),
    "dot": ("a", "b"),
    "flat": ("tensor",),
    "mean": ("tensor",),
    "sum": ("tensor",),
}
LATER_FUNCTIONS: Final = ("abs", "grad", "max", "min", "norm")
REGION_FUNCTIONS: Final = ("ball", "box")
BUILT_IN: Final = frozenset((*FUNCTIONS, *LATER_FUNCTIONS, *REGION_FUNCTIONS))
NORMS: Final = ("linf", "l1", "l2")


def apply(name: str, operands: tuple[Tensor, ...]) -> Value:
    """The value of function `name`; of the operands of `dot`, which are of one size, one is constant."""
    tensor = operands[0]
    match name:
        case "argmax" | "argmin":
            return Extremisers(Extremum(name), tensor)
        case "flat":
            return Tensor((tensor.size,), tensor.elements)
        case "sum":
            return Tensor((), (combine((ONE, e) for e in tensor.elements),))
        case "mean":
            weight = Fraction(1, tensor.size)
            return Tensor((), (combine((weight, e) for e in tensor.elements),))
        case "dot":
            weights, forms = operands if tensor.is_constant else (operands[1], tensor)
            pairs = zip(weights.constants, forms.elements, strict=True)
            return Tensor((), (combine((weight, form) for weight, form in pairs if weight),))
        case _:
            raise InternalError(f"{name} is not a function")
