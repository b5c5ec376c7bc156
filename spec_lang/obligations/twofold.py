"""An obligation about two points of one function, seen as such.

In: an obligation whose violation says that a function has the same values at two points, and something else
of them that is false where they are one point: that they differ, or that another function's values do.  Out:
a `Twofold`: the function at one point, what its values are compared by, and where the two points may lie.  It
may hold in more places than the obligation fails, never in fewer: what is not recognised is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from spec_lang.obligations.matching import Points, Sides, conjuncts, equations, is_closed, points
from spec_lang.obligations.model import All, Any, Condition, LinearAtom, Obligation, Terms
from spec_lang.obligations.two_points import PairAtom, Twofold

_ZERO = Fraction(0)
MAX_CASES = 64  # of what is said besides


def twofold(obligation: Obligation) -> Twofold | None:
    """None for an obligation of another form."""
    if not is_closed(obligation):
        return None
    said = [*obligation.region.constraints, *conjuncts(obligation.violation)]
    agree = list(equations(said))
    for equation in agree:
        if (seen := points(obligation, said, equation)) is not None:
            return _found(seen, agree, said)
    return None


def _found(seen: Points, agree: Sequence[LinearAtom], said: Sequence[Condition]) -> Twofold | None:
    equal = tuple(row for atom in agree if (row := _mirrored(seen.sides, atom)) is not None)
    rest = [part for part in said if _is_false_at_one(part, seen.sides, seen.point)]
    if not equal or not rest:
        return None
    cases = next((found for part in rest if (found := _cases(part, seen.sides))), ())
    return Twofold(seen.graph, seen.first, seen.second, equal, seen.shared, seen.x, seen.y, cases)


def _mirrored(sides: Sides, atom: LinearAtom) -> Terms | None:
    """The row r of an equation `r·f(x) = r·f(y)`, or None for another."""
    split = sides.split(atom)
    if split is None or split.here or split.there or split.constant:
        return None
    first, second = dict(split.first), dict(split.second)
    return split.first if first == {i: -c for i, c in second.items()} and first else None


def _is_false_at_one(condition: Condition, sides: Sides, point: Mapping[int, Fraction]) -> bool:
    """Whether a condition is false wherever x = y, by its form; `point` has inputs that are one number."""
    if isinstance(condition, All):
        return any(_is_false_at_one(part, sides, point) for part in condition.parts)
    if isinstance(condition, Any):
        return all(_is_false_at_one(part, sides, point) for part in condition.parts)
    atom = sides.split(condition)
    if atom is None:
        return False
    outputs = _sum(atom.first, atom.second)
    inputs = _sum(atom.here, atom.there)
    if outputs or any(i not in point for i in inputs):
        return False
    value = atom.constant + sum((c * point[i] for i, c in inputs.items()), start=_ZERO)
    return value > 0 or (value == 0 and atom.strict)


def _sum(one: Terms, other: Terms) -> dict[int, Fraction]:
    total: dict[int, Fraction] = {}
    for index, c in (*one, *other):
        total[index] = total.get(index, _ZERO) + c
    return {index: c for index, c in total.items() if c}


def _cases(condition: Condition, sides: Sides) -> tuple[tuple[PairAtom, ...], ...]:
    """The disjunctive normal form; none where it is large, or an atom speaks of anything else."""
    if isinstance(condition, LinearAtom):
        atom = sides.split(condition)
        return () if atom is None else ((atom,),)
    parts = [_cases(part, sides) for part in condition.parts]
    if not all(parts):
        return ()
    if isinstance(condition, Any):
        found = [case for part in parts for case in part]
    else:
        found = [()]
        for part in parts:
            found = [(*left, *right) for left in found for right in part][: MAX_CASES + 1]
    return tuple(found) if len(found) <= MAX_CASES else ()
