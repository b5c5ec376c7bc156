"""The neurons whose phase is open over one box, numbered through the whole network.

In: a relaxed context.  Out: where each ReLU's unstable neurons sit among all of them, and their relaxations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang.bounding.context import Context
from spec_lang.bounding.program import BinaryStep, Indices, ReluStep
from spec_lang.network.primitives import Binary

Phases = NDArray[np.int8]  # 0 open, +1 active (z >= 0), −1 inactive (z <= 0)


class Unstable:
    """Where each ReLU's unstable neurons sit among all of them, in the order of the program."""

    def __init__(self, context: Context) -> None:
        self.slices: dict[int, slice] = {}
        count = 0
        for value, layout in context.layouts.items():
            self.slices[value] = slice(count, count + layout.mixed)
            count += layout.mixed
        self.count = count
        self.gates = {value: self._of_gate(context, value) for value in context.crossed}
        relaxations = [layout.relaxation for layout in context.layouts.values()]
        empty = np.zeros(0)
        self.lower_slope = np.concatenate([empty, *(r.lower_slope[0] for r in relaxations)])
        self.upper_slope = np.concatenate([empty, *(r.upper_slope[0] for r in relaxations)])
        self.intercept = np.concatenate([empty, *(r.upper_intercept[0] for r in relaxations)])

    def _of_gate(self, context: Context, value: int) -> Indices:
        """Where the neurons of a gate's mixed elements sit among the unstable ones; −1 for those that are
        none, and for all of a product's."""
        step, found = context.program.producer[value], context.crossed[value]
        place = np.full(context.program.sizes[value], -1, dtype=np.intp)
        if isinstance(step, BinaryStep) and step.function is Binary.GATE:
            for relu in context.program.steps:
                if isinstance(relu, ReluStep) and relu.operand == step.first and relu.value in self.slices:
                    layout, where = context.layouts[relu.value], self.slices[relu.value]
                    place[layout.columns[: layout.mixed]] = np.arange(where.start, where.stop)
        return place[found.columns[: found.mixed]]

    def fixed(self, phases: Phases) -> list[int]:
        """The ReLUs of which some row has fixed a phase."""
        return [value for value, where in self.slices.items() if bool(phases[:, where].any())]

    def at(self, phases: Phases, gate: int) -> Phases:
        """The phases of a gate's mixed elements, row by row; open where there is no neuron."""
        places = self.gates[gate]
        if not phases.shape[1]:
            return np.zeros((len(phases), len(places)), dtype=np.int8)
        found: Phases = np.where(places >= 0, phases[:, places], np.int8(0))
        return found


def neuron_numbers(context: Context) -> Indices:
    """The certificate's number of every unstable neuron, in the order of `Unstable`."""
    offsets, none = neuron_offsets(context), np.zeros(0, dtype=np.intp)
    parts = [offsets[v] + layout.columns[: layout.mixed] for v, layout in context.layouts.items()]
    return np.concatenate([none, *parts])


def neuron_offsets(context: Context) -> dict[int, int]:
    """The certificate's number of the first neuron of every ReLU."""
    first, found = 0, {}
    for step in context.program.steps:
        if isinstance(step, ReluStep):
            found[step.value] = first
            first += context.program.sizes[step.value]
    return found
