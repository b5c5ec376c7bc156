"""A conjunction of rows over the inputs, as a box and what the box does not say.

In: linear atoms over inputs alone.  Out: a `Place`, which knows what makes it empty and what its `Region` is;
exact.  Of several rows that bound one input on one side the tightest is kept, so a place is never larger
than what was written, nor smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.obligations.feasibility import Clash, decide
from spec_lang.obligations.model import Box, LinearAtom, Region
from spec_lang.obligations.simplify import Key, key


@dataclass(frozen=True, slots=True)
class _Side:
    """`x <= limit` or `x >= limit`, strictly when the row is strict."""

    limit: Fraction
    row: LinearAtom


@dataclass(frozen=True, slots=True)
class Place:
    """The points that satisfy every row: bounds by input, and the rows over several inputs or none."""

    lower: Mapping[int, _Side] = field(default_factory=dict)
    upper: Mapping[int, _Side] = field(default_factory=dict)
    others: Mapping[Key, LinearAtom] = field(default_factory=dict)

    def cut(self, rows: Iterable[LinearAtom]) -> Place:
        """This place without the points that break one of `rows`."""
        lower, upper, others = dict(self.lower), dict(self.upper), dict(self.others)
        for row in rows:
            if len(row.inputs) != 1:
                others.setdefault(key(row), row)
                continue
            ((index, coefficient),) = row.inputs
            side = _Side(-row.constant / coefficient, row)
            sides = upper if coefficient > 0 else lower
            known = sides.get(index)
            if known is None or _is_tighter(side, known, is_upper=coefficient > 0):
                sides[index] = side
        return Place(lower, upper, others)

    def bounded(self) -> Place:
        """The same points, with the bounds that the rows over several inputs imply for inputs without one."""
        place = self
        while True:
            implied = [row for other in self.others.values() for row in place.implied(other)]
            if not implied:
                return place
            place = place.cut(implied)

    def implied(self, row: LinearAtom) -> Iterator[LinearAtom]:
        """What `row` says of the one input in it that is not bounded towards where it pulls, if it is one."""
        open_ends = [index for index, c in row.inputs if index not in (self.lower if c > 0 else self.upper)]
        for index, coefficient in row.inputs:
            if not (set(open_ends) <= {index}) or index in (self.upper if coefficient > 0 else self.lower):
                continue
            least = row.constant + sum(
                (c * (self.lower if c > 0 else self.upper)[i].limit for i, c in row.inputs if i != index),
                start=Fraction(0),
            )
            yield LinearAtom(((index, coefficient),), (), least, False, row.words, row.span)

    @property
    def rows(self) -> tuple[LinearAtom, ...]:
        """Rows that say what the place is, none of them twice."""
        sides = (*self.lower.values(), *self.upper.values())
        return (*(side.row for side in sides), *self.others.values())

    def clash(self) -> Clash | None:
        """Rows that no point satisfies together.  None when there is a point, or when looking on would take
        too long; either way the place may be treated as one that has points."""
        for index in sorted(self.lower.keys() & self.upper.keys()):
            low, high = self.lower[index], self.upper[index]
            if low.limit > high.limit or (low.limit == high.limit and (low.row.strict or high.row.strict)):
                return _clash((low.row, high.row))
        if not self.others:
            return None
        # The bounds of an input that no other row mentions have just been seen to be satisfiable.
        related = {index for row in self.others.values() for index, _ in row.inputs}
        bounds = (
            sides[index].row for sides in (self.lower, self.upper) for index in related if index in sides
        )
        return _clash((*self.others.values(), *bounds))

    def region(self, size: int) -> Region:
        """One closed box over `size` inputs, and the rows that it does not imply."""
        box = self.box(size)
        return Region(
            (box,), (*self.strict_bounds(), *(r for r in self.others.values() if not implies(box, r)))
        )

    def box(self, size: int) -> Box:
        """The closed hull of the bounds."""
        lower = (self.lower.get(index) for index in range(size))
        upper = (self.upper.get(index) for index in range(size))
        return Box(
            tuple(None if side is None else side.limit for side in lower),
            tuple(None if side is None else side.limit for side in upper),
        )

    def strict_bounds(self) -> tuple[LinearAtom, ...]:
        """The bounds that the closed box does not imply, by input."""
        sides = (*self.lower.items(), *self.upper.items())
        return tuple(side.row for _, side in sorted(sides, key=lambda item: item[0]) if side.row.strict)


def _clash(rows: Sequence[LinearAtom]) -> Clash | None:
    answer = decide(rows)
    return answer if isinstance(answer, Clash) else None


def _is_tighter(side: _Side, known: _Side, *, is_upper: bool) -> bool:
    if side.limit == known.limit:
        return side.row.strict and not known.row.strict
    return (side.limit < known.limit) is is_upper


def implies(box: Box, row: LinearAtom) -> bool:
    """Whether every point of `box` satisfies `row`, which is over inputs alone."""
    greatest = row.constant
    for index, coefficient in row.inputs:
        limit = box.upper[index] if coefficient > 0 else box.lower[index]
        if limit is None:
            return False
        greatest += coefficient * limit
    return greatest < 0 or (greatest == 0 and not row.strict)
