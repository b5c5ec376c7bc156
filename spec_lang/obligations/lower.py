"""From a claim's negation to obligations: regions apart from violations, boxes apart from constraints.

In: a region and a violation, or both in one condition, over network-space inputs and outputs.  Out: a `Goal`
whose obligations hold exactly when no point of the region makes the violation true.  No hull is taken: a
disjunction over inputs becomes several boxes, or several obligations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError, Span
from spec_lang.network.graph import Graph
from spec_lang.obligations.cases import (
    MAX_CASES,
    Case,
    TooManyCases,
    cases,
    has_outputs,
    is_inequation,
)
from spec_lang.obligations.feasibility import Clash
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
    Semantics,
    Tie,
    conjuncts,
)
from spec_lang.obligations.neurons import of_neurons
from spec_lang.obligations.place import Place
from spec_lang.obligations.simplify import FALSE, TRUE, Key, conjunction, key, prune, simplify
from spec_lang.obligations.unused import fix_unused
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
    semantics: Semantics
    ties: tuple[Tie, ...] = ()

    def obligation(self, region: Region, violation: Condition) -> Obligation:
        return Obligation(self.graph, region, violation, self.semantics, self.ties)

    def goal(self, obligations: tuple[Obligation, ...], conflict: EmptyRegion | None = None) -> Goal:
        return Goal(self.name, self.span, obligations, self.frame, conflict)


def lower(typed: TypedClaim, semantics: Semantics = Semantics.REAL) -> Goal:
    """The goal of a typed claim, which has a statement; `semantics` is for a claim that names none.

    Raises `TooManyCases`.
    """
    statement = typed.statement
    if statement is None:
        raise InternalError(f"{typed.name}: there is nothing to decide")
    denotation = typed.attributes.semantics or semantics
    claim = _Claim(statement.graph, statement.frame, typed.name, typed.span, denotation, statement.ties)
    region = [_without_words(part) if has_outputs(part) else part for part in conjuncts(statement.region)]
    goal = _lower(claim, region, [statement.violation])
    return replace(goal, exists=statement.exists)


def lower_condition(
    graph: Graph, condition: Condition, frame: Frame, claim: str, semantics: Semantics = Semantics.REAL
) -> Goal:
    """The goal of a bare condition, whose conjuncts over inputs alone are the region.

    Raises `TooManyCases`.
    """
    return _lower(_Claim(graph, frame, claim, None, semantics), list(conjuncts(condition)), [])


def _lower(claim: _Claim, conjuncts: Sequence[Condition], violation: Sequence[Condition]) -> Goal:
    """A region's conjuncts that speak of outputs belong to the violation."""
    region = [part for part in conjuncts if not has_outputs(part)]
    violation = [*(part for part in conjuncts if has_outputs(part)), *violation]
    if claim.semantics is Semantics.REAL:
        graph, violation = of_neurons(claim.graph, violation)
        claim = replace(claim, graph=graph)
    candidates = [(place, place.clash()) for place in _places(region)]
    places = [place for place, clash in candidates if clash is None]
    if not places:
        return _vacuous(claim, candidates or _false_places(region))
    found = _obligations(claim, places, _violations(conjunction(map(simplify, violation))))
    if not found:
        found = (claim.obligation(places[0].region(claim.graph.input_size), FALSE),)
    return claim.goal(found)


def _places(region: Sequence[Condition]) -> tuple[Place, ...]:
    """The region's disjuncts; its single atoms, of which there may be thousands, are common to them."""
    common = Place().cut(part for part in region if isinstance(part, LinearAtom))
    rest = (simplify(part) for part in region if not isinstance(part, LinearAtom))
    return tuple(common.cut(case.inputs).bounded() for case in cases(conjunction(rest)))


def _without_words(condition: Condition) -> Condition:
    """What says where a claim is about is no clause of it that fails."""
    if isinstance(condition, LinearAtom):
        return replace(condition, words="")
    return replace(condition, parts=tuple(map(_without_words, condition.parts)))


def _violations(condition: Condition) -> tuple[Case, ...]:
    """The cases of a violation.  That two points differ is none: who looks at them together decides it in all
    inputs at once."""
    parts = list(conjuncts(condition))
    apart = [part for part in parts if is_inequation(part)]
    rest = [part for part in parts if not is_inequation(part)]
    if not apart or not any(map(has_outputs, rest)):
        return cases(condition)
    return tuple(
        Case(case.inputs, conjunction((*conjuncts(case.rest), *apart))) for case in cases(conjunction(rest))
    )


# -- empty regions -------------------------------------------------------------------------------------


def _vacuous(claim: _Claim, places: Sequence[tuple[Place, Clash | None]]) -> Goal:
    """The goal over a region without points, with a Farkas combination for each of its disjuncts."""
    size = claim.graph.input_size
    obligations: list[Obligation] = []
    evidence: list[EmptyRegion] = []
    for place, clash in places:
        if clash is None:
            raise InternalError("a region was taken for empty, and is not")
        constraints = (*place.strict_bounds(), *place.others.values())
        obligations.append(claim.obligation(Region((place.box(size),), constraints), FALSE))
        evidence.append(EmptyRegion(_shown(clash.rows, claim.frame), clash.multipliers))
    first, *others = evidence
    return claim.goal(tuple(obligations), EmptyRegion(first.rows, first.multipliers, tuple(others)))


def _false_places(region: Sequence[Condition]) -> list[tuple[Place, Clash | None]]:
    """The disjuncts of a region that is false by its constants alone, which simplification has dropped."""
    found = [Place().cut(case.inputs) for case in cases(All(tuple(region)))]
    # An empty disjunction has no disjunct: nothing was written that could clash.
    found = found or [Place().cut([LinearAtom((), (), _ONE, False)])]
    return [(place, place.clash()) for place in found]


def _shown(rows: Iterable[LinearAtom], frame: Frame) -> tuple[LinearAtom, ...]:
    """The rows with the limit that each stands for in their source, where the clause does not show it."""
    plain = frame.told_apart()
    return tuple(replace(row, words=_limit_text(row, plain)) for row in rows)


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
    try:
        short = f"{float(value):.12g}"
    except OverflowError:
        return str(value)
    return short if Fraction(short) == value else str(value)


# -- obligations ---------------------------------------------------------------------------------------


def _obligations(
    claim: _Claim, places: Sequence[Place], violations: Sequence[Case]
) -> tuple[Obligation, ...]:
    """One for every pair of residual constraints and violation; their boxes are united."""
    if len(places) * len(violations) > MAX_CASES:
        raise TooManyCases
    graph = claim.graph
    found: dict[Key, tuple[list[Box], tuple[LinearAtom, ...], Condition]] = {}
    for place, case in product(places, violations):
        inside = place.cut(case.inputs).bounded() if case.inputs else place
        if case.inputs and inside.clash() is not None:
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
        claim.obligation(fix_unused(graph, Region(tuple(boxes), constraints), violation), violation)
        for boxes, constraints, violation in found.values()
    )
