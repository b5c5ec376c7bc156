"""The narrow waist: what every claim becomes, and all that a backend ever sees.

An `Obligation` states that no point of `region` makes `violation` true.  Its numbers are exact
rationals over the graph's flat inputs and outputs (network space); strict and closed atoms stay apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError, Span
from spec_lang.network.graph import Graph
from spec_lang.obligations.denotation import Semantics as Semantics  # noqa: PLC0414 - a part of the model

Terms = tuple[tuple[int, Fraction], ...]  # (index, non-zero coefficient), indices ascending


@dataclass(frozen=True, slots=True)
class LinearAtom:
    """`Σ inputs·x + Σ outputs·y + constant <= 0`, or `< 0` when `strict`.

    `source` is the clause in the user's words, for whoever must say what fails; `words` are these words, or
    what can be asked for them by `str`, since hardly any clause is ever shown.
    """

    inputs: Terms
    outputs: Terms
    constant: Fraction
    strict: bool
    words: object = ""
    span: Span | None = None

    @property
    def source(self) -> str:
        return str(self.words)

    def negated(self) -> LinearAtom:
        """The complement: `a <= 0` becomes `−a < 0`, `a < 0` becomes `−a <= 0`."""
        return LinearAtom(
            tuple((i, -c) for i, c in self.inputs),
            tuple((i, -c) for i, c in self.outputs),
            -self.constant,
            not self.strict,
            self.words,
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


def conjuncts(condition: Condition) -> Iterator[Condition]:
    """What holds wherever `condition` does: its parts that are no conjunctions, left to right."""
    if not isinstance(condition, All):
        yield condition
        return
    for part in condition.parts:
        yield from conjuncts(part)


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


@dataclass(frozen=True, slots=True)
class Tie:
    """`x[input] = Σ terms·x + constant` over earlier inputs; holds at every point of the region."""

    input: int
    terms: Terms
    constant: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Obligation:
    """No point of `region` makes `violation` true, for the function that `graph` denotes.

    `ties` are equations that `region` implies, each of which determines an input by others before it: who
    searches with floats meets an equation by computing that input.
    """

    graph: Graph
    region: Region
    violation: Condition
    semantics: Semantics = Semantics.REAL
    ties: tuple[Tie, ...] = ()

    def completed(self, point: Sequence[Fraction]) -> tuple[Fraction, ...]:
        """`point` with every tied input as its tie has it; exact."""
        if any(tie.input >= len(point) for tie in self.ties):
            return tuple(point)  # it is no point of the graph, and whoever checks it will say so
        values = list(point)
        for tie in self.ties:
            values[tie.input] = tie.constant + sum((c * values[i] for i, c in tie.terms), Fraction(0))
        return tuple(values)


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
class Group:
    """Consecutive axes that a reader is shown together: a variable, or what a network gives."""

    name: str
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Frame:
    """The way back from network space to the user's words, one axis for every flat input and output.

    `variables` and `results` say which axes belong together; inputs in no group are not shown.  Without
    them all inputs are `variable`, and all outputs are those of `network`.
    """

    network: str
    variable: str
    inputs: tuple[Axis, ...]
    outputs: tuple[Axis, ...]
    variables: tuple[Group, ...] = ()
    results: tuple[Group, ...] = ()

    def told_apart(self) -> Frame:
        """The same frame; where there are several variables or results, every name says of which it is."""
        inputs = _told_apart(self.inputs, self.variables)
        return replace(self, inputs=inputs, outputs=_told_apart(self.outputs, self.results))

    def __post_init__(self) -> None:
        if not self.variables and not self.results:
            object.__setattr__(self, "variables", (Group(self.variable, 0, len(self.inputs)),))
            object.__setattr__(self, "results", (Group(self.network, 0, len(self.outputs)),))


def _told_apart(axes: tuple[Axis, ...], groups: tuple[Group, ...]) -> tuple[Axis, ...]:
    found = list(axes)
    for group in groups if len({group.name for group in groups}) > 1 else ():
        for place in range(group.start, group.start + group.size):
            name = axes[place].name
            if name.startswith("y["):  # an output without a name
                name = group.name + name[1:]
            elif not name.startswith(f"{group.name}[") and name != group.name:
                name = f"{group.name}.{name}"
            found[place] = replace(axes[place], name=name)
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Goal:
    """A claim, lowered: it holds when every obligation does.

    `conflict` is set when the region is empty: the claim is then vacuous, and these are the clauses
    that clash.  With `exists` it is the other way round: the claim says that there is a point that some
    obligation says there is not.
    """

    claim: str
    span: Span | None
    obligations: tuple[Obligation, ...]
    frame: Frame
    conflict: EmptyRegion | None = None
    exists: bool = False


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
