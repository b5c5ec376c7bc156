"""One backward substitution in integers over powers of two: nothing is rounded.

In: rows over values of a network, over a box whose relaxations are complete.  Out: rows over its inputs, and
their least values on the box, rounded down.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.kernel.arrays import unit_rows
from spec_lang.kernel.differences import case_of
from spec_lang.kernel.dyadics import (
    SLOPE_BITS,
    Objects,
    absolute,
    float_below,
    least_value,
    plus,
    shaped,
    times,
)
from spec_lang.kernel.exact import Dyadic, dyadic, objects
from spec_lang.kernel.exact_differences import exact_beside, exact_joined_by_case
from spec_lang.kernel.exact_planes import exact_with_phases
from spec_lang.kernel.network import AffineStep, BinaryStep, ReluStep, SmoothStep
from spec_lang.kernel.scene import About, Ends, Index, Linear, Mask, OwnSlopes, Slopes
from spec_lang.network.primitives import Binary
from spec_lang.network.transform.difference import Delta

if TYPE_CHECKING:
    from spec_lang.kernel.integers import IntegerScene


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """A ReLU: which neurons are unstable; slopes over 2^20 below and above, and intercepts above."""

    unstable: Mask  # (n,)
    lower: Objects
    upper: Objects
    intercept: Dyadic


class ExactSubstitution:
    """One substitution of several rows."""

    def __init__(self, scene: IntegerScene, count: int, slopes: Slopes | OwnSlopes | None) -> None:
        self.scene, self.slopes = scene, slopes
        self.unit = 1  # what the rows are multiplied by, and so all that is added to them
        self.pending: dict[int, Dyadic] = {}
        self.constant = Dyadic(objects([0] * count), 0)

    def add(self, value: int, rows: Dyadic) -> None:
        self.pending[value] = plus(self.pending[value], rows) if value in self.pending else rows

    def enter(self, about: About) -> None:
        """Add elements of a value, less what float32 may lose of them."""
        scene, value, neuron = self.scene, about.value, about.neuron
        sign = about.side.astype(object) * self.unit
        if value not in scene.network.producer:
            self.add(value, Dyadic(unit_rows(neuron, sign, scene.network.sizes[value]), 0))
            return
        step = scene.network.producer[value]
        for operand, linear in zip(step.operands, scene.shared.maps[value], strict=True):
            rows = linear.rows(neuron)
            self.add(operand, Dyadic(rows.numbers * sign[:, None], rows.shift))
        bias = scene.shared.biases[value]
        self.constant = plus(self.constant, Dyadic(bias.numbers[neuron] * sign, bias.shift))
        if value in scene.error:
            lost = scene.error[value]
            self.constant = plus(self.constant, Dyadic(-lost.numbers[neuron] * self.unit, lost.shift))

    def back(self, ends: frozenset[int] = frozenset()) -> None:
        """Pass all steps, from the last to the first, but those that make the values `ends`."""
        if isinstance(self.slopes, Slopes) and self.scene.crossed:
            self._phases_alone(self.slopes)
        for step in reversed(self.scene.network.steps):
            if step.value not in self.pending or step.value in ends:
                continue
            rows = self.pending.pop(step.value)
            if step.value in self.scene.joined:
                self._difference(step.value, rows)
            elif isinstance(step, AffineStep):
                self._affine(step, rows)
            elif isinstance(step, ReluStep):
                self._relu(step, rows)
            elif isinstance(step, BinaryStep):
                self._binary(step, rows)
            else:
                self._smooth(step, rows)

    def _phases_alone(self, slopes: Slopes) -> None:
        """Rows over gradients reach no ReLU, but what its phases add to them, they do."""
        for step in self.scene.network.steps:
            if not isinstance(step, ReluStep) or step.value not in self.scene.relaxed:
                continue
            size = self.scene.network.sizes[step.value]
            if slopes.phases[:, step.first : step.first + size].any():
                none: Objects = np.zeros((len(slopes.phases), size), dtype=object)
                self.pending.setdefault(step.value, Dyadic(none, 0))

    def finished(self) -> Linear:
        """Down to the inputs; the least value on the box comes without `unit`."""
        scene = self.scene
        self.back()
        count = len(self.constant.numbers)
        coefficients = np.zeros((count, scene.network.input_size), dtype=object)
        for number, where in enumerate(scene.network.inputs):
            if number in self.pending:
                rows = self.pending[number]
                fractions: list[Any] = [Fraction(v, 1 << rows.shift) for v in rows.numbers.ravel()]
                coefficients[:, where] = shaped(rows.numbers, fractions)
        constant = shaped(
            self.constant.numbers, [Fraction(v, 1 << self.constant.shift) for v in self.constant.numbers]
        )
        least = [
            c + least_value(list(a), scene.low, scene.high)
            for a, c in zip(coefficients, constant, strict=True)
        ]
        ends = [float_below(Fraction(v) / self.unit) for v in least]
        minimum = np.array(ends) if scene.sound else np.full(count, -inf)
        if not scene.sound:
            constant = objects([int(scene.nothing)] * count)
        return Linear(coefficients, constant, minimum)

    def _affine(self, step: AffineStep, rows: Dyadic) -> None:
        shared = self.scene.shared
        self.constant = plus(self.constant, times(rows, shared.biases[step.value]))
        if step.value in self.scene.error:
            lost = times(absolute(rows), self.scene.error[step.value])
            self.constant = plus(self.constant, Dyadic(-lost.numbers, lost.shift))
        for operand, linear in zip(step.operands, shared.maps[step.value], strict=True):
            self.add(operand, linear.backward(rows))

    def _relu(self, step: ReluStep, rows: Dyadic) -> None:
        relaxed, part = self.scene.relaxed[step.value], rows.numbers
        opened: Objects = np.ones(part.shape, dtype=np.bool_)
        fixed: Objects = np.zeros(part.shape, dtype=object)
        below, above, shift = relaxed.lower, relaxed.upper, SLOPE_BITS
        beta: Dyadic | None = None
        if isinstance(self.slopes, OwnSlopes):
            below = _with_own(step, below, part.shape, self.slopes)
        elif self.slopes is not None:
            ids = step.first + np.arange(part.shape[1])
            phases = self.slopes.phases[:, ids] * relaxed.unstable
            known, given = _own(self.slopes, ids, relaxed.unstable)
            opened, shift = phases == 0, max(SLOPE_BITS, given.shift)
            scaled = given.numbers * (1 << (shift - given.shift))
            below, above = (slope * (1 << (shift - SLOPE_BITS)) for slope in (below, above))
            below, fixed = np.where(known, scaled, below), (phases > 0).astype(object) * (1 << shift)
            beta = Dyadic(-phases.astype(object) * given.numbers * self.unit, given.shift)
        negative = np.where(opened & (part < 0), part, 0)
        intercept = relaxed.intercept
        pair = self.scene.network.pair_of(step.value)
        if pair is not None and isinstance(self.slopes, Slopes) and pair.value in self.scene.joined:
            beside, intercept = exact_beside(self._ends(pair), self._phases(pair)[1])
            above = beside * (1 << (shift - SLOPE_BITS))
        self.constant = plus(self.constant, _dotted(Dyadic(negative, rows.shift), intercept))
        slope = np.where(opened, np.where(part < 0, above, below), fixed)
        passed = Dyadic(part * slope, rows.shift + shift)
        self.add(step.operand, passed if beta is None else plus(passed, beta))

    def _difference(self, value: int, rows: Dyadic) -> None:
        found, pair, part = self.scene.joined[value], self.scene.network.deltas[value], rows.numbers
        if isinstance(self.slopes, Slopes):
            x, y = self._phases(pair)
            found = exact_joined_by_case(self._ends(pair), case_of(x, y))
            if y.any():  # what y's phases add to rows is for its own step, which nothing else need reach
                self.pending.setdefault(pair.other, Dyadic(np.zeros(part.shape, dtype=object), 0))
        positive = np.where(part > 0, part, 0)
        negative = part - positive
        for head, plane in ((positive, found.lower), (negative, found.upper)):
            self.constant = plus(self.constant, _dotted(Dyadic(head, rows.shift), plane.intercept))
        for operand, lower, upper in (
            (pair.x, found.lower.of_x, found.upper.of_x),
            (pair.delta, found.lower.of_delta, found.upper.of_delta),
        ):
            self.add(operand, Dyadic(positive * lower + negative * upper, rows.shift + SLOPE_BITS))

    def _ends(self, pair: Delta) -> tuple[Ends, Ends, Ends]:
        ranges = self.scene.ranges
        return ranges[pair.x], ranges[pair.y], ranges[pair.delta]

    def _phases(self, pair: Delta) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        """Of x and of y, in the rows' own slopes."""
        network = self.scene.network
        if not isinstance(self.slopes, Slopes):
            raise InternalError("only rows with slopes of their own have phases")
        here, there = (
            slice(first, first + network.sizes[pair.value])
            for first in (network.first_of(pair.base), network.first_of(pair.other))
        )
        return self.slopes.phases[:, here], self.slopes.phases[:, there]

    def _smooth(self, step: SmoothStep, rows: Dyadic) -> None:
        lines, part = self.scene.lines[step.value], rows.numbers
        positive = np.where(part > 0, part, 0)
        for head, constant in ((positive, lines.below_constant), (part - positive, lines.above_constant)):
            self.constant = plus(self.constant, times(Dyadic(head, rows.shift), constant))
        for head, slope in ((positive, lines.below), (part - positive, lines.above)):
            self.add(step.operand, Dyadic(head * slope.numbers, rows.shift + slope.shift))

    def _binary(self, step: BinaryStep, rows: Dyadic) -> None:
        found, part = self.scene.crossed.get(step.value), rows.numbers
        if found is None:
            return  # the scene is not sound, and its bounds are none
        if isinstance(self.slopes, Slopes) and step.neurons is not None and step.function is Binary.GATE:
            here = slice(step.neurons, step.neurons + part.shape[1])
            found = exact_with_phases(found, self.slopes.phases[:, here])
        below, above = found.below, found.above
        positive = np.where(part > 0, part, 0)
        for head, plane in ((positive, below), (part - positive, above)):
            self.constant = plus(self.constant, _dotted(Dyadic(head, rows.shift), plane.constant))
            for operand, slope in ((step.first, plane.of_first), (step.second, plane.of_second)):
                if slope is not None:
                    self.add(operand, Dyadic(head * slope.numbers, rows.shift + slope.shift))


def _dotted(rows: Dyadic, numbers: Dyadic) -> Dyadic:
    """Every row times the same numbers, or times its own."""
    if numbers.numbers.ndim == 1:
        return times(rows, numbers)
    return Dyadic((rows.numbers * numbers.numbers).sum(axis=1), rows.shift + numbers.shift)


def _with_own(step: ReluStep, below: Objects, shape: tuple[int, ...], slopes: OwnSlopes) -> Objects:
    """The lower slopes `below`, over 2^20, replaced where a row has its own."""
    own = np.broadcast_to(below, shape).copy()
    neuron = slopes.neuron - step.first
    here = np.flatnonzero((neuron >= 0) & (neuron < shape[1]))
    own[slopes.row[here], neuron[here]] = [int(v * (1 << SLOPE_BITS)) for v in slopes.value[here].tolist()]
    return own


def _own(slopes: Slopes, ids: Index, unstable: Mask) -> tuple[Mask, Dyadic]:
    """Which of the neurons `ids` have numbers of the rows' own, and these (rows, ids), 0 elsewhere."""
    place = np.searchsorted(slopes.columns, ids)
    known = unstable & (place < len(slopes.columns))
    known[known] = slopes.columns[place[known]] == ids[known]
    given = np.zeros((len(slopes.phases), len(ids)))
    given[:, known] = slopes.values[:, place[known]]
    return known, dyadic(given)
