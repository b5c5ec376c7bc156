"""Whether a point is a counterexample, in exact rationals.

In: an obligation and a point that somebody claims breaks it.  Out: the `Witness`, with the exact outputs
and the atoms that hold there, or None.  No tolerance: the point lies in the region, strict constraints
hold strictly, and the violation is true, or the point is nothing.  Under float32 the outputs are those of one
permitted execution, from left to right; where `every` execution has to break the obligation, an enclosure of
them all is held against it as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from spec_lang.kernel.exact import ExactNetwork
from spec_lang.kernel.float32 import Float32Network
from spec_lang.kernel.verdict import Witness
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region, Semantics

Point = Sequence[Fraction]


class WitnessChecker:
    """Checks points against one obligation, whose weights it converts once, when first needed.

    With `every` a point counts only if all executions that the semantics permits break the obligation there:
    of a claim that says `exists`, it is the proof.
    """

    def __init__(self, obligation: Obligation, every: bool = False) -> None:
        self._obligation = obligation
        self._every = every
        self._network: ExactNetwork | Float32Network | None = None

    def __call__(self, point: Point) -> Witness | None:
        """The witness that `point` is, or None.  A point of the wrong length is none."""
        obligation = self._obligation
        exact = tuple(Fraction(number) for number in point)
        if len(exact) != obligation.graph.input_size or not _inside(obligation.region, exact):
            return None
        if self._network is None:
            is_real = obligation.semantics is Semantics.REAL
            self._network = (ExactNetwork if is_real else Float32Network)(obligation.graph)
        outputs = self._network(exact)
        violated = None if outputs is None else _true_atoms(obligation.violation, exact, outputs)
        if outputs is None or violated is None or (self._every and not self._certain(exact)):
            return None
        return Witness(exact, outputs, violated)

    def _certain(self, point: Point) -> bool:
        """Whether every execution breaks the obligation at a point where one does."""
        if not isinstance(self._network, Float32Network):
            return True
        enclosure = self._network.enclosure(point)
        return enclosure is not None and _surely(self._obligation.violation, point, enclosure)


def check_witness(obligation: Obligation, point: Point, every: bool = False) -> Witness | None:
    """The witness that `point` is, or None.  For several points, keep a `WitnessChecker`."""
    return WitnessChecker(obligation, every)(point)


def holds(atom: LinearAtom, point: Point, outputs: Point) -> bool:
    """Whether the atom is true: exact, and strict where it is strict."""
    value = atom.constant
    value += sum((c * point[i] for i, c in atom.inputs), start=Fraction(0))
    value += sum((c * outputs[i] for i, c in atom.outputs), start=Fraction(0))
    return value < 0 if atom.strict else value <= 0


def _surely(condition: Condition, point: Point, enclosure: Sequence[tuple[Fraction, Fraction]]) -> bool:
    """Whether the condition is true for all outputs in `enclosure`; sufficient, not necessary."""
    match condition:
        case LinearAtom():
            rising = {j for j, coefficient in condition.outputs if coefficient > 0}
            worst = [ends[j in rising] for j, ends in enumerate(enclosure)]
            return holds(condition, point, worst)
        case All(parts):
            return all(_surely(part, point, enclosure) for part in parts)
        case Any(parts):
            return any(_surely(part, point, enclosure) for part in parts)


def _inside(region: Region, point: Point) -> bool:
    if not any(_in_box(box, point) for box in region.boxes):
        return False
    return all(holds(constraint, point, ()) for constraint in region.constraints)


def _in_box(box: Box, point: Point) -> bool:
    sides = zip(box.lower, point, box.upper, strict=True)
    return all((lo is None or lo <= x) and (hi is None or x <= hi) for lo, x, hi in sides)


def _true_atoms(condition: Condition, point: Point, outputs: Point) -> tuple[LinearAtom, ...] | None:
    """The atoms of the first conjunction that is true, or None where the condition is false."""
    match condition:
        case LinearAtom():
            return (condition,) if holds(condition, point, outputs) else None
        case All(parts):
            found: list[LinearAtom] = []
            for part in parts:
                true = _true_atoms(part, point, outputs)
                if true is None:
                    return None
                found.extend(true)
            return tuple(found)
        case Any(parts):
            for part in parts:
                true = _true_atoms(part, point, outputs)
                if true is not None:
                    return true
            return None
