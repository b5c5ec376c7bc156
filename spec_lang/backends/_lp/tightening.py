"""Bounds of hidden neurons where a conjunction holds, by linear programs.

In: bounds over a box, and a conjunction.  Out: tighter ones, and the lemmas that say why.  Each side of each
neuron is the optimum of a triangle relaxation of its own, the best that a row can have: gradient steps come
near it for an atom or two, and stay far from it for the many atoms of a pattern.  A neuron's lower bound is
looked for where it is inactive alone, and its upper bound where it is active: elsewhere 0 bounds it.  So its
own relaxation is exact, and a program that has no point says that the neuron is stable.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._lp.highs import Answer
from spec_lang.backends._lp.model import Unfit
from spec_lang.backends._lp.relaxation import Triangle
from spec_lang.backends._lp.setting import Tally
from spec_lang.backends.base import is_past
from spec_lang.bounding.hidden import Bounded
from spec_lang.bounding.leaves import FULL_BITS, SHORT_BITS, Leaves, leaves
from spec_lang.bounding.objectives import Rows as PhaseRows
from spec_lang.bounding.output_constraint import Layer, anchored, constrained, relaxed
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.program import F64, Indices, ReluStep
from spec_lang.bounding.propagate import Ranges
from spec_lang.bounding.rows import Conjunction, Rows
from spec_lang.bounding.unstable import neuron_numbers, neuron_offsets
from spec_lang.obligations.certificate import Ints, Lemma, Multipliers, PhaseTree

MOST: Final = 200  # unstable neurons: each takes two programs a sweep
SWEEPS: Final = 10
LEAST_LOSS: Final = 0.001  # of a range's width
# What shows that there is no point is added to a row in these multiples, of the row's own size.
SHARES: Final = tuple(4.0**k for k in range(-2, 8))

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Tightened:
    """Bounds where a conjunction holds; `lemmas` say why, beside those of the box.  `closed`: they leave some
    neuron no value."""

    bounds: Bounded
    lemmas: tuple[Lemma, ...]
    closed: bool


@dataclass(frozen=True, slots=True)
class Allowance:
    """Until when, and how many programs."""

    deadline: float | None
    programs: int | None


def tightened(bounds: Bounded, of: Conjunction, tally: Tally, allowance: Allowance) -> Tightened | None:
    """None where nothing is gained, or the network is too large for so many programs.  Raises `Expired`."""
    program = bounds.context.program
    if program.gates or program.deltas or not 0 < bounds.optimiser.unstable.count <= MOST:
        return None
    found = constrained(bounds, of, _Programs(tally, allowance, tally.programs), SWEEPS)
    if not found.lemmas:
        return None
    # Where a neuron has no value left its ranges close what is above, whatever the relaxations.
    context = bounds.context if found.closed else relaxed(bounds.context, found.known)
    bounds = Bounded(context, found.known, bounds.lemmas, Optimiser(context))
    return Tightened(bounds, found.lemmas, found.closed)


def closed_by(lemmas: tuple[Lemma, ...], rows: Rows, k: int) -> PhaseTree:
    """The tree of a conjunction whose lemmas leave some neuron no value: a leaf, with any numbers."""
    multipliers = rows.unfold(k, np.ones((1, int(rows.member[k].sum())), dtype=np.float32))
    none = np.zeros(0, dtype=np.int32)
    leaf, slopes = np.array([-1], dtype=np.int32), np.zeros((1, 0), dtype=np.float32)
    return PhaseTree(rows.conjunction[k], leaf, multipliers, none, slopes, lemmas)


@dataclass(frozen=True, slots=True, eq=False)
class _Programs:
    """One program a row, each from the basis of the last."""

    tally: Tally
    allowance: Allowance
    before: int

    def __call__(self, layer: Layer, of: Conjunction) -> tuple[Ranges, list[Lemma]]:
        """Each row has two leaves: the one that a program is about, and its neuron's other phase.  There 0
        will do, unless that has no point either, which the program of the neuron's other row has said."""
        hidden, optimiser, own = layer.hidden, layer.optimiser, _own(layer)
        rows, each = anchored(layer, of, slice(None)), np.arange(len(hidden))
        place = np.searchsorted(neuron_numbers(optimiser.context), own)
        rows.phases[each, place], rows.parameters[each, place] = -hidden.side, 0.0
        clash = self._solved(layer, of, rows)
        other = np.roll(each, len(each) // 2)
        twice = clash & clash[other]
        beside = rows.take(other)
        beside.which = rows.which
        beside.mix[~twice, :-1] = 0.0
        beside.parameters[~twice] = 0.0
        _scale(optimiser, rows, clash)
        _scale(optimiser, beside, twice)
        here, there = (_rounded(optimiser, part, hidden.width) for part in (rows, beside))
        bound = np.minimum(here.bound, np.where(twice, there.bound, 0.0))
        kept = np.flatnonzero(hidden.gains(bound))
        pair = (there, here), hidden.side < 0
        return layer.tightened(bound, kept, _proof(of, own, pair, kept))

    def _solved(self, layer: Layer, of: Conjunction, rows: PhaseRows) -> Flags:
        """Put into the rows what their programs say; which have no point, as it seems."""
        clash: Flags = np.zeros(len(rows), dtype=np.bool_)
        try:
            program = Triangle(layer.optimiser, layer.known, of, layer.value)
        except Unfit:
            return clash
        for i in range(len(rows)):
            if self._spent():
                break
            program.fix(rows.phases[i])
            program.aim(int(layer.hidden.neuron[i]), float(layer.hidden.side[i]))
            before = program.solver.iterations
            answer = program.solve(self.allowance.deadline)
            self.tally.programs += 1
            self.tally.iterations += program.solver.iterations - before
            if isinstance(answer, Answer):
                continue
            rows.mix[i, :-1], rows.parameters[i], clash[i] = answer.mix, answer.parameters, answer.clash
        return clash

    def _spent(self) -> bool:
        most = self.allowance.programs
        return is_past(self.allowance.deadline) or (
            most is not None and self.tally.programs - self.before >= most
        )


def _own(layer: Layer) -> Indices:
    """The certificate's number of each row's neuron, in the first ReLU that its value enters."""
    context = layer.optimiser.context
    steps = context.program.steps
    first = next(s.value for s in steps if isinstance(s, ReluStep) and s.operand == layer.value)
    found: Indices = neuron_offsets(context)[first] + layer.hidden.neuron
    return found


def _scale(optimiser: Optimiser, rows: PhaseRows, clash: Flags) -> None:
    """Rows whose other parts show that there is no point get as much of these as their bound is best with."""
    which = np.flatnonzero(clash)
    if not len(which):
        return
    chosen, best = rows.take(which), np.full(len(which), -np.inf)
    size = np.maximum(chosen.mix[:, :-1].max(axis=1, initial=0.0), chosen.parameters.max(axis=1))
    for share in SHARES:
        factor = (share / np.where(size > 0, size, 1.0))[:, None]
        tried = rows.take(which)
        tried.mix[:, :-1] *= factor
        tried.parameters = np.where(tried.phases == 0, tried.parameters, tried.parameters * factor)
        bound = optimiser.bounds(tried).minimum
        better = bound > best
        best[better] = bound[better]
        chosen.mix[better], chosen.parameters[better] = tried.mix[better], tried.parameters[better]
    rows.mix[which], rows.parameters[which] = chosen.mix, chosen.parameters


def _rounded(optimiser: Optimiser, rows: PhaseRows, width: F64) -> Leaves:
    """Short numbers, but where they lose too much."""
    short, full = (leaves(optimiser, rows, bits) for bits in (SHORT_BITS, FULL_BITS))
    better = full.bound > short.bound + LEAST_LOSS * width
    better |= (full.bound >= 0) & (short.bound < 0)
    parts = zip((full.multipliers, full.slopes), (short.multipliers, short.slopes), strict=True)
    multipliers, slopes = (np.where(better[:, None], long, brief) for long, brief in parts)
    return Leaves(multipliers, slopes, np.where(better, full.bound, short.bound))


def _proof(
    of: Conjunction, own: Indices, pair: tuple[tuple[Leaves, Leaves], Flags], kept: Indices
) -> tuple[Ints, Multipliers, Multipliers]:
    """A tree of one split for each row that is kept, the active case first: the second of the pair has the
    numbers of the active case where `swapped`."""
    (first, second), swapped = pair

    def both(one: Multipliers, two: Multipliers) -> Multipliers:
        turned = swapped[kept, None]
        one, two = one[kept], two[kept]
        ordered = np.stack([np.where(turned, two, one), np.where(turned, one, two)], axis=1)
        return ordered.reshape(2 * len(kept), one.shape[1])

    none = np.full(len(kept), -1)
    tree = np.stack([own[kept], none, none], axis=1).reshape(-1).astype(np.int32)
    weights = both(first.multipliers[:, :-1], second.multipliers[:, :-1])
    return tree, of.rows.unfold(of.number, weights), both(first.slopes, second.slopes)
