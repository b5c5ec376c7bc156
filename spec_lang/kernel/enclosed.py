"""Enclosures of a network's values at a rational point, where smooth nodes leave it no exact ones.

In: a graph, a point of rationals, and how many bits.  Out: intervals of rationals that hold the outputs.  All
numbers are integers over `odd · 2**bits`, where `odd` is the point's own odd denominator, so that what does
not come from a smooth node stays exact once the bits hold it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from math import lcm
from typing import assert_never

import numpy as np

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.kernel import smooth
from spec_lang.kernel.exact import (
    Dyadic,
    ExactMap,
    Integers,
    Pieces,
    compiled_pieces,
    dyadic,
    objects,
    pieces,
)
from spec_lang.kernel.maps import map_of
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Affine, Binary, PiecewiseLinear, Primitive, Smooth, numbers_of

Interval = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class _Unit:
    """The integer that stands for 1 is `odd << bits`."""

    odd: int
    bits: int


@dataclass(frozen=True, slots=True)
class _Enclosed:
    """`center − radius <= value <= center + radius`, over the unit."""

    center: Integers
    radius: Integers


@dataclass(frozen=True, slots=True)
class _Sum:
    """Maps, the same of their absolute values, and the bias, all over `2**places`."""

    maps: tuple[ExactMap, ...]
    sizes: tuple[ExactMap, ...]
    bias: Integers
    places: int


_Step = _Sum | Pieces | Smooth | Binary


class EnclosedNetwork:
    """`graph` with its weights as integers."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._steps = [_compiled(node.primitive) for node in graph.nodes]

    def __call__(self, point: Sequence[Fraction], bits: int) -> tuple[Interval, ...]:
        """An interval for each flat output: rigorous, and the narrower the more bits there are."""
        if len(point) != self._graph.input_size:
            raise InternalError(f"a point of {len(point)} numbers for {self._graph.input_size} inputs")
        denominator = lcm(*(number.denominator for number in point))
        unit = _Unit(denominator >> ((denominator & -denominator).bit_length() - 1), bits)
        values = self._inputs(point, unit)
        for node, step in zip(self._graph.nodes, self._steps, strict=True):
            values.append(_enclosed(step, [values[operand] for operand in node.operands], unit))
        one = unit.odd << unit.bits
        return tuple(
            (Fraction(center - radius, one), Fraction(center + radius, one))
            for output in self._graph.outputs
            for center, radius in zip(values[output].center, values[output].radius, strict=True)
        )

    def _inputs(self, point: Sequence[Fraction], unit: _Unit) -> list[_Enclosed]:
        one = unit.odd << unit.bits
        parts = [divmod(number.numerator * one, number.denominator) for number in point]
        ends = accumulate((spec.size for spec in self._graph.inputs), initial=0)
        return [
            _Enclosed(objects([q for q, _ in parts[a:b]]), objects([int(r > 0) for _, r in parts[a:b]]))
            for a, b in pairwise(ends)
        ]


def _compiled(primitive: Primitive) -> _Step:
    match primitive:
        case Affine():
            maps = tuple(ExactMap.of(map_of(linear, numbers_of(linear))) for linear in primitive.maps)
            bias = dyadic(primitive.bias)
            places = max(bias.shift, *(linear.shift for linear in maps))
            scaled = bias.numbers * (1 << (places - bias.shift))
            return _Sum(maps, tuple(linear.absolute() for linear in maps), scaled, places)
        case PiecewiseLinear():
            return compiled_pieces(primitive)
        case Smooth() | Binary():
            return primitive
        case _ as unreachable:
            assert_never(unreachable)


def _enclosed(step: _Step, operands: Sequence[_Enclosed], unit: _Unit) -> _Enclosed:
    match step:
        case _Sum():
            return _summed(step, operands, unit)
        case Pieces():
            # Their steepest slope bounds how far they carry two points apart.
            (operand,) = operands
            center = pieces(step, [Dyadic(operand.center, unit.bits)], unit.odd).numbers
            steepest = max(abs(slope) for slope in step.slopes)
            return _shortened(center, operand.radius * steepest, step.shift)
        case Smooth():
            return _smooth(step, operands[0], unit)
        case Binary.GATE:
            return _gated(*operands)
        case Binary.PRODUCT:
            x, y = operands
            return _multiplied(x, y, unit)
        case _ as unreachable:
            assert_never(unreachable)


def _summed(step: _Sum, operands: Sequence[_Enclosed], unit: _Unit) -> _Enclosed:
    center = step.bias * (unit.odd << unit.bits)
    radius = objects([0] * len(center))
    for linear, size, operand in zip(step.maps, step.sizes, operands, strict=True):
        excess = 1 << (step.places - linear.shift)
        center = center + linear.forward(Dyadic(operand.center, 0)).numbers * excess
        radius = radius + size.forward(Dyadic(operand.radius, 0)).numbers * excess
    return _shortened(center, radius, step.places)


def _shortened(center: Integers, radius: Integers, places: int) -> _Enclosed:
    """Numbers over the unit and `2**places` more, rounded outward to the unit."""
    kept = center >> places
    return _Enclosed(kept, -(-radius >> places) + (kept << places != center).astype(object))


def _gated(z: _Enclosed, g: _Enclosed) -> _Enclosed:
    """What passes a gate; where z may be 0 it is anything between 0 and g."""
    low = np.where(z.center > z.radius, g.center - g.radius, np.minimum(g.center - g.radius, 0))
    high = np.where(z.center > z.radius, g.center + g.radius, np.maximum(g.center + g.radius, 0))
    dead = z.center < -z.radius
    low, high = np.where(dead, 0, low), np.where(dead, 0, high)
    center = (low + high) >> 1
    return _Enclosed(center, high - center)


def _multiplied(x: _Enclosed, y: _Enclosed, unit: _Unit) -> _Enclosed:
    """(a ± r)(b ± s) is ab, give or take at most |a|s + |b|r + rs; all are over the square of the unit."""
    one = unit.odd << unit.bits
    center = x.center * y.center
    spread = np.abs(x.center) * y.radius + np.abs(y.center) * x.radius + x.radius * y.radius
    return _Enclosed(center // one, -(-spread // one) + (center % one != 0).astype(object))


def _smooth(function: Smooth, operand: _Enclosed, unit: _Unit) -> _Enclosed:
    """No slope of an S-shaped function is above 1: it carries no two points further apart than they are."""
    one = unit.odd << unit.bits
    if function is Smooth.SPREAD:
        return _Enclosed(0 * operand.center, np.abs(operand.center) + operand.radius)
    if function is Smooth.SQUARE:
        # (c + r)² is c², give or take at most 2|c|r + r²; both are over the square of the unit.
        center, radius = operand.center, operand.radius
        square = center * center
        spread = radius * (2 * np.abs(center) + radius)
        return _Enclosed(square // one, -(-spread // one) + (square % one != 0).astype(object))
    ends = [smooth.value(function, t, one, unit.bits) for t in operand.center]
    low, high = (objects([end[side] * unit.odd for end in ends]) for side in (0, 1))
    center = (low + high) >> 1
    return _Enclosed(center, high - center + operand.radius)
