"""The check of proofs over one linear piece.

In: an obligation and points of its boxes.  Out: what is wrong with the proof, or None, and in which
arithmetic it was checked.

Sound by induction over the steps of the graph.  On a box of the region, cut by the balls that hold wherever
the violation does, every value is an affine form of the inputs: those themselves; an affine map of such
values; a ReLU whose operand has one sign on all of it, 0 included, which is the operand, or 0; a gate whose
first operand is positive on all of it, or negative, which is the second operand, or 0.  A value of which none
of this is seen has no form, and nothing is said of it.  An atom over values with forms is one form
itself; where that is positive on the whole region (or not negative, if the atom is strict) the atom fails
there, and with it every conjunction that it stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from itertools import accumulate
from math import lcm
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.dyadics import float_above, float_below
from spec_lang.kernel.exact import Dyadic
from spec_lang.kernel.network import F64, AffineStep, BinaryStep, Network, ReluStep, Unchecked, compiled
from spec_lang.kernel.piece_forms import ExactPiece, RoundedPiece, Rows, least_values, substituted
from spec_lang.kernel.rounding import fault
from spec_lang.kernel.rows import placed
from spec_lang.kernel.scene import Mask
from spec_lang.kernel.supports import ExactParts, Part, parts
from spec_lang.kernel.tied import Tied, tied
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.network.primitives import Binary
from spec_lang.obligations.balls import balls
from spec_lang.obligations.certificate import Flaw
from spec_lang.obligations.model import All, Box, Condition, LinearAtom, Obligation, Semantics
from spec_lang.obligations.piece_certificate import PieceProof

# Products of integers that the exact check may cost: about half a second.
_EXACT_PRODUCTS: Final = 3_000_000
# Rows that are substituted at once.
_AT_ONCE: Final = 256

Bounds = tuple[NDArray[Any], NDArray[Any]]  # of floats or of fractions


def examine_piece(
    obligation: Obligation, proof: PieceProof, check_time: Callable[[], None], *, exact: bool
) -> tuple[Flaw | None, EvidenceKind]:
    """The flaw, or None and what the check is worth.  Raises `Unchecked`."""
    if obligation.semantics is not Semantics.REAL:
        raise Unchecked("sums that are rounded have no linear pieces")
    network, boxes = compiled(obligation.graph), obligation.region.boxes
    anchors = proof.anchors
    if anchors.shape != (len(boxes), network.input_size) or not np.isfinite(anchors).all():
        raise Unchecked("the proof has not one finite point for every box of the region")
    if not all(_inside(box, point) for box, point in zip(boxes, anchors, strict=True)):
        raise Unchecked("a point of the proof is not in its box")
    exact = exact or len(boxes) * products_of_forms(network) <= _EXACT_PRODUCTS
    if not exact and (broken := fault()) is not None:
        raise Unchecked(broken)
    flaw = on_boxes(obligation, proof, check_time, exact=exact)
    if flaw is not None:
        return flaw, EvidenceKind.TRUSTED
    return None, EvidenceKind.CHECKED if exact else EvidenceKind.CHECKED_ROUNDED


def on_boxes(
    obligation: Obligation, proof: PieceProof, check_time: Callable[[], None], *, exact: bool
) -> Flaw | None:
    """What is wrong on some box, in one of the arithmetics; for floats that round as they should."""
    network = compiled(obligation.graph)
    cutting, ties = balls(obligation), tied(obligation, network)
    with np.errstate(all="ignore"):
        for box, anchor in zip(obligation.region.boxes, proof.anchors, strict=True):
            shape = tuple(parts(box, cutting, where) for where in network.inputs)
            piece = ExactPiece(network, shape, ties) if exact else RoundedPiece(network, shape, ties, anchor)
            walk = _Walk(network, piece, shape, ties)
            walk.run(check_time)
            if not walk.excludes(obligation.violation, check_time):
                return Flaw(walk.problem)
    return None


def products_of_forms(network: Network) -> int:
    """What the forms of all values cost: each map once for every input that reaches it."""
    reaching = {number: {number} for number in range(len(network.inputs))}
    total = 0
    for step in network.steps:
        operands = step.operands if isinstance(step, AffineStep | BinaryStep) else (step.operand,)
        reaching[step.value] = {number for operand in operands for number in reaching[operand]}
        if isinstance(step, AffineStep):
            for operand, linear in zip(operands, step.maps, strict=True):
                width = sum(network.sizes[number] for number in reaching[operand])
                total += linear.products * width
    return total


def _inside(box: Box, point: F64) -> bool:
    """Whether a point is in the smallest box of floats around a box; where that is a single number that no
    float is, nothing else is."""
    sides = zip(box.lower, point.tolist(), box.upper, strict=True)
    return all(
        (low is None or float_below(low) <= x) and (high is None or x <= float_above(high))
        for low, x, high in sides
    )


@dataclass(slots=True, eq=False)
class _Walk:
    """One box.  `phases` has the ReLUs whose phases are fixed: which of their neurons are on."""

    network: Network
    piece: ExactPiece | RoundedPiece
    shape: tuple[tuple[Part, ...], ...]
    ties: Tied
    phases: dict[int, Mask] = field(default_factory=dict)
    problem: str = "the affine map on the region does not exclude the violation"
    _ends: dict[int, Bounds | None] = field(default_factory=dict)

    def run(self, check_time: Callable[[], None]) -> None:
        bent = 0
        for step in self.network.steps:
            check_time()
            if isinstance(step, AffineStep):
                self.piece.affine(step)
            elif isinstance(step, ReluStep):
                bent += self._fix(step.value, (step.operand, step.operand), strictly=False)
            elif isinstance(step, BinaryStep) and step.function is Binary.GATE:
                bent += self._fix(step.value, step.operands, strictly=True)
        if bent:
            self.problem = f"{bent} neurons may change their phase on the region"

    def _fix(self, value: int, operands: tuple[int, int], *, strictly: bool) -> int:
        """Gives `value` the form of the second operand, or 0, by the sign of the first; how many elements
        have no sign there."""
        ends = self.piece.ends(operands[0])
        if ends is None:
            return 0
        on, off = (ends[0] > 0, ends[1] < 0) if strictly else (ends[0] >= 0, ends[1] <= 0)
        on, off = np.asarray(on, dtype=np.bool_), np.asarray(off, dtype=np.bool_)
        if np.all(on | off):
            self.phases[value] = on
            self.piece.fix(value, operands[1], on)
        return int(np.sum(~(on | off)))

    # -- the violation ---------------------------------------------------------------------------------

    def excludes(self, violation: Condition, check_time: Callable[[], None]) -> bool:
        """Whether it is nowhere true on the region: first by what single values lie between, then by the
        exact forms of the atoms that this leaves."""
        failing = {}
        for atom in _atoms(violation):
            failing[id(atom)] = _is_excluded(atom, self._by_ends(atom))
        if _fails(violation, failing):
            return True
        rest = {_key(atom): atom for atom in _open(violation, failing) if self._has_form(atom)}
        distinct = list(rest.values())
        least: dict[tuple[object, ...], Fraction] = {}
        for start in range(0, len(distinct), _AT_ONCE):
            check_time()
            part = distinct[start : start + _AT_ONCE]
            least.update(zip(map(_key, part), self._by_forms(part), strict=True))
        for atom in _open(violation, failing):
            failing[id(atom)] = _is_excluded(atom, least.get(_key(atom)))
        return _fails(violation, failing)

    def _has_form(self, atom: LinearAtom) -> bool:
        return all(self._place(index)[0] in self.piece.forms for index, _ in atom.outputs)

    def _place(self, index: int) -> tuple[int, int]:
        """The value that a flat output is of, and which element."""
        for output in self.network.outputs:
            if index < self.network.sizes[output]:
                return output, index
            index -= self.network.sizes[output]
        raise Unchecked("an atom is about no output")

    def _by_ends(self, atom: LinearAtom) -> Fraction | None:
        """The least value of an atom about a single output."""
        if atom.inputs or len(atom.outputs) != 1:
            return None
        ((index, c),) = atom.outputs
        value, element = self._place(index)
        if value not in self._ends:
            self._ends[value] = self.piece.ends(value)
        ends = self._ends[value]
        end = None if ends is None else ends[c < 0][element]
        return None if end is None or not np.isfinite(float(end)) else c * Fraction(end) + atom.constant

    def _by_forms(self, chosen: Sequence[LinearAtom]) -> Iterator[Fraction]:
        """The least values of atoms over values with forms."""
        network = self.network
        starts = list(accumulate((network.sizes[o] for o in network.outputs), initial=0))
        inputs = np.zeros((len(chosen), network.input_size), dtype=object)
        outputs = np.zeros((len(chosen), starts[-1]), dtype=object)
        common = [_denominator(atom) for atom in chosen]
        constants = np.zeros(len(chosen), dtype=object)
        for row, (atom, unit) in enumerate(zip(chosen, common, strict=True)):
            for target, terms in ((inputs, atom.inputs), (outputs, atom.outputs)):
                for index, c in terms:
                    target[row, index] = int(c * unit)
            constants[row] = int(atom.constant * unit)
        slopes: dict[int, Dyadic] = {}
        for value, rows in placed(network, inputs, outputs):
            if np.any(rows != 0):
                old = slopes[value].numbers if value in slopes else 0
                slopes[value] = Dyadic(old + rows, 0)
        found = substituted(network, Rows(slopes, Dyadic(constants, 0)), self.phases)
        least = least_values(found, [ExactParts(part) for part in self.shape], self.ties)
        return (value / unit for value, unit in zip(least, common, strict=True))


def _denominator(atom: LinearAtom) -> int:
    return lcm(atom.constant.denominator, *(c.denominator for _, c in (*atom.inputs, *atom.outputs)))


def _key(atom: LinearAtom) -> tuple[object, ...]:
    return atom.inputs, atom.outputs, atom.constant


def _atoms(condition: Condition) -> Iterator[LinearAtom]:
    if isinstance(condition, LinearAtom):
        yield condition
    else:
        for part in condition.parts:
            yield from _atoms(part)


def _is_excluded(atom: LinearAtom, least: Fraction | None) -> bool:
    """Whether an atom fails wherever its value is at least `least`."""
    return least is not None and (least > 0 or (atom.strict and least == 0))


def _fails(condition: Condition, failing: Mapping[int, bool]) -> bool:
    """Whether a condition is false where the atoms of these identities fail; sufficient, not necessary."""
    if isinstance(condition, LinearAtom):
        return failing.get(id(condition), False)
    found = (_fails(part, failing) for part in condition.parts)
    return any(found) if isinstance(condition, All) else all(found)


def _open(condition: Condition, failing: Mapping[int, bool]) -> Iterator[LinearAtom]:
    """The atoms of the parts that are not known to fail."""
    if _fails(condition, failing):
        return
    if isinstance(condition, LinearAtom):
        yield condition
        return
    for part in condition.parts:
        yield from _open(part, failing)
