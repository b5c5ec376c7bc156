"""What the graph of a claim is made of: blocks of inputs, applications of networks, what is read of them."""

from __future__ import annotations

from dataclasses import field
from typing import Protocol

from spec_lang._values import dataclass
from spec_lang.network.graph import Graph
from spec_lang.network.transform.assemble import Source
from spec_lang.obligations.model import Axis
from spec_lang.semantics.claim_graph.appended import Appended
from spec_lang.semantics.claim_graph.signature import Signature, Space
from spec_lang.semantics.terms.elements import Linear, Need
from spec_lang.semantics.terms.values import Tensor
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive inputs of the graph; one that is only tied has no name and is not shown."""

    name: str | None
    start: int
    space: Space

    @property
    def size(self) -> int:
        return self.space.size


@dataclass(frozen=True, slots=True)
class Result:
    """Consecutive outputs of the graph: a value of one part's own graph; `label` is what a reader knows it
    by, where it is not what the network gives.  What is `derived` comes from a gradient or a probability."""

    part: int
    value: int
    start: int
    axes: tuple[Axis, ...]
    label: str | None = None
    derived: bool = False


class Computed(Protocol):
    """A part of the claim and of no network: squares, products, positive parts."""

    @property
    def sources(self) -> tuple[Source, ...]: ...

    @property
    def graph(self) -> Graph: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """A network at a point: one value for each input and how it is written, and the need if the point is not
    linear."""

    signature: Signature
    values: tuple[Tensor, ...]
    written: tuple[ast.Expr, ...]
    need: Need


@dataclass(slots=True)
class Applied:
    """One application: its signature, where its inputs come from, what is appended to its graph, and what is
    read of it."""

    signature: Signature
    sources: tuple[Source, ...]
    label: str
    point: tuple[Linear, ...]  # its flat input
    appended: Appended
    results: dict[int, Result] = field(default_factory=dict)
