"""Resolution: the declarations of a file and of its imports to one symbol table.

In: a module and what stands around it, the values given for its parameters, the claim forms, and the names of
declarations that did not parse.  Out: a `Scope`; every mistake that can be seen without a network is logged.
No file is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from spec_lang.claims.base import Claim
from spec_lang.diagnostics import DiagnosticLog, InternalError, did_you_mean
from spec_lang.semantics import codes
from spec_lang.semantics.forms.expansion import Expander
from spec_lang.semantics.forms.scope import form_scope
from spec_lang.semantics.model import NetworkUse
from spec_lang.semantics.names.constants import Constants, read_constants
from spec_lang.semantics.names.declared import Declared, View, declare, view
from spec_lang.semantics.names.families import Family, member_name, read_family
from spec_lang.semantics.names.items import check_items
from spec_lang.semantics.names.likeness import with_all_items
from spec_lang.semantics.names.name_check import ModuleNames
from spec_lang.semantics.names.ordering import in_order
from spec_lang.semantics.names.scope import NetworkFamily, RegionFamily, Scope
from spec_lang.semantics.names.statements import Statement, Statements
from spec_lang.semantics.names.surroundings import ALONE, Surroundings
from spec_lang.semantics.terms.expressions import Evaluator
from spec_lang.semantics.terms.functions import BUILT_IN, NORMS
from spec_lang.semantics.traverse import walk
from spec_lang.syntax import ast

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


def resolve(  # noqa: PLR0913 - the stages before this one each give something
    module: ast.Module,
    parameters: Mapping[str, ast.Expr],
    forms: Mapping[str, Claim],
    broken: frozenset[str],
    log: DiagnosticLog,
    *,
    surroundings: Surroundings = ALONE,
) -> Scope:
    """The symbol table of `module`; `parameters` are the values that replace those in the files."""
    return _Resolver(module, forms, broken | surroundings.broken, log, surroundings).scope(parameters)


class _Resolver:
    """The work of one `resolve`, stage by stage; each stage uses the tables of those before it."""

    def __init__(
        self,
        module: ast.Module,
        forms: Mapping[str, Claim],
        broken: frozenset[str],
        log: DiagnosticLog,
        surroundings: Surroundings,
    ) -> None:
        self._module = module
        self._forms = forms
        self._broken = broken
        self._log = log
        self._around = surroundings
        self._modules = (*surroundings.modules, module)
        self._found = Declared()
        self._networks: dict[str, ast.NetworkDecl] = {}

    def scope(self, parameters: Mapping[str, ast.Expr]) -> Scope:
        self._found = declare(self._modules, self._forms, self._log)
        views = self._complete_networks()
        self._check_names(views)
        constants = read_constants(self._found, parameters, self._around, self._broken, self._log)
        known = constants.names()
        # What could not be resolved has been reported: later stages treat it like what did not parse.
        lost = self._broken | (self._without_definitions() - {*known, *self._networks, *self._found.regions})
        networks = self._network_families(Evaluator(self._log, known, None, lost))
        lost |= self._networks.keys() - networks.keys()
        expander = self._expander(constants)
        families = {name: network.family for name, network in networks.items()}
        regions = self._region_families(Evaluator(self._log, known, None, lost), expander, families)
        lost |= self._found.regions.keys() - regions.keys()
        tools = (Evaluator(self._log, known, None, lost), expander)
        statements = Statements(views[self._module.file], self._networks, families, tools, self._log)
        claims = statements.resolve(self._module)
        self._account(len(claims), lost)
        return Scope(
            self._module.file,
            networks,
            regions,
            claims,
            constants.parameters,
            lost,
            constants.data,
            constants.dimensions,
        )

    def _without_definitions(self) -> frozenset[str]:
        return frozenset(self._found.places.keys() - self._found.definitions.keys())

    def _account(self, claims: int, lost: frozenset[str]) -> None:
        """Raises `InternalError` when a claim is left out and nothing says why."""
        declared = {d.name.text for d in self._module.declarations if isinstance(d, Statement)}
        if claims < len(declared) and not self._log.has_errors and not lost:
            raise InternalError("a claim was left out without a reason")

    # -- names -----------------------------------------------------------------------------------------

    def _complete_networks(self) -> dict[str, View]:
        """Fills in what `like` takes over; what every file may name."""
        files = [module.file for module in self._modules]
        views = {file: view(file, self._found, self._found.networks, self._around) for file in files}
        for network in self._found.networks.values():
            check_items(network, self._found.places, self._log)
        self._networks = with_all_items(self._found, views, self._broken, self._log)
        return views

    def _check_names(self, views: Mapping[str, View]) -> None:
        missing: set[str] = set()
        for module in self._modules:
            names = ModuleNames(views[module.file], self._networks, self._forms, self._broken, self._log)
            missing |= names.check(module, statements=module is self._module)
        self._broken |= missing

    # -- networks --------------------------------------------------------------------------------------

    def _network_families(self, evaluator: Evaluator) -> dict[str, NetworkFamily]:
        found: dict[str, NetworkFamily] = {}
        for name, declaration in self._networks.items():
            family = read_family(declaration.family, evaluator, (), {})
            if family is None or not self._check_path(declaration, family):
                continue
            uses = {member: _network_use(declaration, family, member) for member in family.members()}
            found[name] = NetworkFamily(declaration, family, uses)
        return found

    def _check_path(self, declaration: ast.NetworkDecl, family: Family) -> bool:
        path = declaration.path
        fine = True
        for match in _PLACEHOLDER.finditer(path.value):
            if match[1] not in family.indices:
                fine = False
                known = ", ".join(f"`{{{index}}}`" for index in family.indices)
                fix = did_you_mean(match[1], family.indices) or (f"indices are {known}" if known else None)
                problem = f"`{declaration.name.text}` has no index `{match[1]}`"
                self._log.error(codes.UNKNOWN_NAME, problem, path.span, fix)
        return fine

    # -- definitions and regions -----------------------------------------------------------------------

    def _expander(self, constants: Constants) -> Expander:
        names = frozenset(self._found.places)
        networks = {**self._found.networks, **self._networks}  # also those with a mistake, which is reported
        scope = form_scope(networks, constants.expressions, names, self._found.regions)
        scope = replace(scope, words=frozenset((*self._forms, *BUILT_IN, *NORMS)))
        expander = Expander(self._found.definitions, self._forms, scope, self._log)
        for definition in self._found.definitions.values():
            expander.definition(definition)
        return expander

    def _region_families(
        self, evaluator: Evaluator, expander: Expander, families: dict[str, Family]
    ) -> dict[str, RegionFamily]:
        """The regions; their families join `families`, each after those that it uses."""
        found: dict[str, RegionFamily] = {}
        regions = self._found.regions
        expanded = {name: expander.expand(declaration.value) for name, declaration in regions.items()}
        bodies = {name: body for name, body in expanded.items() if body is not None}
        uses = {
            name: {node.text for node in walk(body) if isinstance(node, ast.Name)} & bodies.keys()
            for name, body in bodies.items()
        }
        for name in in_order(uses, lambda name: regions[name].name.span, "region", self._log):
            declaration, value = regions[name], bodies[name]
            parts = (value,) if declaration.network is None else (declaration.network, value)
            family = read_family(declaration.family, evaluator, parts, families)
            if family is not None:
                families[name] = family
                found[name] = RegionFamily(declaration, family, value)
        return found


def _network_use(declaration: ast.NetworkDecl, family: Family, member: tuple[int, ...]) -> NetworkUse:
    values = dict(zip(family.indices, map(str, member), strict=True))
    path = _PLACEHOLDER.sub(lambda match: values[match[1]], declaration.path.value)
    label = member_name(declaration.name.text, member)
    return NetworkUse(declaration, member, label, path, declaration.path.span)
