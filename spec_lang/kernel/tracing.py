"""A network's slope matrices: what it makes of changes of its inputs, for all patterns of open slopes.

In: a network, and for every ReLU the least and the greatest slope of its neurons.  Out: for every choice of
one of the two where they differ, the affine map that follows, exactly in integers, or in floats with a bound
of what they err by.  Slopes from 0 to 1 between two points add up to such maps, since `relu(a) − relu(b)` is
a slope times `a − b`; a matrix is affine in each slope, and so is its determinant, so that what holds at all
vertices with one sign holds between them [certified invertibility].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from math import lcm
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.kernel.exact import Dyadic, ExactMap, dyadic
from spec_lang.kernel.maps import Map, absolute
from spec_lang.kernel.network import F64, AffineStep, Network, ReluStep, Unchecked
from spec_lang.kernel.rounding import LARGEST, UNDERFLOW, UNIT

Array = NDArray[Any]
Index = NDArray[np.intp]

MOST_OPEN: Final = 12  # neurons whose slope is open, at once
STEPS: Final = 10  # bits of a slope
WHOLE: Final = 1 << STEPS  # stands for the slope 1


@dataclass(frozen=True, slots=True, eq=False)
class Slope:
    """The least and the greatest slope of every neuron of a ReLU, over `WHOLE`."""

    least: NDArray[np.int64]
    greatest: NDArray[np.int64]

    @property
    def open(self) -> Index:
        return np.flatnonzero(self.least < self.greatest)


@dataclass(frozen=True, slots=True, eq=False)
class Affines:
    """Affine maps of the free inputs, for every pattern: `numbers` (2 or 1 for every open neuron…, free
    inputs + 1, elements), the constant last; a common positive factor is left out, and the constant is one of
    `Tracer.common` too many.  In floats each number errs by
    at most `error` (free inputs + 1, elements).  Of a tracer's results, whose rows have whole coefficients,
    the factor is `2**shift`."""

    numbers: Array
    error: F64 | None
    shift: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """`results` are the rows that are compared, `entering` what enters open neurons."""

    results: Affines
    entering: tuple[Affines, ...]  # for each ReLU with open neurons, in their order; elements are these
    offsets: tuple[int, ...]  # the bit of the first of these
    count: int  # of open neurons


def whole_factor(terms: Mapping[int, Fraction]) -> int:
    """The least positive number that makes coefficients whole."""
    return lcm(*(c.denominator for c in terms.values()))


class Tracer:
    """One network, the inputs that are free, the values of the others, and the rows over the outputs that are
    compared: `weights @ rows`."""

    def __init__(
        self,
        network: Network,
        fixed: Sequence[Fraction | None],
        rows: Sequence[Mapping[int, Fraction]],
        weights: F64,
        *,
        exact: bool,
    ) -> None:
        self.network, self.exact = network, exact
        self.free = [number for number, value in enumerate(fixed) if value is None]
        self.common = lcm(*(value.denominator for value in fixed if value is not None)) if exact else 1
        self.start = self._start(fixed)
        self.last = self._last(rows, weights)
        self.shift = dyadic(weights).shift if exact else 0  # of the weights
        steps = network.producer.values()
        self.maps = {s.value: tuple(map(self._map, s.maps)) for s in steps}
        self.sizes = {} if exact else {s.value: tuple(map(absolute, s.maps)) for s in steps}
        terms = sum(step.terms + len(step.operands) + MOST_OPEN + 8 for step in steps)
        outputs = sum(network.sizes[output] for output in network.outputs)
        self.gamma = 1.02 * UNIT * (terms + 2 * len(network.steps) + sum(self.last[0].shape) + outputs + 64)

    def _map(self, linear: Map) -> Map | ExactMap:
        return ExactMap.of(linear) if self.exact else linear

    def _start(self, fixed: Sequence[Fraction | None]) -> Array:
        """(free + 1, inputs)"""
        start = np.zeros((len(self.free) + 1, len(fixed)), dtype=object if self.exact else np.float64)
        for place, number in enumerate(self.free):
            start[place, number] = 1
        for number, value in enumerate(fixed):
            if value is not None:
                start[-1, number] = int(value * self.common) if self.exact else float(value)
        return start

    def _last(self, rows: Sequence[Mapping[int, Fraction]], weights: F64) -> tuple[Array, Array]:
        """Both factors of `weights @ rows`: the weights up to a positive number, each row times its own."""
        outputs = sum(self.network.sizes[output] for output in self.network.outputs)
        whole = np.zeros((len(rows), outputs), dtype=object)
        for row, terms in enumerate(rows):
            scale = whole_factor(terms)
            for index, c in terms.items():
                whole[row, index] = int(c * scale)
        if not np.isfinite(weights).all() or any(abs(v) >= 2**53 for v in whole.ravel()):
            raise Unchecked("rows are combined by what is no number, or no float")
        if self.exact:
            return dyadic(weights).numbers, whole
        return weights, whole.astype(np.float64)

    def trace(self, slopes: Mapping[int, Slope]) -> Traced:
        """Raises `Unchecked` for too many open slopes, and beyond the range of floats."""
        return self._run(slopes, sides=True)

    def matrices(self, slopes: Mapping[int, Slope]) -> Affines:
        """The results alone.  Raises what `trace` does."""
        return self._run(slopes, sides=False).results

    def _run(self, slopes: Mapping[int, Slope], *, sides: bool) -> Traced:
        opened = {value: slope.open for value, slope in slopes.items()}
        count = sum(map(len, opened.values()))
        if count > MOST_OPEN:
            raise Unchecked(f"more than {MOST_OPEN} slopes are open")
        with np.errstate(all="ignore"):
            return _Run(self, slopes, opened, count, sides).run()


@dataclass(frozen=True, slots=True, eq=False)
class _Value:
    """`numbers / 2**shift`; in floats the shift is 0, and `size` (free inputs + 1, elements) bounds the sum
    of the absolute values of all products behind a number."""

    numbers: Array
    shift: int
    size: F64

    def at(self, shift: int) -> Array:
        """The numerators over a greater power of two."""
        return self.numbers * (1 << (shift - self.shift)) if shift > self.shift else self.numbers


@dataclass(slots=True, eq=False)
class _Run:
    """`values` has those of inputs and affine steps; ReLUs are multiplied out where they are read."""

    tracer: Tracer
    slopes: Mapping[int, Slope]
    opened: Mapping[int, Index]
    count: int
    sides: bool  # whether anybody asks what enters the open neurons
    values: dict[int, _Value] = field(default_factory=dict)
    bits: dict[int, int] = field(default_factory=dict)  # the first bit of each ReLU

    def run(self) -> Traced:
        tracer, network = self.tracer, self.tracer.network
        entering: list[Affines] = []
        offsets: list[int] = []
        bit = 0
        for number, where in enumerate(network.inputs):
            part = tracer.start[:, where]
            size: F64 = np.zeros((0, 0)) if tracer.exact else abs(part)
            self.values[number] = _Value(part.reshape((1,) * self.count + part.shape), 0, size)
        for step in network.steps:
            match step:
                case AffineStep():
                    self.values[step.value] = self._affine(step)
                case ReluStep():
                    chosen = self.opened[step.value]
                    self.bits[step.value], bit = bit, bit + len(chosen)
                    if self.sides and len(chosen):
                        before = self._plain(step.operand)
                        offsets.append(self.bits[step.value])
                        size = before.size if tracer.exact else before.size[:, chosen]
                        entering.append(self._known(before.numbers[..., chosen], size))
                case _:
                    raise Unchecked("a smooth function has no slopes of its own")
        return Traced(self._results(), tuple(entering), tuple(offsets), self.count)

    def _known(self, numbers: Array, size: F64) -> Affines:
        if self.tracer.exact:
            return Affines(numbers, None)
        if not (np.isfinite(numbers).all() and float(size.max(initial=0.0)) < LARGEST):
            raise Unchecked("a slope matrix is beyond the range of floats")
        return Affines(numbers, 1.01 * self.tracer.gamma * size + UNDERFLOW)

    def _plain(self, value: int) -> _Value:
        """A value with its slopes multiplied out."""
        if value in self.values:
            return self.values[value]
        slope, before = self.slopes[value], self._before(value)
        least, more = self._slopes(slope)
        numbers = before.numbers * least
        for place, neuron in enumerate(self.opened[value]):
            alone = np.zeros_like(least)
            alone[neuron] = more[neuron]
            numbers = numbers + self._switch(value, place, numbers.ndim) * (before.numbers * alone)
        return _Value(numbers, before.shift + STEPS * self.tracer.exact, before.size)

    def _before(self, value: int) -> _Value:
        """What enters a ReLU."""
        step = self.tracer.network.steps[value - len(self.tracer.network.inputs)]
        if not isinstance(step, ReluStep):
            raise InternalError("a value that is neither an input, nor affine, nor a ReLU's")
        return self._plain(step.operand)

    def _slopes(self, slope: Slope) -> tuple[Array, Array]:
        """The least slopes, and what the greatest have beyond them, in this arithmetic."""
        if self.tracer.exact:
            return slope.least.astype(object), (slope.greatest - slope.least).astype(object)
        return slope.least / WHOLE, (slope.greatest - slope.least) / WHOLE

    def _switch(self, value: int, place: int, dimensions: int) -> NDArray[np.int64]:
        """0 and 1 along the axis of an open neuron."""
        shape = [1] * dimensions
        shape[self.bits[value] + place] = 2
        return np.arange(2).reshape(shape)

    def _affine(self, step: AffineStep) -> _Value:
        tracer = self.tracer
        parts = [self._part(step, k, operand) for k, operand in enumerate(step.operands)]
        if tracer.exact:
            bias = dyadic(step.bias)
            shift = max(bias.shift, *(part.shift for part in parts))
            total = sum((part.at(shift) for part in parts[1:]), start=parts[0].at(shift))
            total = total + 0 * total  # an array of its own
            total[..., -1, :] += bias.numbers * (tracer.common << (shift - bias.shift))
            return _Value(total, shift, parts[0].size)
        total = sum((part.numbers for part in parts[1:]), start=parts[0].numbers.copy())
        size = sum((part.size for part in parts[1:]), start=parts[0].size.copy())
        total[..., -1, :] += step.bias
        size[-1] += abs(step.bias)
        return _Value(total, 0, size)

    def _part(self, step: AffineStep, k: int, operand: int) -> _Value:
        """What one operand adds: the least slopes everywhere, and the rest of each open one by itself."""
        linear = self.tracer.maps[step.value][k]
        if operand in self.values:
            before = self.values[operand]
            return self._passed(step, k, before, self._forward(linear, before.numbers))
        before = self._before(operand)
        least, more = self._slopes(self.slopes[operand])
        chosen = self.opened[operand]
        numbers = self._forward(linear, before.numbers * least)
        columns = columns_of(linear, chosen, len(least))
        for place, neuron in enumerate(chosen):
            rest = before.numbers[..., neuron, None] * more[neuron]
            numbers = numbers + self._switch(operand, place, numbers.ndim) * (rest * columns[place])
        return self._passed(step, k, before, numbers, STEPS)

    def _passed(self, step: AffineStep, k: int, before: _Value, numbers: Array, steps: int = 0) -> _Value:
        linear = self.tracer.maps[step.value][k]
        if isinstance(linear, ExactMap):
            return _Value(numbers, before.shift + steps + linear.shift, before.size)
        return _Value(numbers, 0, self.tracer.sizes[step.value][k].forward(before.size))

    def _forward(self, linear: Map | ExactMap, numbers: Array) -> Array:
        rows = numbers.reshape(-1, numbers.shape[-1])
        if isinstance(linear, ExactMap):
            found = linear.forward(Dyadic(rows, 0)).numbers
        else:
            found = linear.forward(rows)
        return found.reshape(*numbers.shape[:-1], -1)

    def _results(self) -> Affines:
        tracer, axes = self.tracer, (2,) * self.count
        outputs = [self._plain(output) for output in tracer.network.outputs]
        shift = max(value.shift for value in outputs)
        full = [np.broadcast_to(v.at(shift), axes + v.numbers.shape[self.count :]) for v in outputs]
        weights, rows = tracer.last
        joined = np.concatenate(full, axis=-1) @ rows.T @ weights.T
        sizes = np.concatenate([value.size for value in outputs], axis=-1)
        if tracer.exact:
            return Affines(joined, None, shift + tracer.shift)
        return self._known(joined, sizes @ abs(rows).T @ abs(weights).T)


def columns_of(linear: Map | ExactMap, chosen: Index, width: int) -> Array:
    """Columns of a map's matrix: (chosen, out)."""
    own = linear.integers if isinstance(linear, ExactMap) else linear
    unit = np.zeros((len(chosen), width), dtype=own.numbers.dtype)
    unit[np.arange(len(chosen)), chosen] = 1
    return own.forward(unit)
