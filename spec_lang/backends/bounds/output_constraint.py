"""Bounds of hidden neurons where one conjunction of the violation holds.

In: ranges over a box, and a conjunction.  Out: tighter ranges, valid wherever all of its atoms are at most 0,
and the lemmas that say why, in the order in which they build on each other.  What enters a neuron is bounded
together with any multiples γ >= 0 of the atoms, which raise the bound where the conjunction fails [Kouvaros
et al. 2021; Zhang et al. 2022 bound outputs so].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.ascent import climb
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Context
from spec_lang.bounding.hidden import Hidden, hidden_rows, lemmas_of, tightened
from spec_lang.bounding.leaves import SHORT_BITS, leaves, objectives_of
from spec_lang.bounding.objectives import Objectives, fresh_rows
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.program import Program, ReluStep
from spec_lang.bounding.propagate import Known, Ranges, complete
from spec_lang.bounding.rows import Rows
from spec_lang.obligations.certificate import Lemma

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
class Conjunction:
    """Number `number` of the problem's rows."""

    rows: Rows
    number: int


def relaxed(program: Program, boxes: Boxes, known: Known, expired: Callable[[], bool]) -> Context:
    """A context whose ReLUs are all relaxed over known ranges."""
    return complete(Context.start(program, boxes, expired), lambda _, value: known[value])[0]


def constrained(
    program: Program, boxes: Boxes, known: Known, of: Conjunction, expired: Callable[[], bool]
) -> Constrained:
    """Tighten the ranges by a conjunction, ReLU by ReLU, several times.  Raises `Expired`."""
    known, lemmas, done = dict(known), [], 0
    values = list(dict.fromkeys(s.operand for s in program.steps if isinstance(s, ReluStep)))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(SWEEPS):
            before = _width(known)
            for value in values:
                context = relaxed(program, boxes, known, expired)
                hidden = hidden_rows(context, value, known[value])
                if not len(hidden):
                    continue
                ranges, found = _layer(context, value, known[value], hidden, of)
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


def _layer(
    context: Context, value: int, ranges: Ranges, hidden: Hidden, of: Conjunction
) -> tuple[Ranges, list[Lemma]]:
    optimiser = Optimiser(context)
    atoms = objectives_of(of.rows, context, (of.number,))
    bound, slopes, multipliers = np.full(len(hidden), -np.inf), [], []
    for first in range(0, len(hidden), ROWS):
        context.check_time()
        part = slice(first, first + ROWS)
        objectives = _anchored(hidden.objectives, atoms, part)
        start = fresh_rows(objectives, optimiser.unstable, np.arange(len(objectives.constant)))
        found = climb(optimiser.plain(optimiser.kind), start, STEPS)
        numbers = leaves(optimiser, found.rows, SHORT_BITS)
        bound[part] = numbers.bound
        slopes.append(numbers.slopes)
        multipliers.append(numbers.multipliers[:, :-1])
    kept = np.flatnonzero(hidden.gains(bound))
    weights = of.rows.unfold(of.number, np.concatenate(multipliers)[kept])
    tree = np.full(len(kept), -1, dtype=np.int32)
    lemmas = lemmas_of(context, value, hidden, kept, (tree, weights, np.concatenate(slopes)[kept]))
    return tightened(ranges, hidden, kept, bound), lemmas


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
