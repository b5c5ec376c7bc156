"""Combinations of a conjunction's rows with slopes of their own, as a certificate has them, and their bounds.

In: weights and slopes of few bits.  Out: what is certain of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.context import Context
from spec_lang.bounding.linear import LinearBounds, Owners, Substitution
from spec_lang.bounding.program import F64, Indices, ReluStep
from spec_lang.obligations.certificate import SLOPE_UNIT

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Raised:
    """One row for every pair: `bounds` of `Σ weights[r, i]·row_i` over the rows of its conjunction, `points`
    where the bounds are attained, and for every ReLU the lower slopes, over 2^7, of the neurons that its
    layout mixes."""

    owner: Owners
    weights: Bytes  # (rows, atoms)
    slopes: dict[int, Bytes]
    used: dict[int, NDArray[np.bool_]]  # by ReLU: whose lower slope counts and is not the default
    bounds: LinearBounds
    points: F64
    neurons: dict[int, Indices]  # by ReLU: the certificate's numbers of the neurons that its layout mixes

    def numbers(self) -> tuple[Indices, NDArray[np.int32], Bytes]:
        """The slopes that count: their rows, ascending, and for each the neuron and the slope."""
        none = np.zeros(0, dtype=np.intp)
        places = {value: np.nonzero(used) for value, used in self.used.items()}
        row = np.concatenate([none, *(row for row, _ in places.values())])
        neuron = np.concatenate([none, *(self.neurons[v][column] for v, (_, column) in places.items())])
        slope = np.concatenate(
            [none.astype(np.uint8), *(self.slopes[v][place] for v, place in places.items())]
        )
        order = np.lexsort((neuron, row))
        return row[order], neuron[order].astype(np.int32), slope[order]


class Sloped(Substitution):
    """A backward pass with lower slopes of the rows' own.  Sound: any lower slope in [0, 1] is one."""

    def __init__(self, context: Context, owner: Owners, constant: F64, slopes: dict[int, Bytes]) -> None:
        super().__init__(context, owner, constant)
        self.slopes = slopes
        self.incoming: dict[int, F64] = {}

    def lower_slopes(self, step: ReluStep, part: F64) -> F64:
        self.incoming[step.value] = part
        return self.slopes[step.value].astype(np.float64) / SLOPE_UNIT
