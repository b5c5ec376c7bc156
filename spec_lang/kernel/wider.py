"""The check of proofs of more than was asked.

In: an obligation, a `WiderProof`, and the check of any proof of an obligation.  Out: what is wrong with it,
if anything is, and what it is worth.  Sound because a point that breaks the obligation breaks what was
proved: it lies in the wider region, and there the graph gives out the same values, of which less is said.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from typing import Final

from spec_lang.kernel.cut import Check, check_form
from spec_lang.kernel.farkas import row_is_imposed
from spec_lang.kernel.network import Unchecked
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.network.graph import Graph
from spec_lang.obligations.certificate import Flaw
from spec_lang.obligations.cut_certificate import Wider, WiderProof
from spec_lang.obligations.model import (
    All,
    Any,
    Box,
    Condition,
    LinearAtom,
    Obligation,
    Region,
    atoms,
    conjuncts,
)
from spec_lang.obligations.simplify import key

_REMEMBERED: Final = 16  # so that who proves it and who checks it speak of one obligation


def examine_wider(
    obligation: Obligation, proof: WiderProof, check: Check
) -> tuple[Flaw | None, EvidenceKind]:
    """The flaw, or None and what the check is worth.  Raises `Unchecked`."""
    flaw, kind = check(wider(obligation, proof.said), proof.proof)
    if flaw is not None:
        return Flaw(f"of more than was asked: {flaw.problem}"), EvidenceKind.TRUSTED
    return None, kind


@lru_cache(_REMEMBERED)
def wider(obligation: Obligation, said: Wider) -> Obligation:
    """What was proved, or is to be.  Raises `Unchecked` where it does not say all that the obligation says.

    It has no ties: an equation that the region implies need not hold in a wider one.
    """
    graph = obligation.graph
    if graph.drifts:
        raise Unchecked("weights may be off, and more was proved than was asked")
    if len(set(said.outputs)) < len(said.outputs) or not all(v in graph.outputs for v in said.outputs):
        raise Unchecked("what was proved is about values that the obligation does not give out")
    places, seen = _places(graph, said.outputs), graph.with_outputs(said.outputs)
    for atom in (*atoms(said.violation), *said.region.constraints):
        check_form(atom, seen)
    known = tuple(conjuncts(obligation.violation))
    follows = _Implied()
    for part in conjuncts(said.violation):
        told = _moved(part, places)
        imposed = isinstance(told, LinearAtom) and not told.outputs
        if not any(follows(one, told) for one in known) and not (
            imposed and isinstance(told, LinearAtom) and row_is_imposed(told, obligation.region)
        ):
            raise Unchecked("what was proved asks for something that the obligation does not")
    _check_region(obligation, said.region, known)
    return Obligation(seen, said.region, said.violation, obligation.semantics)


def _places(graph: Graph, outputs: tuple[int, ...]) -> list[int]:
    """By flat output of the values `outputs`, its number among those of the graph."""
    sizes = [graph.value(value).size for value in graph.outputs]
    first = dict(zip(reversed(graph.outputs), [*accumulate(sizes, initial=0)][-2::-1], strict=True))
    return [first[value] + i for value in outputs for i in range(graph.value(value).size)]


def _moved(condition: Condition, places: list[int]) -> Condition:
    """The condition over the obligation's outputs."""
    if isinstance(condition, LinearAtom):
        terms = tuple(sorted((places[i], c) for i, c in condition.outputs))
        return LinearAtom(condition.inputs, terms, condition.constant, condition.strict)
    parts = tuple(_moved(part, places) for part in condition.parts)
    return All(parts) if isinstance(condition, All) else Any(parts)


def _check_region(obligation: Obligation, region: Region, known: tuple[Condition, ...]) -> None:
    """Raises `Unchecked` unless every point that counts lies in `region`."""
    sides = (end for box in region.boxes for side in (box.lower, box.upper) for end in side)
    if not all(end is None or isinstance(end, Fraction) for end in sides):
        raise Unchecked("a side of what was proved is no number")
    for box in obligation.region.boxes:
        if not any(_is_inside(box, other) for other in region.boxes):
            raise Unchecked("the region of what was proved does not contain the obligation's")
    said = {key(part) for part in known}
    for row in region.constraints:
        if key(row) not in said and not row_is_imposed(row, obligation.region):
            raise Unchecked("the region of what was proved is cut where the obligation's is not")


def _is_inside(box: Box, other: Box) -> bool:
    """Whether each side of `other` is no nearer; None is unbounded."""
    if len(box.lower) != len(other.lower):
        return False
    below = (o is None or (b is not None and o <= b) for b, o in zip(box.lower, other.lower, strict=True))
    above = (o is None or (b is not None and b <= o) for b, o in zip(box.upper, other.upper, strict=True))
    return all(below) and all(above)


class _Implied:
    """Whether one condition implies another by form: sufficient, not necessary.  Pairs are looked at once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], bool] = {}
        self._kept: list[Condition] = []  # so that no identity is used twice

    def __call__(self, one: Condition, other: Condition) -> bool:
        pair = id(one), id(other)
        if pair not in self._known:
            self._kept += (one, other)
            self._known[pair] = self._look(one, other)
        return self._known[pair]

    def _look(self, one: Condition, other: Condition) -> bool:
        if isinstance(one, LinearAtom) and isinstance(other, LinearAtom):
            return _is_no_weaker(one, other)
        if isinstance(one, Any):
            return all(self(part, other) for part in one.parts)
        if isinstance(other, All):
            return all(self(one, part) for part in other.parts)
        by_one = isinstance(one, All) and any(self(part, other) for part in one.parts)
        return by_one or (isinstance(other, Any) and any(self(one, part) for part in other.parts))


def _is_no_weaker(one: LinearAtom, other: LinearAtom) -> bool:
    """`a + c <= 0` implies `a + d <= 0` for d up to c; for d = c it has to be as strict."""
    if (one.inputs, one.outputs) != (other.inputs, other.outputs):
        return False
    return one.constant > other.constant or (
        one.constant == other.constant and (one.strict or not other.strict)
    )
