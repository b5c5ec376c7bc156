"""One claim, ready to be decided, as a value that a worker process can be handed.

In: a typed claim, or a query with its network.  Out: a `Task`.  Its goal is made on demand, in the worker,
so that a hard lowering costs its own claim alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Span
from spec_lang.engine.options import NetworkSource
from spec_lang.kernel.verdict import Status
from spec_lang.network.graph import Graph
from spec_lang.obligations.lower import lower
from spec_lang.obligations.model import Goal, Semantics, Terms
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.model import Counted, Cut, Measured, Shared, Support, TypedClaim
from spec_lang.syntax import ast
from spec_lang.syntax.ast import Comparison

if TYPE_CHECKING:
    from spec_lang.engine.earlier import Earlier

QUERY: Final = "query"  # of VNN-LIB: a condition that no point may meet


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One application of a network: the ONNX file or its bytes, its graph, its flat input as affine forms
    of the claim's, and where its outputs start in the flat output of the claim's graph."""

    source: NetworkSource
    network: Graph
    point: tuple[tuple[Terms, Fraction], ...]
    output: int


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """What a measure asks for, and the goal of each threshold, by how its claim compares with it."""

    measured: Measured
    goal: Callable[[Comparison, Fraction], Goal]


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """`goal` makes the obligations.  `runs` are the networks, to be run again by onnxruntime; None where one
    is applied to another's outputs.  `beyond` says why no backend takes the claim, which has no goal then.
    `expected` is what `@expect` says; with `exists` the claim says that there is such a point.  `semantics`
    says which function its networks denote.  The goal of a `measure` is that of one of its thresholds;
    what is `counted` or `shared` has none.  `region` are the words for where an invariant is to hold,
    `support` the data that it is over; `cut` is what a claim is proved `@via`, and `earlier` what the run
    has found out about that invariant, which leaves its proof in the folder `leaves`."""

    file: str
    name: str
    title: str | None
    span: Span | None
    kind: str
    goal: Callable[[], Goal]
    runs: tuple[Run, ...] | None
    timeout: float | None = None
    using: str | None = None
    expected: Status = Status.PROVED
    exists: bool = False
    beyond: str | None = None
    semantics: Semantics = Semantics.REAL
    measure: Measure | None = None
    counted: Counted | None = None
    shared: Shared | None = None
    region: str | None = None
    support: Support | None = None
    cut: Cut | None = None
    earlier: Earlier | None = None
    leaves: Path | None = None

    @property
    def by_kernel(self) -> bool:
        """Whether the kernel counts by itself, and there is no goal."""
        return self.counted is not None or self.shared is not None

    @property
    def id(self) -> str:
        return f"{self.file}::{self.name}"


def measure_of(typed: TypedClaim, semantics: Semantics) -> Measure | None:
    """The measure that a typed claim is; `semantics` is for one that names none."""
    if typed.measured is None or typed.statement is None:
        return None
    return Measure(typed.measured, partial(_goal_at, typed, typed.measured, semantics))


def _goal_at(
    typed: TypedClaim, measured: Measured, semantics: Semantics, relation: Comparison, threshold: Fraction
) -> Goal:
    """Raises `TooManyCases`."""
    return lower(replace(typed, statement=measured.claim(relation, threshold)), semantics)


def region_of(typed: TypedClaim) -> str | None:
    """Where an invariant is to hold, in words."""
    formula = typed.formula
    if typed.kind != "invariant" or not isinstance(formula, ast.Quantified):
        return None
    domain = formula.bindings[0].domain
    match domain:
        case None | ast.IndexRange() | ast.IndexSet():
            return None
        case ast.Call(function=ast.Name(text="everywhere")):
            return "every input"
        case region:
            return clause_text(region)


def beyond_of(typed: TypedClaim) -> str | None:
    """Why no backend takes the claim, in the words of its first need."""
    if not typed.needs:
        return None
    first, *others = typed.needs
    more = f" (and {len(others)} more)" if others else ""
    return f"unsupported: {first.problem}{more}"
