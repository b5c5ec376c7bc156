"""An obligation that a function keeps points apart, seen as such: an inverse-Lipschitz constant.

In: an obligation whose violation says of two points that all of some differences of values are smaller than
one of some forms in the difference of the points.  Out: an `Expansion`.  It may hold in more places than the
obligation fails, never in fewer: what is not recognised is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from math import lcm
from typing import Final

from spec_lang._values import dataclass
from spec_lang.obligations.matching import Points, Sides, conjuncts, is_closed, points
from spec_lang.obligations.model import Any, Condition, LinearAtom, Obligation, Terms, atoms
from spec_lang.obligations.two_points import Twofold
from spec_lang.obligations.twofold import twofold

_LARGEST: Final = 10**100  # coefficient of which floats still have multiples
_Fact = tuple[Terms, Terms]  # |r·(f(x) − f(y))| < |w·(x − y)|: r and w, either up to its sign


@dataclass(frozen=True, slots=True, eq=False)
class Expansion:
    """No x and y of their domains and no w of `limits` are such that, for every row r of `pair.equal`,
    |r·f(x) − r·f(y)| < |w·x − w·y|.

    `pair` says what f is and where x and y may lie; nothing besides is said of them.  The coefficients of all
    rows are whole numbers.
    """

    pair: Twofold
    limits: tuple[Terms, ...]


def about_two_points(obligation: Obligation) -> Twofold | Expansion | None:
    """What an obligation says of two points of one function; None for one of another form."""
    return twofold(obligation) or expansion(obligation)


def expansion(obligation: Obligation) -> Expansion | None:
    """None for an obligation of another form."""
    if not is_closed(obligation):
        return None
    said = [*obligation.region.constraints, *conjuncts(obligation.violation)]
    for part in (obligation.violation, *conjuncts(obligation.violation)):
        lead = next((atom for atom in atoms(part) if atom.strict and atom.outputs and atom.inputs), None)
        seen = None if lead is None else points(obligation, said, lead)
        if seen is not None and (found := _found(seen, part)) is not None:
            return found
    return None


def _found(seen: Points, condition: Condition) -> Expansion | None:
    """Of every alternative the w of which most is said, and the rows of which all say it."""
    chosen: list[tuple[Terms, frozenset[Terms]]] = []
    for part in condition.parts if isinstance(condition, Any) else (condition,):
        facts = _facts(part, seen.sides)
        rows = {w: frozenset(r for r, v in facts if v == w) for _, w in facts}
        if not rows:
            return None
        chosen.append(max(sorted(rows.items()), key=lambda one: len(one[1])))
    if not chosen:
        return None
    common = reduce(frozenset.intersection, (rows for _, rows in chosen))
    if not common:
        return None
    scale = lcm(*(c.denominator for row in common for _, c in row))
    equal = tuple(sorted(_times(row, scale) for row in common))
    limits = tuple(_times(w, scale) for w in dict.fromkeys(w for w, _ in chosen))
    if any(abs(c) > _LARGEST for terms in (*equal, *limits) for _, c in terms):
        return None
    pair = Twofold(seen.graph, seen.first, seen.second, equal, seen.shared, seen.x, seen.y, ())
    return Expansion(pair, limits)


def _facts(condition: Condition, sides: Sides) -> frozenset[_Fact]:
    """What follows from a condition; atoms count in pairs, with r and −r."""
    if isinstance(condition, LinearAtom):
        return frozenset()
    if isinstance(condition, Any):
        every = [_facts(part, sides) for part in condition.parts]
        return reduce(frozenset.intersection, every) if every else frozenset()
    parts = conjuncts(condition)
    inner = [_facts(part, sides) for part in parts if isinstance(part, Any)]
    return frozenset(_paired(parts, sides)).union(*inner)


def _paired(parts: Iterable[Condition], sides: Sides) -> Iterator[_Fact]:
    """From `r·d + w·e < 0` and `−r·d + w·e < 0`, with d and e the differences of values and of points."""
    seen = set()
    for part in parts:
        fact = _difference(part, sides) if isinstance(part, LinearAtom) else None
        if fact is not None:
            row, form = fact
            if (_times(row, -1), form) in seen:
                yield _unsigned(row), _unsigned(form)
            seen.add(fact)


def _difference(atom: LinearAtom, sides: Sides) -> _Fact | None:
    """The r and w of an atom that says `r·(f(x) − f(y)) + w·(x − y) < 0`."""
    split = sides.split(atom)
    if split is None or split.constant or not split.strict or not split.first or not split.here:
        return None
    mirrored = split.second == _times(split.first, -1) and split.there == _times(split.here, -1)
    return (split.first, split.here) if mirrored else None


def _times(terms: Terms, factor: int) -> Terms:
    return tuple((index, c * factor) for index, c in terms)


def _unsigned(terms: Terms) -> Terms:
    """Of the two signs that where the first coefficient is positive."""
    return _times(terms, -1) if terms[0][1] < 0 else terms
