"""Slope matrices of a ReLU network: what `r·f(x) − r·f(y)` is of `x − y`, for slopes of every ReLU.

In: a program, rows r over its outputs, the inputs that may differ, and slopes in [0, 1] of all neurons, or
intervals of them.  Out: matrices, affine pieces, interval matrices, and the matrices at the vertices of a box
of slopes.  Plain float64: nothing accounts for rounding, and nothing here is evidence of anything.

Neurons are numbered through the network: the elements of the program's ReLU steps, one step after another.
A batch of slopes has the shape (batch, neurons); a slope of 1 is an active neuron, 0 an inactive one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Context
from spec_lang.bounding.program import F64, AffineStep, Indices, Program, ReluStep
from spec_lang.bounding.propagate import Known, Ranges, propagate
from spec_lang.diagnostics import InternalError
from spec_lang.network.operators import Operator
from spec_lang.obligations.model import Terms


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """`lower <= s <= upper`, slope by slope (batch, neurons)."""

    lower: F64
    upper: F64

    @property
    def counts(self) -> Indices:
        """How many slopes are not single numbers (batch,)."""
        found: Indices = np.add.reduce(self.lower < self.upper, axis=1, dtype=np.intp)
        return found

    def take(self, rows: Indices | slice) -> Span:
        return Span(self.lower[rows], self.upper[rows])


def phases(ranges: Ranges) -> Span:
    """Slopes of neurons on a cell: 1 or 0 where one phase is possible, otherwise both (and all between)."""
    return Span((ranges.lower >= 0).astype(np.float64), (ranges.upper > 0).astype(np.float64))


def chords(x: Ranges, y: Ranges) -> Span:
    """Slopes of `relu(a) − relu(b)` over `a − b` with a in the ranges `x` and b in `y`: the chord's slope
    increases in either."""
    return Span(_chord(x.lower, y.lower), _chord(x.upper, y.upper))


def _chord(a: F64, b: F64) -> F64:
    """0 below 0, 1 above, else the share of the way that is above 0; (0, 0) counts as below."""
    high, low = np.maximum(a, b), np.minimum(a, b)
    between = (low < 0) & (high > 0)
    share = high / np.where(between, high - low, 1.0)
    return np.where(between, share, ((low >= 0) & (high > 0)).astype(np.float64))


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """A network's slope matrices; `rows` are r as a matrix (m, outputs), `free` the flat inputs by which
    matrices have columns, `point` a flat input: what the others are where an affine piece has a constant."""

    program: Program
    steps: tuple[AffineStep | ReluStep, ...]
    rows: F64
    free: Indices
    point: F64
    starts: dict[int, int]  # by ReLU step: its first neuron

    @classmethod
    def of(
        cls, program: Program, equal: Sequence[Terms], free: Sequence[int], point: F64 | None = None
    ) -> Slopes:
        outputs = sum(program.sizes[value] for value in program.outputs)
        rows = np.zeros((len(equal), outputs))
        for number, terms in enumerate(equal):
            for index, coefficient in terms:
                rows[number, index] = float(coefficient)
        starts, count = {}, 0
        steps = tuple(step for step in program.steps if isinstance(step, AffineStep | ReluStep))
        if len(steps) < len(program.steps):
            raise InternalError("only affine maps and ReLUs have slopes of a box")
        for step in steps:
            if isinstance(step, ReluStep):
                starts[step.value] = count
                count += program.sizes[step.value]
        base = np.zeros(program.input_size) if point is None else point
        return cls(program, steps, rows, np.array(free, dtype=np.intp), base, starts)

    @property
    def neurons(self) -> int:
        return sum(self.program.sizes[value] for value in self.starts)

    # -- ranges --------------------------------------------------------------------------------

    def bounded(
        self, cells: Boxes, known: Known | None = None, expired: Callable[[], bool] = lambda: False
    ) -> tuple[Context, Known]:
        """Rigorous ranges on a batch of cells; `known` are those of cells around them, row by row."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return propagate(self.program, cells, known, expired)

    def ranges(self, known: Known) -> Ranges:
        """What enters every neuron (batch, neurons)."""
        found = [known[step.operand] for step in self.steps if isinstance(step, ReluStep)]
        if not found:
            batch = len(next(iter(known.values())).lower) if known else 1
            return Ranges(np.zeros((batch, 0)), np.zeros((batch, 0)))
        lower = np.concatenate([part.lower for part in found], axis=1)
        return Ranges(lower, np.concatenate([part.upper for part in found], axis=1))

    def entering(self, points: F64) -> tuple[F64, F64]:
        """What enters every neuron at points (batch, inputs), and the values of the rows."""
        values = self.program.split_inputs(points)
        entering = [np.zeros((len(points), 0))]
        for step in self.steps:
            if isinstance(step, AffineStep):
                values[step.value] = step.forward(values)
            else:
                entering.append(values[step.operand])
                values[step.value] = np.maximum(values[step.operand], 0.0)
        return np.concatenate(entering, axis=1), self._outputs(values, self.rows)

    # -- matrices ------------------------------------------------------------------------------

    def matrices(self, slopes: F64) -> F64:
        """J(s) (batch, m, free)."""
        values, _ = self._tangents(slopes, constant=False)
        return np.swapaxes(self._outputs(values, self.rows), 1, 2)

    def pieces(self, slopes: F64) -> tuple[F64, F64]:
        """What enters every neuron, and the rows, as affine functions of the free inputs where these are the
        slopes: (batch, neurons, free + 1) and (batch, m, free + 1), the constants last."""
        values, entering = self._tangents(slopes, constant=True)
        return np.swapaxes(entering, 1, 2), np.swapaxes(self._outputs(values, self.rows), 1, 2)

    def intervals(self, span: Span) -> tuple[F64, F64]:
        """Middle and radius of all J(s), element by element (batch, m, free)."""
        middle = self._start(len(span.lower), constant=False)
        radius = {number: np.zeros_like(value) for number, value in middle.items()}
        for step in self.steps:
            if isinstance(step, AffineStep):
                middle[step.value] = _sum(step.maps, [middle[o] for o in step.operands])
                radius[step.value] = _sum(step.magnitudes, [radius[o] for o in step.operands])
                continue
            low, high = self._of(step, span.lower)[:, None], self._of(step, span.upper)[:, None]
            center, reach = middle[step.operand], radius[step.operand]
            least, most = center - reach, center + reach
            least, most = np.where(least >= 0, low, high) * least, np.where(most >= 0, high, low) * most
            middle[step.value], radius[step.value] = 0.5 * (least + most), 0.5 * (most - least)
        found = self._outputs(middle, self.rows), self._outputs(radius, abs(self.rows))
        return np.swapaxes(found[0], 1, 2), np.swapaxes(found[1], 1, 2)

    def vertices(self, span: Span) -> tuple[Indices, F64]:
        """The open neurons of the one row of `span` (k,), and J at the vertices of its box of slopes
        (2^k, m, free), numbered as the rows of `patterns(k)` are: 1 for a slope at its upper end."""
        opened = np.flatnonzero(span.lower[0] < span.upper[0])
        values = {v: _Terms(a[:, None], 0, 0) for v, a in self._start(1, constant=False).items()}
        done = 0
        for step in self.steps:
            if isinstance(step, AffineStep):
                parts = _alike([values[operand] for operand in step.operands])
                summed = _sum(step.maps, [part.array for part in parts])
                values[step.value] = _Terms(summed, parts[0].first, parts[0].last)
                continue
            low, width = self._of(step, span.lower)[0], self._of(step, span.upper - span.lower)[0]
            mine = np.flatnonzero(width)
            entering = values[step.operand]
            if len(mine):
                values[step.value] = _opened(entering.expanded(done).array[:, 0], (low, width), mine, done)
                done += len(mine)
            else:
                values[step.value] = _Terms(entering.array * low, entering.first, entering.last)
        parts = _alike([values[output] for output in self.program.outputs])
        arrays = dict(zip(self.program.outputs, (part.array for part in parts), strict=True))
        whole = _Terms(self._outputs(arrays, self.rows), parts[0].first, parts[0].last).expanded(done)
        return opened, np.swapaxes(whole.array[:, 0], 1, 2)

    # -- parts ---------------------------------------------------------------------------------

    def _of(self, step: ReluStep, slopes: F64) -> F64:
        start = self.starts[step.value]
        found: F64 = slopes[:, start : start + self.program.sizes[step.value]]
        return found

    def _start(self, batch: int, *, constant: bool) -> dict[int, F64]:
        """The inputs' own tangents (batch, free, size), and a constant."""
        n = len(self.free)
        whole = np.zeros((batch, n + constant, self.program.input_size))
        if constant:
            whole[:, n] = self.point
            whole[:, n, self.free] = 0.0
        whole[:, np.arange(n), self.free] = 1.0
        return {number: whole[..., where] for number, where in enumerate(self.program.input_slices)}

    def _tangents(self, slopes: F64, *, constant: bool) -> tuple[dict[int, F64], F64]:
        """Every value's (batch, free + constant, size), and what enters the neurons."""
        values = self._start(len(slopes), constant=constant)
        entering = [np.zeros((len(slopes), len(self.free) + constant, 0))]
        for step in self.steps:
            if isinstance(step, AffineStep):
                found = _sum(step.maps, [values[operand] for operand in step.operands])
                if constant:
                    found[:, -1] += step.bias
                values[step.value] = found
            else:
                entering.append(values[step.operand])
                values[step.value] = values[step.operand] * self._of(step, slopes)[:, None]
        return values, np.concatenate(entering, axis=2)

    def _outputs(self, values: Mapping[int, F64], rows: F64) -> F64:
        """Rows over the outputs, along the last axis."""
        flat = [values[output] for output in self.program.outputs]
        return (flat[0] if len(flat) == 1 else np.concatenate(flat, axis=-1)) @ rows.T


@dataclass(frozen=True, slots=True, eq=False)
class _Terms:
    """A tangent that is affine in the slopes of the open neurons `first` to `last`: `array[p, 0]` where all
    of them are at their lower ends, and `array[p, 1 + j]` more where the j-th is at its upper end, for every
    pattern p of the open neurons before `first`; (2^first, 1 + last − first, free, size)."""

    array: F64
    first: int
    last: int

    def expanded(self, last: int) -> _Terms:
        """By patterns of all open neurons before `last`."""
        array, count = self.array, self.last - self.first
        if count:
            flat = array.reshape(len(array), 1 + count, -1)
            every = flat[:, :1] + patterns(count) @ flat[:, 1:]
            array = every.reshape(-1, 1, *array.shape[2:])
        if last > self.last:
            array = np.repeat(array, 2 ** (last - self.last), axis=0)
        return _Terms(array, last, last)


def _opened(entering: F64, slopes: tuple[F64, F64], mine: Indices, done: int) -> _Terms:
    """What a ReLU gives whose neurons `mine` are open, with least slopes and the widths of their ranges."""
    low, width = slopes
    count, n, size = entering.shape
    terms = np.zeros((count, 1 + len(mine), n, size))
    terms[:, 0] = entering * low
    terms[:, 1 + np.arange(len(mine)), :, mine] = np.moveaxis(entering[:, :, mine] * width[mine], 2, 0)
    return _Terms(terms, done, done + len(mine))


def _alike(parts: Sequence[_Terms]) -> list[_Terms]:
    """The same by patterns and terms of the same neurons.  Terms are those of one step, so that who has
    others than the last step's has them all before."""
    first, last = max(part.first for part in parts), max(part.last for part in parts)
    found = []
    for part in parts:
        one = part if part.first == first else part.expanded(first)
        if one.last < last:
            more = ((0, 0), (0, last - one.last), (0, 0), (0, 0))
            one = _Terms(np.pad(one.array, more), first, last)
        found.append(one)
    return found


@cache
def patterns(count: int) -> F64:
    """All rows of so many zeros and ones, the last changing first."""
    numbers = np.arange(2**count)[:, None] >> np.arange(count)[::-1]
    found = (numbers & 1).astype(np.float64)
    found.flags.writeable = False
    return found


def _sum(maps: Sequence[Operator], operands: Sequence[F64]) -> F64:
    """`Σ map(operand)` along the last axis; a new array."""
    total: F64 | None = None
    for linear, operand in zip(maps, operands, strict=True):
        flat = linear.forward(operand.reshape(-1, operand.shape[-1]))
        part = flat.reshape(*operand.shape[:-1], flat.shape[-1])
        total = part if total is None else total + part
    if total is None:
        raise InternalError("an affine step without operands")
    return total
