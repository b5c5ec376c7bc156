"""What the phases of a batch of rows make of the relaxations over one box, in plain floats.

In: a network over one box, and rows with phases and parameters.  Out: `Layers`, which passes go by.  Nothing
here accounts for rounding.
"""

from __future__ import annotations

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.phase_pairs import Chosen, Pair
from spec_lang.bounding.plain import Plain, PlainRelu
from spec_lang.bounding.plain_binary import PlainBinary
from spec_lang.bounding.program import Indices
from spec_lang.bounding.unstable import Phases
from spec_lang.network.operators.cast import Float
from spec_lang.network.primitives import Binary


class Layer:
    """One ReLU's part of a batch of rows: parameters, and what their phases make of the relaxation; where it
    is the first of a `pair`, so do the phases of the second.

    While no row of the batch has a phase fixed, `sign` and `active` are None.
    """

    def __init__(
        self, step: PlainRelu, all_phases: Phases, parameters: Float, pair: Pair | None, *, fixed: bool
    ) -> None:
        phases = all_phases[:, step.where]
        kind = step.upper.dtype
        self.parameters: Float = np.array(parameters, dtype=kind, order="C")
        self.sign: Float | None = None
        self.active: Float | None = None
        self.open: Float = np.ones((1, len(step.upper)), dtype=kind)
        self.upper, self.intercept = step.upper[None], step.intercept[None]
        if fixed:
            self.sign = phases.astype(kind)
            self.active = (phases > 0).astype(kind)
            self.open = (phases == 0).astype(kind)
            upper, intercept = (step.upper, step.intercept) if pair is None else pair.lines(all_phases)
            self.intercept = self.open * intercept
            self.upper = self.open * upper
            self.upper += self.active

    def keep(self, rows: Indices) -> None:
        self.parameters = self.parameters[rows]
        if self.sign is not None and self.active is not None:
            self.sign, self.active, self.open = self.sign[rows], self.active[rows], self.open[rows]
            self.upper, self.intercept = self.upper[rows], self.intercept[rows]


@dataclass(slots=True, eq=False)
class Layers:
    """By value: the ReLUs' parts of a batch of rows, and the planes of differences of two and of gates; while
    no phase is `fixed`, the gates' are those of the box."""

    relus: dict[int, Layer]
    pairs: dict[int, Chosen]
    gates: dict[int, PlainBinary]
    fixed: bool

    def keep(self, rows: Indices) -> None:
        for layer in self.relus.values():
            layer.keep(rows)
        for chosen in self.pairs.values():
            chosen.keep(rows)
        if self.fixed:
            self.gates = {value: gate.take(rows) for value, gate in self.gates.items()}


def layers_of(plain: Plain, phases: Phases, parameters: Float) -> Layers:
    fixed = bool(phases.any())
    pairs = {pair.delta.base: pair for pair in plain.pairs.values()}
    return Layers(
        {
            step.value: Layer(step, phases, parameters[:, step.where], pairs.get(step.value), fixed=fixed)
            for step in plain.relus
        },
        {value: pair.chosen(phases, fixed=fixed) for value, pair in plain.pairs.items()},
        {step.value: _gate(plain, step, phases, fixed=fixed) for step in plain.binaries},
        fixed,
    )


def _gate(plain: Plain, step: PlainBinary, phases: Phases, *, fixed: bool) -> PlainBinary:
    of_gate = fixed and step.function is Binary.GATE
    return step.with_phases(plain.unstable.at(phases, step.value)) if of_gate else step
