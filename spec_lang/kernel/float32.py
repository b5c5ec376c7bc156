"""What a float32 network computes at one point: one execution, exactly, and an enclosure of every execution.

In: a graph whose weights are float32, and a point.  Out: the outputs when sums run from left to right without
fused operations, rounding to nearest, ties to even; and intervals that hold the outputs whatever the order,
with or without fused operations, wider accumulators, and results below 2^-126 flushed to zero.  All in
integers.  Nodes that are `glue` are exact, and may take and give numbers that float32 does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from math import lcm
from typing import Final, Literal, assert_never

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.arrays import ROOM
from spec_lang.kernel.exact import Dyadic, Integers, dyadic, objects
from spec_lang.kernel.maps import Map, absolute, map_of, with_numbers
from spec_lang.network.graph import Graph, Node
from spec_lang.network.primitives import RELU, Affine, Smooth, most_terms, numbers_of

Values = list[Fraction]

_PRECISION: Final = 24  # bits of a float32's significand; its unit roundoff is 2^-24
_LEAST: Final = 149  # every float32 is a multiple of 2^-149
_LEAST_NORMAL: Final = 126
_LARGEST: Final = (1 << 128) - (1 << 104)
_ZERO: Final = Fraction(0)
_GRID: Final = 200  # the ends of enclosures are multiples of 2^-200


class _NoFloat(Exception):
    """A number that float32 does not hold."""


@dataclass(frozen=True, slots=True)
class _Sum:
    """Maps of numerators over 2^-149, one an operand; `terms` products a sum."""

    maps: tuple[Map, ...]
    bias: Integers
    terms: int


@dataclass(frozen=True, slots=True)
class _Glue:
    """Numerators over `2**places`."""

    maps: tuple[Map, ...]
    bias: Integers
    places: int


@dataclass(frozen=True, slots=True)
class _Relu:
    exact: bool


_Step = _Sum | _Glue | _Relu | Literal[Smooth.SQUARE]


class Float32Network:
    """`graph` with its weights as integers.  A graph that is not all float32 has no executions here."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._steps: list[_Step] | None
        try:
            self._steps = [_compiled(node) for node in graph.nodes] if graph.precision == "float32" else None
        except _NoFloat:
            self._steps = None

    def __call__(self, point: Sequence[Fraction]) -> tuple[Fraction, ...] | None:
        """The outputs when sums run from left to right; None where one overflows, or where the network is
        handed a number that float32 does not hold."""
        if self._steps is None:
            return None
        values = self._split(list(point))
        try:
            for node, step in zip(self._graph.nodes, self._steps, strict=True):
                values.append(_executed(step, [values[operand] for operand in node.operands]))
        except _NoFloat:
            return None
        return tuple(number for output in self._graph.outputs for number in values[output])

    def enclosure(self, point: Sequence[Fraction]) -> tuple[tuple[Fraction, Fraction], ...] | None:
        """The least and greatest value of each output in any execution; None where one may overflow."""
        if self._steps is None:
            return None
        exact = [_Enclosed.of(part) for part in self._split(list(point))]
        for node, step in zip(self._graph.nodes, self._steps, strict=True):
            found = _enclosed(step, [exact[operand] for operand in node.operands])
            if found is None:
                return None
            exact.append(found)
        return tuple(ends for output in self._graph.outputs for ends in exact[output].ends())

    def _split(self, flat: Values) -> list[Values]:
        ends = accumulate((spec.size for spec in self._graph.inputs), initial=0)
        return [flat[start:end] for start, end in pairwise(ends)]


def _compiled(node: Node) -> _Step:
    if node.glue and node.primitive is Smooth.SQUARE:
        return node.primitive
    if not isinstance(node.primitive, Affine):
        if node.primitive != RELU:
            raise _NoFloat
        return _Relu(node.glue)
    primitive = node.primitive
    if node.glue:
        numbers = [*map(dyadic, map(numbers_of, primitive.maps)), dyadic(primitive.bias)]
        places = max(part.shift for part in numbers)
        *weights, bias = (part.numbers * (1 << (places - part.shift)) for part in numbers)
        return _Glue(tuple(map(map_of, primitive.maps, weights)), bias, places)
    if any(array.dtype != np.float32 for array in (*map(numbers_of, primitive.maps), primitive.bias)):
        raise _NoFloat
    maps = (map_of(m, _over_least(dyadic(numbers_of(m)))) for m in primitive.maps)
    return _Sum(tuple(maps), _over_least(dyadic(primitive.bias)), sum(map(most_terms, primitive.maps)))


def _over_least(floats: Dyadic) -> Integers:
    """The numerators over 2^-149, of which every float32 is a multiple."""
    excess = floats.shift - _LEAST
    return floats.numbers >> excess if excess > 0 else floats.numbers * (1 << -excess)


# -- one execution -------------------------------------------------------------------------------------


def _executed(step: _Step, operands: Sequence[Values]) -> Values:
    """The values of one node, rounding every product and every sum."""
    match step:
        case _Glue():
            return _exactly(step, operands)
        case _Relu(exact=exact):
            (operand,) = operands
            if not exact:
                operand = [Fraction(_numerator(number), 1 << _LEAST) for number in operand]
            return [max(number, _ZERO) for number in operand]
        case Smooth.SQUARE:
            (operand,) = operands
            return [number * number for number in operand]
        case _Sum():
            given = [[_numerator(number) for number in operand] for operand in operands]
            return [Fraction(total, 1 << _LEAST) for total in _summed(step, given)]
        case _ as unreachable:
            assert_never(unreachable)


def _summed(step: _Sum, operands: Sequence[Sequence[int]]) -> list[int]:
    """Operand by operand, each in the order of its elements, and the bias at last."""
    totals = [0] * len(step.bias)
    for linear, numbers in zip(step.maps, operands, strict=True):
        factors = linear.numbers.ravel().tolist()
        for row, column, place in _terms(linear, (len(totals), len(numbers))):
            factor, number = factors[place], numbers[column]
            if factor and number:
                totals[row] = _nearest(totals[row] + _nearest(factor * number, _LEAST), 0)
    return [_nearest(total + bias, 0) for total, bias in zip(totals, step.bias, strict=True)]


def _terms(linear: Map, shape: tuple[int, int]) -> Iterator[tuple[int, int, int]]:
    """All products: the element of the result, that of the operand, and the number's place in the map, by
    the first and then by the second."""
    size, width = shape
    places = with_numbers(linear, np.arange(1, linear.numbers.size + 1).reshape(linear.numbers.shape))
    step = max(1, ROOM // max(1, width))
    for start in range(0, size, step):
        rows = places.rows(np.arange(start, min(start + step, size)))
        row, column = np.nonzero(rows)
        found = rows[row, column] - 1
        yield from zip((row + start).tolist(), column.tolist(), found.tolist(), strict=True)


def _nearest(number: int, places: int) -> int:
    """The float32 nearest to `number / 2**places`, ties to even; both over 2^-149."""
    excess = max(places, number.bit_length() - _PRECISION)
    if excess > 0:
        kept = number >> excess
        rest, half = number - (kept << excess), 1 << (excess - 1)
        kept += rest > half or (rest == half and kept % 2 == 1)
        number = kept << (excess - places)
    if abs(number) > _LARGEST << _LEAST:
        raise _NoFloat
    return number


def _numerator(number: Fraction) -> int:
    """`number` over 2^-149, if float32 holds it."""
    scaled, rest = divmod(number.numerator << _LEAST, number.denominator)
    if rest or _nearest(scaled, 0) != scaled:
        raise _NoFloat
    return scaled


def _exactly(step: _Glue, operands: Sequence[Values]) -> Values:
    """As sums of integers over one denominator."""
    denominator = lcm(*(number.denominator for operand in operands for number in operand))
    total = step.bias * denominator
    for linear, operand in zip(step.maps, operands, strict=True):
        scaled = [number.numerator * (denominator // number.denominator) for number in operand]
        total = total + linear.forward(objects(scaled)[None])[0]
    return [Fraction(number, denominator << step.places) for number in total]


# -- every execution -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Enclosed:
    """`center − radius <= value <= center + radius`, over 2^-200."""

    center: Integers
    radius: Integers

    @classmethod
    def of(cls, exact: Values) -> _Enclosed:
        scaled = [number * (1 << _GRID) for number in exact]
        floors = [number.numerator // number.denominator for number in scaled]
        return cls(objects(floors), objects([int(n != f) for n, f in zip(scaled, floors, strict=True)]))

    def ends(self) -> list[tuple[Fraction, Fraction]]:
        pairs = zip(self.center - self.radius, self.center + self.radius, strict=True)
        return [(Fraction(low, 1 << _GRID), Fraction(high, 1 << _GRID)) for low, high in pairs]


def _enclosed(step: _Step, operands: Sequence[_Enclosed]) -> _Enclosed | None:
    """What a node computes of any of these operands."""
    if isinstance(step, _Relu):
        (operand,) = operands
        low = np.maximum(operand.center - operand.radius, 0)
        high = np.maximum(operand.center + operand.radius, 0)
        center = (low + high) // 2
        return _Enclosed(center, high - center)
    if step is Smooth.SQUARE:
        (operand,) = operands
        square = operand.center * operand.center
        spread = operand.radius * (2 * abs(operand.center) + operand.radius)
        return _Enclosed(square >> _GRID, -(-spread >> _GRID) + 1)
    places = step.places if isinstance(step, _Glue) else _LEAST
    center = radius = size = objects([0] * len(step.bias))
    for linear, operand in zip(step.maps, operands, strict=True):
        size_of = absolute(linear)
        center = center + linear.forward(operand.center[None])[0]
        radius = radius + size_of.forward(operand.radius[None])[0]
        if isinstance(step, _Sum):
            size = size + size_of.forward((abs(operand.center) + operand.radius)[None])[0]
    center, size = center + step.bias * (1 << _GRID), size + abs(step.bias) * (1 << _GRID)
    if isinstance(step, _Sum):
        largest = _largest_partial(size, step.terms)
        if largest is None or (largest >= _LARGEST << (_GRID + places)).any():
            return None
        radius = radius + (largest - size)
    rounded = center >> places
    return _Enclosed(rounded, -((-radius) >> places) + 1)


def _largest_partial(size: Integers, terms: int) -> Integers | None:
    """`(1 + γ)(Σ|W||x| + |b| + (2n + 1)·2^-126)`, rounded up: what no partial sum passes in any order, and by
    which more than Σ|W||x| + |b| no sum is off.  γ = k·u/(1 − k·u) with k = n + 4."""
    left = (1 << _PRECISION) - (terms + 4)
    if left <= 0:
        return None
    flushed = (2 * terms + 1) << (_GRID + _LEAST - _LEAST_NORMAL)
    return -((-(size + flushed) * (1 << _PRECISION)) // left)
