"""What type-checking leaves of a spec: one closed, exact statement for every member of every claim.

Nothing here refers to text any more, except for what a reader is to be shown.  Regions and violations speak
of network-space flat inputs and outputs; `frame` is the way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from spec_lang.diagnostics import Span
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import All, Condition, Frame
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
    """How to check a claim, not what it says.  `using` keeps its span: the engine knows the backends."""

    timeout: Fraction | None = None  # seconds
    using: ast.Name | None = None
    expect: Expectation = Expectation.PROVED
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class TypedClaim:
    """One member of a claim, checked against its network: `violation` is true at no point of `region`.

    `formula` is what the claim stands for once forms and definitions are expanded and indices filled in.
    `graph` has the network's outputs first, then the hidden tensors that the claim mentions.
    """

    name: str  # "property_1[1,1]"
    declaration: ast.ClaimDecl
    title: str | None
    attributes: Attributes
    formula: ast.Forall
    network: NetworkUse
    graph: Graph
    frame: Frame
    region: Condition
    violation: Condition

    @property
    def condition(self) -> Condition:
        """The claim's negation, region included."""
        return All((self.region, self.violation))

    @property
    def span(self) -> Span:
        return self.declaration.span


@dataclass(frozen=True, slots=True, eq=False)
class TypedSpec:
    """Every wanted claim that could be understood, members of a family in the order of their indices."""

    claims: tuple[TypedClaim, ...]
