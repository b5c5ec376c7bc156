"""Cutting the input box, where there are few inputs, until the solver can decide what is left.

In: a root box.  Out: whether it has no counterexample, and the tree of cuts.  Depth first; a box is closed by
bounds alone, or handed to the solver once it has few unstable neurons.  How few is learnt from how long the
solver takes, and a box that takes it too long is cut after all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._search.problem import Problem, conjunction_margins
from spec_lang.backends.base import Progress, Session
from spec_lang.backends.smt.process import Answer, Impossible, NoAnswer, Solution
from spec_lang.backends.smt.record import Tree
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.hidden import Bounded, bounded
from spec_lang.bounding.linear import Context, lower_bounds
from spec_lang.bounding.program import F64
from spec_lang.bounding.propagate import Known, Ranges, propagate
from spec_lang.bounding.rows import start_of
from spec_lang.obligations.certificate import PhaseProof, Unclosed
from spec_lang.obligations.outcome import GaveUpReason

# A box this much narrower than its root, in every direction, is left to the solver as it is.
NARROWEST: Final = 2.0**-40
BATCH: Final = 64  # boxes bounded at a time
# Unstable neurons with which a box goes to the solver: at the root, and how many cuts double that number.
# Cutting is cheap, but where the claim holds with equality it would never end.
FIRST_READY, LEAST_READY, DOUBLING = 10.0, 2.0, 32
SECONDS: Final = 1.0  # for the solver, on a box that can be cut instead
QUICK: Final = 0.05  # seconds in which hundreds of boxes can be cut: what the solver may take
FEWER, MORE = 0.9, 1.1


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """What is rigorously known on the one box of `boxes`: ranges of what enters neurons, float32 errors."""

    boxes: Boxes
    known: Known
    errors: dict[int, F64]


Decide = Callable[[Bounds, float | None], Answer]
Prove = Callable[[Bounded, Sequence[int] | None], PhaseProof | None]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A box: its node, the cuts above it, what is known of it or of the box above (nothing at the root),
    the conjunctions possible there, and the proved bound on the violation."""

    node: int
    depth: int
    boxes: Boxes
    known: Known
    wanted: tuple[int, ...]
    bound: float


@dataclass(slots=True, eq=False)
class Cutting:
    """One tree of input cuts."""

    problem: Problem
    session: Session
    root: Boxes
    decide: Decide
    tree: Tree = field(default_factory=Tree)
    solved: list[Part] = field(default_factory=list)  # closed by the solver
    stack: list[Part] = field(default_factory=list)
    ready: float = FIRST_READY
    boxes: int = 0

    def run(self, limit: int | None) -> Answer:
        """What the solver and the bounds say of the whole root box.  Raises `Expired`."""
        every = tuple(range(len(self.problem.rows.member)))
        root = Part(0, 0, self.root, {}, every, -np.inf)
        self.stack = [root] if every else []
        while self.stack:
            if self._expired():
                return NoAnswer(GaveUpReason.TIMEOUT, f"{self.boxes} boxes bounded, {len(self.stack)} open")
            if limit is not None and self.boxes >= limit:
                return NoAnswer(GaveUpReason.BUDGET, f"the budget of {limit} boxes is spent")
            batch, self.stack = self.stack[-BATCH:], self.stack[:-BATCH]
            answer = self._process(batch)
            if not isinstance(answer, Impossible):
                return answer
            self.session.observe(Progress(self.boxes, len(self.stack)))
        return Impossible()

    def bound(self) -> float:
        """What is proved of every box that is open."""
        return min((part.bound for part in self.stack), default=np.inf)

    def _expired(self) -> bool:
        deadline = self.session.budget.deadline
        return deadline is not None and time.monotonic() > deadline

    def _process(self, batch: list[Part]) -> Answer:
        """Close every box or cut it, either of which is `Impossible` here; anything else ends the search."""
        context, known = propagate(
            self.problem.program, _joined_boxes(batch), _joined_known(batch), self._expired
        )
        if not context.usable().all():
            return NoAnswer(GaveUpReason.NUMERICAL, "the network's values leave the range of safe floats")
        self.boxes += len(batch)
        coefficients, margins = self._rows(context)
        unstable = sum(((r.lower < 0) & (r.upper > 0)).sum(axis=1) for r in known.values())
        unstable = np.broadcast_to(unstable, len(batch))
        for i, part in enumerate(batch):
            left = tuple(k for k in part.wanted if not margins[i, k] > 0)
            if not left:
                continue
            bound = max(part.bound, float(margins[i, list(left)].min()))
            here = {value: ranges.take(slice(i, i + 1)) for value, ranges in known.items()}
            rest = Part(part.node, part.depth, part.boxes, here, left, bound)
            middle = self._middle(part.boxes, coefficients[i])
            if middle is not None and unstable[i] > self.ready * 2 ** (part.depth / DOUBLING):
                self._divide(rest, *middle)
                continue
            errors = {value: error[i % len(error)] for value, error in context.errors.items()}
            answer = self._solve(rest, part.wanted, Bounds(rest.boxes, here, errors), middle)
            if not isinstance(answer, Impossible):
                self.stack += batch[i + 1 :]
                return answer
        return Impossible()

    def _solve(
        self, rest: Part, wanted: tuple[int, ...], bounds: Bounds, middle: tuple[int, float] | None
    ) -> Answer:
        """Hand the box to the solver, and cut it if that takes too long."""
        started = time.monotonic()
        answer = self.decide(bounds, None if middle is None else SECONDS)
        quick = time.monotonic() - started < QUICK
        self.ready = max(LEAST_READY, self.ready * (MORE if quick else FEWER))
        if isinstance(answer, NoAnswer) and answer.slow and middle is not None:
            self._divide(rest, *middle)
            return Impossible()
        if isinstance(answer, Impossible):
            self.solved.append(replace(rest, wanted=wanted))
        elif not isinstance(answer, Solution):
            self.stack.append(rest)
        return answer

    def _rows(self, context: Context) -> tuple[F64, F64]:
        """Of every box the slopes of the rows' affine bounds, by input, and the margin of every conjunction:
        one above 0 closes it."""
        rows, batch = self.problem.rows, len(context.boxes)
        owner = np.repeat(np.arange(batch), rows.count)
        index = np.tile(np.arange(rows.count), batch)
        start = start_of(rows, context, index)
        found = lower_bounds(context, start, rows.constant[index], owner, rows.relative)
        minimum = np.nan_to_num(found.minimum, nan=-np.inf).reshape(batch, rows.count)
        slopes = np.nan_to_num(abs(found.coefficients)).reshape(batch, rows.count, -1)
        return slopes, conjunction_margins(rows, minimum)

    def _middle(self, boxes: Boxes, slopes: F64) -> tuple[int, float] | None:
        """Where to halve the box: across the input whose effect on the rows is largest."""
        lower, upper = boxes.lower[0], boxes.upper[0]
        width, middle = upper - lower, lower + 0.5 * (upper - lower)
        score = slopes.max(axis=0, initial=0.0) * width / 2 + 0.05 * width * slopes.max(initial=0.0)
        narrow = width <= NARROWEST * (self.root.upper - self.root.lower)[0]
        score[(middle <= lower) | (middle >= upper) | narrow] = -1.0
        axis = int(score.argmax()) if len(score) else 0
        return (axis, float(middle[axis])) if len(score) and score[axis] >= 0 else None

    def _divide(self, rest: Part, axis: int, cut: float) -> None:
        below, above = rest.boxes.upper.copy(), rest.boxes.lower.copy()
        below[0, axis] = above[0, axis] = cut
        first, second = self.tree.divide(rest.node, axis, cut)
        halves = ((second, Boxes(above, rest.boxes.upper)), (first, Boxes(rest.boxes.lower, below)))
        for node, boxes in halves:
            self.stack.append(Part(node, rest.depth + 1, boxes, rest.known, rest.wanted, rest.bound))

    def prove(self, prove: Prove) -> bool:
        """Whether every box that the solver closed is closed by phases, too."""
        for part in self.solved:
            program = self.problem.program
            bounds = bounded(program, part.boxes, part.known, self._expired, raised=False)
            if not self._keep(part.node, prove(bounds, part.wanted)):
                return False
        return True

    def mend(self, leaves: Sequence[Unclosed], prove: Prove) -> bool:
        """Whether phases close the leaves that the kernel's bounds, which round differently, do not."""
        order = self.tree.preorder()
        for leaf in leaves:
            node = order[leaf.node]
            if leaf.leaf is not None or node in self.tree.phases:
                return False  # a tree of phases has been tried there already
            boxes = self.tree.box(node, self.root)
            bounds = bounded(self.problem.program, boxes, None, self._expired, raised=True)
            if not self._keep(node, prove(bounds, None)):
                return False
        return True

    def _keep(self, node: int, proof: PhaseProof | None) -> bool:
        if proof is not None:
            self.tree.phases[node] = proof
        return proof is not None


def _joined_boxes(batch: list[Part]) -> Boxes:
    return Boxes(
        np.concatenate([part.boxes.lower for part in batch]),
        np.concatenate([part.boxes.upper for part in batch]),
    )


def _joined_known(batch: list[Part]) -> Known | None:
    """What is known of all; only the root, which is alone, has nothing known of it."""
    if not batch[0].known:
        return None
    return {
        value: Ranges(
            np.concatenate([part.known[value].lower for part in batch]),
            np.concatenate([part.known[value].upper for part in batch]),
        )
        for value in batch[0].known
    }
