"""What type-checking leaves of a spec: one closed, exact statement for every member of every claim.

Nothing here refers to text any more, except for what a reader is to be shown.  Regions and violations speak
of network-space flat inputs and outputs; `frame` is the way back.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.diagnostics import Span
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import All, Condition, Frame, Semantics, Terms, Tie
from spec_lang.semantics.terms.elements import Element, Fragment, Need
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class NetworkUse:
    """One declared network, or one member of a declared family.

    `label` is how a spec names it (`acas[1,1]`), `path` the file as written with the indices filled in.
    """

    declaration: ast.NetworkDecl
    member: tuple[int, ...]
    label: str
    path: str
    span: Span


class Expectation(Enum):
    """What `@expect` may say: the verdicts that a spec's author can foresee."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"
    VACUOUS = "vacuous"


@dataclass(frozen=True, slots=True)
class Attributes:
    """How to check a claim, and in `semantics` which function its networks denote; None leaves it to the run.

    `using` keeps its span: the engine knows the backends.  What `via` names is looked up with the
    statements.
    """

    timeout: Fraction | None = None  # seconds
    using: ast.Name | None = None
    expect: Expectation = Expectation.PROVED
    tags: tuple[str, ...] = ()
    semantics: Semantics | None = None
    via: ast.Expr | None = None  # the invariant that divides the proof


@dataclass(frozen=True, slots=True)
class NetworkRun:
    """One application of a network in a claim's graph, to be run by itself.

    `point` is its flat input as affine forms of the graph's; its outputs start at `output` in the flat
    output.
    """

    use: NetworkUse
    point: tuple[tuple[Terms, Fraction], ...]
    output: int


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """What there is to decide: `violation` is true at no point of `region`.

    With `exists` the claim is that there is such a point; `violation` is then what it says of it.  `graph`
    has an input for every variable and for every point that is tied to them, and the outputs of every
    application, then the hidden tensors, that the claim mentions.  `ties` are part of `region`, too.
    `runs` is None where a network is applied to another's outputs.
    """

    graph: Graph
    frame: Frame
    region: Condition
    violation: Condition
    ties: tuple[Tie, ...] = ()
    exists: bool = False
    runs: tuple[NetworkRun, ...] | None = ()

    @property
    def condition(self) -> Condition:
        """What is searched for, region included."""
        return All((self.region, self.violation))


@dataclass(frozen=True, slots=True)
class Precision:
    """How far apart the ends of a measure may stay: `width`, or with `relative` that share of the end that is
    larger in size.  `said` in the spec, or taken where it says nothing."""

    width: Fraction
    relative: bool
    said: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What a measure asks for, as the claims that enclose it.

    `claim` makes the claim of a threshold: for `max e` that `e` compares so with it everywhere, for
    `largest r` that the claim holds with it in the place of `r`, whatever the comparison.  `words` are what
    is measured, `value` is `e` over the claim's graph, `unit` its unit; `interval` is where `r` may lie.
    """

    asked: ast.Extreme | ast.Threshold
    precision: Precision
    claim: Callable[[ast.Comparison, Fraction], Statement]
    words: str
    value: Element | None = None
    unit: str | None = None
    interval: tuple[Fraction, Fraction] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """The linear regions of a network that some points lie in; network space, exact."""

    graph: Graph
    points: tuple[tuple[Fraction, ...], ...]
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Points that several invariants may be counted over; what was computed at them is found by them."""

    points: tuple[tuple[Fraction, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Support:
    """An invariant, and points for which it is counted how many it speaks of; network space, exact.

    Over `graph`: where the invariant's left side holds, where it is broken, and where it claims anything at
    all.  `ties` have the inputs behind those of the points.  `name` and `words` are for readers: the
    invariant, and the data.
    """

    name: str
    words: str
    graph: Graph
    rows: Rows
    premise: Condition
    broken: Condition
    region: Condition
    ties: tuple[Tie, ...] = ()

    @property
    def points(self) -> tuple[tuple[Fraction, ...], ...]:
        """Without what is behind those of the data."""
        return self.rows.points

    def completed(self, point: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
        """A point as the graph takes it."""
        if not self.ties:
            return point
        values = list(point)
        for tie in self.ties:
            values.append(tie.constant + sum((c * values[i] for i, c in tie.terms), Fraction(0)))
        return tuple(values)


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """The share of some points that an invariant speaks of, or that one of several says something of."""

    asked: ast.Sharing
    supports: tuple[Support, ...]
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """An invariant that divides a claim's proof: over the statement's graph, where its left side holds and
    where it fails; `outside` is true where the claim speaks of a point and the invariant does not."""

    name: str
    span: Span
    holds: Condition
    fails: Condition
    outside: Condition


@dataclass(frozen=True, slots=True, eq=False)
class TypedClaim:
    """One member of a claim, an invariant or a measure, checked against its networks.

    `formula` is what it stands for once forms and definitions are expanded and indices filled in.
    `statement` is None where something is beyond every backend; `needs` then say what, and where.
    `fragments` are what makes a claim with a statement less simple than linear, with the first place of each.
    The statement of a measure is that of one of its thresholds; what is `counted` or
    `shared` has none, and no needs.
    """

    name: str  # "property_1[1,1]"
    kind: str  # "claim", "invariant", "measure"
    declaration: ast.ClaimDecl | ast.InvariantDecl | ast.MeasureDecl
    title: str | None
    attributes: Attributes
    formula: ast.Expr
    networks: tuple[NetworkUse, ...]
    statement: Statement | None
    needs: tuple[Need, ...] = ()
    fragments: tuple[tuple[Fragment, Span], ...] = ()
    measured: Measured | None = None
    counted: Counted | None = None
    support: Support | None = None  # of an invariant over data
    shared: Shared | None = None
    cut: Cut | None = None

    @property
    def span(self) -> Span:
        return self.declaration.span


@dataclass(frozen=True, slots=True, eq=False)
class TypedSpec:
    """Every wanted claim that could be understood, members of a family in the order of their indices."""

    claims: tuple[TypedClaim, ...]
