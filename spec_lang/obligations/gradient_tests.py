"""What is asked of rows of a Jacobian at one point of a convex set, and the obligation that says so.

In: where two points lie, rows, and tests.  Out: a `Question`: an obligation over one point, which fails at
those points of that set whose gradients, with some slope where a neuron is 0, pass one of the tests.  Exact,
or `NotExact`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, assert_never

from spec_lang._values import dataclass
from spec_lang.network.primitives import RELU, Smooth
from spec_lang.network.transform.jacobian import Form, JacobianGraph
from spec_lang.obligations.cones import Whole
from spec_lang.obligations.differences import Differences
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region, Terms

Row = tuple[tuple[int, int], ...]  # a combination of f's flat outputs, in whole numbers
_ZERO: Final = Fraction(0)


@dataclass(frozen=True, slots=True)
class Ray:
    """`g·direction + level > 0` for the gradient g of the only row."""

    direction: Terms
    level: Fraction


@dataclass(frozen=True, slots=True)
class Spread:
    """`Σ max(lower·g_i, upper·g_i) > 1` over some inputs i, for the gradient g of the only row; `lower` and
    `upper` are the ends of a box around 0."""

    inputs: tuple[int, ...]
    lower: tuple[Fraction, ...]
    upper: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """`Σ factor·max(sign·g_i, 0) + slope·sign·g_i > level` over the gradients g of the rows, for one input i;
    there is a factor and a slope for every row, and no factor is negative."""

    input: int
    sign: int
    factors: tuple[Fraction, ...]
    slopes: tuple[Fraction, ...]
    level: Fraction


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """`Σ factor·(axis·g)²/length > 1` over the gradients g of the rows, each with a factor, and the axes,
    each with its length squared; `inputs` are what the elements of an axis are of."""

    inputs: tuple[int, ...]
    axes: tuple[Whole, ...]
    lengths: tuple[Fraction, ...]
    factors: tuple[Fraction, ...]


Test = Ray | Spread | Column | Ellipsoid


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """No z of the domain passes any of `tests`, of which `obligation` is made."""

    obligation: Obligation
    rows: tuple[Row, ...]
    tests: tuple[Test, ...]


def question(asked: Differences, rows: Sequence[Row], tests: Sequence[Test]) -> Question:
    """Without tests one that nothing fails.  Raises `NotExact`."""
    constraints = tuple(LinearAtom(terms, (), constant, strict=False) for terms, constant in asked.rows)
    region = Region((Box(asked.lower, asked.upper),), constraints)
    if not tests:
        return Question(Obligation(asked.graph, region, Any(())), (), ())
    growing = JacobianGraph(asked.graph)
    alternatives = _Alternatives(growing, rows, tests)
    atoms = tuple(dict.fromkeys(map(alternatives.atom, tests)))
    violation: Condition = Any(atoms) if len(atoms) > 1 else atoms[0]
    if asked.rounds:
        violation = All((*_rounds(asked, growing), violation))
    obligation = Obligation(growing.graph, region, violation, ties=asked.ties)
    return Question(obligation, tuple(rows), tuple(tests))


def _rounds(asked: Differences, growing: JacobianGraph) -> Iterator[LinearAtom]:
    """What the domain is cut by besides its rows, over values of the graph."""
    for one in asked.rounds:
        start = growing.applied(one.function, [(terms, (), constant) for _, terms, constant in one.curved])
        outputs = tuple((start + k, factor) for k, (factor, _, _) in enumerate(one.curved))
        yield LinearAtom(one.linear, outputs, one.constant, strict=False)


class _Alternatives:
    """Atoms over the outputs of a graph that has rows, and has what tests need besides appended."""

    def __init__(self, growing: JacobianGraph, rows: Sequence[Row], tests: Sequence[Test]) -> None:
        self.growing = growing
        self.starts = [growing.row(dict(row)) for row in rows]
        bent = sorted({i for test in tests for i in _bent(test)})
        places = [start + i for start in self.starts for i in bent]
        forms: list[Form] = [((), ((place, Fraction(1)),), _ZERO) for place in places]
        first = growing.applied(RELU, forms) if forms else 0
        self.positives = {place: first + k for k, place in enumerate(places)}  # max(g_i, 0), by g_i

    def atom(self, test: Test) -> LinearAtom:
        match test:
            case Ray(direction, level):
                return _above(((self.starts[0] + i, c) for i, c in direction), -level)
            case Spread(inputs, lower, upper):
                ends = list(zip((self.starts[0] + i for i in inputs), lower, upper, strict=True))
                wider = ((self.positives[place], high - low) for place, low, high in ends)
                return _above((*((place, low) for place, low, _ in ends), *wider), Fraction(1))
            case Column():
                return self._column(test)
            case Ellipsoid():
                return self._ellipsoid(test)
            case _ as unreachable:
                assert_never(unreachable)

    def _column(self, test: Column) -> LinearAtom:
        """`max(−g, 0) = max(g, 0) − g`."""
        terms: list[tuple[int, Fraction]] = []
        for start, factor, slope in zip(self.starts, test.factors, test.slopes, strict=True):
            place = start + test.input
            terms.append((self.positives[place], factor))
            terms.append((place, slope if test.sign > 0 else -slope - factor))
        return _above(terms, test.level)

    def _ellipsoid(self, test: Ellipsoid) -> LinearAtom:
        forms: list[Form] = []
        weights: list[Fraction] = []
        for start, factor in zip(self.starts, test.factors, strict=True):
            for axis, length in zip(test.axes, test.lengths, strict=True):
                pairs = zip(test.inputs, axis, strict=True)
                forms.append(((), tuple((start + i, Fraction(c)) for i, c in pairs if c), _ZERO))
                weights.append(factor / length)
        first = self.growing.applied(Smooth.SQUARE, forms)
        return _above(((first + k, weight) for k, weight in enumerate(weights)), Fraction(1))


def _bent(test: Test) -> tuple[int, ...]:
    """The inputs for which a test needs positive parts."""
    if isinstance(test, Column):
        return (test.input,)
    return test.inputs if isinstance(test, Spread) else ()


def _above(
    terms: Iterator[tuple[int, Fraction]] | Sequence[tuple[int, Fraction]], level: Fraction
) -> LinearAtom:
    """`terms > level`, as what is below 0."""
    total: dict[int, Fraction] = {}
    for index, c in terms:
        total[index] = total.get(index, _ZERO) - c
    return LinearAtom((), tuple(sorted((i, c) for i, c in total.items() if c)), level, strict=True)
