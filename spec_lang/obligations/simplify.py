"""Exact simplification of conditions: the same points satisfy what goes in and what comes out.

In: a condition.  Out: a flat one without constant atoms, duplicates, or conjunctions that contradict
themselves; `TRUE` and `FALSE` when nothing is left to decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from spec_lang.obligations.feasibility import Clash, decide
from spec_lang.obligations.model import All, Any, Condition, LinearAtom

TRUE: Final = All(())
FALSE: Final = Any(())

# What a conjunction may cost; one that takes longer is kept: a backend that sees an impossible conjunction
# merely works for nothing.
_MAX_WORK: Final = 10_000

Key = tuple[object, ...]


def key(condition: Condition) -> Key:
    """Equal for conditions that are equal but for what a reader is shown."""
    if isinstance(condition, LinearAtom):
        return condition.inputs, condition.outputs, condition.constant, condition.strict
    return type(condition).__name__, *(key(part) for part in condition.parts)


def conjunction(parts: Iterable[Condition]) -> Condition:
    """All of `parts`, which are simplified."""
    return _junction(parts, All, TRUE, FALSE)


def disjunction(parts: Iterable[Condition]) -> Condition:
    """Any of `parts`, which are simplified."""
    return _junction(parts, Any, FALSE, TRUE)


def _junction(
    parts: Iterable[Condition], kind: type[All] | type[Any], neutral: Condition, absorbing: Condition
) -> Condition:
    kept: dict[Key, Condition] = {}
    for part in parts:
        if part == absorbing:
            return absorbing
        inner = part.parts if isinstance(part, kind) else (part,)
        for piece in inner:
            kept.setdefault(key(piece), piece)
    if not kept:
        return neutral
    if len(kept) == 1:
        return next(iter(kept.values()))
    return kind(tuple(kept.values()))


def simplify(condition: Condition) -> Condition:
    """Flattened, constant atoms decided, duplicates merged; exact."""
    if isinstance(condition, LinearAtom):
        if condition.inputs or condition.outputs:
            return condition
        holds = condition.constant < 0 or (condition.constant == 0 and not condition.strict)
        return TRUE if holds else FALSE
    parts = map(simplify, condition.parts)
    return conjunction(parts) if isinstance(condition, All) else disjunction(parts)


def prune(condition: Condition, context: Sequence[LinearAtom]) -> Condition:
    """`condition` without what cannot happen where every atom of `context` holds; exact there.

    Conjunctions are decided by their direct atoms and those above them, so what is impossible only by
    several disjunctions together may stay.
    """
    if isinstance(condition, LinearAtom):
        return condition if _possible((condition,), context) else FALSE
    if isinstance(condition, Any):
        return disjunction(map(partial(prune, context=context), condition.parts))
    atoms = tuple(part for part in condition.parts if isinstance(part, LinearAtom))
    if not _possible(atoms, context):
        return FALSE
    inner = (*context, *atoms)
    rest = [part for part in condition.parts if not isinstance(part, LinearAtom)]
    return conjunction((*atoms, *map(partial(prune, context=inner), rest)))


def _possible(atoms: Sequence[LinearAtom], context: Sequence[LinearAtom]) -> bool:
    """Whether atoms and context may hold together; False only when they cannot."""
    inputs = {index for atom in atoms for index, _ in atom.inputs}
    # The rows of the context that share no variable with the atoms are satisfiable and say nothing here.
    related = _sharing_outputs(atoms, context)
    if inputs:
        related += [row for row in context if any(index in inputs for index, _ in row.inputs)]
    if len(atoms) == 1 and not related:
        return True
    return not isinstance(decide((*atoms, *related), _MAX_WORK), Clash)


def _sharing_outputs(atoms: Sequence[LinearAtom], context: Sequence[LinearAtom]) -> list[LinearAtom]:
    """The rows of the context that share an output with the atoms, or with such rows."""
    reached = {index for atom in atoms for index, _ in atom.outputs}
    rest = [row for row in context if row.outputs] if reached else []
    found: list[LinearAtom] = []
    while True:
        shares = [any(index in reached for index, _ in row.outputs) for row in rest]
        if not any(shares):
            return found
        found += (row for row, shared in zip(rest, shares, strict=True) if shared)
        rest = [row for row, shared in zip(rest, shares, strict=True) if not shared]
        reached.update(index for row in found for index, _ in row.outputs)
