"""The exact value of a network at a rational point.

In: a graph, whose weights are the dyadic rationals that its floats are, and a point of rationals.  Out: the
outputs, as rationals, with no rounding anywhere: every number is an integer over one power of two a layer and
one odd denominator a point.  Nothing here comes from the code that searches for counterexamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from math import lcm
from typing import Any, Final, Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.kernel.arrays import Index
from spec_lang.kernel.maps import Map, Matrix, absolute, map_of, with_numbers
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import (
    Affine,
    Binary,
    Floats,
    PiecewiseLinear,
    Primitive,
    Smooth,
    numbers_of,
)

Integers = NDArray[Any]  # of dtype object: Python's own integers, which do not overflow

_MANTISSA: Final = {2: 11, 4: 24, 8: 53}  # bits of a float's significand, by its size in bytes


@dataclass(frozen=True, slots=True)
class Dyadic:
    """`numbers / 2**shift`, element by element."""

    numbers: Integers
    shift: int


@dataclass(frozen=True, slots=True, eq=False)
class ExactMap:
    """A linear map whose numbers are `integers.numbers / 2**shift`, on vectors and on batches of them.

    A column of a matrix that meets nothing but zeros is left out: behind a ReLU, many do.
    """

    integers: Map
    shift: int

    @classmethod
    def of(cls, linear: Map) -> ExactMap:
        """A map of floats, exactly."""
        numbers = dyadic(linear.numbers)
        return cls(with_numbers(linear, numbers.numbers), numbers.shift)

    def forward(self, point: Dyadic) -> Dyadic:
        numbers = point.numbers if point.numbers.ndim == 2 else point.numbers[None]
        present = self._present(numbers)
        part = numbers if present is None else numbers[:, present]
        found = self.integers.forward(part, present)
        return Dyadic(found if point.numbers.ndim == 2 else found[0], point.shift + self.shift)

    def backward(self, rows: Dyadic) -> Dyadic:
        present = self._present(rows.numbers)
        part = rows.numbers if present is None else rows.numbers[:, present]
        return Dyadic(self.integers.backward(part, present), rows.shift + self.shift)

    def rows(self, chosen: Index) -> Dyadic:
        return Dyadic(self.integers.rows(chosen), self.shift)

    def absolute(self) -> ExactMap:
        return ExactMap(absolute(self.integers), self.shift)

    def _present(self, batch: Integers) -> Index | None:
        return np.flatnonzero((batch != 0).any(axis=0)) if isinstance(self.integers, Matrix) else None


@dataclass(frozen=True, slots=True)
class _Sum:
    maps: tuple[ExactMap, ...]
    bias: Dyadic


@dataclass(frozen=True, slots=True)
class Pieces:
    """`(slopes[i] * t + offsets[i]) / 2**shift` from `knots[i-1]` to `knots[i]`."""

    knots: tuple[Fraction, ...]
    slopes: tuple[int, ...]
    offsets: tuple[int, ...]
    shift: int


class AtKink(Exception):
    """The outputs depend on which slope a ReLU is given at its kink: there is more than one."""


class ExactNetwork:
    """`graph` with its weights as integers; call it with a point to get the exact outputs.

    Building it costs about as much as one evaluation, so it is kept where several points are evaluated.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._steps = [_compiled(node.primitive) for node in graph.nodes]

    def __call__(self, point: Sequence[Fraction]) -> tuple[Fraction, ...]:
        """The flat outputs at the flat `point`: exact.  Raises `AtKink` where a gate has two values."""
        if len(point) != self._graph.input_size:
            raise InternalError(f"a point of {len(point)} numbers for {self._graph.input_size} inputs")
        denominator = lcm(*(number.denominator for number in point))
        shift = (denominator & -denominator).bit_length() - 1
        odd = denominator >> shift  # every value below is `numbers / (odd**power * 2**shift)`
        scaled = [number.numerator * (denominator // number.denominator) for number in point]
        values = [_Value(Dyadic(objects(part), shift), 1) for part in self._split(scaled)]
        for node, step in zip(self._graph.nodes, self._steps, strict=True):
            values.append(_evaluated(step, [values[operand] for operand in node.operands], odd))
        return tuple(
            Fraction(number, odd ** values[output].power << values[output].dyadic.shift)
            for output in self._graph.outputs
            for number in values[output].dyadic.numbers
        )

    def _split(self, flat: list[int]) -> list[list[int]]:
        ends = accumulate((spec.size for spec in self._graph.inputs), initial=0)
        return [flat[start:end] for start, end in pairwise(ends)]


def evaluate_exact(graph: Graph, point: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """The outputs at `point`: exact.  For several points of one graph, keep an `ExactNetwork`."""
    return ExactNetwork(graph)(point)


@dataclass(frozen=True, slots=True)
class _Value:
    """`dyadic / odd**power`, where `odd` is the odd part of the point's denominator."""

    dyadic: Dyadic
    power: int

    def over(self, power: int, odd: int) -> Dyadic:
        """The numerators over a power that is not lower."""
        if power == self.power or odd == 1:
            return self.dyadic
        return Dyadic(self.dyadic.numbers * odd ** (power - self.power), self.dyadic.shift)


_Step = _Sum | Pieces | Literal[Smooth.SQUARE] | Binary


def _evaluated(step: _Step, operands: Sequence[_Value], odd: int) -> _Value:
    power = max(operand.power for operand in operands)
    numbers = [operand.over(power, odd) for operand in operands]
    match step:
        case _Sum():
            return _Value(_sum(step, numbers, odd**power), power)
        case Pieces():
            return _Value(pieces(step, numbers, odd**power), power)
        case Smooth.SQUARE:
            (operand,) = numbers
            return _Value(Dyadic(operand.numbers * operand.numbers, 2 * operand.shift), 2 * power)
        case Binary.PRODUCT:
            x, y = operands
            product = Dyadic(x.dyadic.numbers * y.dyadic.numbers, x.dyadic.shift + y.dyadic.shift)
            return _Value(product, x.power + y.power)
        case Binary.GATE:
            z, g = operands
            if ((z.dyadic.numbers == 0) & (g.dyadic.numbers != 0)).any():
                raise AtKink
            passed = g.dyadic.numbers * (z.dyadic.numbers > 0).astype(object)
            return _Value(Dyadic(passed, g.dyadic.shift), g.power)
        case _ as unreachable:
            assert_never(unreachable)


def _compiled(primitive: Primitive) -> _Step:
    match primitive:
        case Affine():
            maps = (ExactMap.of(map_of(linear, numbers_of(linear))) for linear in primitive.maps)
            return _Sum(tuple(maps), dyadic(primitive.bias))
        case PiecewiseLinear():
            return compiled_pieces(primitive)
        case Smooth.SQUARE | Binary():
            return primitive
        case Smooth():
            raise InternalError(f"{primitive.value} has no exact values: it is enclosed")
        case _ as unreachable:
            assert_never(unreachable)


def dyadic(array: Floats) -> Dyadic:
    """The exact numbers of a float array.

    A finite float is `m * 2**e` with an integer `m` of at most as many bits as its significand has; the
    smallest exponent becomes the common one.
    """
    if not np.isfinite(array).all():
        raise InternalError("a weight is not finite")
    bits = _MANTISSA[array.dtype.itemsize]
    mantissas, exponents = np.frexp(array)
    integers = np.ldexp(mantissas.astype(np.float64), bits).astype(np.int64)
    present = integers != 0
    if not present.any():
        return Dyadic(integers.astype(object), 0)
    lowest = int(exponents[present].min())
    shifts = np.where(present, exponents - lowest, 0).astype(np.int64)
    if int(shifts.max()) + bits < 63:  # the common case needs no arithmetic on Python's integers
        numbers = np.left_shift(integers, shifts).astype(object)
    else:
        numbers = np.left_shift(integers.astype(object), shifts.astype(object))
    shift = bits - lowest
    return Dyadic(numbers, shift) if shift >= 0 else Dyadic(np.left_shift(numbers, -shift), 0)


def compiled_pieces(function: PiecewiseLinear) -> Pieces:
    knots = tuple(Fraction(knot) for knot in function.knots)
    slopes = [Fraction(slope) for slope in function.slopes]
    offsets = [Fraction(function.anchor) - slopes[0] * knots[0]]
    for i, knot in enumerate(knots):  # continuity at every knot fixes the next piece
        offsets.append(offsets[i] + (slopes[i] - slopes[i + 1]) * knot)
    scale = lcm(*(number.denominator for number in (*slopes, *offsets)))
    if scale & (scale - 1) or any(left >= right for left, right in pairwise(knots)):
        raise InternalError("a piecewise linear function needs dyadic numbers and ascending knots")
    return Pieces(
        knots,
        tuple(int(slope * scale) for slope in slopes),
        tuple(int(offset * scale) for offset in offsets),
        scale.bit_length() - 1,
    )


def _sum(step: _Sum, operands: Sequence[Dyadic], odd: int) -> Dyadic:
    parts = [linear.forward(operand) for linear, operand in zip(step.maps, operands, strict=True)]
    if step.bias.numbers.any():
        parts.append(Dyadic(step.bias.numbers * odd, step.bias.shift))
    shift = max(part.shift for part in parts)
    aligned = [
        part.numbers * (1 << (shift - part.shift)) if part.shift < shift else part.numbers for part in parts
    ]
    return Dyadic(sum(aligned[1:], start=aligned[0]), shift)


def pieces(step: Pieces, operands: Sequence[Dyadic], odd: int) -> Dyadic:
    (operand,) = operands
    unit = odd << operand.shift  # the integer that stands for 1
    piece = np.zeros(len(operand.numbers), dtype=np.intp)
    for knot in step.knots:  # `knot < t` as integers: `knot.numerator * unit < t * knot.denominator`
        piece += (operand.numbers * knot.denominator > knot.numerator * unit).astype(np.intp)
    slopes, offsets = objects(step.slopes), objects([offset * unit for offset in step.offsets])
    return Dyadic(slopes[piece] * operand.numbers + offsets[piece], operand.shift + step.shift)


def objects(numbers: Sequence[object]) -> Integers:
    array = np.empty(len(numbers), dtype=object)
    array[:] = numbers
    return array
