"""Bounds of hidden neurons where one conjunction of the violation holds.

In: ranges over a box, and a conjunction.  Out: tighter ranges, valid wherever all of its atoms are at most 0,
and the lemmas that say why, in the order in which they build on each other.  What enters a neuron is bounded
together with any multiples γ >= 0 of the atoms, which raise the bound where the conjunction fails [Kouvaros
et al. 2021; Zhang et al. 2022 bound outputs so].  Where multiples and slopes come from is a hint: gradient
steps find them, or who calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.ascent import climb
from spec_lang.bounding.context import Context
from spec_lang.bounding.hidden import Bounded, Hidden, hidden_rows, lemmas_of, tightened
from spec_lang.bounding.leaves import SHORT_BITS, leaves, objectives_of
from spec_lang.bounding.objectives import Objectives, fresh_rows
from spec_lang.bounding.objectives import Rows as PhaseRows
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.program import F64, Indices, ReluStep
from spec_lang.bounding.propagate import Known, Ranges, complete
from spec_lang.bounding.rows import Conjunction
from spec_lang.obligations.certificate import Ints, Lemma, Multipliers

SWEEPS: Final = 3
STEPS: Final = 30
ROWS: Final = 256  # of one pass
LEAST_GAIN: Final = 0.02  # of the ranges' summed widths: a sweep that gains less is the last


@dataclass(frozen=True, slots=True, eq=False)
class Constrained:
    """`closed`: the conjunction leaves some neuron no value."""

    known: Known
    lemmas: tuple[Lemma, ...]
    closed: bool
    done: int


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Both sides of one value's unstable neurons, to be bounded over the relaxations of `optimiser`, which
    are made of what is `known`."""

    optimiser: Optimiser
    known: Known
    value: int
    hidden: Hidden

    def tightened(
        self, bound: F64, kept: Indices, proof: tuple[Ints, Multipliers, Multipliers]
    ) -> tuple[Ranges, list[Lemma]]:
        """The value's ranges with the bounds of the rows `kept`, and the lemmas with their `proof`."""
        lemmas = lemmas_of(self.optimiser.context, self.value, self.hidden, kept, proof)
        return tightened(self.known[self.value], self.hidden, kept, bound), lemmas


Tightening = Callable[[Layer, Conjunction], tuple[Ranges, list[Lemma]]]


def relaxed(context: Context, known: Known) -> Context:
    """A context over the same box whose ReLUs are all relaxed over known ranges."""
    start = Context.start(context.program, context.boxes, context.expired)
    return complete(start, lambda _, value: known[value])[0]


def constrained(
    bounds: Bounded, of: Conjunction, tighten: Tightening | None = None, sweeps: int = SWEEPS
) -> Constrained:
    """Tighten the ranges by a conjunction, ReLU by ReLU, several times: by `tighten` or by steps of a
    gradient.  Raises `Expired`."""
    known, lemmas, done = dict(bounds.known), [], 0
    steps = bounds.context.program.steps
    values = list(dict.fromkeys(s.operand for s in steps if isinstance(s, ReluStep)))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(sweeps):
            before = _width(known)
            for value in values:
                context = relaxed(bounds.context, known)
                hidden = hidden_rows(context, value, known[value])
                if not len(hidden):
                    continue
                layer = Layer(Optimiser(context), known, value, hidden)
                ranges, found = (tighten or _by_steps)(layer, of)
                known[value] = ranges
                lemmas += found
                done += len(hidden)
                if bool((ranges.lower > ranges.upper).any()):
                    return Constrained(known, tuple(lemmas), closed=True, done=done)
            if _width(known) > (1 - LEAST_GAIN) * before:
                break
    return Constrained(known, tuple(lemmas), closed=False, done=done)


def _width(known: Known) -> float:
    """The summed widths of the ranges that contain 0."""
    return sum(float(((r.upper - r.lower) * ((r.lower < 0) & (r.upper > 0))).sum()) for r in known.values())


def _by_steps(layer: Layer, of: Conjunction) -> tuple[Ranges, list[Lemma]]:
    optimiser, hidden = layer.optimiser, layer.hidden
    bound, slopes, multipliers = np.full(len(hidden), -np.inf), [], []
    for first in range(0, len(hidden), ROWS):
        optimiser.context.check_time()
        part = slice(first, first + ROWS)
        start = anchored(layer, of, part)
        found = climb(optimiser.plain(optimiser.kind), start, STEPS)
        numbers = leaves(optimiser, found.rows, SHORT_BITS)
        bound[part] = numbers.bound
        slopes.append(numbers.slopes)
        multipliers.append(numbers.multipliers[:, :-1])
    kept = np.flatnonzero(hidden.gains(bound))
    weights = of.rows.unfold(of.number, np.concatenate(multipliers)[kept])
    tree = np.full(len(kept), -1, dtype=np.int32)
    return layer.tightened(bound, kept, (tree, weights, np.concatenate(slopes)[kept]))


def anchored(layer: Layer, of: Conjunction, part: slice) -> PhaseRows:
    """A part of the neurons' rows, each after the atoms of the conjunction."""
    optimiser = layer.optimiser
    atoms = objectives_of(of.rows, optimiser.context, (of.number,))
    objectives = _anchored(layer.hidden.objectives, atoms, part)
    return fresh_rows(objectives, optimiser.unstable, np.arange(len(objectives.constant)))


def _anchored(hidden: Objectives, atoms: Objectives, part: slice) -> Objectives:
    """Each of the neurons' rows after the atoms, one part each."""
    constant = hidden.constant[part]
    count, several = len(constant), atoms.constant.shape[1]
    start = {}
    for value in (*atoms.start, *hidden.start):
        own = hidden.start.get(value)
        shared = atoms.start.get(value)
        width = own.shape[2] if own is not None else shared.shape[2] if shared is not None else 0
        start[value] = np.zeros((count, several + 1, width))
        if own is not None:
            start[value][:, -1] = own[part, 0]
        if shared is not None:
            start[value][:, :-1] = shared
    both = np.concatenate([np.broadcast_to(atoms.constant, (count, several)), constant], axis=1)
    return Objectives(start, both, atoms.relative, anchored=True)
