"""Disjunctions over inputs, told apart: where something holds of the inputs, something is left to decide.

In: a condition.  Out: cases, each a conjunction over the inputs alone and a condition for the rest; exact.
Output-only parts are never multiplied out, and cases over the same inputs are one.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from math import prod
from typing import Final

from spec_lang._values import dataclass
from spec_lang.obligations.model import Any, Condition, LinearAtom, atoms
from spec_lang.obligations.simplify import TRUE, Key, conjunction, disjunction, key

# Each case is a region of its own; a claim with more of them is not what anybody meant to write.
MAX_CASES: Final = 4096


class TooManyCases(Exception):
    """A condition has more than `MAX_CASES` cases over its inputs; the claim cannot be decided this way."""

    def __init__(self) -> None:
        super().__init__(
            f"the claim has more than {MAX_CASES:,} cases over its inputs; split it into several"
        )


@dataclass(frozen=True, slots=True)
class Case:
    """Where every one of `inputs` (over inputs alone) holds, `rest` decides."""

    inputs: tuple[LinearAtom, ...]
    rest: Condition


def has_outputs(condition: Condition) -> bool:
    """Whether some atom of `condition` speaks of outputs."""
    return any(atom.outputs for atom in atoms(condition))


def is_inequation(condition: Condition) -> bool:
    """Whether `condition` says that forms over the inputs are not what others are: strict atoms, each of
    which comes with its opposite, and one of which holds."""
    if not isinstance(condition, Any):
        return False
    seen = set()
    for part in condition.parts:
        if not isinstance(part, LinearAtom) or part.outputs or not part.strict or not part.inputs:
            return False
        seen.add((part.inputs, part.constant))
    return all((tuple((i, -c) for i, c in terms), -constant) in seen for terms, constant in seen)


def cases(condition: Condition) -> tuple[Case, ...]:
    """`condition` holds exactly where some case does.  Raises `TooManyCases`."""
    if has_outputs(condition) and all(atom.outputs for atom in atoms(condition)):
        return (Case((), condition),)
    if isinstance(condition, LinearAtom):
        return (Case((condition,), TRUE),)
    if isinstance(condition, Any):
        return _merged(case for part in condition.parts for case in cases(part))
    inputs: list[LinearAtom] = []
    rest: list[Condition] = []
    choices: list[tuple[Case, ...]] = []
    for part in condition.parts:
        if isinstance(part, LinearAtom):
            (rest if part.outputs else inputs).append(part)
        else:
            choices.append(cases(part))
    if prod(map(len, choices)) > MAX_CASES:
        raise TooManyCases
    return _merged(
        Case(
            (*inputs, *(atom for case in choice for atom in case.inputs)),
            conjunction((*rest, *(case.rest for case in choice))),
        )
        for choice in product(*choices)
    )


def _merged(found: Iterable[Case]) -> tuple[Case, ...]:
    """Cases with the same inputs become one.  Raises `TooManyCases`."""
    groups: dict[frozenset[Key], list[Case]] = {}
    for case in found:
        groups.setdefault(frozenset(map(key, case.inputs)), []).append(case)
        if len(groups) > MAX_CASES:
            raise TooManyCases
    return tuple(Case(same[0].inputs, disjunction(case.rest for case in same)) for same in groups.values())
