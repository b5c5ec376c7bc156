"""What is known of a network over one box before any phase is fixed, with the lemmas that say why.

In: a program and a box.  Out: a `Bounded`: complete relaxations, ranges of what enters the ReLUs, and lemmas
for those ranges that are tighter than plain backward substitution makes them.  Rigorous throughout: optimised
slopes are rounded first, and the bounds are those of the rounded ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.leaves import SHORT_BITS, first_neuron, neuron_numbers, rounded
from spec_lang.bounding.linear import Context
from spec_lang.bounding.phases import Optimiser, Rows
from spec_lang.bounding.program import F64, Indices, Program, ReluStep
from spec_lang.bounding.propagate import Known, Ranges, complete, pre_activation, start_rows
from spec_lang.obligations.certificate import Lemma

HIDDEN_STEPS: Final = 20
HIDDEN_ROWS: Final = 256  # neurons a pass
# A bound that gains less than this share of its range is not worth a row of a lemma.
LEAST_GAIN: Final = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Bounded:
    """One box; `optimiser` bounds rows there."""

    context: Context
    known: Known
    lemmas: tuple[Lemma, ...]
    optimiser: Optimiser


def bounded(
    program: Program, boxes: Boxes, known: Known | None, expired: Callable[[], bool], *, raised: bool
) -> Bounded:
    """Bounds over the one box of `boxes`; with `raised`, hidden bounds by optimised slopes.

    `known` holds on a larger box.  Raises `Expired`.
    """
    lemmas: list[Lemma] = []

    def bound_hidden(context: Context, value: int) -> Ranges:
        plain = pre_activation(context, value, None if known is None else known[value])
        if not raised or not context.layouts:
            return plain
        ranges, found = _raised(context, value, plain)
        lemmas.extend(found)
        return ranges

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        context, ranges = complete(Context.start(program, boxes, expired), bound_hidden)
        return Bounded(context, ranges, tuple(lemmas), Optimiser(context))


def _raised(context: Context, value: int, plain: Ranges) -> tuple[Ranges, list[Lemma]]:
    optimiser = Optimiser(context)
    lower, upper = plain.lower.copy(), plain.upper.copy()
    unstable = np.flatnonzero((lower[0] < 0) & (upper[0] > 0))
    parts: list[tuple[Indices, NDArray[np.int8], NDArray[np.float32]]] = []
    for first in range(0, len(unstable), HIDDEN_ROWS):
        context.check_time()
        neurons = unstable[first : first + HIDDEN_ROWS]
        before = np.concatenate([lower[0, neurons], -upper[0, neurons]])
        slopes, bound = _optimised(optimiser, value, neurons)
        width = np.tile(upper[0, neurons] - lower[0, neurons], 2)
        kept = np.flatnonzero((bound > before + LEAST_GAIN * width) | ((bound >= 0) & (before < 0)))
        twice = np.tile(neurons, 2)[kept]
        side = np.where(kept < len(neurons), 1, -1).astype(np.int8)
        lower[0, twice[side > 0]] = bound[kept][side > 0]
        upper[0, twice[side < 0]] = -bound[kept][side < 0]
        parts.append((twice, side, slopes[kept]))
    return Ranges(lower, upper), _lemmas(context, value, parts)


def _optimised(optimiser: Optimiser, value: int, neurons: Indices) -> tuple[NDArray[np.float32], F64]:
    """Rounded slopes for the lower bounds of z and of −z, and the bounds with them."""
    start, constant = start_rows(optimiser.context, value, neurons)
    both = {v: np.concatenate([part, -part])[:, None, :] for v, part in start.items()}
    constants = np.concatenate([constant, -constant])[:, None]
    count, unstable = len(constants), optimiser.unstable
    phases = np.zeros((count, unstable.count), dtype=np.int8)
    parameters = np.tile(unstable.lower_slope, (count, 1))
    rows = Rows(both, constants, np.ones((count, 1)), phases, parameters, np.arange(count))
    # Beyond 0 the neuron is stable and its bound of no further use.
    _, best, _ = optimiser.optimise(rows, HIDDEN_STEPS, goal=0.0)
    slopes = rounded(best.parameters, SHORT_BITS)
    best.parameters = slopes.astype(np.float64)
    bound = optimiser.evaluate(best, gradient=False).bounds.minimum
    return slopes, np.where(np.isfinite(bound), bound, -np.inf)


def _lemmas(
    context: Context, value: int, parts: list[tuple[Indices, NDArray[np.int8], NDArray[np.float32]]]
) -> list[Lemma]:
    """One lemma for every ReLU that `value` enters."""
    if not any(len(neuron) for neuron, _, _ in parts):
        return []
    neuron, side, slopes = (np.concatenate([part[i] for part in parts]) for i in range(3))
    columns = neuron_numbers(context).astype(np.int32)
    return [
        Lemma((first_neuron(context, step.value) + neuron).astype(np.int32), side, columns, slopes)
        for step in context.program.steps
        if isinstance(step, ReluStep) and step.operand == value
    ]
