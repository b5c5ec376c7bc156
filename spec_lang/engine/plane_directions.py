"""How a point can move within what a region ties together: one direction for every input that is free.

In: an obligation, and the inputs that readers know.  Out: for each free one, how all inputs move when it
grows by one.  Equations come as ties, and as pairs of opposite constraints; exact, and homogeneous, since a
point that meets them goes on to meet them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction

from spec_lang.obligations.model import Obligation

Row = dict[int, Fraction]  # Σ coefficient·movement = 0


def directions(obligation: Obligation, known: Collection[int]) -> dict[int, Row]:
    """By free input, in ascending order."""
    solved = _solved(obligation)
    found: dict[int, Row] = {i: {i: Fraction(1)} for i in sorted(known) if i not in solved}
    for pivot, row in solved.items():
        for index, factor in row.items():
            if index in found:
                found[index][pivot] = factor
    return found


def _solved(obligation: Obligation) -> dict[int, Row]:
    """Inputs by the free ones: the last input of every equation, as a combination of those that are free."""
    solved: dict[int, Row] = {}
    for equation in _equations(obligation):
        row = _substituted(equation, solved)
        if not row:
            continue
        pivot = max(row)
        factor = -row.pop(pivot)
        new = {index: value / factor for index, value in row.items()}
        solved = {index: _substituted(old, {pivot: new}) for index, old in solved.items()}
        solved[pivot] = new
    return solved


def _equations(obligation: Obligation) -> Iterator[Row]:
    for tie in obligation.ties:
        yield {**dict(tie.terms), tie.input: Fraction(-1)}
    met: set[tuple[object, Fraction]] = set()
    for atom in obligation.region.constraints:
        if (tuple((i, -c) for i, c in atom.inputs), -atom.constant) in met:
            yield dict(atom.inputs)
        met.add((atom.inputs, atom.constant))


def _substituted(row: Row, solved: dict[int, Row]) -> Row:
    """`row` over inputs that are not solved; without what is 0."""
    found: Row = {}
    for index, value in row.items():
        for inner, factor in solved.get(index, {index: Fraction(1)}).items():
            found[inner] = found.get(inner, Fraction(0)) + value * factor
    return {index: value for index, value in found.items() if value}
