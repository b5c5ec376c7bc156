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
from spec_lang.bounding.ascent import climb
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Context
from spec_lang.bounding.leaves import SHORT_BITS, leaves
from spec_lang.bounding.narrow import tiles
from spec_lang.bounding.objectives import Objectives, fresh_rows
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.program import F64, Indices, Program, ReluStep
from spec_lang.bounding.propagate import Known, Ranges, complete, pre_activation, start_rows
from spec_lang.bounding.unstable import neuron_numbers, neuron_offsets
from spec_lang.obligations.certificate import Ints, Lemma, Multipliers

HIDDEN_STEPS: Final = 20
HIDDEN_ROWS: Final = 256  # rows a pass
# A bound that gains less than this share of its range is not worth a row of a lemma.
LEAST_GAIN: Final = 0.01

Sides = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Bounded:
    """One box; `optimiser` bounds rows there."""

    context: Context
    known: Known
    lemmas: tuple[Lemma, ...]
    optimiser: Optimiser


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """Rows for both sides of unstable neurons of one value: row j bounds `side[j]·z[neuron[j]]`; `before` is
    what is known of it."""

    neuron: Indices
    side: Sides
    before: F64
    width: F64  # of the neuron's range
    objectives: Objectives

    def __len__(self) -> int:
        return len(self.neuron)

    def gains(self, bound: F64) -> NDArray[np.bool_]:
        """Which rows have bounds that are worth to be kept."""
        better: NDArray[np.bool_] = bound > self.before + LEAST_GAIN * self.width
        return better | ((bound >= 0) & (self.before < 0))


def unstable(context: Context, value: int, ranges: Ranges) -> Indices:
    """The neurons that may have either phase; none where no ReLU reads them, or a smooth step or a product as
    well, which have no phases; nor those whose range the kernel has by x and δ."""
    program = context.program
    either = (ranges.lower[0] < 0) & (ranges.upper[0] > 0)
    none = value in program.bent or any(value in (pair.delta, pair.y) for pair in program.deltas.values())
    bends = any(isinstance(step, ReluStep) and step.operand == value for step in program.steps)
    return np.flatnonzero(either & (bends and not none))


def hidden_rows(context: Context, value: int, ranges: Ranges, neurons: Indices | None = None) -> Hidden:
    """Both sides of some unstable neurons, or of all of them, the lower ones first."""
    lower, upper = ranges.lower[0], ranges.upper[0]
    if neurons is None:
        neurons = unstable(context, value, ranges)
    start, constant = start_rows(context, value, neurons)
    both = {v: np.concatenate([part, -part])[:, None, :] for v, part in start.items()}
    objectives = Objectives(both, np.concatenate([constant, -constant])[:, None])
    side = np.repeat(np.array([1, -1], dtype=np.int8), len(neurons))
    before = np.concatenate([lower[neurons], -upper[neurons]])
    width = np.tile(upper[neurons] - lower[neurons], 2)
    return Hidden(np.tile(neurons, 2), side, before, width, objectives)


def tightened(ranges: Ranges, hidden: Hidden, kept: Indices, bound: F64) -> Ranges:
    """The ranges with the bounds of the rows `kept`."""
    lower, upper = ranges.lower.copy(), ranges.upper.copy()
    neuron, side = hidden.neuron[kept], hidden.side[kept]
    np.maximum.at(lower[0], neuron[side > 0], bound[kept][side > 0])
    np.minimum.at(upper[0], neuron[side < 0], -bound[kept][side < 0])
    return Ranges(lower, upper)


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
        ranges, found = raise_bounds(context, value, plain)
        lemmas.extend(found)
        return ranges

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        context, ranges = complete(Context.start(program, boxes, expired), bound_hidden)
        return Bounded(context, ranges, tuple(lemmas), Optimiser(context))


def raise_bounds(context: Context, value: int, plain: Ranges) -> tuple[Ranges, list[Lemma]]:
    """The range of one value by optimised slopes, and what says why."""
    neurons = unstable(context, value, plain)
    if not len(neurons):
        return plain, []
    optimiser, ranges, lemmas = Optimiser(context), plain, []
    for narrow, tile in tiles(context, value, neurons):
        if narrow is not optimiser.context:
            optimiser = Optimiser(narrow)
        ranges, found = _raised(optimiser, value, ranges, hidden_rows(narrow, value, ranges, tile))
        lemmas += found
    return ranges, lemmas


def _raised(optimiser: Optimiser, value: int, ranges: Ranges, hidden: Hidden) -> tuple[Ranges, list[Lemma]]:
    context = optimiser.context
    rows = fresh_rows(hidden.objectives, optimiser.unstable, np.arange(len(hidden)))
    bound, slopes = np.full(len(hidden), -np.inf), []
    for first in range(0, len(hidden), HIDDEN_ROWS):
        context.check_time()
        part = slice(first, first + HIDDEN_ROWS)
        # Beyond 0 the neuron is stable, and its bound of no further use.
        raised = climb(optimiser.plain(optimiser.kind), rows.take(part), HIDDEN_STEPS).rows
        numbers = leaves(optimiser, raised, SHORT_BITS)
        bound[part] = numbers.bound
        slopes.append(numbers.slopes)
    kept = np.flatnonzero(hidden.gains(bound))
    tree = np.full(len(kept), -1, dtype=np.int32)
    none = np.zeros((len(kept), 0), dtype=np.float32)
    lemmas = lemmas_of(context, value, hidden, kept, (tree, none, np.concatenate(slopes)[kept]))
    return tightened(ranges, hidden, kept, bound), lemmas


def lemmas_of(
    context: Context,
    value: int,
    hidden: Hidden,
    kept: Indices,
    proof: tuple[Ints, Multipliers, Multipliers],
) -> list[Lemma]:
    """One lemma for every ReLU that `value` enters; `proof` has trees, multipliers and slopes of the rows
    that are kept."""
    if not len(kept):
        return []
    tree, multipliers, slopes = proof
    columns = neuron_numbers(context).astype(np.int32)
    return [
        Lemma(
            (neuron_offsets(context)[step.value] + hidden.neuron[kept]).astype(np.int32),
            hidden.side[kept],
            tree,
            multipliers,
            columns,
            slopes,
        )
        for step in context.program.steps
        if isinstance(step, ReluStep) and step.operand == value
    ]
