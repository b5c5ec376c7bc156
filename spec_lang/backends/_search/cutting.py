"""Cutting the input box, where there are few inputs, until another method can decide what is left.

In: a root box, and who decides a leaf.  Out: nothing where the box is closed, or why it is not; the cuts
are in the record.  Depth first, by batches; a box is closed by bounds alone, or handed over once it has few
unstable neurons.  How few is learnt from what the other method makes of the boxes that it is handed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._search.halving import Mask, bounds_of, effects, halving, shrunk
from spec_lang.backends._search.problem import Problem
from spec_lang.backends._search.record import BoxRecord
from spec_lang.backends.base import Progress, Session
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Expired
from spec_lang.bounding.program import F64
from spec_lang.bounding.propagate import Known, Ranges, propagate
from spec_lang.obligations.certificate import PhaseProof
from spec_lang.obligations.outcome import GaveUp, GaveUpReason

BATCH: Final = 64  # boxes bounded at a time


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """One box that bounds leave open: its node, what is rigorously known (ranges of what enters neurons,
    float32 errors), the conjunctions that were possible on the box above, and whether it can be cut.  What
    clipping would leave of the box is not used: the kernel does not clip where phases close a leaf."""

    node: int
    boxes: Boxes
    known: Known
    errors: dict[int, F64]
    wanted: tuple[int, ...]
    divisible: bool


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """Whether a leaf is closed, by `proof` if there is one yet, and whether it was worth trying: more such
    leaves are handed over then."""

    closed: bool
    worth: bool
    proof: PhaseProof | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """With how many unstable neurons a box is handed over: at first, at least, by what factor a leaf that was
    worth it or not changes that number, and how many cuts double it (inf: they do not); whether the root
    is handed over whatever it has."""

    first: float
    least: float
    more: float
    fewer: float
    doubling: float = np.inf
    root: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A box that waits: its node, what is known of the box above (nothing at the root), the conjunctions
    possible there, and the proved bound on the violation."""

    node: int
    boxes: Boxes
    known: Known
    alive: Mask
    bound: float


@dataclass(slots=True, eq=False)
class Cutting:
    """One tree of input cuts, that of root `number`.  `decide` says of a leaf that it is closed, or that it
    should be cut, or why the search ends; `count` hears of how many boxes it is, and says whether the budget
    is spent.  Leaves that are closed without a proof are kept in `unproved`."""

    problem: Problem
    session: Session
    record: BoxRecord
    number: int
    readiness: Readiness
    decide: Callable[[Leaf], Decision | GaveUp]
    expired: Callable[[], bool]
    count: Callable[[int], bool]
    boxes: int = 0
    unproved: list[Leaf] = field(default_factory=list)
    _stack: list[_Part] = field(default_factory=list)
    _ready: float = field(init=False)

    def run(self) -> GaveUp | None:
        """None where the whole box is closed."""
        self._ready = self.readiness.first
        alive = np.ones(len(self.problem.rows.member), dtype=np.bool_)
        root = _Part(self.number, self.problem.roots[self.number], {}, alive, -np.inf)
        self._stack = [root] if alive.any() else []
        while self._stack:
            stop = self._step()
            if stop is not None:
                bound = min((part.bound for part in self._stack), default=np.inf)
                return replace(stop, bound=bound if np.isfinite(bound) else None)
            self.session.observe(Progress(self.boxes, len(self._stack)))
        return None

    def _step(self) -> GaveUp | None:
        if self.expired():
            return self._gave_up(GaveUpReason.TIMEOUT)
        if self.count(self.boxes):
            return self._gave_up(GaveUpReason.BUDGET)
        batch, self._stack = self._stack[-BATCH:], self._stack[:-BATCH]
        try:
            return self._process(batch)
        except Expired:
            self._stack += batch
            return self._gave_up(GaveUpReason.TIMEOUT)

    def _gave_up(self, reason: GaveUpReason) -> GaveUp:
        return GaveUp(reason, f"{self.boxes} boxes bounded, {len(self._stack)} open")

    def _process(self, batch: list[_Part]) -> GaveUp | None:
        """Close every box or cut it; why, where neither can be done."""
        whole = Boxes(*(_joined([getattr(p.boxes, side) for p in batch]) for side in ("lower", "upper")))
        alive = np.stack([part.alive for part in batch])
        node = np.array([part.node for part in batch], dtype=np.intp)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            context, known = propagate(self.problem.program, whole, _joined_known(batch), self.expired)
            if not context.usable().all():
                self._stack += batch
                return GaveUp(GaveUpReason.NUMERICAL, "the network's values leave the range of safe floats")
            self.boxes += len(batch)
            found = bounds_of(self.problem, context, alive)
            margins = np.where(found.alive, found.margins(self.problem.rows), np.inf)
            effect = effects(self.problem, context, found, margins)
            smaller, alive = shrunk(self.record, node, whole, found)
        left = np.flatnonzero(alive.any(axis=1))
        smaller = Boxes(smaller.lower[left], smaller.upper[left])
        root = self.problem.roots[self.number]
        axis, cut = halving(smaller, effect[left], root.upper - root.lower)
        for place, i in enumerate(left):
            one = slice(place, place + 1)
            here = {value: ranges.take(slice(i, i + 1)) for value, ranges in known.items()}
            bound = max(batch[i].bound, float(margins[i].min()))
            rest = _Part(batch[i].node, Boxes(smaller.lower[one], smaller.upper[one]), here, alive[i], bound)
            errors = {value: error[i % len(error)] for value, error in context.errors.items()}
            wanted = tuple(np.flatnonzero(batch[i].alive).tolist())
            leaf = Leaf(rest.node, batch[i].boxes, here, errors, wanted, divisible=bool(axis[place] >= 0))
            stop = self._close_or_cut(leaf, rest, int(axis[place]), float(cut[place]))
            if stop is not None:
                self._stack += [rest, *(batch[j] for j in left[place + 1 :])]
                return stop
        return None

    def _close_or_cut(self, leaf: Leaf, rest: _Part, axis: int, cut: float) -> GaveUp | None:
        unstable = sum(int(((r.lower < 0) & (r.upper > 0)).sum()) for r in leaf.known.values())
        deeper = 2.0 ** (self.record.depth[leaf.node] / self.readiness.doubling)
        whole = self.readiness.root and leaf.node == self.number
        if whole or not leaf.divisible or unstable <= self._ready * deeper:
            decided = self._hand_over(leaf)
            if isinstance(decided, GaveUp):
                return decided
            if decided.closed:
                return None
        self._divide(rest, axis, cut)
        return None

    def _hand_over(self, leaf: Leaf) -> Decision | GaveUp:
        decided = self.decide(leaf)
        if isinstance(decided, GaveUp):
            return decided
        factor = self.readiness.more if decided.worth else self.readiness.fewer
        self._ready = max(self.readiness.least, self._ready * factor)
        if not decided.closed:
            if leaf.divisible:
                return decided
            detail = "a box at the width of float64 rounding could not be decided"
            return GaveUp(GaveUpReason.NUMERICAL, detail)
        if decided.proof is None:
            self.unproved.append(leaf)
        else:
            self.record.phases[leaf.node] = decided.proof
        return decided

    def _divide(self, rest: _Part, axis: int, cut: float) -> None:
        below, above = rest.boxes.upper.copy(), rest.boxes.lower.copy()
        below[0, axis] = above[0, axis] = cut
        first, second = self.record.split(np.array([rest.node]), np.array([axis]), np.array([cut]))
        halves = ((second, Boxes(above, rest.boxes.upper)), (first, Boxes(rest.boxes.lower, below)))
        for node, boxes in halves:
            self._stack.append(replace(rest, node=int(node[0]), boxes=boxes))


def _joined(parts: list[F64]) -> F64:
    return np.concatenate(parts)


def _joined_known(batch: list[_Part]) -> Known | None:
    """What is known of all; only the root, which is alone, has nothing known of it."""
    if not batch[0].known:
        return None
    return {
        value: Ranges(
            _joined([part.known[value].lower for part in batch]),
            _joined([part.known[value].upper for part in batch]),
        )
        for value in batch[0].known
    }
