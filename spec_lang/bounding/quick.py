"""Backward passes in plain float32 over a batch of boxes: what a search looks at before the kernel checks it.

In: a context whose relaxations are complete as far as rows need.  Out: bounds as `linear` makes them, but
rounded to nearest, two to three times as fast.  They are evidence of nothing: a search that goes by them may
close a box that is open, and hears of it from the check of its proof.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.context import Context
from spec_lang.bounding.linear import LinearBounds, Owners
from spec_lang.bounding.plain import add
from spec_lang.bounding.program import F64, AffineStep, BinaryStep, Program, ReluStep
from spec_lang.network.operators import Diagonal, Matrix, Operator
from spec_lang.network.operators.cast import Apply, Float, cast

F32 = NDArray[np.float32]


def is_quick(program: Program) -> bool:
    """Whether a network is made of what these passes know."""
    steps = (step for step in program.steps if isinstance(step, AffineStep))
    dense = all(isinstance(linear, Matrix | Diagonal) for step in steps for linear in step.maps)
    return dense and not program.rounding and not program.bent


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """Slopes below and above, and intercepts above, of all that a ReLU carries (batch, n): the neurons that
    are active everywhere are not apart, so that arrays are contiguous."""

    below: F32
    above: F32
    intercept: F32


@dataclass(frozen=True, slots=True, eq=False)
class _Planes:
    """Of what a difference carries: slopes of δ and intercepts, below and above (batch, n); slopes of x for
    the elements `leaning` alone, which have any."""

    of_delta: tuple[F32, F32]
    intercept: tuple[F32, F32]
    leaning: NDArray[np.intp]
    of_x: tuple[F32, F32]


@dataclass(frozen=True, slots=True, eq=False)
class _Gate:
    """Slopes and constants of a gate's planes, below and above (batch, carried)."""

    slope: tuple[F32, F32]
    constant: tuple[F32, F32]


class Quick:
    """The float32 side of a context."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._lines: dict[int, _Lines] = {}
        self._planes: dict[int, _Planes] = {}
        self._gates: dict[int, _Gate] = {}
        self._maps: dict[int, tuple[Operator, Apply]] = {}

    def bounds(self, start: dict[int, F64], constant: F64, owner: Owners) -> LinearBounds:
        """Affine lower bounds of the rows `Σ start[v]·value_v + constant`, row r over box `owner[r]`."""
        coefficients, total, _ = self.traced(start, constant, owner)
        return self.minimised(coefficients, total, owner)

    def traced(self, start: dict[int, F64], constant: F64, owner: Owners) -> tuple[F64, F64, dict[int, F64]]:
        """Coefficients over the inputs and constants; and with what coefficients the rows arrive at
        differences of two ReLUs and at gates, over what the context carries of them."""
        context = self.context
        pending: dict[int, Float] = {value: rows.astype(np.float32) for value, rows in start.items()}
        total = constant.copy()
        arriving: dict[int, F64] = {}
        for step in reversed(context.program.steps):
            rows = pending.pop(step.value, None)
            if rows is None:
                continue
            if step.value in context.planes:
                arriving[step.value] = rows.astype(np.float64)
                total += self._difference(step.value, rows, owner, pending)
            elif isinstance(step, AffineStep):
                columns = context.columns.get(step.value)
                total += rows @ (step.bias if columns is None else step.bias[columns]).astype(np.float32)
                for number, operand in enumerate(step.operands):
                    add(pending, operand, self._backward(step, number)(rows))
            elif isinstance(step, ReluStep):
                total += self._relu(step, rows, owner, pending)
            elif isinstance(step, BinaryStep):
                arriving[step.value] = rows.astype(np.float64)
                total += self._gate(step, rows, owner, pending)
        coefficients = np.zeros((len(owner), context.program.input_size))
        for number, where in enumerate(context.inputs()):
            if number in pending:
                coefficients[:, where] = pending[number]
        return coefficients, total, arriving

    def minimised(self, coefficients: F64, constant: F64, owner: Owners) -> LinearBounds:
        """The bounds with their least values on the boxes."""
        context = self.context
        reach = np.einsum("rd,rd->r", abs(coefficients), context.radius[owner])
        least = np.einsum("rd,rd->r", coefficients, context.center[owner]) - reach + constant
        return LinearBounds(coefficients, constant, least)

    def _difference(self, value: int, rows: F32, owner: Owners, pending: dict[int, Float]) -> F32:
        found, pair = self._planes_of(value), self.context.program.deltas[value]
        positive = np.maximum(rows, np.float32(0))
        negative = rows - positive
        added: F32 = np.einsum("rn,rn->r", positive, found.intercept[0][owner])
        added += np.einsum("rn,rn->r", negative, found.intercept[1][owner])
        carried = self.context.planes[value].carried
        passed = _mixed(positive, negative, found.of_delta, owner)
        add(pending, pair.delta, self.context.moved(pair.delta, passed, carried))
        if len(found.leaning):
            positive, negative = positive[:, found.leaning], negative[:, found.leaning]
            passed = _mixed(positive, negative, found.of_x, owner)
            add(pending, pair.x, self.context.moved(pair.x, passed, carried[found.leaning]))
        return added

    def _relu(self, step: ReluStep, rows: F32, owner: Owners, pending: dict[int, Float]) -> F32:
        found = self._lines_of(step.value)
        positive = np.maximum(rows, np.float32(0))
        negative = rows - positive
        added: F32 = np.einsum("rn,rn->r", negative, found.intercept[owner])
        passed = _mixed(positive, negative, (found.below, found.above), owner)
        carried = self.context.layouts[step.value].columns
        add(pending, step.operand, self.context.moved(step.operand, passed, carried))
        return added

    def _gate(self, step: BinaryStep, rows: F32, owner: Owners, pending: dict[int, Float]) -> F32:
        found = self._gate_of(step.value)
        positive = np.maximum(rows, np.float32(0))
        negative = rows - positive
        added: F32 = np.einsum("rn,rn->r", positive, found.constant[0][owner])
        added += np.einsum("rn,rn->r", negative, found.constant[1][owner])
        passed = _mixed(positive, negative, found.slope, owner)
        carried = self.context.crossed[step.value].columns
        add(pending, step.second, self.context.moved(step.second, passed, carried))
        return added

    def _gate_of(self, value: int) -> _Gate:
        if value not in self._gates:
            of = self.context.crossed[value]
            batch, more = len(self.context.boxes), len(of.columns) - of.mixed
            ones, zeros = np.ones((batch, more)), np.zeros((batch, more))
            sides = of.below, of.above
            self._gates[value] = _Gate(
                _pair(np.concatenate([side.of_second, ones], axis=1) for side in sides),
                _pair(np.concatenate([side.constant, zeros], axis=1) for side in sides),
            )
        return self._gates[value]

    def _lines_of(self, value: int) -> _Lines:
        if value not in self._lines:
            of = self.context.layouts[value]
            batch, n = len(self.context.boxes), len(of.columns)
            below, above = np.ones((2, batch, n), dtype=np.float32)
            intercept = np.zeros((batch, n), dtype=np.float32)
            below[:, : of.mixed], above[:, : of.mixed] = of.relaxation.lower_slope, of.relaxation.upper_slope
            intercept[:, : of.mixed] = of.relaxation.upper_intercept
            self._lines[value] = _Lines(below, above, intercept)
        return self._lines[value]

    def _planes_of(self, value: int) -> _Planes:
        if value not in self._planes:
            of = self.context.planes[value]
            sides = of.lower, of.upper
            leaning = np.flatnonzero(((of.lower.of_x != 0) | (of.upper.of_x != 0)).any(axis=0))
            self._planes[value] = _Planes(
                _pair(side.of_delta for side in sides),
                _pair(side.intercept for side in sides),
                leaning,
                _pair(side.of_x[:, leaning] for side in sides),
            )
        return self._planes[value]

    def _backward(self, step: AffineStep, operand: int) -> Apply:
        """The step's map in float32, as it is cut now."""
        linear = self.context.map_of(step, operand)
        if id(linear) not in self._maps:
            backward = cast(linear, np.float32)[1]
            self._maps[id(linear)] = linear, backward  # together, so that no other map has its number
        return self._maps[id(linear)][1]


def _pair(sides: Iterable[F64]) -> tuple[F32, F32]:
    below, above = (np.ascontiguousarray(side, dtype=np.float32) for side in sides)
    return below, above


def _mixed(positive: F32, negative: F32, slopes: tuple[F32, F32], owner: Owners) -> F32:
    """What is positive by the slopes below, what is negative by those above, row by row."""
    found = np.take(slopes[0], owner, axis=0)
    found *= positive
    other = np.take(slopes[1], owner, axis=0)
    other *= negative
    found += other
    return found
