"""What a float32 network computes at one point: one execution, exactly, and an enclosure of every execution.

In: a graph whose weights are float32, and a point.  Out: the outputs when sums run from left to right without
fused operations, rounding to nearest, ties to even; and intervals that hold the outputs whatever the order,
with or without fused operations, wider accumulators, and results below 2^-126 flushed to zero.  All in
integers.  Nodes of the claim (`glue`) are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.exact import Dyadic, Integers, dyadic, objects
from spec_lang.network.graph import Graph, Node
from spec_lang.network.primitives import RELU, Affine, Dense

Values = list[Fraction]

_PRECISION: Final = 24  # bits of a float32's significand; its unit roundoff is 2^-24
_LEAST: Final = 149  # every float32 is a multiple of 2^-149
_LEAST_NORMAL: Final = 126
_LARGEST: Final = (1 << 128) - (1 << 104)
_GRID: Final = 200  # the ends of enclosures are multiples of 2^-200


class _NoFloat(Exception):
    """A number that float32 does not hold."""


@dataclass(frozen=True, slots=True)
class _Sum:
    """Numerators over 2^-149: by operand a matrix (out, in), or factors (n,); `terms` products a sum."""

    weights: tuple[Integers, ...]
    bias: Integers
    terms: int


@dataclass(frozen=True, slots=True)
class _Glue:
    weights: tuple[Dyadic, ...]
    bias: Dyadic


_Step = _Sum | _Glue | None  # None for ReLU


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
    if not isinstance(node.primitive, Affine):
        if node.primitive != RELU:
            raise _NoFloat
        return None
    arrays = [m.weight if isinstance(m, Dense) else m.factor for m in node.primitive.maps]
    if node.glue:
        return _Glue(tuple(map(dyadic, arrays)), dyadic(node.primitive.bias))
    if any(array.dtype != np.float32 for array in (*arrays, node.primitive.bias)):
        raise _NoFloat
    weights = tuple(_over_least(dyadic(array)) for array in arrays)
    terms = sum(w.shape[1] if w.ndim == 2 else 1 for w in weights)
    return _Sum(weights, _over_least(dyadic(node.primitive.bias)), terms)


def _over_least(floats: Dyadic) -> Integers:
    """The numerators over 2^-149, of which every float32 is a multiple."""
    excess = floats.shift - _LEAST
    return floats.numbers >> excess if excess > 0 else floats.numbers * (1 << -excess)


# -- one execution -------------------------------------------------------------------------------------


def _executed(step: _Step, operands: Sequence[Values]) -> Values:
    """The values of one node, rounding every product and every sum."""
    if isinstance(step, _Glue):
        return _exactly(step, operands)
    given = [[_numerator(number) for number in operand] for operand in operands]
    if step is None:
        return [Fraction(max(number, 0), 1 << _LEAST) for number in given[0]]
    return [Fraction(_summed(step, row, given), 1 << _LEAST) for row in range(len(step.bias))]


def _summed(step: _Sum, row: int, operands: Sequence[Sequence[int]]) -> int:
    total = 0
    for weight, numbers in zip(step.weights, operands, strict=True):
        terms = zip(weight[row], numbers, strict=True) if weight.ndim == 2 else [(weight[row], numbers[row])]
        for factor, number in terms:
            if factor and number:
                total = _nearest(total + _nearest(factor * number, _LEAST), 0)
    return _nearest(total + step.bias[row], 0)


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
    scaled = number * (1 << _LEAST)
    if scaled.denominator != 1 or _nearest(scaled.numerator, 0) != scaled.numerator:
        raise _NoFloat
    return scaled.numerator


def _exactly(step: _Glue, operands: Sequence[Values]) -> Values:
    total = [Fraction(number, 1 << step.bias.shift) for number in step.bias.numbers]
    for weight, numbers in zip(step.weights, operands, strict=True):
        vector = np.array(numbers, dtype=object)
        moved = weight.numbers @ vector if weight.numbers.ndim == 2 else weight.numbers * vector
        total = [
            so_far + part / Fraction(1 << weight.shift) for so_far, part in zip(total, moved, strict=True)
        ]
    return total


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
    if step is None:
        (operand,) = operands
        low = np.maximum(operand.center - operand.radius, 0)
        high = np.maximum(operand.center + operand.radius, 0)
        center = (low + high) // 2
        return _Enclosed(center, high - center)
    if isinstance(step, _Glue):
        places = max(part.shift for part in (*step.weights, step.bias))
        weights = [part.numbers * (1 << (places - part.shift)) for part in step.weights]
        bias = step.bias.numbers * (1 << (places - step.bias.shift))
    else:
        places, weights, bias = _LEAST, list(step.weights), step.bias
    center = radius = size = objects([0] * len(bias))
    for weight, operand in zip(weights, operands, strict=True):
        center = center + _times(weight, operand.center)
        radius = radius + _times(abs(weight), operand.radius)
        size = size + _times(abs(weight), abs(operand.center) + operand.radius)
    center, size = center + bias * (1 << _GRID), size + abs(bias) * (1 << _GRID)
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


def _times(weight: Integers, vector: Integers) -> Integers:
    product: Integers = weight @ vector if weight.ndim == 2 else weight * vector
    return product
