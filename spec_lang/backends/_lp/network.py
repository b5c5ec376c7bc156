"""A ReLU network over one box as rows and columns: what linear and mixed-integer programs have in common.

In: a `Context` with complete relaxations, and bounds of what enters the ReLUs.  Out: an `Encoding`: where
each value of the program stands among the columns, and the rows of unstable neurons and open gates.
Over-approximates; with the phases fixed it is exact but for rounding, which the caller does not rely on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._lp.gates import Gates, Read, add_gate, joined
from spec_lang.backends._lp.model import Model, Unfit
from spec_lang.bounding.context import Context
from spec_lang.bounding.program import F64, AffineStep, BinaryStep, Indices, Program, ReluStep, Step
from spec_lang.bounding.propagate import Known
from spec_lang.bounding.unstable import Unstable
from spec_lang.network.primitives import Binary

# Numbers of the rows of a map that are looked at together: most of them may be 0.
_BLOCK: Final = 2**22


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """`column[v]` has the column of every element of value v, −1 for one that is 0 or not carried.

    `gates` are the elements of gates that may be open or shut.  The rest has one entry for every unstable
    neuron, in the order of `Unstable`: the columns of what enters and what leaves it (−1 where the neuron
    reaches no row), the rows `a − z >= 0` and `a − slope·z <= intercept`, and the bounds of z.
    """

    program: Program
    column: dict[int, Indices]
    gates: Gates
    z: Indices
    a: Indices
    lower_row: Indices
    upper_row: Indices
    lower: F64
    upper: F64


class Encoder:
    """Adds the steps of a program to a model, one after the other."""

    def __init__(self, model: Model, context: Context, known: Known, unstable: Unstable) -> None:
        self.model, self.context, self.known, self.unstable = model, context, known, unstable
        none = np.full(unstable.count, -1, dtype=np.intp)
        self.z, self.a, self.lower_row, self.upper_row = (none.copy() for _ in range(4))
        self.lower, self.upper = np.zeros(unstable.count), np.zeros(unstable.count)
        self.column: dict[int, Indices] = {}
        self.gates: list[Gates] = []

    def encode(self, wanted: Iterable[int]) -> Encoding:
        """The encoding of the program as far as the values `wanted` depend on it.  Raises `Unfit`."""
        context = self.context
        needed = self._ancestors(wanted)
        box = context.boxes
        inputs = self.model.add_columns(box.lower[0], box.upper[0], box.magnitude[0])
        for number, where in enumerate(context.program.input_slices):
            self.column[number] = inputs[where]
        for step in context.program.steps:
            if step.value not in needed:
                continue
            if isinstance(step, AffineStep):
                self._affine(step)
            elif isinstance(step, ReluStep):
                self._relu(step)
            elif isinstance(step, BinaryStep) and step.function is Binary.GATE:
                self._gate(step)
            else:
                raise Unfit(f"no rows say what a {step.function.value} is")
        rows = self.lower_row, self.upper_row, self.lower, self.upper
        return Encoding(context.program, self.column, joined(self.gates), self.z, self.a, *rows)

    def _ancestors(self, wanted: Iterable[int]) -> set[int]:
        needed = set(wanted)
        for step in reversed(self.context.program.steps):
            if step.value in needed:
                needed.update(self._operands(step))
        return needed

    def _operands(self, step: Step) -> tuple[int, ...]:
        """What a step reads; of a gate the ReLUs of its z, too, whose phases are its own."""
        if isinstance(step, BinaryStep):
            relus = (s for s in self.context.program.steps if isinstance(s, ReluStep))
            beside = (
                (s.value for s in relus if s.operand == step.first) if step.function is Binary.GATE else ()
            )
            return (*step.operands, *beside)
        return step.operands if isinstance(step, AffineStep) else (step.operand,)

    def _affine(self, step: AffineStep) -> None:
        """One free column and one equation an element; under float32 the equation has a width."""
        context = self.context
        size = context.program.sizes[step.value]
        carried = context.columns.get(step.value, np.arange(size))
        lower, upper = self._range(step.value, carried)
        free = np.full(len(carried), np.inf)
        columns = self.model.add_columns(-free, free, np.maximum(abs(lower), abs(upper)))
        errors = context.errors.get(step.value)
        slack = np.zeros(len(carried)) if errors is None else errors[0][carried]
        bias = step.bias[carried]
        rows = self.model.add_rows(bias - slack, bias + slack)
        self.model.put(rows, columns, np.ones(len(rows)))
        for operand, linear in zip(step.operands, step.maps, strict=True):
            height = max(1, _BLOCK // max(1, len(self.column[operand])))
            for first in range(0, len(carried), height):
                part = slice(first, first + height)
                self.model.put_block(rows[part], self.column[operand], -linear.rows(carried[part]))
        self.column[step.value] = np.full(size, -1, dtype=np.intp)
        self.column[step.value][carried] = columns

    def _range(self, value: int, elements: Indices) -> tuple[F64, F64]:
        if value in self.known:
            return self.known[value].lower[0][elements], self.known[value].upper[0][elements]
        magnitude = self.context.magnitudes[value][0][elements]
        return -magnitude, magnitude

    def _relu(self, step: ReluStep) -> None:
        """Dead elements are 0, active ones their operand's own column, the others get a triangle."""
        layout, where = self.context.layouts[step.value], self.unstable.slices[step.value]
        operand = self.column[step.operand]
        result = np.full(self.context.program.sizes[step.value], -1, dtype=np.intp)
        active = layout.columns[layout.mixed :]
        result[active] = operand[active]
        mixed = layout.columns[: layout.mixed]
        lower, upper = self._range(step.operand, mixed)
        z = self._own(step, operand[mixed], np.maximum(abs(lower), abs(upper)))
        open_ended, nothing = np.full(len(mixed), np.inf), np.zeros(len(mixed))
        a = self.model.add_columns(nothing, open_ended, upper)
        self.z[where], self.a[where], self.lower[where], self.upper[where] = z, a, lower, upper
        self.lower_row[where] = below = self.model.add_rows(nothing, open_ended)
        self.model.put(below, a, np.ones(len(a)))
        self.model.put(below, z, -np.ones(len(a)))
        self.upper_row[where] = above = self.model.add_rows(-open_ended, self.unstable.intercept[where])
        self.model.put(above, a, np.ones(len(a)))
        self.model.put(above, z, -self.unstable.upper_slope[where])
        result[mixed] = a
        self.column[step.value] = result

    def _gate(self, step: BinaryStep) -> None:
        """Elements that surely pass are g's own columns, those that surely do not are 0."""
        found, known = self.context.crossed[step.value], self.known
        mixed, passing = found.columns[: found.mixed], found.columns[found.mixed :]
        result = np.full(self.context.program.sizes[step.value], -1, dtype=np.intp)
        result[passing] = self.column[step.second][passing]
        ends = [known[value].ends for value in (step.second, step.first)]
        of_g, of_z = ((low[0, mixed], high[0, mixed]) for low, high in ends)
        z = self.column[step.first][mixed]
        neuron = self.unstable.gates[step.value]
        read = Read(self.column[step.second][mixed], z, step.first, mixed, neuron, of_g, of_z)
        self.gates.append(gate := add_gate(self.model, read, found))
        result[mixed] = gate.column
        self.column[step.value] = result

    def _own(self, step: ReluStep, columns: Indices, size: F64) -> Indices:
        """Columns for z that bound nothing else: a phase is fixed by their bounds, which have a multiplier of
        their own then.  What several read is copied."""
        program = self.context.program
        step_before = program.producer.get(step.operand)
        if isinstance(step_before, AffineStep) and program.consumers[step.operand] == 1:
            return columns
        free = np.full(len(columns), np.inf)
        copies = self.model.add_columns(-free, free, size)
        rows = self.model.add_rows(np.zeros(len(columns)), np.zeros(len(columns)))
        self.model.put(rows, copies, np.ones(len(copies)))
        self.model.put(rows, columns, -np.ones(len(copies)))
        return copies
