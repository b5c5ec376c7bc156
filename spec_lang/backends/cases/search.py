"""Splits phases until linear rows clash in every case, or a point is found that breaks the obligation.

In: an obligation and a session.  Out: a proof with the multipliers of exact programs, or a point.  A clash of
the rows that are known so far is one in all cases below; the first neuron that an atom waits for is split.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends.base import Session
from spec_lang.backends.cases.phases import read_by
from spec_lang.kernel.linear_cases import DEEPEST, LEAF, Form, Linear
from spec_lang.kernel.network import ReluStep
from spec_lang.obligations.cases_certificate import CasesProof, CaseTree, Clash
from spec_lang.obligations.feasibility import Point, decide
from spec_lang.obligations.model import Box, LinearAtom, Obligation
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome, Proved, Refuted

_MOST_PROGRAMS: Final = 2_000
# Coefficients that the pivots of one program may change: a tenth of a second or so.
_WORK: Final = 20_000


class _Stopped(Exception):
    """With the outcome that there is instead of a proof."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


@dataclass(slots=True)
class _Tree:
    """What has been split, in preorder, and the clashes of the leaves."""

    neuron: list[int] = field(default_factory=list)
    clashes: list[tuple[Clash, ...]] = field(default_factory=list)


@dataclass(slots=True)
class Search:
    obligation: Obligation
    session: Session
    scene: Linear
    programs: int = 0

    @classmethod
    def of(cls, obligation: Obligation, session: Session) -> Search:
        """Raises `Unchecked`."""
        return cls(obligation, session, Linear.of(obligation))

    def decide(self, stamp: Attestation) -> Outcome:
        """A proof that the kernel accepts, a point, or why there is neither."""
        trees = []
        try:
            for box in self.obligation.region.boxes:
                tree = _Tree()
                self._split(tree, box, {}, {})
                trees.append(CaseTree(np.array(tree.neuron, dtype=np.int32), tuple(tree.clashes)))
        except _Stopped as stopped:
            return stopped.outcome
        proof = CasesProof(tuple(trees))
        flaw = None if self.session.examine is None else self.session.examine(proof)
        if flaw is not None:
            return GaveUp(GaveUpReason.NUMERICAL, flaw.problem)
        return Proved(stamp, proof)

    def _split(self, tree: _Tree, box: Box, path: Mapping[int, bool], known: Mapping[int, Clash]) -> None:
        """The case of these phases; `known` are the clashes of the cases above.  Raises `_Stopped`."""
        scene, clashes = self.scene, dict(known)
        forms = scene.forms(path)
        possible = [number for number, is_so in enumerate(scene.found.possible) if is_so]
        point, met = None, None
        for conjunction in possible:
            if conjunction in clashes:
                continue
            found = self._clash(scene.rows(box, conjunction, path, forms))
            if not isinstance(found, Point):
                clashes[conjunction] = found
            elif met is None:
                point, met = found, conjunction
        if point is None or met is None:
            tree.neuron.append(LEAF)
            tree.clashes.append(tuple(clashes[number] for number in possible))
            return
        neuron = self._next(forms, path, met)
        if neuron is None or len(path) >= DEEPEST:
            raise _Stopped(self._at(box, point))
        tree.neuron.append(neuron)
        for on in (True, False):
            self._split(tree, box, {**path, neuron: on}, clashes)

    def _clash(self, rows: Mapping[int, LinearAtom]) -> Clash | Point:
        """By the numbers of the rows.  Raises `_Stopped`."""
        work = self.session.budget.work
        if self.session.budget.expired():
            raise _Stopped(GaveUp(GaveUpReason.TIMEOUT, f"{self.programs:,} linear programs"))
        if work is not None and self.programs >= work:
            raise _Stopped(GaveUp(GaveUpReason.BUDGET, f"{self.programs:,} linear programs"))
        if self.programs >= _MOST_PROGRAMS:
            raise _Stopped(GaveUp(GaveUpReason.UNSUPPORTED, f"more than {_MOST_PROGRAMS:,} linear programs"))
        self.programs += 1
        found = decide(list(rows.values()), _WORK)
        if found is None:
            raise _Stopped(GaveUp(GaveUpReason.UNSUPPORTED, "a linear program takes too long exactly"))
        if isinstance(found, Point):
            return found
        numbers = {id(row): number for number, row in rows.items()}
        total: dict[int, Fraction] = {}
        for row, multiplier in zip(found.rows, found.multipliers, strict=True):
            total[numbers[id(row)]] = total.get(numbers[id(row)], Fraction(0)) + multiplier
        return tuple(sorted(total.items()))

    def _next(self, forms: Mapping[int, Form], path: Mapping[int, bool], conjunction: int) -> int | None:
        """The first neuron without a phase that an atom of the conjunction waits for, and whose argument is
        known."""
        network, found = self.scene.network, self.scene.found
        wanted = {i for number in found.conjunctions[conjunction] for i, _ in found.atoms[number].outputs}
        needed = read_by(network, wanted)
        for step in network.steps:
            if isinstance(step, ReluStep):
                waits = needed[step.value] & ~forms[step.value].known & forms[step.operand].known
                left = [int(i) for i in np.flatnonzero(waits) if step.first + int(i) not in path]
                if left:
                    return step.first + left[0]
        return None

    def _at(self, box: Box, point: Point) -> Outcome:
        """What a point is worth where no phase is open; inputs that no row speaks of are in the box."""
        whole = []
        for i, (low, high) in enumerate(zip(box.lower, box.upper, strict=True)):
            end = next((end for end in (low, high) if end is not None), Fraction(0))
            whole.append(point.inputs.get(i, end))
        found = self.obligation.completed(whole)
        if self.session.confirm(found):
            return Refuted(found)
        return GaveUp(GaveUpReason.UNSUPPORTED, "a point of all rows does not break the obligation")
