"""An obligation told apart by a condition: where it fails, and where it holds.

In: an obligation and any condition over its inputs and outputs.  Out: two obligations that together say what
the one says.  Sound because a point that breaks the obligation meets the condition or its negation with the
very outputs that break it, and so breaks one of the two, whatever the condition is.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

from spec_lang.obligations.model import All, Any, Condition, LinearAtom, Obligation, Semantics
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


def denied(condition: Condition) -> Condition:
    """True exactly where `condition` is false."""
    match condition:
        case LinearAtom():
            return condition.negated()
        case All(parts):
            return Any(tuple(map(denied, parts)))
        case Any(parts):
            return All(tuple(map(denied, parts)))
