"""An obligation told apart by a condition: where it fails, and where it holds.

In: an obligation and any condition over its inputs and outputs.  Out: two obligations that together say what
the one says.  Sound because a point that breaks the obligation meets the condition or its negation with the
very outputs that break it, and so breaks one of the two, whatever the condition is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from spec_lang.obligations.cut_certificate import Wider
from spec_lang.obligations.model import (
    All,
    Any,
    Condition,
    LinearAtom,
    Obligation,
    Semantics,
    atoms,
    conjuncts,
)
from spec_lang.obligations.neurons import of_neurons

_REMEMBERED: Final = 16  # obligations, so that who proves a case and who checks it speak of one


@lru_cache(_REMEMBERED)
def cases_of(obligation: Obligation, condition: Condition) -> tuple[Obligation, Obligation]:
    """The obligation where the condition fails, and where it holds; of neurons, what enters them is said."""
    return _case(obligation, denied(condition)), _case(obligation, condition)


def _case(obligation: Obligation, case: Condition) -> Obligation:
    graph, parts = obligation.graph, [obligation.violation, case]
    if obligation.semantics is Semantics.REAL:
        graph, parts = of_neurons(graph, parts)
    return replace(obligation, graph=graph, violation=All(tuple(parts)))


def up_to(case: Obligation) -> Wider | None:
    """That what the condition's side of a case says is nowhere so, in the layers up to it alone; None where
    it speaks of no layer, or there is nothing behind.

    More than the case says: of its conjuncts those that are about other values are left out.
    """
    if not isinstance(case.violation, All):
        return None
    flat = case.graph.flat_outputs
    kept = {flat[i][0] for atom in atoms(case.violation.parts[-1]) for i, _ in atom.outputs}
    outputs = tuple(value for value in dict.fromkeys(case.graph.outputs) if value in kept)
    if not outputs or len(case.graph.with_outputs(outputs).nodes) == len(case.graph.nodes):
        return None
    return _about(case, outputs, case.violation)


def without_condition(case: Obligation) -> Wider | None:
    """More than the case says: that what the obligation denies is nowhere so in the case's own graph, where
    phases that the condition fixes are, whether the condition holds or not."""
    if not isinstance(case.violation, All):
        return None
    flat, rest = case.graph.flat_outputs, All(case.violation.parts[:-1])
    kept = {flat[i][0] for atom in atoms(rest) for i, _ in atom.outputs}
    outputs = tuple(value for value in dict.fromkeys(case.graph.outputs) if value in kept)
    return _about(case, outputs, rest) if outputs else None


def _about(case: Obligation, outputs: tuple[int, ...], condition: Condition) -> Wider | None:
    """The conjuncts of a condition that speak of no other values."""
    if case.graph.drifts:
        return None
    numbers = {element: i for i, element in reversed([*enumerate(case.graph.flat_outputs)])}
    left = [(value, i) for value in outputs for i in range(case.graph.value(value).size)]
    places = {numbers[element]: place for place, element in enumerate(left)}
    said = [part for part in conjuncts(condition) if _speaks_of(part) <= places.keys()]
    return Wider(case.region, outputs, All(tuple(_renumbered(part, places) for part in said)))


def _speaks_of(condition: Condition) -> set[int]:
    return {i for atom in atoms(condition) for i, _ in atom.outputs}


def _renumbered(condition: Condition, places: Mapping[int, int]) -> Condition:
    if isinstance(condition, LinearAtom):
        terms = tuple(sorted((places[i], c) for i, c in condition.outputs))
        return replace(condition, outputs=terms)
    return replace(condition, parts=tuple(_renumbered(part, places) for part in condition.parts))


def denied(condition: Condition) -> Condition:
    """True exactly where `condition` is false."""
    match condition:
        case LinearAtom():
            return condition.negated()
        case All(parts):
            return Any(tuple(map(denied, parts)))
        case Any(parts):
            return All(tuple(map(denied, parts)))
