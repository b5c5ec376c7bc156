"""One claim, ready to be decided, as a value that a worker process can be handed.

In: a typed claim, or a query with its network.  Out: a `Task`.  Its goal is made on demand, in the worker,
so that a hard lowering costs its own claim alone.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Span
from spec_lang.engine.options import NetworkSource
from spec_lang.kernel.verdict import Status
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import Goal, Semantics, Terms

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
class Task:
    """`goal` makes the obligations.  `runs` are the networks, to be run again by onnxruntime; None where one
    is applied to another's outputs.  `beyond` says why no backend takes the claim, which has no goal then.
    `expected` is what `@expect` says; with `exists` the claim says that there is such a point.  `semantics`
    says which function its networks denote."""

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

    @property
    def id(self) -> str:
        return f"{self.file}::{self.name}"
