"""Exact simplification of conditions: the same points satisfy what goes in and what comes out.

In: a condition.  Out: a flat one without constant atoms, duplicates, or conjunctions that contradict
themselves; `TRUE` and `FALSE` when nothing is left to decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import is_
from typing import Final

from spec_lang._values import dataclass
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
    pieces: list[Condition] = []
    for part in parts:
        if isinstance(part, LinearAtom):
            pieces.append(part)
        elif isinstance(part, kind):
            pieces += part.parts
        elif part.parts:
            pieces.append(part)
        else:
            return absorbing
    kept = _distinct(pieces)
    if not kept:
        return neutral
    return kept[0] if len(kept) == 1 else kind(tuple(kept))


def _distinct(pieces: Sequence[Condition]) -> Sequence[Condition]:
    """The first of each key.  Keys of whole trees are asked for only where outlines are the same."""
    if len(pieces) < 2:
        return pieces
    first: dict[Key, Condition] = {}
    known: dict[Key, set[Key]] = {}
    kept: list[Condition] = []
    for piece in pieces:
        outline = _outline(piece)
        if outline not in first:
            first[outline] = piece
        else:
            keys = known.setdefault(outline, {key(first[outline])})
            if (this := key(piece)) in keys:
                continue
            keys.add(this)
        kept.append(piece)
    return kept


def _outline(condition: Condition) -> Key:
    """Equal for conditions of equal keys, and soon told: hashing a fraction takes long."""
    if isinstance(condition, LinearAtom):
        inputs, outputs = condition.inputs, condition.outputs
        ends = (*inputs[:1], *inputs[-1:], *outputs[:1], *outputs[-1:])
        numbers = (number for index, c in ends for number in (index, c.numerator))
        return len(inputs), len(outputs), condition.constant.numerator, condition.strict, *numbers
    return type(condition).__name__, len(condition.parts), *map(_outline, condition.parts[:1])


def simplify(condition: Condition) -> Condition:
    """Flattened, constant atoms decided, duplicates merged; exact."""
    if isinstance(condition, LinearAtom):
        if condition.inputs or condition.outputs:
            return condition
        holds = condition.constant < 0 or (condition.constant == 0 and not condition.strict)
        return TRUE if holds else FALSE
    parts = map(simplify, condition.parts)
    return conjunction(parts) if isinstance(condition, All) else disjunction(parts)


def prune(condition: Condition, context: Iterable[LinearAtom]) -> Condition:
    """`condition`, which is simplified, without what cannot happen where every atom of `context` holds; exact
    there.

    Conjunctions are decided by their direct atoms and those above them, so what is impossible only by
    several disjunctions together may stay.
    """
    return _pruned(condition, _Context.of(tuple(context)))


@dataclass(frozen=True, slots=True)
class _Context:
    """Rows that no one has found to clash, by what they speak of."""

    rows: tuple[LinearAtom, ...]
    by_input: Mapping[int, Sequence[int]]  # an input to the places of the rows that mention it
    by_output: Mapping[int, Sequence[int]]

    @classmethod
    def of(cls, rows: tuple[LinearAtom, ...]) -> _Context:
        by_input: dict[int, list[int]] = {}
        by_output: dict[int, list[int]] = {}
        for place, row in enumerate(rows):
            for index, _ in row.inputs:
                by_input.setdefault(index, []).append(place)
            for index, _ in row.outputs:
                by_output.setdefault(index, []).append(place)
        return cls(rows, by_input, by_output)

    def sharing_inputs(self, atoms: Sequence[LinearAtom]) -> list[LinearAtom]:
        """The rows that share an input with the atoms."""
        inputs = {index for atom in atoms for index, _ in atom.inputs}
        places = {place for index in inputs for place in self.by_input.get(index, ())}
        return [self.rows[place] for place in sorted(places)]

    def sharing_outputs(self, atoms: Sequence[LinearAtom]) -> list[LinearAtom]:
        """The rows that share an output with the atoms, or with such rows."""
        reached: set[int] = set()
        places: set[int] = set()
        ahead = {index for atom in atoms for index, _ in atom.outputs}
        while ahead:
            reached |= ahead
            found = {place for index in ahead for place in self.by_output.get(index, ())} - places
            places |= found
            ahead = {index for place in found for index, _ in self.rows[place].outputs} - reached
        return [self.rows[place] for place in sorted(places)]


def _pruned(condition: Condition, context: _Context) -> Condition:
    """Where nothing goes, the condition itself."""
    if isinstance(condition, LinearAtom):
        return condition if _possible((condition,), context) else FALSE
    if isinstance(condition, Any):
        some = tuple(_pruned(part, context) for part in condition.parts)
        return condition if _same(some, condition.parts) else disjunction(some)
    atoms = tuple(part for part in condition.parts if isinstance(part, LinearAtom))
    if not _possible(atoms, context):
        return FALSE
    if len(atoms) == len(condition.parts):
        return condition
    inner = _Context.of((*context.rows, *atoms)) if atoms else context
    every = (*atoms, *(_pruned(part, inner) for part in condition.parts if not isinstance(part, LinearAtom)))
    return condition if _same(every, condition.parts) else conjunction(every)


def _same(some: Sequence[Condition], others: Sequence[Condition]) -> bool:
    return all(map(is_, some, others))


def _possible(atoms: Sequence[LinearAtom], context: _Context) -> bool:
    """Whether atoms and context may hold together; False only when they cannot."""
    # The rows of the context that share no variable with the atoms are satisfiable and say nothing here.
    outputs = context.sharing_outputs(atoms)
    held = _held((*atoms, *outputs))
    if not any(row is atom for row in held for atom in atoms):
        return True
    inputs = context.sharing_inputs(atoms)
    if len(atoms) == 1 and not outputs and not inputs:
        return True
    return not isinstance(decide((*held, *inputs), _MAX_WORK), Clash)


def _held(rows: Sequence[LinearAtom]) -> Sequence[LinearAtom]:
    """The rows without those that an output satisfies whatever the inputs and other outputs are: every row
    that mentions it pulls it the same way.  They can hold together exactly where all can."""
    while True:
        signs: dict[int, set[bool]] = {}
        for row in rows:
            for index, coefficient in row.outputs:
                signs.setdefault(index, set()).add(coefficient > 0)
        held = [row for row in rows if all(len(signs[index]) > 1 for index, _ in row.outputs)]
        if len(held) == len(rows):
            return rows
        rows = held
