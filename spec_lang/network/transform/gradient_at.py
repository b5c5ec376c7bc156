"""The outputs of a piecewise linear network, and the gradient of one, at one point, exactly.

In: a graph, a rational point, and the number of a flat output.  Out: the derivatives with respect to the flat
input, or None where there are several, because a ReLU is at its kink and matters, or where the graph has
something else than matrices and ReLUs.  Vectors are Python's integers over one common denominator.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise
from math import lcm
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine, Dense, Entries, Floats, LinearMap, Scale

Numbers = NDArray[Any]  # of dtype object: Python's own integers

_REMEMBERED: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class _Vector:
    """`numbers / denominator`, element by element; the denominator is positive."""

    numbers: Numbers
    denominator: int


def gradient_at(graph: Graph, point: Sequence[Fraction], output: int) -> tuple[Fraction, ...] | None:
    """Exact; in the network's own units."""
    values = _values(graph, point)
    if values is None:
        return None
    first = len(graph.inputs)
    pending: dict[int, list[_Vector]] = {}
    start = output
    for value in graph.outputs:
        size = graph.value(value).size
        if 0 <= start < size:
            unit = np.zeros(size, dtype=np.int64).astype(object)
            unit[start] = 1
            pending[value] = [_Vector(unit, 1)]
        start -= size
    for value in range(first + len(graph.nodes) - 1, first - 1, -1):
        if value not in pending:
            continue
        g, node = _sum(pending.pop(value)), graph.nodes[value - first]
        if isinstance(node.primitive, Affine):
            for linear, operand in zip(node.primitive.maps, node.operands, strict=True):
                pending.setdefault(operand, []).append(_applied(linear, g, backward=True))
            continue
        z = values[node.operands[0]].numbers
        if ((z == 0) & (g.numbers != 0)).any():
            return None
        passed = _Vector(g.numbers * (z > 0).astype(object), g.denominator)
        pending.setdefault(node.operands[0], []).append(passed)
    found: list[Fraction] = []
    for number, spec in enumerate(graph.inputs):
        if number not in pending:
            found += [Fraction(0)] * spec.size
            continue
        total = _sum(pending[number])
        found += (Fraction(n, total.denominator) for n in total.numbers)
    return tuple(found)


def outputs_at(graph: Graph, point: Sequence[Fraction]) -> tuple[Fraction, ...] | None:
    """The flat output at a point, exactly, where the graph has matrices and ReLUs alone."""
    values = _values(graph, point)
    if values is None:
        return None
    found = (values[output] for output in graph.outputs)
    return tuple(Fraction(n, value.denominator) for value in found for n in value.numbers)


def _values(graph: Graph, point: Sequence[Fraction]) -> list[_Vector] | None:
    """Every value of the graph at a point."""
    ends = accumulate((spec.size for spec in graph.inputs), initial=0)
    values = [_vector(point[a:b]) for a, b in pairwise(ends)]
    for node in graph.nodes:
        operands = [values[operand] for operand in node.operands]
        if node.primitive == RELU:
            z = operands[0]
            values.append(_Vector(z.numbers * (z.numbers > 0).astype(object), z.denominator))
            continue
        if not isinstance(node.primitive, Affine):
            return None
        maps = node.primitive.maps
        if not all(isinstance(linear, Dense | Scale | Entries) for linear in maps):
            return None
        parts = [_applied(linear, v, backward=False) for linear, v in zip(maps, operands, strict=True)]
        values.append(_sum([*parts, _of_floats(node.primitive.bias)]))
    return values


def _applied(linear: LinearMap, vector: _Vector, *, backward: bool) -> _Vector:
    """A map, or its transpose, applied to a vector."""
    entries, denominator = _integers(linear)
    numbers = vector.numbers
    match linear:
        case Dense():
            found = entries.T @ numbers if backward else entries @ numbers
        case Entries(shape=shape, row=row, column=column):
            to, of = (column, row) if backward else (row, column)
            found = np.zeros(shape[1] if backward else shape[0], dtype=np.int64).astype(object)
            np.add.at(found, to, entries * numbers[of])
        case _:
            found = entries * numbers
    return _Vector(found, vector.denominator * denominator)


@lru_cache(_REMEMBERED)
def _integers(linear: LinearMap) -> tuple[Numbers, int]:
    match linear:
        case Dense(weight=floats) | Scale(factor=floats) | Entries(value=floats):
            vector = _of_floats(floats.reshape(-1))
            return vector.numbers.reshape(floats.shape), vector.denominator
        case _:
            raise TypeError("a convolution")


def _of_floats(floats: Floats) -> _Vector:
    ratios = [number.as_integer_ratio() for number in floats.astype(np.float64).tolist()]
    denominator = max((d for _, d in ratios), default=1)  # powers of two
    return _Vector(_objects(n * (denominator // d) for n, d in ratios), denominator)


def _vector(numbers: Sequence[Fraction]) -> _Vector:
    denominator = lcm(*(n.denominator for n in numbers))
    return _Vector(_objects(n.numerator * (denominator // n.denominator) for n in numbers), denominator)


def _sum(parts: Sequence[_Vector]) -> _Vector:
    if len(parts) == 1:
        return parts[0]
    denominator = lcm(*(part.denominator for part in parts))
    scaled = [part.numbers * (denominator // part.denominator) for part in parts]
    return _Vector(sum(scaled[1:], start=scaled[0]), denominator)


def _objects(numbers: Iterable[int]) -> Numbers:
    found = list(numbers)
    array = np.empty(len(found), dtype=object)
    array[:] = found
    return array
