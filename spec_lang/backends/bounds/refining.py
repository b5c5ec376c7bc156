"""Refinement of hidden neurons: bounds of what enters one ReLU, each by a small branch and bound of its own.

In: a context whose ReLUs before this one are relaxed, and rows of its neurons.  Out: tighter ranges, and the
lemmas that say why.  Every round splits the worst leaf of each row, so that a row's bound, the least of its
leaves', rises whenever the search is stopped [Ferrari et al. 2022 use such trees for outputs alone].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._companions import Cores, together
from spec_lang._values import dataclass
from spec_lang.backends.bounds.record import PhaseRecord
from spec_lang.bounding.ascent import climb
from spec_lang.bounding.branching import branched
from spec_lang.bounding.context import Context
from spec_lang.bounding.hidden import (
    HIDDEN_STEPS,
    Bounded,
    Hidden,
    hidden_rows,
    lemmas_of,
    tightened,
    unstable,
)
from spec_lang.bounding.leaves import FULL_BITS, SHORT_BITS, Leaves, leaves
from spec_lang.bounding.objectives import Rows, fresh_rows
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.program import F64, Indices
from spec_lang.bounding.propagate import Ranges, complete, pre_activation
from spec_lang.bounding.unstable import neuron_numbers
from spec_lang.obligations.certificate import Lemma

CHILD_STEPS: Final = 5
ROWS: Final = 128  # of one pass


@dataclass(frozen=True, slots=True)
class Terms:
    """At most so many rounds for each ReLU, until `has_spent` says of the sub-problems so far that they are
    enough; with the help of `cores`."""

    rounds: int
    has_spent: Callable[[int], bool]
    cores: Cores | None


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """Tighter ranges of one value, what says why, and the sub-problems that it took."""

    ranges: Ranges
    lemmas: list[Lemma]
    done: int


def refined(context: Context, terms: Terms) -> tuple[Bounded, int]:
    """Bounds over a box with hidden neurons refined, ReLU by ReLU, and the sub-problems that it took."""
    lemmas: list[Lemma] = []
    done = 0

    def bound_hidden(context: Context, value: int) -> Ranges:
        nonlocal done
        ranges = pre_activation(context, value, None)
        neurons = unstable(context, value, ranges)
        if not context.layouts or not len(neurons):
            return ranges

        def refine(part: Indices) -> Refined:
            refining = Refining(context, value, hidden_rows(context, value, ranges, part))
            for _ in range(terms.rounds):
                if terms.has_spent(done + refining.done) or not refining.advance():
                    break
            return refining.result()

        def parts(count: int) -> list[Indices]:
            return [neurons[first::count] for first in range(min(count, len(neurons)))]

        for found in together(terms.cores, refine, parts):
            lower = np.maximum(ranges.lower, found.ranges.lower)
            ranges = Ranges(lower, np.minimum(ranges.upper, found.ranges.upper))
            done += found.done
            lemmas.extend(found.lemmas)
        return ranges

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        context, known = complete(context, bound_hidden)
    return Bounded(context, known, tuple(lemmas), Optimiser(context)), done


class Refining:
    """A tree for each row of `hidden`; `advance` grows them by a round."""

    def __init__(self, context: Context, value: int, hidden: Hidden) -> None:
        self.context, self.value, self.hidden = context, value, hidden
        self.optimiser = Optimiser(context)
        self.plain = self.optimiser.plain(self.optimiser.kind)
        self.record = PhaseRecord(len(self.hidden), neuron_numbers(context))
        self.pool = _Pool(
            fresh_rows(self.hidden.objectives, self.optimiser.unstable, np.arange(len(self.hidden)))
        )
        self.done = len(self.hidden)
        for first in range(0, self.done, ROWS):
            context.check_time()
            here = np.arange(first, min(first + ROWS, self.done))
            found = climb(self.plain, self.pool.rows(here), HIDDEN_STEPS, self.plain.noise)
            self.pool.put(here, found.rows, found.bound)

    def advance(self) -> bool:
        """Split the worst leaf of every row that is not positive; whether there was any."""
        place, bound = self.pool.worst(len(self.hidden))
        rows = np.flatnonzero(bound <= 0)
        rows = rows[self.pool.splittable(place[rows])]
        for first in range(0, len(rows), ROWS):
            if self.context.expired():
                return False
            self._split(place[rows[first : first + ROWS]])
        return len(rows) > 0

    def _split(self, places: Indices) -> None:
        rows = self.pool.rows(places)
        here = climb(self.plain, rows, 0, np.inf, scores=True)
        children, chosen = branched(self.plain, rows, here.bound, here.gaps, here.intercepts)
        children.node = np.concatenate(self.record.split(rows.node, chosen))
        found = climb(self.plain, children, CHILD_STEPS, self.plain.noise)
        above = np.tile(self.pool.bound[places], 2)
        self.pool.put(
            np.concatenate([places, self.pool.more(len(places))]), found.rows, np.maximum(found.bound, above)
        )
        self.done += len(children)

    def result(self) -> Refined:
        """What the leaves' rounded numbers prove, of the rows that gain."""
        size = self.context.program.sizes[self.value]
        ranges = Ranges(np.full((1, size), -np.inf), np.full((1, size), np.inf))
        bound = np.full(len(self.hidden), np.inf)
        for first in range(0, self.pool.count, ROWS):
            places = np.arange(first, min(first + ROWS, self.pool.count))
            rows = self.pool.rows(places)
            numbers = self._numbers(rows, self.pool.bound[places] > 0)
            self.record.close(rows.node, numbers.multipliers, numbers.slopes)
            np.minimum.at(bound, rows.which, numbers.bound)
        kept = np.flatnonzero(self.hidden.gains(bound))
        if not len(kept):
            return Refined(ranges, [], self.done)
        grown = self.record.grown(kept.tolist())
        slopes = np.concatenate([tree.slopes for tree in grown])
        none = np.zeros((len(slopes), 0), dtype=np.float32)
        proof = np.concatenate([tree.label for tree in grown]), none, slopes
        lemmas = lemmas_of(self.context, self.value, self.hidden, kept, proof)
        return Refined(tightened(ranges, self.hidden, kept, bound), lemmas, self.done)

    def _numbers(self, rows: Rows, positive: NDArray[np.bool_]) -> Leaves:
        """Short numbers, but where a bound beyond 0 would be lost."""
        short = leaves(self.optimiser, rows, SHORT_BITS)
        lost = np.flatnonzero(positive & (short.bound < 0))
        if len(lost):
            full = leaves(self.optimiser, rows.take(lost), FULL_BITS)
            better = full.bound > short.bound[lost]
            lost = lost[better]
            short.slopes[lost], short.bound[lost] = full.slopes[better], full.bound[better]
        return short


class _Pool:
    """The leaves of all trees; parameters as float16, which holds more digits than leaves are stored with."""

    def __init__(self, rows: Rows) -> None:
        self.objectives, self.count = rows.objectives, len(rows)
        self.which, self.node = rows.which.copy(), rows.node.copy()
        self.phases, self.parameters = rows.phases.copy(), rows.parameters.astype(np.float16)
        self.bound = np.full(len(rows), -np.inf)

    def rows(self, places: Indices) -> Rows:
        mix = np.ones((len(places), 1))
        parameters = self.parameters[places].astype(np.float32)
        return Rows(
            self.objectives, self.which[places], mix, self.phases[places], parameters, self.node[places]
        )

    def put(self, places: Indices, rows: Rows, bound: NDArray[np.floating]) -> None:
        self.which[places], self.node[places], self.bound[places] = rows.which, rows.node, bound
        self.phases[places] = rows.phases
        with np.errstate(over="ignore"):
            self.parameters[places] = rows.parameters

    def more(self, count: int) -> Indices:
        """Places for new leaves."""
        while self.count + count > len(self.which):
            self.which, self.node, self.bound = (
                np.concatenate([a, np.zeros_like(a)]) for a in (self.which, self.node, self.bound)
            )
            self.phases = np.concatenate([self.phases, np.zeros_like(self.phases)])
            self.parameters = np.concatenate([self.parameters, np.zeros_like(self.parameters)])
        self.count += count
        return np.arange(self.count - count, self.count)

    def worst(self, rows: int) -> tuple[Indices, F64]:
        """Row by row, where its worst leaf is, and its bound."""
        order = np.lexsort((self.bound[: self.count], self.which[: self.count]))
        first = np.searchsorted(self.which[order], np.arange(rows))
        return order[first], self.bound[order[first]]

    def splittable(self, places: Indices) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (self.phases[places] == 0).any(axis=1)
        return found
