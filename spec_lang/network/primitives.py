"""The closed set of operations that ONNX operators lower to; backends match on these alone.

In: values of earlier nodes as flat, row-major vectors.  Out: one flat vector.  Arrays are read-only
and keep the ONNX file's own floats: they are exact dyadic rationals, never rounded on import.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError

Floats = NDArray[np.floating[Any]]


def frozen(array: Floats) -> Floats:
    """`array`, read-only and C-contiguous, in its own floating dtype."""
    result = np.ascontiguousarray(array)
    if result is array and array.flags.writeable:
        result = array.copy()
    result.flags.writeable = False
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """`x -> weight @ x`, `weight` of shape (out, in)."""

    weight: Floats

    @property
    def sizes(self) -> tuple[int, int]:
        """(in, out)"""
        return self.weight.shape[1], self.weight.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """`x -> factor * x`, element by element, `factor` of shape (n,)."""

    factor: Floats

    @property
    def sizes(self) -> tuple[int, int]:
        """(in, out)"""
        return self.factor.shape[0], self.factor.shape[0]


LinearMap = Dense | Scale


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """`maps[0](a) + maps[1](b) + … + bias`: one linear map an operand."""

    maps: tuple[LinearMap, ...]
    bias: Floats  # (out,)

    def __post_init__(self) -> None:
        if not self.maps or any(m.sizes[1] != self.bias.shape[0] for m in self.maps):
            raise InternalError("an Affine's maps and bias must agree in size")


@dataclass(frozen=True, slots=True)
class PiecewiseLinear:
    """A continuous univariate function, applied to every element.

    `f(t) = anchor + slopes[0] (t − knots[0])` left of the first knot, slope `slopes[i]` between
    `knots[i−1]` and `knots[i]`, `slopes[-1]` right of the last.  All numbers are exact dyadics.
    """

    knots: tuple[float, ...]
    slopes: tuple[float, ...]
    anchor: float  # f(knots[0])

    def __post_init__(self) -> None:
        if not self.knots or len(self.slopes) != len(self.knots) + 1:
            raise InternalError("a PiecewiseLinear needs a knot and one slope more than knots")


RELU = PiecewiseLinear(knots=(0.0,), slopes=(0.0, 1.0), anchor=0.0)

Primitive = Affine | PiecewiseLinear
