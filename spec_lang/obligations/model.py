"""The narrow waist: what every claim becomes, and all that a backend ever sees.

An `Obligation` states that no point of `region` makes `violation` true.  Its numbers are exact
rationals over the graph's flat inputs and outputs (network space); strict and closed atoms stay apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from spec_lang.diagnostics import InternalError, Span
from spec_lang.network.graph import Graph

Terms = tuple[tuple[int, Fraction], ...]  # (index, non-zero coefficient), indices ascending


@dataclass(frozen=True, slots=True)
class LinearAtom:
    """`Σ inputs·x + Σ outputs·y + constant <= 0`, or `< 0` when `strict`.

    `source` is the clause in the user's words, for whoever must say what fails.
    """

    inputs: Terms
    outputs: Terms
    constant: Fraction
    strict: bool
    source: str = ""
    span: Span | None = None

    def negated(self) -> LinearAtom:
        """The complement: `a <= 0` becomes `−a < 0`, `a < 0` becomes `−a <= 0`."""
        return LinearAtom(
            tuple((i, -c) for i, c in self.inputs),
            tuple((i, -c) for i, c in self.outputs),
            -self.constant,
            not self.strict,
            self.source,
            self.span,
        )


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; true when there is none."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Some part holds; false when there is none."""

    parts: tuple[Condition, ...]


Condition = LinearAtom | All | Any


def atoms(condition: Condition) -> Iterator[LinearAtom]:
    """Every atom of `condition`, left to right."""
    if isinstance(condition, LinearAtom):
        yield condition
    else:
        for part in condition.parts:
            yield from atoms(part)


@dataclass(frozen=True, slots=True)
class Box:
    """`lower <= x <= upper`, element by element; None is unbounded on that side."""

    lower: tuple[Fraction | None, ...]
    upper: tuple[Fraction | None, ...]

    def __post_init__(self) -> None:
        if len(self.lower) != len(self.upper):
            raise InternalError("a box needs as many lower as upper bounds")


@dataclass(frozen=True, slots=True)
class Region:
    """The union of `boxes`, cut by every one of `constraints` (over the inputs alone)."""

    boxes: tuple[Box, ...]
    constraints: tuple[LinearAtom, ...] = ()

    def __post_init__(self) -> None:
        if any(constraint.outputs for constraint in self.constraints):
            raise InternalError("a region constrains inputs alone")


class Semantics(Enum):
    """Which function a network denotes; a verdict names the one that it holds for."""

    REAL = "real"


@dataclass(frozen=True, slots=True, eq=False)
class Obligation:
    """No point of `region` makes `violation` true, for the function that `graph` denotes."""

    graph: Graph
    region: Region
    violation: Condition
    semantics: Semantics = Semantics.REAL


@dataclass(frozen=True, slots=True)
class Scaling:
    """`problem = factor * network + offset`, exactly; `factor` is not 0."""

    factor: Fraction
    offset: Fraction

    def to_problem(self, value: Fraction) -> Fraction:
        return self.factor * value + self.offset

    def to_network(self, value: Fraction) -> Fraction:
        return (value - self.offset) / self.factor


IDENTITY_SCALING = Scaling(Fraction(1), Fraction(0))


@dataclass(frozen=True, slots=True)
class Axis:
    """How one flat element is shown: its name (`rho`, `y[3]`), its unit, its problem-space scaling."""

    name: str
    unit: str | None = None
    scaling: Scaling = IDENTITY_SCALING


@dataclass(frozen=True, slots=True)
class Frame:
    """The way back from network space to the user's words, one axis for every flat input and output."""

    network: str
    variable: str
    inputs: tuple[Axis, ...]
    outputs: tuple[Axis, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Goal:
    """A claim, lowered: it holds when every obligation does.

    `conflict` is set when the region is empty: the claim is then vacuous, and these are the clauses
    that clash.
    """

    claim: str
    span: Span | None
    obligations: tuple[Obligation, ...]
    frame: Frame
    conflict: EmptyRegion | None = None


@dataclass(frozen=True, slots=True)
class EmptyRegion:
    """A region without points, with the evidence: a Farkas combination of `rows`.

    Every row is a constraint over the inputs that the region imposes; the `multipliers`, non-negative,
    add them up to `0·x + c <= 0` with `c > 0` (or `c >= 0` when a strict row takes part).  A region that is
    a disjunction has `others`, one for each obligation after the first.
    """

    rows: tuple[LinearAtom, ...]
    multipliers: tuple[Fraction, ...]
    others: tuple[EmptyRegion, ...] = ()
