"""Cutting the input box, where there are few inputs: smaller boxes have fewer unstable neurons.

In: a root box.  Out: a `BoxProof` whose leaves are closed by bounds or by ReLU phases, or why there is none.
Depth first; a box is cut as long as it has too many unstable neurons for a tree of phases, where "too many"
is learnt from the trees that were tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._lp.prove import is_past
from spec_lang.backends._lp.setting import Setting
from spec_lang.backends._search.problem import conjunction_margins
from spec_lang.backends.base import Progress
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.hidden import Bounded, bounded
from spec_lang.bounding.linear import LinearBounds, lower_bounds
from spec_lang.bounding.program import F64
from spec_lang.bounding.propagate import Known
from spec_lang.bounding.rows import start_of
from spec_lang.obligations.certificate import BY_PHASES, CLOSED, BoxProof, PhaseProof
from spec_lang.obligations.outcome import GaveUp, GaveUpReason

# A box this much narrower than its root, in every direction, is beyond what float64 bounds separate.
NARROWEST: Final = 2.0**-40
FIRST_READY, LEAST_READY = 60.0, 8.0  # unstable neurons
FEWER, MORE = 0.8, 1.05  # what a failed and a successful tree make of that number

Closer = Callable[[Bounded, tuple[int, ...], bool], PhaseProof | GaveUp]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A box that waits: its node, what is known of the box above, and the conjunctions possible there."""

    node: int
    boxes: Boxes
    known: Known
    wanted: tuple[int, ...]
    bound: float


@dataclass(slots=True, eq=False)
class Cutting:
    """One tree of input cuts.  `close` tries to close a box by phases; it is told whether the box is the
    root, which may be given more time."""

    setting: Setting
    root: Boxes
    close: Closer
    axis: list[int] = field(default_factory=list)
    cut: list[float] = field(default_factory=list)
    children: list[tuple[int, int]] = field(default_factory=list)
    proofs: dict[int, PhaseProof] = field(default_factory=dict)
    stack: list[_Part] = field(default_factory=list)
    ready: float = FIRST_READY
    boxes: int = 0

    def run(self, number: int, deadline: float | None, limit: int | None) -> BoxProof | GaveUp:
        """The proof for box `number`; stops as soon as a counterexample is found.  Raises `Expired`."""
        count = len(self.setting.problem.rows.member)
        self.stack = [_Part(self._node(), self.root, {}, tuple(range(count)), -np.inf)]
        while self.stack:
            if is_past(deadline):
                detail = f"{self.boxes} boxes bounded, {len(self.stack)} open"
                return GaveUp(GaveUpReason.TIMEOUT, detail, self.bound())
            if limit is not None and self.setting.tally.nodes + self.boxes >= limit:
                return GaveUp(GaveUpReason.BUDGET, f"the budget of {limit} is spent", self.bound())
            part = self.stack.pop()
            stop = self._process(part, deadline)
            if self.setting.witnesses.found is not None:
                return GaveUp(GaveUpReason.INTERRUPTED, "a counterexample was found")
            if stop is not None:
                return stop
            self.setting.witnesses.session.observe(Progress(self.boxes, len(self.stack)))
        return self._proof(number)

    def bound(self) -> float:
        """What is proved of every box that is open."""
        return min((part.bound for part in self.stack), default=np.inf)

    def _node(self) -> int:
        self.axis.append(CLOSED)
        self.cut.append(0.0)
        self.children.append((-1, -1))
        return len(self.axis) - 1

    def _process(self, part: _Part, deadline: float | None) -> GaveUp | None:
        """Close the box, or cut it; a `GaveUp` where neither can be done."""
        self.boxes += 1
        problem = self.setting.problem
        bounds = bounded(
            problem.program, part.boxes, part.known or None, lambda: is_past(deadline), raised=False
        )
        if not bounds.context.usable().all():
            return GaveUp(GaveUpReason.NUMERICAL, "the network's values leave the range of safe floats")
        found, margins = self._rows(bounds, part.wanted)
        left = tuple(k for k, margin in zip(part.wanted, margins, strict=True) if not margin > 0)
        if not left:
            return None
        bound = max(part.bound, float(margins.min()))
        if bounds.optimiser.unstable.count <= self.ready or not part.node:
            proof = self.close(bounds, part.wanted, not part.node)
            if isinstance(proof, PhaseProof):
                self.axis[part.node], self.proofs[part.node] = BY_PHASES, proof
                self.ready *= MORE
                return None
            if part.node:
                self.ready = max(LEAST_READY, self.ready * FEWER)
        return self._divide(part, _Part(part.node, part.boxes, bounds.known, left, bound), found)

    def _rows(self, bounds: Bounded, wanted: tuple[int, ...]) -> tuple[LinearBounds, F64]:
        """Affine bounds of the rows with the default slopes, and the margin of every conjunction: what the
        kernel finds, too, so that a margin above 0 closes the conjunction there."""
        rows = self.setting.problem.rows
        index = np.flatnonzero(rows.member[list(wanted)].any(axis=0))
        owner = np.zeros(len(index), dtype=np.intp)
        with np.errstate(over="ignore", invalid="ignore"):
            start = start_of(rows, bounds.context, index)
            found = lower_bounds(bounds.context, start, rows.constant[index], owner, rows.relative)
        minimum = np.full((1, rows.count), -np.inf)
        minimum[0, index] = np.nan_to_num(found.minimum, nan=-np.inf)
        return found, conjunction_margins(rows, minimum)[0, list(wanted)]

    def _divide(self, part: _Part, rest: _Part, found: LinearBounds) -> GaveUp | None:
        """Halve the box across the input whose effect on the rows is largest."""
        lower, upper = part.boxes.lower[0], part.boxes.upper[0]
        width, middle = upper - lower, lower + 0.5 * (upper - lower)
        slope = np.nan_to_num(abs(found.coefficients))
        score = slope.max(axis=0) * width / 2 + 0.05 * width * slope.max()
        narrow = width <= NARROWEST * (self.root.upper - self.root.lower)[0]
        score[(middle <= lower) | (middle >= upper) | narrow] = -1.0
        axis = int(score.argmax())
        if score[axis] < 0:
            detail = "a box at the width of float64 rounding could not be decided"
            return GaveUp(GaveUpReason.NUMERICAL, detail, min(rest.bound, self.bound()))
        below, above = upper.copy(), lower.copy()
        below[axis] = above[axis] = middle[axis]
        self.axis[part.node], self.cut[part.node] = axis, float(middle[axis])
        self.children[part.node] = first, second = self._node(), self._node()
        halves = ((second, above, upper), (first, lower, below))
        for node, low, high in halves:
            self.stack.append(_Part(node, Boxes(low[None], high[None]), rest.known, rest.wanted, rest.bound))
        return None

    def _proof(self, number: int) -> BoxProof:
        order: list[int] = []
        stack = [0]
        while stack:
            node = stack.pop()
            order.append(node)
            if self.axis[node] >= 0:
                stack.extend(reversed(self.children[node]))
        axis: NDArray[np.int32] = np.array([self.axis[node] for node in order], dtype=np.int32)
        cut = np.array([self.cut[node] for node in order if self.axis[node] >= 0])
        weights = np.zeros((len(order), self.setting.problem.rows.width), dtype=np.uint8)
        phases = tuple(self.proofs[node] for node in order if self.axis[node] == BY_PHASES)
        return BoxProof(number, axis, cut, weights, phases)
