"""The symbol table of one file: what every name stands for, families and definitions worked out.

Built by `resolve`; read by `typecheck`.  Bodies have their definitions and claim forms expanded, and keep
the names of networks, regions, parameters and indices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from spec_lang.semantics.families import Family, member_name
from spec_lang.semantics.model import Attributes, NetworkUse
from spec_lang.semantics.values import FamilyValue, NetworkValue, Value
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
    """A claim declaration; `body` is expanded, its indices free."""

    declaration: ast.ClaimDecl
    family: Family
    attributes: Attributes
    body: ast.Expr

    def member_name(self, member: tuple[int, ...]) -> str:
        return member_name(self.declaration.name.text, member)


@dataclass(frozen=True)  # not slotted: the name table is computed once, on demand
class Scope:
    """Everything that a file declares.  `parameters` are evaluated; `broken` names did not parse."""

    file: str
    families: Mapping[str, NetworkFamily]
    regions: Mapping[str, RegionFamily]
    claims: tuple[ClaimFamily, ...]
    parameters: Mapping[str, Value]
    broken: frozenset[str]

    @property
    def networks(self) -> tuple[NetworkUse, ...]:
        """Every declared network, every member of a family."""
        return tuple(use for family in self.families.values() for use in family.uses.values())

    @cached_property
    def names(self) -> Mapping[str, Value]:
        """What the names of the file denote in an expression."""
        names: dict[str, Value] = dict(self.parameters)
        for name, network in self.families.items():
            single = not network.family.indices
            names[name] = NetworkValue(network.first) if single else FamilyValue("network family", name)
        for name in self.regions:
            names[name] = FamilyValue("region", name)
        return names
