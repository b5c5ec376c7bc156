"""What measures ask for.

In: what the parser read.  Out: frozen values, each with its `span`.  Nothing is inferred.
"""

from __future__ import annotations

from enum import Enum

from spec_lang._values import dataclass
from spec_lang.diagnostics import Span
from spec_lang.syntax.ast.expressions import Binding, Expr, Name


class Extreme(Enum):
    """What a measure over points asks for."""

    MAX = "max"
    MIN = "min"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class Optimum:
    """`max value for x in region, to precision`."""

    span: Span
    extreme: Extreme
    value: Expr
    bindings: tuple[Binding, ...]
    precision: Expr | None


class Threshold(Enum):
    """Which end of an interval a measure over claims asks for."""

    LARGEST = "largest"
    SMALLEST = "smallest"


@dataclass(frozen=True, slots=True)
class Radius:
    """`largest r in [lower, upper] with claim, to precision`."""

    span: Span
    threshold: Threshold
    variable: Name
    lower: Expr
    upper: Expr
    claim: Expr
    precision: Expr | None


@dataclass(frozen=True, slots=True)
class Count:
    """`regions of network over points`: how many linear regions the points lie in."""

    span: Span
    network: Expr
    points: Expr


class Sharing(Enum):
    """Which points a share is of."""

    SUPPORT = "support"  # those that an invariant speaks of
    COVERAGE = "coverage"  # those of which one of several invariants says something


@dataclass(frozen=True, slots=True)
class Share:
    """`support of invariant over points`, `coverage of [invariant, …] over points`."""

    span: Span
    asked: Sharing
    invariants: tuple[Expr, ...]
    listed: bool  # in brackets
    points: Expr


Quantity = Optimum | Radius | Count | Share
