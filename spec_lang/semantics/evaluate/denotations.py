"""What an expression denotes when it is no number: sets of positions, networks, labels, closures.

In: nothing.  Out: data.  A region denotes nothing by itself; it is asked whether it contains a point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

from spec_lang._values import dataclass
from spec_lang.semantics.evaluate.arrays import Array, Number
from spec_lang.semantics.evaluate.world import Network, Run, World
from spec_lang.semantics.terms.values import ArrayValue, DataValue
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class Extremisers:
    """`argmax(…)` and its like: the positions, and the names of all."""

    positions: frozenset[int]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Applicable:
    """A network, or with `part` what `f.part` or `f[part]` names: a hidden tensor or an output; with a `head`
    of `softmax(f)` and its like."""

    network: Network
    part: str | int | None = None
    head: str | None = None


@dataclass(frozen=True, slots=True)
class FamilyName:
    """A family of networks, not indexed."""

    name: str


@dataclass(frozen=True, slots=True)
class Label:
    """A name that nothing declares: an output's, which the other side of a comparison tells."""

    text: str


@dataclass(frozen=True, eq=False)  # not slotted: what it denotes is found once, when it is used
class Closure:
    """The value of a `let`, read in the scope where it was written."""

    expr: ast.Expr
    reader: Reader

    @cached_property
    def denotation(self) -> Denotation:
        return self.reader.denote(self.expr)


Denotation = Array | Extremisers | Applicable | FamilyName | Label | ArrayValue | DataValue | bool


class Reader(Protocol):
    """Reads expressions in one scope: what the modules of this package ask of each other."""

    @property
    def world(self) -> World: ...

    @property
    def bound(self) -> Mapping[str, Denotation | Closure]: ...

    def bind(self, name: str, value: Denotation | Closure) -> Reader:
        """The same scope and one name more."""

    def file(self) -> Reader:
        """The scope of the file alone."""

    def expecting(self, labels: Sequence[str]) -> Reader:
        """The same scope, where a name among `labels` is their position."""

    def holds(self, expr: ast.Expr) -> bool:
        """Whether the formula is true."""

    def denote(self, expr: ast.Expr) -> Denotation:
        """What the expression stands for."""

    def value(self, expr: ast.Expr) -> Array:
        """The numbers that the expression stands for."""

    def contains(self, region: ast.Expr, point: Array) -> bool:
        """Whether the point lies in the region."""

    def run(self, function: Run, x: tuple[Number, ...]) -> tuple[Number, ...]:
        """`function(x)`, computed once for each reading."""

    def given(self, binding: ast.Binding, *uses: ast.Expr) -> Sequence[Array | Applicable]:
        """The points, or networks, to try for a variable that ranges over more than can be listed.

        `uses` are the expressions that speak of the variable: they tell the space of its points.
        """
