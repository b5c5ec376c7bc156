"""A ReLU network's affine pieces and directional derivatives, in exact rationals.

In: a program, rows over its outputs, and a pattern of slopes, or a rational point and a direction.  Out: the
piece that the pattern has, or which piece the direction leads into and how the rows change along it.  Every
number is an integer over a power of two a value and one denominator a column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.program import F64, AffineStep
from spec_lang.bounding.slopes import Slopes
from spec_lang.obligations.model import Terms

Integers = NDArray[Any]  # of dtype object
Vector = tuple[Fraction, ...]
Pattern = NDArray[np.bool_]  # by neuron: whether it is active


@dataclass(frozen=True, slots=True, eq=False)
class _Dyadic:
    """`numbers / 2**shift`"""

    numbers: Integers
    shift: int

    def __add__(self, other: _Dyadic) -> _Dyadic:
        shift = max(self.shift, other.shift)
        one, two = (part.numbers << (shift - part.shift) for part in (self, other))
        return _Dyadic(one + two, shift)

    def column(self, number: int, denominator: int) -> tuple[Fraction, ...]:
        """A column of which `denominator` times the value is kept."""
        under = denominator << self.shift
        return tuple(Fraction(int(value), under) for value in self.numbers[number])


@dataclass(frozen=True, slots=True, eq=False)
class Affines:
    """A piece: what enters the neurons, and the rows, as affine functions of the free inputs; of each the
    coefficients, then the constant."""

    entering: tuple[Vector, ...]
    rows: tuple[Vector, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Ray:
    """`rows` and how they `change` along a direction, which leads into `pattern`."""

    rows: Vector
    change: Vector
    pattern: Pattern


class Exact:
    """The network of `slopes`, whose inputs that are not free have the values that `point` has."""

    def __init__(self, slopes: Slopes, equal: Sequence[Terms], point: Vector) -> None:
        self._slopes, self._equal, self._point = slopes, equal, point
        self._maps: dict[tuple[int, int], _Dyadic] = {}
        self._bias: dict[int, _Dyadic] = {}
        for step in slopes.steps:
            if isinstance(step, AffineStep):
                self._bias[step.value] = _dyadic(step.bias)
                for number, linear in enumerate(step.maps):
                    every = np.arange(slopes.program.sizes[step.value])
                    self._maps[step.value, number] = _dyadic(linear.rows(every))

    def piece(self, pattern: Pattern) -> Affines:
        """The affine functions where these neurons are active."""
        free = self._slopes.free
        rest = [Fraction(0) if i in free else value for i, value in enumerate(self._point)]
        start = np.zeros((1 + len(free), len(rest)), dtype=object)
        start[0], denominator = _scaled(rest)
        start[1 + np.arange(len(free)), free] = 1
        entering: list[Vector] = []

        def vectors(value: _Dyadic) -> list[Vector]:
            columns = [value.column(1 + i, 1) for i in range(len(free))]
            return list(zip(*columns, value.column(0, denominator), strict=True))

        def choose(first: int, value: _Dyadic) -> Pattern:
            entering.extend(vectors(value))
            return pattern[first : first + value.numbers.shape[1]]

        outputs = self._forward(start, denominator, choose)
        return Affines(tuple(entering), self._rows([v for value in outputs for v in vectors(value)]))

    def ray(self, point: Vector, direction: Vector) -> Ray:
        """From a flat input along a direction of the free inputs; a neuron that stays at 0 is inactive."""
        free = self._slopes.free
        whole = [Fraction(0)] * len(point)
        for i, part in zip(free.tolist(), direction, strict=True):
            whole[i] = part
        start = np.zeros((2, len(point)), dtype=object)
        (start[0], denominator), (start[1], under) = _scaled(point), _scaled(whole)
        pattern: list[Pattern] = []

        def choose(_: int, value: _Dyadic) -> Pattern:
            here, change = value.numbers
            pattern.append(np.array((here > 0) | ((here == 0) & (change > 0)), dtype=np.bool_))
            return pattern[-1]

        found: list[Vector] = []
        for value in self._forward(start, denominator, choose):
            found += zip(value.column(0, denominator), value.column(1, under), strict=True)
        rows = self._rows(found)
        return Ray(
            tuple(here for here, _ in rows),
            tuple(change for _, change in rows),
            np.concatenate([np.zeros(0, dtype=np.bool_), *pattern]),
        )

    def _forward(
        self, start: Integers, denominator: int, choose: Callable[[int, _Dyadic], Pattern]
    ) -> list[_Dyadic]:
        """The outputs; the first row of every value has the constants, `denominator` times."""
        slopes = self._slopes
        inputs = slopes.program.input_slices
        values = {number: _Dyadic(start[:, where], 0) for number, where in enumerate(inputs)}
        for step in slopes.steps:
            if isinstance(step, AffineStep):
                bias = self._bias[step.value]
                numbers = np.zeros((len(start), len(bias.numbers)), dtype=object)
                numbers[0] = bias.numbers * denominator
                total = _Dyadic(numbers, bias.shift)
                for number, operand in enumerate(step.operands):
                    total += _product(self._maps[step.value, number], values[operand])
                values[step.value] = total
            else:
                entering = values[step.operand]
                active = choose(slopes.starts[step.value], entering)
                values[step.value] = _Dyadic(np.where(active, entering.numbers, 0), entering.shift)
        return [values[output] for output in slopes.program.outputs]

    def _rows(self, outputs: Sequence[Vector]) -> tuple[Vector, ...]:
        """The rows r, of vectors one a flat output."""
        return tuple(
            tuple(sum((c * outputs[i][k] for i, c in terms), Fraction(0)) for k in range(len(outputs[0])))
            for terms in self._equal
        )


def _product(linear: _Dyadic, value: _Dyadic) -> _Dyadic:
    """Columns that meet nothing but zeros are left out: behind a ReLU many do."""
    present = np.flatnonzero((value.numbers != 0).any(axis=0))
    numbers = value.numbers[:, present] @ linear.numbers[:, present].T
    if not len(present):
        numbers = np.zeros((len(value.numbers), len(linear.numbers)), dtype=object)
    return _Dyadic(numbers, value.shift + linear.shift)


def _dyadic(numbers: F64) -> _Dyadic:
    """Floats as integers over one power of two."""
    mantissa, exponent = np.frexp(numbers)
    integers = (mantissa * 2.0**53).astype(np.int64).astype(object)
    least = int(exponent[numbers != 0].min(initial=0)) - 53
    shifted = integers << np.maximum(exponent.astype(np.int64) - 53 - least, 0).astype(object)
    return _Dyadic(shifted << max(least, 0), max(-least, 0))


def _scaled(numbers: Sequence[Fraction]) -> tuple[list[int], int]:
    """Integers over one denominator."""
    under = lcm(*(number.denominator for number in numbers))
    return [number.numerator * (under // number.denominator) for number in numbers], under
