"""Random obligations over tiny networks, most of them decided by a hair.

In: a number.  Out: always the same `Case` for the same number.  Thresholds stand at the exact optimum of what
they limit, or a little beside it; atoms are strict and closed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

import numpy as np

from spec_lang.network.graph import Graph
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region, Terms, Tie
from tests.backends.enumeration import Enumeration
from tests.differential.networks import Array, network

COEFFICIENTS = [Fraction(1), Fraction(-1), Fraction(1, 10), Fraction(-3, 7), Fraction(5, 2), Fraction(-2)]
SIZES = [Fraction(1), Fraction(1), Fraction(1), Fraction(10**4), Fraction(1, 10**4)]
# How far beside the optimum a threshold stands, as a part of its size.
OFFSETS = [0, 2**-80, 2**-60, 2**-50, 2**-40, 2**-24, 2**-10, 2**-3, 1]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Obligation number `number` of the series `seed`; `witness` is None when it holds."""

    seed: int
    number: int
    obligation: Obligation
    witness: tuple[Fraction, ...] | None

    @property
    def holds(self) -> bool:
        return self.witness is None


def case(number: int, seed: int = 1) -> Case:
    """The same one for the same numbers, whatever came before."""
    rng = Random(f"{seed}/{number}")  # noqa: S311 - to be repeated
    region, ties = _region(rng, rng.choices([1, 2, 3, 4], [4, 8, 4, 1])[0])
    graph = network(rng, _points(rng, region.boxes[0]))
    enumeration = Enumeration(graph, region)
    violation = _violation(rng, graph, enumeration)
    obligation = Obligation(graph, region, violation, ties=ties)
    return Case(seed, number, obligation, enumeration.counterexample(violation))


# -- regions -------------------------------------------------------------------------------------------


def _region(rng: Random, size: int) -> tuple[Region, tuple[Tie, ...]]:
    boxes = tuple(_box(rng, size) for _ in range(rng.choices([1, 2, 3], [8, 2, 1])[0]))
    constraints = [_constraint(rng, boxes[0], size) for _ in range(rng.choices([0, 1, 2], [7, 2, 1])[0])]
    if size > 1 and rng.random() < 0.08:
        tie = Tie(size - 1, ((0, rng.choice(COEFFICIENTS)),), Fraction(rng.randint(-2, 2), 4))
        terms = (*((i, -c) for i, c in tie.terms), (tie.input, Fraction(1)))
        equation = LinearAtom(terms, (), -tie.constant, strict=False)
        return Region(boxes, (*constraints, equation, replace(equation.negated(), strict=False))), (tie,)
    return Region(boxes, tuple(constraints)), ()


def _box(rng: Random, size: int) -> Box:
    sides = [_side(rng) for _ in range(size)]
    return Box(tuple(lo for lo, _ in sides), tuple(hi for _, hi in sides))


def _side(rng: Random) -> tuple[Fraction, Fraction]:
    unit = rng.choice(SIZES)
    denominator = rng.choice([1, 2, 8, 10, 7, 1000])
    lo = Fraction(rng.randint(-2 * denominator, denominator), denominator) * unit
    kind = rng.choices(["wide", "point", "empty", "hair"], [30, 2, 0.3, 1])[0]
    if kind == "point":
        return lo, lo
    if kind == "empty":
        return lo, lo - unit
    if kind == "hair":
        return lo, lo + unit * Fraction(1, 2**40)
    return lo, lo + Fraction(rng.randint(1, 3 * denominator), denominator) * unit


def _constraint(rng: Random, box: Box, size: int) -> LinearAtom:
    """A cut near the middle of a box, or through one of its corners."""
    terms = _terms(rng, size, min(size, 2))
    ends = list(zip(box.lower, box.upper, strict=True))
    corner = [rng.choice(end) for end in ends]
    middle = [(lo + hi) / 2 for lo, hi in ends if lo is not None and hi is not None]
    through = middle if rng.random() < 0.7 else corner
    constant = -sum((c * (through[i] or 0) for i, c in terms), Fraction(0))
    return LinearAtom(terms, (), constant, strict=rng.random() < 0.5)


def _points(rng: Random, box: Box) -> Array:
    """Corners of the box, and points within, as floats."""
    ends = [(float(lo or 0), float(hi or 0)) for lo, hi in zip(box.lower, box.upper, strict=True)]
    corners = [[rng.choice(end) for end in ends] for _ in range(2)]
    return np.array(corners + [[rng.uniform(*end) for end in ends] for _ in range(3)])


# -- claims --------------------------------------------------------------------------------------------


def _violation(rng: Random, graph: Graph, enumeration: Enumeration) -> Condition:
    """A disjunction of conjunctions, or a conjunction with a disjunction in it, or a single atom."""
    shape = rng.choices(["atom", "any", "nested"], [4, 4, 2])[0]
    if shape == "atom":
        return _placed(rng, _atom(rng, graph), enumeration, All(()))
    if shape == "any":
        return Any(tuple(_conjunction(rng, graph, enumeration) for _ in range(rng.randint(1, 3))))
    inner = Any(tuple(_beside(rng, graph, enumeration) for _ in range(2)))
    return All((_placed(rng, _atom(rng, graph), enumeration, inner), inner))


def _conjunction(rng: Random, graph: Graph, enumeration: Enumeration) -> Condition:
    others = [_beside(rng, graph, enumeration) for _ in range(rng.choices([0, 1, 2], [3, 3, 1])[0])]
    return All((_placed(rng, _atom(rng, graph), enumeration, All(tuple(others))), *others))


def _beside(rng: Random, graph: Graph, enumeration: Enumeration) -> LinearAtom:
    """An atom that holds on a part of the region: its threshold lies between its ends."""
    atom = _atom(rng, graph)
    least = enumeration.infimum(atom)
    opposite = enumeration.infimum(atom.negated())
    if least is None or opposite is None:
        return atom
    share = Fraction(rng.choice([0, 1, 2, 5, 8]), 8)
    return replace(atom, constant=atom.constant - least - share * (-opposite - least))


def _placed(rng: Random, atom: LinearAtom, enumeration: Enumeration, others: Condition) -> LinearAtom:
    """The atom with its threshold at the least value that its left side has where the others hold."""
    least = enumeration.infimum(atom, others)
    if least is None:
        return atom
    size = max(abs(least), Fraction(1, 2**20))
    offset = Fraction(rng.choice(OFFSETS)) * rng.choice([-1, 1]) * size
    constant = atom.constant - least + offset
    kind = rng.choices(["exact", "double", "single"], [6, 2, 1])[0]
    if kind == "double":
        constant = Fraction(float(constant))
    elif kind == "single":
        constant = Fraction(float(np.float32(constant))) if abs(constant) < 10**30 else constant
    return replace(atom, constant=constant)


def _atom(rng: Random, graph: Graph) -> LinearAtom:
    outputs = _terms(rng, graph.output_size, 3)
    inputs = _terms(rng, graph.input_size, 2) if rng.random() < 0.2 else ()
    constant = Fraction(rng.randint(-8, 8), rng.choice([1, 3, 10]))
    return LinearAtom(inputs, outputs, constant, strict=rng.random() < 0.5)


def _terms(rng: Random, size: int, most: int) -> Terms:
    chosen = sorted(rng.sample(range(size), rng.randint(1, min(size, most))))
    unit = rng.choice(SIZES) if rng.random() < 0.2 else Fraction(1)
    return tuple((i, rng.choice(COEFFICIENTS) * unit) for i in chosen)
