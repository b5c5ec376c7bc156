"""One backward substitution in outward-rounded float64.

In: rows over values of a network, over boxes whose relaxations are complete.  Out: rows over its inputs, with
what is certain of the constant and what its error scales with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.arrays import moved
from spec_lang.kernel.differences import Joined, Plane, by_case, case_of, chords, planes_by_case
from spec_lang.kernel.narrow import Relaxed, View
from spec_lang.kernel.network import F64, AffineStep, BinaryStep, ReluStep, SmoothStep
from spec_lang.kernel.planes import Crossing, CrossPlane, with_phases
from spec_lang.kernel.rounding import UNDERFLOW
from spec_lang.kernel.scene import Index, Mask, OwnSlopes, Slopes
from spec_lang.network.primitives import Binary
from spec_lang.network.transform.difference import Delta

if TYPE_CHECKING:
    from spec_lang.kernel.rounded import RoundedScene


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Rows by value, and their constants; `sizes` and `weight` bound what the rounding of either scales
    with."""

    rows: dict[int, F64]
    sizes: dict[int, F64]
    constant: F64
    weight: F64


@dataclass(slots=True, eq=False)
class Substitution:
    """One substitution.  `constant` is what is certain so far, `weight` what its error scales with."""

    scene: RoundedScene
    view: View
    pending: dict[int, F64]
    constant: F64
    weight: F64
    owner: Index
    slopes: Slopes | OwnSlopes | None

    def back(self, ends: frozenset[int] = frozenset()) -> None:
        """Pass all steps, from the last to the first, but those that make the values `ends`."""
        if isinstance(self.slopes, Slopes) and self.scene.crossed:
            self._phases_alone(self.slopes)
        for step in reversed(self.scene.network.steps):
            if step.value not in self.pending or step.value in ends:
                continue
            rows = self.pending.pop(step.value)
            if step.value in self.view.joined:
                self.difference(step.value, rows)
            elif isinstance(step, AffineStep):
                self.affine(step, rows)
            elif isinstance(step, ReluStep):
                self.relu(step, rows)
            elif isinstance(step, BinaryStep):
                self.binary(step, rows)
            else:
                self.smooth(step, rows)

    def _phases_alone(self, slopes: Slopes) -> None:
        """Rows over gradients reach no ReLU, but what its phases add to them, they do."""
        for step in self.scene.network.steps:
            relaxed = self.view.relaxed.get(step.value)
            if relaxed is None or not isinstance(step, ReluStep):
                continue
            if slopes.phases[:, step.first + relaxed.carried[: relaxed.mixed]].any():
                none = np.zeros((len(slopes.phases), len(relaxed.carried)))
                self.pending.setdefault(step.value, none)

    def affine(self, step: AffineStep, rows: F64) -> None:
        scene, view = self.scene, self.view
        carried = view.carried.get(step.value)
        self.weight = self.weight + norms(rows) * scene.norm[step.value][self.owner]
        bias = step.bias if carried is None else step.bias[carried]
        self.constant = self.constant + rows @ bias
        if step.value in scene.error:
            error = scene.error[step.value]
            lost = np.einsum(
                "rn,rn->r", abs(rows), (error if carried is None else error[:, carried])[self.owner]
            )
            self.constant, self.weight = self.constant - lost, self.weight + lost
        for operand, linear in zip(step.operands, step.maps, strict=True):
            add(self.pending, operand, linear.backward(rows, carried, view.carried.get(operand)))

    def relu(self, step: ReluStep, rows: F64) -> None:
        relaxed = self.view.relaxed[step.value]
        if relaxed.mixed:
            head = rows[:, : relaxed.mixed]
            positive = np.maximum(head, 0.0)
            negative = head - positive
            shift: F64 | None = None
            below, above = self._each(relaxed.lower), self._each(relaxed.upper)
            if isinstance(self.slopes, OwnSlopes):
                below = self._with_own(step, relaxed, below, self.slopes)
            elif self.slopes is not None:
                below, above, opened, shift = self._own(step, relaxed, self.slopes)
                pair = self.scene.network.pair_of(step.value)
                if pair is None or pair.value not in self.scene.joined:
                    cost = np.einsum("rn,n->r", negative * opened, relaxed.intercept[0])
                else:
                    chord, intercept = self._beside(pair, relaxed, self.slopes)
                    above = np.where(opened, chord, above)
                    cost = np.einsum("rn,rn->r", negative * opened, intercept)
            if shift is None:
                cost = np.einsum("rn,rn->r", negative, self._each(relaxed.intercept))
            self.constant, self.weight = self.constant + cost, self.weight - cost
            positive *= below
            negative *= above
            positive += negative
            if shift is not None:
                positive -= shift
            active = rows[:, relaxed.mixed :]
            rows = np.concatenate([positive, active], axis=1) if active.shape[1] else positive
        scene, operand = self.scene, step.operand
        rows = moved(rows, relaxed.carried, self.view.carried.get(operand), scene.network.sizes[operand])
        if scene.network.readers[operand] > 1:
            # What others say of this value may cancel these rows, and with them what their rounding scales
            # with; elsewhere the step behind the value takes their measure.
            self.weight = self.weight + norms(rows) * scene.norm[operand][self.owner]
        add(self.pending, operand, rows)

    def difference(self, value: int, rows: F64) -> None:
        """Coefficients above 0 take the plane below, the others that above.  What the products err by is
        counted with the rows for x and δ."""
        scene, found, pair = self.scene, self.view.joined[value], self.scene.network.deltas[value]
        positive = np.maximum(rows, 0.0)
        negative = rows - positive
        low, high = self._planes(found, pair)
        for part, plane in ((positive, low), (negative, high)):
            constants = part * plane.intercept
            self.constant = self.constant + constants.sum(axis=1)
            self.weight = self.weight + abs(constants).sum(axis=1)
        for operand, lower, upper in (
            (pair.x, low.of_x, high.of_x),
            (pair.delta, low.of_delta, high.of_delta),
        ):
            passed = positive * lower + negative * upper
            kept = self.view.carried.get(operand)
            passed = moved(passed, found.carried, kept, scene.network.sizes[operand])
            self.weight = self.weight + norms(passed) * scene.norm[operand][self.owner]
            add(self.pending, operand, passed)

    def _planes(self, found: Joined, pair: Delta) -> tuple[Plane, Plane]:
        """Row by row, by the phases where these are fixed; what they add to rows is for y's own step, which
        nothing else need reach."""
        if not isinstance(self.slopes, Slopes):
            return self._row_by_row(found.lower), self._row_by_row(found.upper)
        x, y = (
            self.slopes.phases[:, self.scene.network.first_of(value) + found.carried]
            for value in (pair.base, pair.other)
        )
        neurons = self.view.relaxed[pair.other].carried if pair.other in self.view.relaxed else None
        if y.any() and neurons is not None:
            self.pending.setdefault(pair.other, np.zeros((len(y), len(neurons))))
        ends = (self.scene.ranges[value] for value in (pair.x, pair.y, pair.delta))
        kept = ((low[:, found.carried], high[:, found.carried]) for low, high in ends)
        low, high = planes_by_case(*kept)
        case = case_of(x, y)
        return low.each(case), high.each(case)

    def _row_by_row(self, plane: Plane) -> Plane:
        return Plane(self._each(plane.of_x), self._each(plane.of_delta), self._each(plane.intercept))

    def _beside(self, pair: Delta, relaxed: Relaxed, slopes: Slopes) -> tuple[F64, F64]:
        """Lines above the open neurons of x by what the phases of y leave of their ranges: slopes and
        intercepts, row by row."""
        network, mixed = self.scene.network, relaxed.carried[: relaxed.mixed]
        y = slopes.phases[:, network.first_of(pair.other) + mixed]
        ends = (self.scene.ranges[value] for value in (pair.x, pair.y, pair.delta))
        x, _, _ = by_case(*((low[:, mixed], high[:, mixed]) for low, high in ends))
        found, case = chords(*x), (case_of(np.zeros_like(y), y), np.arange(len(mixed)))
        return found.above[case], found.intercept[case]

    def smooth(self, step: SmoothStep, rows: F64) -> None:
        """Coefficients above 0 take the lines below, the others those above; no slope is above 1.

        Rows are counted before and after, so that what they were rounded by is, whatever made or meets them.
        """
        scene, found, operand = self.scene, self.scene.lines[step.value], step.operand
        self.weight = self.weight + norms(rows) * scene.norm[step.value][self.owner]
        positive = np.maximum(rows, 0.0)
        negative = rows - positive
        for part, by_box in ((positive, found.below_constant), (negative, found.above_constant)):
            constants = self._each(by_box)
            self.constant = self.constant + np.einsum("rn,rn->r", part, constants)
            self.weight = self.weight + np.einsum("rn,rn->r", abs(part), abs(constants))
        rows = positive * self._each(found.below) + negative * self._each(found.above)
        self.weight = self.weight + norms(rows) * scene.norm[operand][self.owner]
        add(self.pending, operand, scene.kept(operand, rows))

    def binary(self, step: BinaryStep, rows: F64) -> None:
        """Coefficients above 0 take the plane below, the others that above."""
        scene, found = self.scene, self.scene.crossed[step.value]
        below, above = map(self._cross_each, (found.below, found.above))
        if isinstance(self.slopes, Slopes) and step.neurons is not None and step.function is Binary.GATE:
            first = step.neurons
            phases = self.slopes.phases[:, first : first + scene.network.sizes[step.value]]
            own = with_phases(Crossing(below, above), phases)
            below, above = own.below, own.above
        self.weight = self.weight + norms(rows) * scene.norm[step.value][self.owner]
        positive = np.maximum(rows, 0.0)
        negative = rows - positive
        for part, plane in ((positive, below), (negative, above)):
            constants = part * plane.constant
            self.constant = self.constant + constants.sum(axis=1)
            self.weight = self.weight + abs(constants).sum(axis=1)
        for operand, low, high in (
            (step.first, below.of_first, above.of_first),
            (step.second, below.of_second, above.of_second),
        ):
            if low is None or high is None:
                continue
            passed = positive * low + negative * high
            self.weight = self.weight + norms(passed) * scene.norm[operand][self.owner]
            add(self.pending, operand, scene.kept(operand, passed))

    def _cross_each(self, plane: CrossPlane) -> CrossPlane:
        of_first = None if plane.of_first is None else self._each(plane.of_first)
        return CrossPlane(of_first, self._each(plane.of_second), self._each(plane.constant))

    def _each(self, by_box: F64) -> F64:
        """Row by row what belongs to its box."""
        return by_box if len(by_box) == 1 else np.take(by_box, self.owner, axis=0)

    def _with_own(self, step: ReluStep, relaxed: Relaxed, below: F64, slopes: OwnSlopes) -> F64:
        """The lower slopes `below`, replaced where a row has its own."""
        size = self.scene.network.sizes[step.value]
        place = np.full(size, -1, dtype=np.intp)
        place[relaxed.carried[: relaxed.mixed]] = np.arange(relaxed.mixed)
        neuron = slopes.neuron - step.first
        here = np.flatnonzero((neuron >= 0) & (neuron < size))
        column = place[neuron[here]]
        here, column = here[column >= 0], column[column >= 0]
        own = np.broadcast_to(below, (len(self.owner), relaxed.mixed)).copy()
        own[slopes.row[here], column] = slopes.value[here]
        return own

    def _own(self, step: ReluStep, relaxed: Relaxed, slopes: Slopes) -> tuple[F64, F64, Mask, F64]:
        """Slopes of the rows' own, below and above; which neurons are open; and `phase·β`."""
        ids = step.first + relaxed.carried[: relaxed.mixed]
        phases = slopes.phases[:, ids]
        place = np.searchsorted(slopes.columns, ids)
        known = place < len(slopes.columns)
        known[known] = slopes.columns[place[known]] == ids[known]
        given = np.zeros(phases.shape)
        given[:, known] = slopes.values[:, place[known]]
        opened, fixed = phases == 0, (phases > 0).astype(np.float64)
        below = np.where(opened, np.where(known, given, relaxed.lower[0]), fixed)
        return below, np.where(opened, relaxed.upper[0], fixed), opened, phases * given


def norms(rows: F64) -> F64:
    found: F64 = np.sqrt(np.einsum("rn,rn->r", rows, rows)) * 1.0001 + UNDERFLOW
    return found


def add(pending: dict[int, F64], value: int, rows: F64) -> None:
    pending[value] = pending[value] + rows if value in pending else rows
