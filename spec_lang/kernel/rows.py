"""The ways in which an obligation could fail: the disjunctive normal form of its violation.

In: an obligation.  Out: `Alternatives`: the distinct atoms, and conjunctions of them, left to right as the
region's constraints and the violation have them.  An obligation holds when no point of a box of its region
satisfies all atoms of some conjunction.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import inf
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.network import F64, Network, ReluStep, SmoothStep, Unchecked
from spec_lang.network.primitives import Smooth
from spec_lang.obligations.model import All, Any, Condition, LinearAtom, Obligation

MAX_CONJUNCTIONS: Final = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Alternatives:
    """`conjunctions[k]` are positions in `atoms`; `possible` leaves out those that the ends of what ReLUs and
    smooth functions give exclude.  `multiplied` lists, for the conjunctions with several atoms, their columns
    among the weights of a node."""

    atoms: tuple[LinearAtom, ...]
    conjunctions: tuple[tuple[int, ...], ...]
    possible: tuple[bool, ...]
    multiplied: dict[int, slice]

    @property
    def width(self) -> int:
        """The number of weights that a node of an input tree has."""
        return sum(where.stop - where.start for where in self.multiplied.values())


def alternatives(obligation: Obligation, network: Network) -> Alternatives:
    """Raises `Unchecked` beyond `MAX_CONJUNCTIONS`."""
    found = _normal_form(All((*obligation.region.constraints, obligation.violation)))
    numbers: dict[tuple[object, ...], int] = {}
    atoms: list[LinearAtom] = []
    conjunctions = []
    for conjunction in found:
        positions = []
        for atom in conjunction:
            key = (atom.inputs, atom.outputs, atom.constant, atom.strict)
            if key not in numbers:
                numbers[key] = len(atoms)
                atoms.append(atom)
            positions.append(numbers[key])
        conjunctions.append(tuple(positions))
    ends = _ends(network)
    excluded = [_excluded(atom, ends) for atom in atoms]
    possible = tuple(not any(excluded[i] for i in conjunction) for conjunction in conjunctions)
    multiplied, column = {}, 0
    for number, chosen in enumerate(conjunctions):
        if len(chosen) > 1:
            multiplied[number] = slice(column, column + len(chosen))
            column += len(chosen)
    return Alternatives(tuple(atoms), tuple(conjunctions), possible, multiplied)


def _normal_form(condition: Condition) -> list[tuple[LinearAtom, ...]]:
    if isinstance(condition, LinearAtom):
        return [(condition,)]
    parts = [_normal_form(part) for part in condition.parts]
    found: list[tuple[LinearAtom, ...]] = [()]
    if isinstance(condition, Any):
        found = [conjunction for part in parts for conjunction in part]
    else:
        for part in parts:
            _limit(len(found) * len(part))
            found = [left + right for left in found for right in part]
    _limit(len(found))
    return found


def _limit(count: int) -> None:
    if count > MAX_CONJUNCTIONS:
        raise Unchecked(f"the negated claim has more than {MAX_CONJUNCTIONS} alternatives")


@dataclass(frozen=True, slots=True)
class _Ends:
    """What a value lies between, None for no end; with `strict` it reaches neither."""

    lower: int | None
    upper: int | None
    strict: bool


def _ends(network: Network) -> list[_Ends]:
    """Of the flat outputs, by the form of the network alone."""
    found = {}
    for step in network.steps:
        if isinstance(step, ReluStep):
            found[step.value] = _Ends(0, None, strict=False)
        elif isinstance(step, SmoothStep):
            lower, upper = step.function.ends
            found[step.value] = _Ends(lower, upper, strict=step.function is not Smooth.SQUARE)
    unknown = _Ends(None, None, strict=False)
    return [found.get(output, unknown) for output in network.outputs for _ in range(network.sizes[output])]


def _excluded(atom: LinearAtom, ends: list[_Ends]) -> bool:
    """Whether the atom fails by what outputs lie between: exact, and sufficient alone."""
    if atom.inputs:
        return False
    least, strict = Fraction(atom.constant), atom.strict
    for j, coefficient in atom.outputs:
        if not coefficient:
            continue
        end = ends[j].lower if coefficient > 0 else ends[j].upper
        if end is None:
            return False
        least, strict = least + coefficient * end, strict or ends[j].strict
    return least > 0 or (strict and least == 0)


def scale_of(atom: LinearAtom) -> Fraction:
    """What an atom is divided by before it is combined: its largest coefficient of outputs, or of inputs."""
    return max((abs(c) for _, c in atom.outputs or atom.inputs), default=Fraction(1))


def nearest(number: Fraction) -> float:
    """The nearest float, infinite for a number beyond all of them: nothing is bounded by that."""
    try:
        return float(number)
    except OverflowError:
        return inf if number > 0 else -inf


def placed(network: Network, inputs: F64, outputs: F64) -> Iterator[tuple[int, F64]]:
    """Rows over the flat inputs and outputs, value by value; a value may come several times."""
    column = 0
    for output in network.outputs:
        size = network.sizes[output]
        yield output, outputs[:, column : column + size]
        column += size
    if np.any(inputs != 0):
        for number, where in enumerate(network.inputs):
            yield number, inputs[:, where]
