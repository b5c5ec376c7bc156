"""Whether a point is a counterexample, in exact rationals.

In: an obligation and a point that somebody claims breaks it.  Out: the `Witness`, with the exact outputs
and the atoms that hold there, or None.  No tolerance: the point lies in the region, strict constraints
hold strictly, and the violation is true, or the point is nothing.  Under float32 the outputs are those of one
permitted execution, from left to right; where `every` execution has to break the obligation, an enclosure of
them all is held against it as well.  Smooth nodes other than squares leave a network no exact outputs: it is
enclosed, ever more narrowly, until the enclosure alone says whether the violation is true.  So it is where a
gradient has more than one value: all of them have to break the obligation.  Where weights may be off, a point
is followed by how much each of them is, and what is evaluated is the network that has these weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from spec_lang.kernel.changed import changed
from spec_lang.kernel.enclosed import EnclosedNetwork, Interval
from spec_lang.kernel.exact import AtKink, ExactNetwork
from spec_lang.kernel.float32 import Float32Network
from spec_lang.kernel.verdict import Witness
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region, Semantics

Point = Sequence[Fraction]

PRECISIONS: Final = (96, 256, 768)  # bits of enclosures: what the last leaves open stays open


class WitnessChecker:
    """Checks points against one obligation, whose weights it converts once, when first needed.

    With `every` a point counts only if all executions that the semantics permits break the obligation there:
    of a claim that says `exists`, it is the proof.
    """

    def __init__(self, obligation: Obligation, every: bool = False) -> None:
        self._obligation = obligation
        self._every = every
        self._network: ExactNetwork | EnclosedNetwork | Float32Network | None = None
        self._settled: tuple[tuple[Fraction, ...], WitnessChecker] | None = None  # of the latest weights

    def __call__(self, point: Point) -> Witness | None:
        """The witness that `point` is, or None.  A point of the wrong length is none."""
        obligation = self._obligation
        exact = tuple(number if type(number) is Fraction else Fraction(number) for number in point)
        if obligation.semantics is Semantics.REAL and obligation.graph.drifts:
            return self._of_changed(exact)
        if len(exact) != obligation.graph.input_size or not _inside(obligation.region, exact):
            return None
        if self._network is None:
            self._network = _network(obligation.graph, obligation.semantics)
        if isinstance(self._network, EnclosedNetwork):
            return _enclosed(self._network, obligation.violation, exact)
        try:
            outputs = self._network(exact)
        except AtKink:  # the point counts where no choice of slopes matters
            return _enclosed(EnclosedNetwork(obligation.graph), obligation.violation, exact)
        if outputs is None:
            return None
        violated = _true_atoms(obligation.violation, exact, [(y, y) for y in outputs])
        if violated is None or (self._every and not self._certain(exact)):
            return None
        return Witness(exact, outputs, violated)

    def _of_changed(self, point: tuple[Fraction, ...]) -> Witness | None:
        """The witness that a point and changes of weights are: one of the networks breaks the obligation."""
        size = self._obligation.graph.input_size
        changes = point[size:]
        if len(point) < size or not _inside(self._obligation.region, point[:size]):
            return None
        if self._settled is None or self._settled[0] != changes:
            graph = changed(self._obligation.graph, changes)
            if graph is None:
                return None
            self._settled = changes, WitnessChecker(replace(self._obligation, graph=graph), self._every)
        found = self._settled[1](point[:size])
        return None if found is None else replace(found, changes=changes)

    def _certain(self, point: Point) -> bool:
        """Whether every execution breaks the obligation at a point where one does."""
        if not isinstance(self._network, Float32Network):
            return True
        enclosure = self._network.enclosure(point)
        return enclosure is not None and _surely(self._obligation.violation, point, enclosure)


def _network(graph: Graph, semantics: Semantics) -> ExactNetwork | EnclosedNetwork | Float32Network:
    if semantics is not Semantics.REAL:
        return Float32Network(graph)
    return (EnclosedNetwork if graph.irrational else ExactNetwork)(graph)


def _enclosed(network: EnclosedNetwork, violation: Condition, point: tuple[Fraction, ...]) -> Witness | None:
    """The witness that a point is by enclosures alone; None where they say that it is none, or nothing."""
    for bits in PRECISIONS:
        enclosure = network(point, bits)
        outputs = tuple((low + high) / 2 for low, high in enclosure)
        violated = _true_atoms(violation, point, enclosure)
        if violated is not None:
            error = max(((high - low) / 2 for low, high in enclosure), default=Fraction(0))
            return Witness(point, outputs, violated, error)
        if not _possibly(violation, point, enclosure):
            return None
    return None


def check_witness(obligation: Obligation, point: Point, every: bool = False) -> Witness | None:
    """The witness that `point` is, or None.  For several points, keep a `WitnessChecker`."""
    return WitnessChecker(obligation, every)(point)


def holds(atom: LinearAtom, point: Point, outputs: Point) -> bool:
    """Whether the atom is true: exact, and strict where it is strict."""
    return _met(atom, _at(atom, point) + sum((c * outputs[i] for i, c in atom.outputs), start=Fraction(0)))


def _at(atom: LinearAtom, point: Point) -> Fraction:
    """The atom's value at a point, but for what outputs add."""
    return atom.constant + sum((c * point[i] for i, c in atom.inputs), start=Fraction(0))


def _met(atom: LinearAtom, value: Fraction) -> bool:
    return value < 0 if atom.strict else value <= 0


def _worst(atom: LinearAtom, point: Point, enclosure: Sequence[Interval]) -> Fraction:
    """The greatest value of the atom for outputs in `enclosure`."""
    return _at(atom, point) + sum((c * enclosure[j][c > 0] for j, c in atom.outputs), start=Fraction(0))


def _best(atom: LinearAtom, point: Point, enclosure: Sequence[Interval]) -> Fraction:
    """The least."""
    return _at(atom, point) + sum((c * enclosure[j][c < 0] for j, c in atom.outputs), start=Fraction(0))


def _possibly(condition: Condition, point: Point, enclosure: Sequence[Interval]) -> bool:
    """Whether the condition may be true for some outputs in `enclosure`; necessary, not sufficient."""
    match condition:
        case LinearAtom():
            return _met(condition, _best(condition, point, enclosure))
        case All(parts):
            return all(_possibly(part, point, enclosure) for part in parts)
        case Any(parts):
            return any(_possibly(part, point, enclosure) for part in parts)


def _surely(condition: Condition, point: Point, enclosure: Sequence[Interval]) -> bool:
    """Whether the condition is true for all outputs in `enclosure`; sufficient, not necessary."""
    match condition:
        case LinearAtom():
            return _met(condition, _worst(condition, point, enclosure))
        case All(parts):
            return all(_surely(part, point, enclosure) for part in parts)
        case Any(parts):
            return any(_surely(part, point, enclosure) for part in parts)


def truth(condition: Condition, point: Point, enclosure: Sequence[Interval]) -> bool | None:
    """Whether the condition is true for outputs in `enclosure`; None where these do not tell."""
    if _surely(condition, point, enclosure):
        return True
    return None if _possibly(condition, point, enclosure) else False


def _inside(region: Region, point: Point) -> bool:
    if not any(_in_box(box, point) for box in region.boxes):
        return False
    return all(holds(constraint, point, ()) for constraint in region.constraints)


def _in_box(box: Box, point: Point) -> bool:
    sides = zip(box.lower, point, box.upper, strict=True)
    return all((lo is None or lo <= x) and (hi is None or x <= hi) for lo, x, hi in sides)


def _true_atoms(
    condition: Condition, point: Point, enclosure: Sequence[Interval]
) -> tuple[LinearAtom, ...] | None:
    """The atoms of the first conjunction that is true for all outputs in `enclosure`, or None."""
    match condition:
        case LinearAtom():
            return (condition,) if _surely(condition, point, enclosure) else None
        case All(parts):
            found: list[LinearAtom] = []
            for part in parts:
                true = _true_atoms(part, point, enclosure)
                if true is None:
                    return None
                found.extend(true)
            return tuple(found)
        case Any(parts):
            for part in parts:
                true = _true_atoms(part, point, enclosure)
                if true is not None:
                    return true
            return None
