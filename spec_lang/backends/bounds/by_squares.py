"""One look at every root box by squares: for many inputs, where halving one of them changes little.

In: a problem that the lines of its root boxes have not settled.  Out: a proof that the kernel accepts, or
nothing; and what it cost.  A look that cannot succeed is left off after a few rounds.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._search.halving import bounds_of
from spec_lang.backends._search.problem import Problem
from spec_lang.backends.base import Session
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Expired
from spec_lang.bounding.program import F64, AffineStep, BinaryStep, ReluStep, SmoothStep
from spec_lang.bounding.propagate import propagate
from spec_lang.bounding.squares import prove, single
from spec_lang.kernel.network import Unchecked, compiled
from spec_lang.kernel.ranges import propagate as kernel_propagate
from spec_lang.kernel.rounded import Rounded, RoundedScene
from spec_lang.kernel.rows import Alternatives, alternatives
from spec_lang.kernel.scene import Slopes
from spec_lang.obligations.certificate import BY_PHASES, BoxProof, PhaseProof, PhaseTree, Proof, SquareProof
from spec_lang.obligations.model import Semantics
from spec_lang.obligations.outcome import Attestation, Outcome, Proved, Work

# What a look may hold: the largest eigenvalue for so many inputs takes half a second, and so many numbers in
# the forms of the first layer's neurons a few milliseconds a round.
MOST_INPUTS: Final = 1000
MOST_NUMBERS: Final = 2**20
MOST_LOOKS: Final = 32  # conjunctions of all boxes together
ROUNDS_A_UNIT: Final = 4  # cost about what bounding a box does


@dataclass(slots=True, eq=False)
class Look:
    """`done` counts rounds."""

    problem: Problem
    session: Session
    attestation: Attestation
    done: int = 0

    def run(self) -> tuple[Outcome | None, Work]:
        """The outcome, where squares settle it, and what that has cost."""
        started = time.monotonic()
        with np.errstate(all="ignore"):
            outcome = self._outcome()
        return outcome, Work(time.monotonic() - started, (("squares", -(-self.done // ROUNDS_A_UNIT)),))

    def _outcome(self) -> Outcome | None:
        problem = self.problem
        if problem.obligation.semantics is not Semantics.REAL or not _is_worth_a_look(problem):
            return None
        try:
            network = compiled(problem.obligation.graph)
            found = alternatives(problem.obligation, network)
            rounded = Rounded(network, found, Semantics.REAL)
            parts = []
            for number, root in enumerate(problem.roots):
                proof = self._box(root, rounded.scene(root.lower, root.upper), found)
                if proof is None:
                    return None
                parts.append(_uncut(number, proof, problem.rows.width))
        except (Expired, Unchecked):
            return None
        proof_of_all = Proof(tuple(parts))
        examine = self.session.examine
        if examine is not None and examine(proof_of_all) is not None:
            return None
        return Proved(self.attestation, proof_of_all)

    def _box(self, root: Boxes, scene: RoundedScene, found: Alternatives) -> PhaseProof | None:
        """Lines where they do, else squares, for every conjunction."""
        rows = self.problem.rows
        kernel_propagate(scene, {}, check_time=self._check_time)
        weights = self._weights(root)
        mixes = [rows.unfold(k, weights[k, rows.member[k]]) for k in range(len(weights))]
        atoms = [found.conjunctions[number] for number in rows.conjunction]
        least = np.array([_by_lines(scene, *of) for of in zip(atoms, mixes, strict=True)])
        squares: list[SquareProof] = []
        # Those first that are furthest from being closed: the look ends where one is not.
        for k in np.argsort(least, kind="stable").tolist():
            if least[k] > 0:
                break
            tried = prove(scene, atoms[k], (rows.conjunction[k], mixes[k]), self._check_time)
            self.done += tried.rounds
            if tried.proof is None or self._has_spent():
                return None
            squares.append(tried.proof)
        closed = np.flatnonzero(least > 0).tolist()
        trees = tuple(_leaf(rows.conjunction[k], mixes[k]) for k in closed)
        return PhaseProof((), trees, tuple(sorted(squares, key=lambda square: square.conjunction)))

    def _weights(self, root: Boxes) -> F64:
        """Of every row in every conjunction (conjunctions, rows), with 1 for the largest: those with which
        lines do best."""
        problem, member = self.problem, self.problem.rows.member
        weights = member.astype(np.float64)
        if int(member.sum(axis=1).max(initial=0)) > 1:
            context, _ = propagate(problem.program, root, None, self._expired)
            combined = bounds_of(problem, context, np.ones((1, len(member)), dtype=np.bool_)).combined
            if combined is not None:
                weights[combined.conjunction] = combined.raised.weights * member[combined.conjunction]
        largest: F64 = weights.max(axis=1, keepdims=True, initial=0.0)
        return weights / np.maximum(largest, 1e-300)

    def _expired(self) -> bool:
        return self.session.budget.expired()

    def _check_time(self) -> None:
        if self._expired():
            raise Expired

    def _has_spent(self) -> bool:
        limit = self.session.budget.work
        return limit is not None and self.done > limit * ROUNDS_A_UNIT


def _is_worth_a_look(problem: Problem) -> bool:
    """Not where ReLUs beyond the first ones are bounded by lines, and no differences are, where there are
    gates, which the forms do not know, or where the forms are too large."""
    program, roots = problem.program, problem.root_of_all
    free = int((roots.upper > roots.lower).any(axis=0).sum())
    affine = set(range(len(program.input_slices)))
    affine.update(
        step.value
        for step in program.steps
        if isinstance(step, AffineStep) and affine.issuperset(step.operands)
    )
    if any(isinstance(step, BinaryStep) for step in program.steps):
        return False
    relus = [step for step in program.steps if isinstance(step, ReluStep)]
    first = [step.value for step in relus if step.operand in affine]
    size = sum(program.sizes[value] for value in first) * free
    deep = len(first) < len(relus) or any(isinstance(step, SmoothStep) for step in program.steps)
    fits = bool(first) and size <= MOST_NUMBERS and free <= MOST_INPUTS
    looks = len(problem.roots) * len(problem.rows.member)
    return fits and looks <= MOST_LOOKS and (bool(program.deltas) or not deep)


def _by_lines(scene: RoundedScene, atoms: tuple[int, ...], mix: F64) -> float:
    """What lines show of a combination, with the kernel's slopes."""
    neurons = scene.network.neurons
    slopes = Slopes(np.zeros((1, neurons), dtype=np.int8), np.zeros(0, dtype=np.intp), np.zeros((1, 0)))
    return float(scene.mixtures(atoms, single(mix)[None], slopes)[0])


def _leaf(number: int, mix: F64) -> PhaseTree:
    """The tree of one leaf that says so."""
    none = np.zeros((1, 0), dtype=np.float32)
    leaf = np.array([-1], dtype=np.int32)
    return PhaseTree(number, leaf, mix[None].astype(np.float32), np.zeros(0, dtype=np.int32), none)


def _uncut(number: int, proof: PhaseProof, width: int) -> BoxProof:
    axis, weights = np.array([BY_PHASES], dtype=np.int32), np.zeros((1, width), dtype=np.uint8)
    return BoxProof(number, axis, np.zeros(0), weights, (proof,))


def after(session: Session, done: Work) -> Session:
    """The same session, with what is left of its budget."""
    budget = session.budget
    left = None if budget.work is None else max(budget.work - done.spent, 0)
    return replace(session, budget=replace(budget, work=left))
