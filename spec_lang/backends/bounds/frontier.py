"""Open boxes of an input-splitting search, in batches.

In: boxes with what is known of them.  Out: parts and joins of such batches.  Arrays are never changed in
place: a batch may share them with its parent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._search.attack import Starts
from spec_lang.backends._search.problem import Problem
from spec_lang.backends._search.record import BoxRecord
from spec_lang.backends.base import Point
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import F64, ReluStep, SmoothStep
from spec_lang.bounding.propagate import Known, Ranges
from spec_lang.obligations.certificate import Place

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Frontier:
    """Open boxes: where they are, which conjunctions are still possible there, and what is known."""

    boxes: Boxes
    alive: Mask  # (batch, conjunctions)
    known: Known
    root: NDArray[np.intp]  # (batch,): which of the region's boxes it came from
    bound: F64  # (batch,): proved lower bound on the violation's margin when the box was last bounded
    node: NDArray[np.intp]  # (batch,): its number in the record

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, rows: NDArray[np.intp] | slice | Mask) -> Frontier:
        boxes = Boxes(self.boxes.lower[rows], self.boxes.upper[rows])
        known = {value: ranges.take(rows) for value, ranges in self.known.items()}
        return Frontier(boxes, self.alive[rows], known, self.root[rows], self.bound[rows], self.node[rows])


def join(parts: list[Frontier]) -> Frontier:
    if len(parts) == 1:
        return parts[0]
    boxes = Boxes(
        np.concatenate([p.boxes.lower for p in parts]), np.concatenate([p.boxes.upper for p in parts])
    )
    known = {
        value: Ranges(
            np.concatenate([p.known[value].lower for p in parts]),
            np.concatenate([p.known[value].upper for p in parts]),
        )
        for value in parts[0].known
    }
    alive = np.concatenate([p.alive for p in parts])
    root, bound, node = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("root", "bound", "node")
    )
    return Frontier(boxes, alive, known, root, bound, node)


def whole(number: int, root: Boxes, conjunctions: int) -> Frontier:
    """A root box of which nothing is known."""
    alive = np.ones((1, conjunctions), dtype=np.bool_)
    return Frontier(root, alive, {}, np.array([number]), np.array([-np.inf]), np.array([number]))


def opened(problem: Problem, record: BoxRecord, node: int, place: Place | None) -> Frontier:
    """A leaf of the record, as small as the kernel has found it, and with what it knows there."""
    root, conjunctions = record.root(node), len(problem.rows.member)
    found = replace(whole(root, record.box(node), conjunctions), node=np.array([node]))
    if place is None:
        return found
    found = replace(found, boxes=Boxes(place.lower[None], place.upper[None]))
    program = problem.program
    entering = {step.operand for step in program.steps if isinstance(step, ReluStep | SmoothStep)}
    if program.deltas or program.gates or not entering <= place.known.keys():
        return found
    return replace(found, known={value: Ranges(*_rows(place.known[value])) for value in entering})


def _rows(ends: tuple[F64, F64]) -> tuple[F64, F64]:
    lower, upper = ends
    return lower[None], upper[None]


def halves(rest: Frontier, axis: NDArray[np.intp], cut: F64, record: BoxRecord) -> Frontier:
    """Both parts of every box, the two of a box together."""
    rows = np.arange(len(rest))
    left, right = rest.boxes.upper.copy(), rest.boxes.lower.copy()
    left[rows, axis] = cut
    right[rows, axis] = cut
    parts = Boxes(rest.boxes.lower, left), Boxes(right, rest.boxes.upper)
    nodes = record.split(rest.node, axis, cut)
    both = join(
        [
            Frontier(part, rest.alive, rest.known, rest.root, rest.bound, node)
            for part, node in zip(parts, nodes, strict=True)
        ]
    )
    return both.take(np.arange(len(both)).reshape(2, -1).T.ravel())


def starts_in(stack: Sequence[Frontier], roots: Boxes, count: int, rng: np.random.Generator) -> Starts:
    """Points of open boxes, to stay within their root boxes: half of them spread evenly over the boxes, half
    over their volume; each works on a conjunction that is possible there."""
    boxes = Boxes(
        np.concatenate([part.boxes.lower for part in stack]),
        np.concatenate([part.boxes.upper for part in stack]),
    )
    alive = np.concatenate([part.alive for part in stack])
    root = np.concatenate([part.root for part in stack])
    width = boxes.upper - boxes.lower
    share = width / np.maximum(roots.upper - roots.lower, np.finfo(np.float64).tiny)[root]
    volume = np.where(share > 0, share, 1.0).prod(axis=1) + np.finfo(np.float64).tiny
    evenly = rng.integers(len(boxes), size=count // 2)
    by_volume = rng.choice(len(boxes), size=count // 2, p=volume / volume.sum())
    picks = np.concatenate([evenly, by_volume])
    inside = boxes.lower[picks] + width[picks] * rng.random((len(picks), roots.lower.shape[1]))
    goal = (alive[picks] * rng.random(alive[picks].shape)).argmax(axis=1)
    return Starts(Boxes(roots.lower[root[picks]], roots.upper[root[picks]]), inside, goal)


@dataclass(frozen=True, slots=True, eq=False)
class Lent:
    """Open boxes for a companion, and the record to keep of what is done below them."""

    boxes: Frontier
    record: BoxRecord


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """What a companion made of boxes that it was lent: the tree below each, boxes that are still open (their
    nodes are the record's), what it counted, and a counterexample."""

    record: BoxRecord
    left: list[Frontier]
    done: int
    stuck: int
    worst: float
    found: Point | None
