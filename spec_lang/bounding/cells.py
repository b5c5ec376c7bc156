"""The cells of one box on each of which a network is linear, and its gradient there.

In: a gradient, a box, limits.  Out: at least every cell that meets the box, with the ranges of the gradient
on it, or nothing where cells are too many or gradients are not constant on them.  Layer by layer: a neuron
that a cell does not decide cuts it in two, and a part is dropped where few steps of a dual ascent show, by
sums rounded outward, that none of the box is in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.gradient_ranges import Gradient, gradient_ranges
from spec_lang.bounding.program import (
    F64,
    UNIT_ROUNDOFF,
    AffineStep,
    BinaryStep,
    Indices,
    Program,
    ReluStep,
    Step,
)
from spec_lang.bounding.propagate import Ranges
from spec_lang.network.primitives import Binary

MOST_CELLS: Final = 2**13
MOST_NUMBERS: Final = 2**25  # of the forms of all cells, in one value
ASCENTS: Final = 5  # steps that are tried to show a part to be empty
ROUNDS: Final = 8  # in which parts that ends come from are looked at again
LONGER: Final = 3  # so much
BELOW: Final = 0.05  # what the steps aim at, planes having slopes of length 1
TINY: Final = 1e-12
Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """`open[z]` (cells, neurons): which neurons are active; `planes` (cells, k, inputs + 1): forms of
    `u ∈ [−1, 1]^inputs`, where x = center + radius·u, that are at least 0 on the cell, up to `errors`; their
    slopes are of length 1, or 0."""

    ranges: Ranges  # of the gradient (cells, inputs), rounded outward
    open: dict[int, Bits]
    planes: F64
    errors: F64  # (cells, k)

    def __len__(self) -> int:
        return len(self.planes)

    def take(self, rows: Indices) -> Cells:
        opened = {z: bits[rows] for z, bits in self.open.items()}
        return Cells(self.ranges.take(rows), opened, self.planes[rows], self.errors[rows])


def cell_ranges(
    gradient: Gradient, box: Boxes, most: int, expired: Callable[[], bool] = lambda: False
) -> Ranges:
    """Of every coordinate on one box, by its cells; by linear bounds alone where there are more than `most`.

    Exact where all cells are found out that are empty."""
    whole, cells = gradient_ranges(gradient, box), cells_of(gradient, box, most, expired)
    if cells is None:
        return whole
    for _ in range(ROUNDS):
        low, high = cells.ranges.lower.argmin(axis=0), cells.ranges.upper.argmax(axis=0)
        ends = np.unique(np.concatenate([low, high]))
        shown = ends[are_empty(cells.planes[ends], cells.errors[ends], LONGER * ASCENTS)]
        if not len(shown) or expired():
            break
        cells = cells.take(np.delete(np.arange(len(cells)), shown))
    lower, upper = cells.ranges.lower.min(axis=0), cells.ranges.upper.max(axis=0)
    return Ranges(np.fmax(whole.lower, lower), np.fmin(whole.upper, upper))


class TooMany(Exception):
    """More cells than were to be looked at."""


def cells_of(gradient: Gradient, box: Boxes, most: int, expired: Callable[[], bool]) -> Cells | None:
    """Every choice at a kink is some cell's, and every point of the box (one) is in one.

    Sound because a part is dropped only where a non-negative combination of what is at least 0 on it is
    negative on all of the box, its error counted, and because the sign of a neuron is taken for decided only
    where it is neither positive nor negative by less than its error."""
    program = gradient.program
    before, after = _before_neurons(program), _constant(program)
    if program.rounding or not np.isfinite(box.magnitude).all():
        return None
    if not all(isinstance(step, AffineStep | ReluStep) for step in before):
        return None
    if not {step.value for step in after}.issuperset(gradient.by_input):
        return None
    try:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            walk = _Walk(program, box, most, expired)
            walk.forms_of(before)
            return walk.finished(gradient, after)
    except TooMany:
        return None


def _neurons(program: Program) -> set[int]:
    """What enters a ReLU or opens a gate."""
    relus = {step.operand for step in program.steps if isinstance(step, ReluStep)}
    return relus | {step.first for step in program.gates.values()}


def _operands(step: Step) -> tuple[int, ...]:
    return step.operands if isinstance(step, AffineStep | BinaryStep) else (step.operand,)


def _before_neurons(program: Program) -> list[Step]:
    """The steps that lead to the neurons."""
    wanted, found = _neurons(program), list[Step]()
    for step in reversed(program.steps):
        if step.value in wanted:
            found.append(step)
            wanted.update(_operands(step))
    return found[::-1]


def _constant(program: Program) -> list[AffineStep | BinaryStep]:
    """The steps whose values are constant where all neurons are decided."""
    found: dict[int, AffineStep | BinaryStep] = {}
    for step in program.steps:
        if isinstance(step, AffineStep):
            parts = zip(step.operands, step.magnitudes, strict=True)
            if all(o in found or not m.forward(np.ones((1, program.sizes[o]))).any() for o, m in parts):
                found[step.value] = step
        elif isinstance(step, BinaryStep) and step.function is Binary.GATE and step.second in found:
            found[step.value] = step
    return list(found.values())


class _Walk:
    """Cells so far, and the forms (cells, inputs + 1, size) of the values that are linear on them."""

    def __init__(self, program: Program, box: Boxes, most: int, expired: Callable[[], bool]) -> None:
        self.program, self.most, self.expired = program, min(most, MOST_CELLS), expired
        center = box.center[0]
        frame = np.concatenate([np.diag(box.radius(box.center)[0]), center[None]])
        self.forms = {n: frame[None, :, where] for n, where in enumerate(program.input_slices)}
        self.sizes = {value: abs(form[0]) for value, form in self.forms.items()}  # that errors scale with
        self.open: dict[int, Bits] = {}
        self.planes = np.zeros((1, 0, len(center) + 1))
        self.errors = np.zeros((1, 0))
        # A number of a form is a sum over paths.  The roundings of a path are at most as many as operands
        # have elements, and a few products besides; this is four times what Higham's γ says of them.
        affine = [step for step in program.steps if isinstance(step, AffineStep)]
        terms = sum(program.sizes[operand] + 2 for step in affine for operand in step.operands)
        self.rounding = 4.0 * (terms + sum(program.sizes) + 64) * UNIT_ROUNDOFF

    def forms_of(self, steps: list[Step]) -> None:
        """Decide all neurons, the first ones first; forms that nothing reads any more are dropped."""
        neurons = _neurons(self.program)
        last = {operand: step.value for step in steps for operand in _operands(step)}
        for number in range(len(self.program.input_slices)):
            if number in neurons:
                self._decide(number)
        for step in steps:
            if isinstance(step, AffineStep):
                self._affine(step)
            elif isinstance(step, ReluStep):
                opened = self.open[step.operand]
                self.forms[step.value] = self.forms[step.operand] * opened[:, None]
                self.sizes[step.value] = self.sizes[step.operand] * opened.any(axis=0)
            if step.value in neurons:
                self._decide(step.value)
            for operand in _operands(step):
                if last[operand] == step.value:
                    self.forms.pop(operand, None)

    def _affine(self, step: AffineStep) -> None:
        count, width = len(self.planes), self.planes.shape[2]
        if count * width * self.program.sizes[step.value] > MOST_NUMBERS:
            raise TooMany
        form = np.zeros((count, width, self.program.sizes[step.value]))
        size = np.zeros(form.shape[1:])
        form[:, -1], size[-1] = step.bias, step.bias_magnitude
        for operand, linear, magnitude in zip(step.operands, step.maps, step.magnitudes, strict=True):
            given = self.forms[operand]
            flat = np.ascontiguousarray(given).reshape(-1, given.shape[2])
            form += linear.forward(flat).reshape(len(given), width, -1)
            size += magnitude.forward(self.sizes[operand])
        self.forms[step.value], self.sizes[step.value] = form, size

    def _decide(self, z: int) -> None:
        """Cut every cell at the neurons of a value that it leaves open."""
        form, error = self.forms[z], self.rounding * self.sizes[z].sum(axis=0)
        if not np.isfinite(form).all() or not np.isfinite(error).all():
            raise TooMany
        form = np.broadcast_to(form, (len(self.planes), *form.shape[1:]))
        opened = form[:, -1] > 0
        is_open = abs(form[:, -1]) <= abs(form[:, :-1]).sum(axis=1) + error
        columns = np.flatnonzero(is_open.any(axis=0))
        planes = np.ascontiguousarray(form[:, :, columns].transpose(0, 2, 1))
        length = np.linalg.norm(planes[:, :, :-1], axis=2)
        length[length == 0.0] = 1.0
        planes, off = planes / length[:, :, None], error[columns] / length
        source = np.arange(len(form))
        for place, column in enumerate(columns.tolist()):
            if self.expired():
                raise TooMany
            kept, side = self._cut(planes[source, place], off[source, place], is_open[source, column])
            source, opened = source[kept], opened[kept]
            opened[:, column] = np.where(side == 0.0, opened[:, column], side > 0.0)
        self.forms = {value: form[source] if len(form) > 1 else form for value, form in self.forms.items()}
        self.open = {value: bits[source] for value, bits in self.open.items()} | {z: opened}

    def _cut(self, plane: F64, error: F64, is_cut: Bits) -> tuple[Indices, F64]:
        """Cut cells by `plane` (cells, inputs + 1), where they are to be cut, and say of which cells the
        parts that may have points are, and on which side; whole cells are on none."""
        whole, cut = np.flatnonzero(~is_cut), np.tile(np.flatnonzero(is_cut), 2)
        side = np.repeat([1.0, -1.0], len(cut) // 2)
        parts = _joined(self.planes[cut], side[:, None] * plane[cut])
        errors = _joined(self.errors[cut], error[cut])
        left = np.flatnonzero(~are_empty(parts, errors))
        if len(whole) + len(left) > self.most:
            raise TooMany
        always = np.zeros((len(whole), plane.shape[1]))
        always[:, -1] = 1.0
        self.planes = np.concatenate([_joined(self.planes[whole], always), parts[left]])
        slack = np.full(len(whole), self.rounding)
        self.errors = np.concatenate([_joined(self.errors[whole], slack), errors[left]])
        return np.concatenate([whole, cut[left]]), np.concatenate([np.zeros(len(whole)), side[left]])

    def finished(self, gradient: Gradient, steps: list[AffineStep | BinaryStep]) -> Cells | None:
        """The values of the steps, which are constant on every cell."""
        values, sizes = dict[int, F64](), dict[int, F64]()
        for step in steps:
            if isinstance(step, BinaryStep):
                opened = self.open[step.first]
                values[step.value] = values[step.second] * opened
                sizes[step.value] = sizes[step.second] * opened.any(axis=0)
                continue
            value, size = np.tile(step.bias, (len(self.planes), 1)), step.bias_magnitude[None]
            for operand, linear, magnitude in zip(step.operands, step.maps, step.magnitudes, strict=True):
                if operand in values:  # the others count for nothing
                    value = value + linear.forward(values[operand])
                    size = size + magnitude.forward(sizes[operand])
            values[step.value], sizes[step.value] = value, size
        found = np.concatenate([values[value] for value in gradient.by_input], axis=1)
        off = self.rounding * np.concatenate([sizes[value] for value in gradient.by_input], axis=1)
        if not np.isfinite(found).all() or not np.isfinite(off).all():
            return None
        return Cells(Ranges(found - off, found + off), self.open, self.planes, self.errors)


def are_empty(planes: F64, errors: F64, steps: int = ASCENTS) -> Bits:
    """Of parts `planes·(u, 1) >= −errors`, u ∈ [−1, 1]^n, which are shown to be empty: by a non-negative
    combination of their planes that is negative everywhere.  The others may be empty, too.

    Polyak's steps on the greatest value of the combination, which is convex in the multipliers.
    Sound because the multipliers of a step are what they are, however they came about, and the planes' errors
    are more than what sums over them are rounded by."""
    empty, multipliers = np.zeros(len(planes), dtype=np.bool_), np.zeros(planes.shape[:2])
    multipliers[:, -1] = 1.0
    rows = np.arange(len(planes))
    for _ in range(steps):
        slope, constant = planes[:, :, :-1], planes[:, :, -1]
        combined = np.matmul(multipliers[:, None], slope)[:, 0]
        greatest = (multipliers * constant).sum(axis=1) + abs(combined).sum(axis=1)
        shown = greatest < -(multipliers * errors).sum(axis=1)
        empty[rows[shown]] = True
        there = np.matmul(slope, np.sign(combined)[:, :, None])[:, :, 0] + constant
        there[(multipliers <= 0.0) & (there > 0.0)] = 0.0
        size = np.maximum((there * there).sum(axis=1), TINY)
        multipliers = np.maximum(multipliers - ((greatest + BELOW) / size)[:, None] * there, 0.0)
        multipliers /= np.maximum(multipliers.sum(axis=1), TINY)[:, None]
        if shown.any():
            left = np.flatnonzero(~shown)
            rows, planes, errors, multipliers = rows[left], planes[left], errors[left], multipliers[left]
        if not len(rows):
            break
    return empty


def _joined(many: F64, one: F64) -> F64:
    """With one more in the second place."""
    return np.concatenate([many, one[:, None]], axis=1)
