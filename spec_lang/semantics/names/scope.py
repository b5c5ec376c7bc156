"""The symbol table of one file: what every name stands for, families and definitions worked out.

Built by `resolve`; read by `typecheck`.  Bodies have their definitions and claim forms expanded, and keep
the names of networks, regions, parameters and indices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from fractions import Fraction
from functools import cached_property

from spec_lang._values import dataclass
from spec_lang.diagnostics import Span
from spec_lang.semantics.model import Attributes, NetworkUse
from spec_lang.semantics.names.families import Family, member_name
from spec_lang.semantics.terms.values import ArrayValue, DataValue, FamilyValue, NetworkValue, Value, scalar
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class NetworkFamily:
    """A network declaration and its members, by index."""

    declaration: ast.NetworkDecl
    family: Family
    uses: Mapping[tuple[int, ...], NetworkUse]

    @property
    def first(self) -> NetworkUse:
        return next(iter(self.uses.values()))


@dataclass(frozen=True, slots=True)
class RegionFamily:
    """A region declaration; `value` is expanded, its indices free."""

    declaration: ast.RegionDecl
    family: Family
    value: ast.Expr


@dataclass(frozen=True, slots=True)
class ClaimFamily:
    """A claim, an invariant or a measure; `body` is in the core language, its indices free.

    The body of an invariant is the formula that it stands for, that of a measure what its `quantity` is of.
    `compared` are the measures that a claim compares, which its body says in the core language.  `points` is
    the data that an invariant is `over`; `referred` are the invariants that a share is of, or the one that a
    claim is proved `@via`.
    """

    declaration: ast.ClaimDecl | ast.InvariantDecl | ast.MeasureDecl
    family: Family
    attributes: Attributes
    body: ast.Expr
    quantity: ast.Quantity | None = None
    compared: tuple[ComparedMeasure, ...] = ()
    points: ast.Expr | None = None
    referred: tuple[ReferredInvariant, ...] = ()

    def member_name(self, member: tuple[int, ...]) -> str:
        return member_name(self.declaration.name.text, member)


@dataclass(frozen=True, slots=True)
class ComparedMeasure:
    """A measure, or the member of it that `indices` name, which a claim compares with a number."""

    measure: ClaimFamily
    indices: tuple[ast.Expr, ...]
    number: ast.Expr
    span: Span


@dataclass(frozen=True, slots=True)
class ReferredInvariant:
    """An invariant of the file, or the member of its family that `indices` name; without them all members."""

    invariant: ClaimFamily
    indices: tuple[ast.Expr, ...]
    span: Span

    def members(self, found: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """Those that are meant, once the indices have the values `found`."""
        return iter((found,)) if self.indices else self.invariant.family.members()


@dataclass(frozen=True)  # not slotted: the name table is computed once, on demand
class Scope:
    """Everything that a file and its imports declare; `claims` are the file's own.

    `parameters` are evaluated; `data` is read when it is used; `dimensions` are the sizes that types name;
    `broken` names did not parse, or could not be resolved.
    """

    file: str
    families: Mapping[str, NetworkFamily]
    regions: Mapping[str, RegionFamily]
    claims: tuple[ClaimFamily, ...]
    parameters: Mapping[str, Value]
    broken: frozenset[str]
    data: Mapping[str, DataValue | ArrayValue] = field(default_factory=dict)
    dimensions: Mapping[str, int] = field(default_factory=dict)

    @property
    def networks(self) -> tuple[NetworkUse, ...]:
        """Every declared network, every member of a family."""
        return tuple(use for family in self.families.values() for use in family.uses.values())

    @cached_property
    def constants(self) -> Mapping[str, Value]:
        """What has a value without any network: parameters, data and the sizes of its dimensions."""
        sizes = {name: scalar(Fraction(size)) for name, size in self.dimensions.items()}
        return {**self.data, **sizes, **self.parameters}

    @cached_property
    def labels(self) -> Mapping[str, int]:
        """The positions of all outputs whose name means one position in every network that has it."""
        found: dict[str, set[int]] = {}
        for family in self.families.values():
            for item in family.declaration.items:
                components = item.components if isinstance(item, ast.Outputs) else ()
                for position, component in enumerate(components):
                    found.setdefault(component.name.text, set()).add(position)
        return {name: min(places) for name, places in found.items() if len(places) == 1}

    @cached_property
    def names(self) -> Mapping[str, Value]:
        """What the names of the file denote in an expression."""
        names: dict[str, Value] = dict(self.constants)
        for name, network in self.families.items():
            single = not network.family.indices
            names[name] = NetworkValue(network.first) if single else FamilyValue("network family", name)
        for name in self.regions:
            names[name] = FamilyValue("region", name)
        return names
