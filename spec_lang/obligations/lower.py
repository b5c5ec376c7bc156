"""From a claim's negation to obligations: regions apart from violations, boxes apart from constraints.

In: a region and a violation, or both in one condition, over network-space inputs and outputs.  Out: a `Goal`
whose obligations hold exactly when no point of the region makes the violation true.  No hull is taken: a
disjunction over inputs becomes several boxes, or several obligations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Final

from spec_lang.diagnostics import InternalError, Span
from spec_lang.network.graph import Graph
from spec_lang.obligations.cases import MAX_CASES, Case, TooManyCases, cases, has_outputs
from spec_lang.obligations.feasibility import Clash, decide
from spec_lang.obligations.model import (
    All,
    Box,
    Condition,
    EmptyRegion,
    Frame,
    Goal,
    LinearAtom,
    Obligation,
    Region,
)
from spec_lang.obligations.place import Place
from spec_lang.obligations.simplify import FALSE, TRUE, Key, conjunction, key, prune, simplify
from spec_lang.semantics.model import TypedClaim

_ONE: Final = Fraction(1)

__all__ = ["MAX_CASES", "TooManyCases", "lower", "lower_condition"]


@dataclass(frozen=True, slots=True)
class _Claim:
    """What stays the same for every obligation of a claim."""

    graph: Graph
    frame: Frame
    name: str
    span: Span | None

    def goal(self, obligations: tuple[Obligation, ...], conflict: EmptyRegion | None = None) -> Goal:
        return Goal(self.name, self.span, obligations, self.frame, conflict)


def lower(typed: TypedClaim) -> Goal:
    """The goal of a typed claim.  Raises `TooManyCases`."""
    claim = _Claim(typed.graph, typed.frame, typed.name, typed.span)
    return _lower(claim, _conjuncts(typed.region), [typed.violation])


def lower_condition(
    graph: Graph, condition: Condition, frame: Frame, claim: str, span: Span | None = None
) -> Goal:
    """The goal of a bare condition, whose conjuncts over inputs alone are the region.

    Raises `TooManyCases`.
    """
    return _lower(_Claim(graph, frame, claim, span), _conjuncts(condition), [])


def _lower(claim: _Claim, conjuncts: Sequence[Condition], violation: Sequence[Condition]) -> Goal:
    """A region's conjuncts that speak of outputs belong to the violation."""
    region = [part for part in conjuncts if not has_outputs(part)]
    violation = [*(part for part in conjuncts if has_outputs(part)), *violation]
    places = [place for place in _places(region) if not place.is_empty()]
    if not places:
        return _vacuous(claim, region)
    found = _obligations(claim.graph, places, cases(conjunction(map(simplify, violation))))
    if not found:
        found = (Obligation(claim.graph, places[0].region(claim.graph.input_size), FALSE),)
    return claim.goal(found)


def _places(region: Sequence[Condition]) -> tuple[Place, ...]:
    """The region's disjuncts; its single atoms, of which there may be thousands, are common to them."""
    common = Place().cut(part for part in region if isinstance(part, LinearAtom))
    rest = (simplify(part) for part in region if not isinstance(part, LinearAtom))
    return tuple(common.cut(case.inputs) for case in cases(conjunction(rest)))


def _conjuncts(condition: Condition) -> list[Condition]:
    if not isinstance(condition, All):
        return [condition]
    return [conjunct for part in condition.parts for conjunct in _conjuncts(part)]


# -- empty regions -------------------------------------------------------------------------------------


def _vacuous(claim: _Claim, region: Sequence[Condition]) -> Goal:
    """The goal over a region without points, with a Farkas combination for each of its cases.

    The cases are taken before simplification, which would drop the clauses that clash.
    """
    obligations: list[Obligation] = []
    evidence: list[EmptyRegion] = []
    size = claim.graph.input_size
    for case in cases(All(tuple(region))):
        answer = decide(case.inputs)
        if not isinstance(answer, Clash):
            raise InternalError("a region is empty once it is simplified, and not before")
        place = Place().cut(case.inputs)
        constraints = (*place.strict_bounds(), *place.others.values())
        obligations.append(Obligation(claim.graph, Region((place.box(size),), constraints), FALSE))
        evidence.append(EmptyRegion(_shown(answer.rows, claim.frame), answer.multipliers))
    if not evidence:  # an empty disjunction: nothing was written that could clash
        false = LinearAtom((), (), _ONE, False)
        box = Box((None,) * size, (None,) * size)
        obligations.append(Obligation(claim.graph, Region((box,), (false,)), FALSE))
        evidence.append(EmptyRegion((false,), (_ONE,)))
    conflict = EmptyRegion(evidence[0].rows, evidence[0].multipliers, tuple(evidence[1:]))
    return claim.goal(tuple(obligations), conflict)


def _shown(rows: Iterable[LinearAtom], frame: Frame) -> tuple[LinearAtom, ...]:
    """The rows with the limit that each stands for in their source, where the clause does not show it."""
    return tuple(replace(row, source=_limit_text(row, frame)) for row in rows)


def _limit_text(row: LinearAtom, frame: Frame) -> str:
    if len(row.inputs) != 1:
        return row.source
    ((index, coefficient),) = row.inputs
    axis = frame.inputs[index]
    limit = axis.scaling.to_problem(-row.constant / coefficient)
    above = (coefficient > 0) is (axis.scaling.factor > 0)
    relation = ("<" if above else ">") + ("" if row.strict else "=")
    plain = f"{axis.name} {relation} {_number_text(limit)}"
    if not row.source or row.source.endswith(plain):
        return row.source or plain
    return f"{plain} (of {row.source})"


def _number_text(value: Fraction) -> str:
    short = f"{float(value):.12g}"
    return short if Fraction(short) == value else str(value)


# -- obligations ---------------------------------------------------------------------------------------


def _obligations(graph: Graph, places: Sequence[Place], violations: Sequence[Case]) -> tuple[Obligation, ...]:
    """One for every pair of residual constraints and violation; their boxes are united."""
    if len(places) * len(violations) > MAX_CASES:
        raise TooManyCases
    found: dict[Key, tuple[list[Box], tuple[LinearAtom, ...], Condition]] = {}
    for place, case in product(places, violations):
        inside = place.cut(case.inputs) if case.inputs else place
        if case.inputs and inside.is_empty():
            continue
        violation = prune(case.rest, inside.rows)
        if violation == FALSE:
            continue
        if violation == TRUE:  # whoever reads the counterexample wants to see the clause
            violation = conjunction(case.inputs)
        region = inside.region(graph.input_size)
        label = (key(violation), frozenset(map(key, region.constraints)))
        boxes, _, _ = found.setdefault(label, ([], region.constraints, violation))
        if region.boxes[0] not in boxes:
            boxes.append(region.boxes[0])
    return tuple(
        Obligation(graph, Region(tuple(boxes), constraints), violation)
        for boxes, constraints, violation in found.values()
    )
