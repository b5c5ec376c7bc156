"""A network over one box in plain floats, cut to what can be alive there.

In: a context whose ReLUs are relaxed, all or the first ones.  Out: its steps, in the floats of choice, and
the network's own values and gradients.  Nothing here accounts for rounding: it is to look for what is proved,
or replayed, elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.context import Context
from spec_lang.bounding.phase_pairs import pairs_of, widths_of
from spec_lang.bounding.plain_binary import PlainBinary, aligned
from spec_lang.bounding.plain_smooth import PlainSmooth
from spec_lang.bounding.program import AffineStep, BinaryStep, Indices, ReluStep, SmoothStep
from spec_lang.bounding.unstable import Unstable
from spec_lang.network.operators.cast import Apply, Float, cast


@dataclass(frozen=True, slots=True, eq=False)
class PlainAffine:
    value: int
    operands: tuple[int, ...]
    forward: tuple[Apply, ...]
    backward: tuple[Apply, ...]
    bias: Float

    def of(self, values: dict[int, Float]) -> Float:
        total: Float | None = None
        for operand, forward in zip(self.operands, self.forward, strict=True):
            part = forward(values[operand])
            total = part if total is None else total + part
        if total is None:
            return self.bias[None]
        total += self.bias
        return total


@dataclass(frozen=True, slots=True, eq=False)
class PlainRelu:
    """`there` says where each element that the ReLU carries sits among the `width` ones that its operand
    does, `width` for one that it does not carry and that is 0 there; None where both carry the same."""

    value: int
    operand: int
    where: slice  # among all unstable neurons
    upper: Float  # (mixed,)
    intercept: Float
    there: Indices | None
    width: int

    @property
    def mixed(self) -> int:
        return int(self.where.stop) - int(self.where.start)

    def to_operand(self, coefficients: Float) -> Float:
        if self.there is None:
            return coefficients
        full = np.zeros((len(coefficients), self.width + 1), dtype=coefficients.dtype)
        full[:, self.there] = coefficients
        return full[:, : self.width]

    def from_operand(self, z: Float) -> Float:
        if self.there is None:
            return z
        if bool((self.there == self.width).any()):
            z = np.concatenate([z, np.zeros((len(z), 1), dtype=z.dtype)], axis=1)
        return np.take(z, self.there, axis=1)


class Plain:
    """The passes over the one box of `context`, in the floats of `kind`."""

    def __init__(self, context: Context, unstable: Unstable, kind: type[np.floating[Any]]) -> None:
        self.context, self.unstable, self.kind = context, unstable, kind
        self.places = context.inputs()
        center, radius = context.center[0], context.radius[0]
        self.center, self.radius = center.astype(kind), radius.astype(kind)
        self.lower, self.width = (center - radius).astype(kind), (2 * radius).astype(kind)
        self.steps: list[PlainAffine | PlainRelu | PlainSmooth | PlainBinary] = []
        for step in context.program.steps:
            if context.narrow and step.value not in context.columns:
                continue
            if isinstance(step, AffineStep):
                self.steps.append(self._affine(step))
            elif isinstance(step, ReluStep) and step.value in context.layouts:
                self.steps.append(self._relu(step))
            elif isinstance(step, SmoothStep) and step.value in context.lines:
                self.steps.append(PlainSmooth.of(step, context, kind, np.zeros(1, dtype=np.intp)))
            elif isinstance(step, BinaryStep) and step.value in context.crossed:
                self.steps.append(PlainBinary.of(step, context, kind, np.zeros(1, dtype=np.intp)))
            else:
                break  # what follows is not relaxed yet, and no row comes from there
        self.pairs = pairs_of(context, unstable)
        self.widths = widths_of(context, unstable) if self.pairs else None
        self.relus = [step for step in self.steps if isinstance(step, PlainRelu)]
        self.binaries = [step for step in self.steps if isinstance(step, PlainBinary)]
        # What rounding may make of a bound, about: a bound above it is worth to be computed rigorously.
        sizes = [float(norm.max(initial=0.0)) for norm in context.norms.values()]
        self.noise = float(np.finfo(kind).eps) * max(sizes, default=0.0)

    def _affine(self, step: AffineStep) -> PlainAffine:
        maps = [cast(self.context.map_of(step, i), self.kind) for i in range(len(step.operands))]
        columns = self.context.columns.get(step.value)
        bias = step.bias if columns is None else step.bias[columns]
        return PlainAffine(
            step.value,
            step.operands,
            tuple(forward for forward, _ in maps),
            tuple(backward for _, backward in maps),
            bias.astype(self.kind),
        )

    def _relu(self, step: ReluStep) -> PlainRelu:
        where, chosen = self.unstable.slices[step.value], self.context.layouts[step.value].columns
        carried = self.context.columns.get(step.operand)
        there, width = None, self.context.program.sizes[step.operand]
        if carried is None:
            there = chosen
        elif carried is not chosen:
            place = np.full(width, len(carried), dtype=np.intp)
            place[carried] = np.arange(len(carried))
            there, width = place[chosen], len(carried)
        return PlainRelu(
            step.value,
            step.operand,
            where,
            self.unstable.upper_slope[where].astype(self.kind),
            self.unstable.intercept[where].astype(self.kind),
            there,
            width,
        )

    def values(self, points: Float, masks: dict[int, tuple[Float, ...]] | None = None) -> dict[int, Float]:
        """What the network itself has at points of the box, dead neurons left out; `masks` gets, by ReLU, 1
        where an unstable neuron is active, by smooth steps their slopes, by gates and products one for each
        operand."""
        values: dict[int, Float] = {n: points[:, where] for n, where in enumerate(self.places)}
        for step in self.steps:
            if isinstance(step, PlainAffine):
                if all(operand in values for operand in step.operands):
                    values[step.value] = step.of(values)
            elif isinstance(step, PlainBinary):
                if step.first in values and step.second in values:
                    part = step.of_values(*self.operands(step, values))
                    values[step.value] = part[0]
                    if masks is not None:
                        masks[step.value] = part[1:]
            elif isinstance(step, PlainSmooth) and step.operand in values:
                values[step.value], slopes = step.of_values(values[step.operand])
                if masks is not None:
                    masks[step.value] = (slopes,)
            elif isinstance(step, PlainRelu) and step.operand in values:
                z = step.from_operand(values[step.operand])
                head = np.ascontiguousarray(z[:, : step.mixed])
                mask = (head > 0).astype(self.kind)
                head = head * mask
                if masks is not None:
                    masks[step.value] = (mask,)
                values[step.value] = np.concatenate([head, z[:, step.mixed :]], axis=1)
        return values

    def operands(self, step: PlainBinary, values: dict[int, Float]) -> tuple[Float, Float]:
        """Those of a gate or a product, element by element."""
        x, y = (aligned(self.context, v, values[v], step.columns) for v in (step.first, step.second))
        return x, y

    def outputs(self, values: dict[int, Float]) -> Float:
        """The flat outputs among `values`."""
        full = []
        for output in self.context.program.outputs:
            columns, part = self.context.columns.get(output), values[output]
            if columns is not None:
                part = np.zeros((len(part), self.context.program.sizes[output]), dtype=self.kind)
                part[:, columns] = values[output]
            full.append(part)
        return np.concatenate(full, axis=1)

    def gradient(self, masks: dict[int, tuple[Float, ...]], start: dict[int, Float]) -> Float:
        """Of the rows `start` in the flat input, point by point."""
        pending = dict(start)
        for step in reversed(self.steps):
            coefficients = pending.pop(step.value, None)
            if coefficients is None:
                continue
            if isinstance(step, PlainAffine):
                for operand, backward in zip(step.operands, step.backward, strict=True):
                    add(pending, operand, backward(coefficients))
                continue
            if isinstance(step, PlainSmooth):
                add(pending, step.operand, step.to_operand(coefficients * masks[step.value][0]))
                continue
            if isinstance(step, PlainBinary):
                for operand, slope in zip((step.first, step.second), masks[step.value], strict=True):
                    add(pending, operand, self.context.moved(operand, coefficients * slope, step.columns))
                continue
            head = coefficients[:, : step.mixed] * masks[step.value][0]
            coefficients = np.concatenate([head, coefficients[:, step.mixed :]], axis=1)
            add(pending, step.operand, step.to_operand(coefficients))
        return self.inputs(pending, len(next(iter(start.values()))))

    def inputs(self, pending: dict[int, Float], count: int) -> Float:
        """The coefficients of the flat input."""
        if len(self.places) == 1 and 0 in pending and not self.context.narrow:
            return pending[0]
        result = np.zeros((count, self.context.program.input_size), dtype=self.kind)
        for number, where in enumerate(self.places):
            if number in pending:
                result[:, where] = pending[number]
        return result


def add(pending: dict[int, Float], value: int, coefficients: Float) -> None:
    pending[value] = pending[value] + coefficients if value in pending else coefficients
