"""The neurons whose phase is open over one box, numbered through the whole network.

In: a relaxed context.  Out: where each ReLU's unstable neurons sit among all of them, and their relaxations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang.bounding.context import Context
from spec_lang.bounding.program import Indices, ReluStep

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
        relaxations = [layout.relaxation for layout in context.layouts.values()]
        empty = np.zeros(0)
        self.lower_slope = np.concatenate([empty, *(r.lower_slope[0] for r in relaxations)])
        self.upper_slope = np.concatenate([empty, *(r.upper_slope[0] for r in relaxations)])
        self.intercept = np.concatenate([empty, *(r.upper_intercept[0] for r in relaxations)])


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
