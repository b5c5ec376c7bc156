"""One claim, ready to be decided, as a value that a worker process can be handed.

In: a typed claim, or a query with its network.  Out: a `Task`.  Its goal is made on demand, in the worker,
so that a hard lowering costs its own claim alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from spec_lang.diagnostics import Span
from spec_lang.engine.options import NetworkSource
from spec_lang.kernel.verdict import Status
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import Goal

CLAIM: Final = "claim"
QUERY: Final = "query"  # of VNN-LIB: a condition that no point may meet


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """`goal` makes the obligations; `source` is the ONNX file or its bytes, and `network` its graph, for
    the replay under onnxruntime.  `expected` is what `@expect` says."""

    file: str
    name: str
    title: str | None
    span: Span | None
    kind: str
    goal: Callable[[], Goal]
    source: NetworkSource
    network: Graph
    timeout: float | None = None
    using: str | None = None
    expected: Status = Status.PROVED

    @property
    def id(self) -> str:
        return f"{self.file}::{self.name}"
