"""An obligation, ready to be searched: program, rows and boxes in floats, and the exact way back.

In: an obligation.  Out: a `Problem`, or the reason why this engine cannot take it.  Float boxes contain
the exact ones; every witness is confirmed on exact points of the exact region.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from fractions import Fraction
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends.base import Point, Session
from spec_lang.bounding.boxes import Boxes, exact_candidates, outward
from spec_lang.bounding.float32 import single_candidate
from spec_lang.bounding.linear import lower_bounds
from spec_lang.bounding.program import F64, Program, compile_graph
from spec_lang.bounding.propagate import propagate
from spec_lang.bounding.rows import Rows, rows_of, start_of
from spec_lang.network.evaluate import Evaluator
from spec_lang.obligations.model import Box, Obligation, Semantics

_TIED: Final = 1e-9
POINTS_A_UNIT: Final = 64  # of an attack: a step of so many points costs about what bounding a box does
_CLOSE: Final = 32  # points that float32 may move into the violation, and that are replayed to find out


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    obligation: Obligation
    program: Program
    rows: Rows
    evaluator: Evaluator
    quick: Evaluator  # in float32, where networks are compared: nothing cancels on a difference graph
    roots: tuple[Boxes, ...]  # one batch of one for every box of the region
    rounding: float  # by how much float32 may move a row, about; 0 in reals

    @property
    def root_of_all(self) -> Boxes:
        """Every root box, as one batch."""
        return Boxes(
            np.concatenate([r.lower for r in self.roots]), np.concatenate([r.upper for r in self.roots])
        )

    @property
    def slack(self) -> float:
        """By how much rows may fail in floats at a point that is offered: ties are equations."""
        return _TIED if self.obligation.ties else 0.0

    def may_overflow(self) -> bool:
        """Whether a sum may leave the range of float32 somewhere in the region: then nothing is certain, not
        even that a ReLU's result is at least 0."""
        with np.errstate(all="ignore"):
            return bool(self.program.rounding) and not all(
                propagate(self.program, root)[0].usable().all() for root in self.roots
            )

    def completed(self, points: F64) -> F64:
        """The points (n, in) with every tied input as its tie has it, rounded."""
        if not self.obligation.ties:
            return points
        found = points.copy()
        for tie in self.obligation.ties:
            found[:, tie.input] = _nearest(tie.constant)
            for index, coefficient in tie.terms:
                found[:, tie.input] += _nearest(coefficient) * found[:, index]
        return found


def _nearest(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError:
        return np.inf if number > 0 else -np.inf


def prepare(obligation: Obligation) -> Problem:
    """Raises `TooManyDisjuncts`."""
    rows = rows_of(obligation)
    roots = tuple(outward(box) for box in obligation.region.boxes)
    graph = obligation.graph
    program = compile_graph(graph, obligation.semantics)
    rounding = max((_moved(program, rows, root) for root in roots), default=0.0)
    evaluator = Evaluator(graph)
    quick = Evaluator(graph, np.float32) if program.deltas else evaluator
    return Problem(obligation, program, rows, evaluator, quick, roots, rounding)


def _moved(program: Program, rows: Rows, root: Boxes) -> float:
    """By how much float32 may move a row at the centre of a box; not rigorous."""
    if not program.rounding or not np.isfinite(root.magnitude).all():
        return 0.0
    with np.errstate(all="ignore"):
        context, _ = propagate(program, Boxes(root.center, root.center))
        start = start_of(rows, context, np.arange(rows.count))
        owner = np.zeros(rows.count, dtype=np.intp)
        low = lower_bounds(context, start, rows.constant, owner).minimum
        negated = {value: -part for value, part in start.items()}
        high = -lower_bounds(context, negated, -rows.constant, owner).minimum
    return float(np.nan_to_num(high - low, nan=0.0, posinf=0.0).max(initial=0.0))


@dataclass(slots=True, eq=False)
class Witnesses:
    """Confirms candidates exactly; remembers the first that holds."""

    problem: Problem
    session: Session
    found: Point | None = field(default=None)
    tried: int = field(default=0)  # points of attacks, step by step
    close: int = field(default=0)  # points offered although only rounding could make them violate

    @property
    def work(self) -> int:
        """Of attacks, in units of a budget."""
        return self.tried // POINTS_A_UNIT

    def expired(self) -> bool:
        """Whether the session's deadline has passed."""
        return self.session.budget.expired()

    def offer(self, points: F64, margins: F64) -> bool:
        """Try the points with the most negative margins first; True once one is a counterexample.

        At most a handful are replayed: an exact replay costs as much as hundreds of float ones, and a
        point that float64 places inside by a clear margin nearly always is.
        """
        order = np.argsort(margins)[:4]
        for index in order:
            if not margins[index] <= self.slack:
                break
            self.close += bool(margins[index] > self.problem.slack)
            for box in self.problem.obligation.region.boxes:
                for exact in self._candidates(box, points[index]):
                    if self.session.confirm(exact):
                        self.found = exact
                        return True
        return False

    def take(self, point: Point) -> None:
        """A point that somebody else has found."""
        if self.session.confirm(point):
            self.found = point

    def try_points(self, points: F64) -> bool:
        """Evaluate float points; offer those that seem to violate."""
        rows, points = self.problem.rows, self.problem.completed(points)
        with np.errstate(all="ignore"):
            values = rows.values(points, self.problem.evaluator(points))
            margins = conjunction_margins(rows, values).min(axis=1, initial=np.inf)
        return bool(np.any(margins <= self.slack)) and self.offer(points, margins)

    @property
    def slack(self) -> float:
        """By how much rows may fail in floats at a point that is worth a replay."""
        return self.problem.slack + (self.problem.rounding if self.close < _CLOSE else 0.0)

    def _candidates(self, box: Box, point: F64) -> Iterable[Point]:
        if self.problem.obligation.semantics is Semantics.FLOAT32:
            return (single_candidate(box, point),)
        return exact_candidates(box, point)


def conjunction_margins(rows: Rows, values: F64) -> F64:
    """For each point and conjunction the largest of its rows: at most 0 where it holds (batch, k)."""
    return np.stack(
        [np.where(mask, values, -np.inf).max(axis=1, initial=-np.inf) for mask in rows.member], axis=1
    )
