"""The closed set of operations that ONNX operators lower to; backends match on these alone.

In: values of earlier nodes as flat, row-major vectors.  Out: one flat vector.  Arrays are read-only
and keep the ONNX file's own floats: they are exact dyadic rationals, never rounded on import.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from math import prod
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError

Floats = NDArray[np.floating[Any]]
Indices = NDArray[np.intp]


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


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """A matrix by its entries: `y[row[t]] += value[t] * x[column[t]]`; all else is 0.

    Entries are sorted by row, then by column, and no place has two.  Index maps (transpositions, slices,
    paddings, broadcasts) have at most one entry a row, sums over axes one a column.
    """

    shape: tuple[int, int]  # (out, in)
    row: Indices  # (entries,)
    column: Indices
    value: Floats

    def __post_init__(self) -> None:
        count, (out, width) = len(self.value), self.shape
        if self.row.shape != (count,) or self.column.shape != (count,):
            raise InternalError("every entry of a matrix needs a row and a column")
        place = self.row * width + self.column
        if count and (np.diff(place).min(initial=1) <= 0 or self.row[-1] >= out or self.row[0] < 0):
            raise InternalError("a matrix's entries are not sorted, or outside of it")
        if count and (self.column.min() < 0 or self.column.max() >= width):
            raise InternalError("a matrix's entries are outside of it")

    @property
    def sizes(self) -> tuple[int, int]:
        """(in, out)"""
        return self.shape[1], self.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """A convolution as ONNX's `Conv` defines it, over flat row-major tensors; with `adjoint` its transpose.

    `weight` has the shape (O, C / groups, *kernel); the convolution takes a tensor (C, *size) to
    (O, *result), `y[o, p] = Σ_{c, k} weight[o, c, k] · x[c', p·strides + k·dilations − pads]` with 0 outside
    of x, where c' is channel c of o's group.  `pads` is what is added before each axis; what is added after
    it follows from `result`.
    """

    weight: Floats
    groups: int
    size: tuple[int, ...]
    result: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    adjoint: bool = False

    def __post_init__(self) -> None:
        rank = self.weight.ndim - 2
        axes = (self.size, self.result, self.strides, self.dilations, self.pads)
        if rank < 1 or any(len(axis) != rank for axis in axes) or self.weight.shape[0] % self.groups:
            raise InternalError("a convolution's parts differ in rank, or its groups do not divide it")
        if min(*self.size, *self.result, *self.strides, *self.dilations, *self.weight.shape) < 1:
            raise InternalError("a convolution has an empty axis")

    @property
    def channels(self) -> tuple[int, int]:
        """Of the tensors that the convolution itself takes and gives, `adjoint` or not."""
        return self.weight.shape[1] * self.groups, self.weight.shape[0]

    @property
    def sizes(self) -> tuple[int, int]:
        """(in, out)"""
        taken, given = self.channels
        ends = taken * prod(self.size), given * prod(self.result)
        return ends[::-1] if self.adjoint else ends


LinearMap = Dense | Scale | Entries | Convolution


def most_terms(linear: LinearMap) -> int:
    """A bound on how many products one element of the result sums."""
    match linear:
        case Dense(weight=weight):
            return int(weight.shape[1])
        case Scale():
            return 1
        case Entries(row=row):
            return int(np.bincount(row).max(initial=0))
        case Convolution(weight=weight, adjoint=adjoint, groups=groups):
            kernel = prod(weight.shape[2:])
            return kernel * int(weight.shape[0] // groups if adjoint else weight.shape[1])
        case _ as unreachable:
            assert_never(unreachable)


def numbers_of(linear: LinearMap) -> Floats:
    """The array that holds a map's own numbers, whatever its shape."""
    match linear:
        case (
            Dense(weight=numbers)
            | Scale(factor=numbers)
            | Entries(value=numbers)
            | Convolution(weight=numbers)
        ):
            return numbers
        case _ as unreachable:
            assert_never(unreachable)


def with_numbers(linear: LinearMap, numbers: Floats) -> LinearMap:
    """A map of the same form with other numbers, in an array of the same shape."""
    match linear:
        case Dense() | Convolution():
            return replace(linear, weight=numbers)
        case Scale():
            return replace(linear, factor=numbers)
        case Entries():
            return replace(linear, value=numbers)
        case _ as unreachable:
            assert_never(unreachable)


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


class Smooth(Enum):
    """A smooth function, applied to every element.

    The values of sigmoid, tanh and softplus are irrational nearly everywhere.  The first two are S-shaped:
    increasing between two ends that they never reach, convex left of 0 and concave right of it,
    `f(−t) = f(−∞) + f(∞) − f(t)`, with the greatest slope, at most 1, at 0.  What bounds them relies on that,
    so that another function is another primitive unless it is of this shape.  The softplus is convex, and its
    slope is the sigmoid.  The square, which claims have and networks do not, is convex, and has rational
    values at rational points.  The spread is no function at all: whatever is claimed of it must hold of every
    value between −|t| and |t|, which is what the sum of a layer may gain when its weights may change; where
    one is asked for it is 0.  These three have lines of their own.
    """

    SIGMOID = "sigmoid"  # 1 / (1 + e^−t)
    TANH = "tanh"  # (e^t − e^−t) / (e^t + e^−t)
    SQUARE = "square"  # t²
    SOFTPLUS = "softplus"  # ln(1 + e^t)
    SPREAD = "spread"  # anything from −|t| to |t|

    @property
    def ends(self) -> tuple[int | None, int | None]:
        """What all values lie between, None for no end: strictly but for the square, which is 0 at 0."""
        match self:
            case Smooth.SIGMOID:
                return 0, 1
            case Smooth.TANH:
                return -1, 1
            case Smooth.SQUARE | Smooth.SOFTPLUS:
                return 0, None
            case Smooth.SPREAD:
                return None, None
            case _ as unreachable:
                assert_never(unreachable)

    @property
    def turned(self) -> int:
        """`f(t) + f(−t)` of a function that is S-shaped, everywhere."""
        return 1 if self is Smooth.SIGMOID else 0


class Binary(Enum):
    """A function of two values of one size, applied to every pair of elements.

    Gradients are made of them: a ReLU passes a gradient on by a gate, a smooth function by a product with its
    slope.  A gate has two values where z is 0: which of them counts is nobody's choice, so that what is
    claimed of it must hold for both.
    """

    GATE = "gate"  # (z, g) -> g where z > 0, 0 where z < 0, either of them where z = 0
    PRODUCT = "product"  # (x, y) -> x·y


Primitive = Affine | PiecewiseLinear | Smooth | Binary
