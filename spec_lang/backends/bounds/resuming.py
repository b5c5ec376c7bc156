"""From where another obligation of the same form was settled: to go on, or to give up at once.

In: a problem, and a session with something earlier.  Out: a run.  A tree of cuts is grown again, and all that
is searched are its leaves that are open here; an earlier counterexample is where an attack begins.  Nobody
believes what was closed before: the kernel has checked every leaf against this obligation.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._search.attack import Starts, deepen, descend
from spec_lang.backends._search.problem import Problem, Witnesses
from spec_lang.backends._search.record import regrown
from spec_lang.backends.base import Earlier, Run, Session
from spec_lang.backends.bounds.split_input import InputSplitting
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import F64
from spec_lang.kernel.rows import nearest
from spec_lang.obligations.certificate import Proof, Unclosed
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Refuted, Work

# With more than this share of its leaves open an old tree is no better than a new one.
MOST_OPEN: Final = 0.5
# Around an earlier counterexample: points, all the way and this share of it to anywhere else; and steps.
POINTS, NEAR, STEPS = 64, 0.1, 40
LARGEST: Final = float(np.finfo(np.float64).max)


def resumed(problem: Problem, session: Session, earlier: Earlier, stamp: Attestation) -> Run:
    """What comes of it; `stamp` is for a search that cuts inputs."""
    outcome = earlier.outcome
    if isinstance(outcome, Refuted):
        return _attacked(problem, session, outcome)
    if not isinstance(outcome.proof, Proof):
        return _nothing("it is of another kind")
    if not earlier.unclosed:
        return _glanced(InputSplitting(problem, session, stamp))
    return _by_boxes(problem, session, Tree(outcome.proof, earlier.unclosed), stamp)


def _nothing(reason: str) -> Run:
    return Run(GaveUp(GaveUpReason.UNSUPPORTED, f"nothing goes on from the earlier proof: {reason}"), Work())


def _glanced(search: InputSplitting) -> Run:
    """Whether a counterexample is found before the check of the proof costs more than looking for one."""
    if search.attack_roots():
        return Run(search.refuted(), search.work)
    return Run(GaveUp(GaveUpReason.UNSUPPORTED, "no counterexample is near"), search.work)


def _attacked(problem: Problem, session: Session, earlier: Refuted) -> Run:
    """Steps towards the violation from around the point."""
    started, witnesses = time.monotonic(), Witnesses(problem, session)
    if len(earlier.point) == problem.program.input_size and problem.rows.count:
        point = np.clip(np.array([nearest(value) for value in earlier.point]), -LARGEST, LARGEST)
        if descend(problem, witnesses, _around(problem, point), STEPS):
            deepen(problem, witnesses)
    work = Work(time.monotonic() - started, (("attacks", witnesses.work),))
    if witnesses.found is not None:
        return Run(Refuted(witnesses.found), work)
    return Run(GaveUp(GaveUpReason.UNSUPPORTED, "nothing near the earlier counterexample is one"), work)


def _around(problem: Problem, point: F64) -> Starts:
    """Points for every conjunction, further and further from `point`, in the root box nearest to it."""
    rng, conjunctions = np.random.default_rng(0), len(problem.rows.member)
    away = [abs(np.clip(point, root.lower[0], root.upper[0]) - point).max() for root in problem.roots]
    root = problem.roots[int(np.argmin(away))]
    distance = np.tile(np.linspace(0.0, NEAR, POINTS), conjunctions)[:, None]
    count = len(distance)
    boxes = Boxes(np.repeat(root.lower, count, axis=0), np.repeat(root.upper, count, axis=0))
    moved = distance * (boxes.upper - boxes.lower) * rng.uniform(-1.0, 1.0, boxes.lower.shape)
    return Starts(boxes, point + moved, np.repeat(np.arange(conjunctions), POINTS))


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A proof of which only `unclosed` is open."""

    proof: Proof
    unclosed: Sequence[Unclosed]

    @property
    def leaves(self) -> int:
        return sum(int((part.axis < 0).sum()) for part in self.proof.parts)

    def fits(self, problem: Problem) -> bool:
        """Whether it is one that a search by boxes can have made."""
        inputs, width = problem.program.input_size, problem.rows.width
        return len(self.proof.parts) == len(problem.roots) and all(
            int(part.axis.max()) < inputs and part.weights.shape == (len(part.axis), width)
            for part in self.proof.parts
        )


def _by_boxes(problem: Problem, session: Session, tree: Tree, stamp: Attestation) -> Run:
    if not tree.fits(problem):
        return _nothing("its tree is not one of cuts of inputs")
    record = regrown(problem, tree.proof)
    nodes = record.nodes(tree.unclosed)
    if len(set(nodes)) > MOST_OPEN * tree.leaves:
        return _nothing(f"{len(set(nodes)):,} of {tree.leaves:,} leaves are open")
    search = InputSplitting(problem, session, stamp)
    search.record, search.stack = record, []
    search.attacked = True  # or the earlier proof was checked sooner
    for node in nodes:
        record.phases.pop(node, None)
    search.divide(list(dict(zip(nodes, tree.unclosed, strict=True)).values()))
    return search.run()
