"""Resolution: one file's declarations to its symbol table.

In: a module, the values given for its parameters, the claim forms, and the names of declarations that did
not parse.  Out: a `Scope`; every mistake that can be seen without a network is logged.  No file is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final

from spec_lang.claims.base import Claim
from spec_lang.diagnostics import DiagnosticLog, InternalError, Note, Span, did_you_mean
from spec_lang.semantics import codes
from spec_lang.semantics.attributes import read_attributes
from spec_lang.semantics.expansion import Expander
from spec_lang.semantics.expressions import Evaluator, Rejected
from spec_lang.semantics.families import Family, member_name, read_family
from spec_lang.semantics.forms import FormScope
from spec_lang.semantics.functions import BUILT_IN
from spec_lang.semantics.items import check_items
from spec_lang.semantics.model import NetworkUse
from spec_lang.semantics.names import NameChecker
from spec_lang.semantics.scope import ClaimFamily, NetworkFamily, RegionFamily, Scope
from spec_lang.semantics.traverse import walk
from spec_lang.semantics.values import Value
from spec_lang.syntax import ast

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


def resolve(
    module: ast.Module,
    parameters: Mapping[str, ast.Expr],
    forms: Mapping[str, Claim],
    broken: frozenset[str],
    log: DiagnosticLog,
) -> Scope:
    """The symbol table of `module`; `parameters` are the values that replace those in the file."""
    return _Resolver(module, parameters, forms, broken, log).scope()


class _Resolver:
    """The work of one `resolve`, stage by stage; each stage uses the tables of those before it."""

    def __init__(
        self,
        module: ast.Module,
        overrides: Mapping[str, ast.Expr],
        forms: Mapping[str, Claim],
        broken: frozenset[str],
        log: DiagnosticLog,
    ) -> None:
        self._module = module
        self._overrides = overrides
        self._forms = forms
        self._broken = broken
        self._log = log
        self._declared: dict[str, Span] = {}
        self._networks: dict[str, ast.NetworkDecl] = {}
        self._params: dict[str, ast.ParamDecl] = {}
        self._regions: dict[str, ast.RegionDecl] = {}
        self._definitions: dict[str, ast.DefDecl] = {}

    def scope(self) -> Scope:
        self._declare()
        for network in self._networks.values():
            check_items(network, self._declared, self._log)
        self._check_names()
        values, expressions = self._parameter_values()
        lost = self._params.keys() - values.keys()
        evaluator = Evaluator(self._log, values, None, self._broken | lost)
        networks = self._network_families(evaluator)
        form_scope = FormScope(
            {name: len(declaration.family) for name, declaration in self._networks.items()},
            expressions,
            frozenset(self._declared),
        )
        expander = Expander(self._definitions, self._forms, form_scope, self._log)
        for definition in self._definitions.values():
            expander.definition(definition)
        families = {name: network.family for name, network in networks.items()}
        regions = self._region_families(evaluator, expander, families)
        claims = self._claim_families(evaluator, expander, families)
        # What could not be resolved has been reported: later stages treat it like what did not parse.
        lost = {*self._networks, *self._params, *self._regions} - {*networks, *values, *regions}
        return Scope(self._module.file, networks, regions, claims, values, self._broken | lost)

    # -- the table of names --------------------------------------------------------------------------

    def _declare(self) -> None:
        for declaration in self._module.declarations:
            match declaration:
                case ast.NetworkDecl(name=name) if self._is_free(name):
                    self._networks[name.text] = declaration
                case ast.ParamDecl(name=name) if self._is_free(name):
                    self._params[name.text] = declaration
                case ast.RegionDecl(name=name) if self._is_free(name):
                    self._regions[name.text] = declaration
                case ast.DefDecl(name=name) if self._is_free(name):
                    self._definitions[name.text] = declaration
                case _:
                    pass  # claims have names of their own, and a name that is taken has been reported

    def _is_free(self, name: ast.Name) -> bool:
        """Takes `name`, unless it is taken, which is reported."""
        if name.text in BUILT_IN or name.text in self._forms:
            self._log.error(codes.SHADOWING, f"`{name.text}` is built in", name.span, "choose another name")
            return False
        if name.text in self._declared:
            notes = (Note("it is declared here first", self._declared[name.text]),)
            self._log.error(codes.DUPLICATE, f"`{name.text}` is declared twice", name.span, None, notes)
            return False
        self._declared[name.text] = name.span
        return True

    # -- names in expressions --------------------------------------------------------------------------

    def _check_names(self) -> None:
        labels = [
            component.name.text
            for network in self._networks.values()
            for item in network.items
            if isinstance(item, ast.Outputs)
            for component in item.components
        ]
        checker = NameChecker(self._declared, labels, self._forms, self._broken, self._log)
        for declaration in self._module.declarations:
            match declaration:
                case ast.ParamDecl(value=value) if value is not None:
                    checker.check(value)
                case ast.DefDecl(parameters=parameters, value=value):
                    self._check_bound(parameters, checker)
                    checker.check(value, (p.text for p in parameters))
                case ast.RegionDecl() | ast.ClaimDecl():
                    bindings = tuple(binding.name for binding in declaration.family)
                    self._check_bound(bindings, checker)
                    self._check_indices(bindings, labels)
                    local = tuple(name.text for name in bindings)
                    parts = (
                        (declaration.body,)
                        if isinstance(declaration, ast.ClaimDecl)
                        else (declaration.value, declaration.network)
                    )
                    for part in parts:
                        if part is not None:
                            checker.check(part, local)
                case _:
                    pass

    def _check_bound(self, names: Sequence[ast.Name], checker: NameChecker) -> None:
        seen: dict[str, Span] = {}
        for name in names:
            checker.check_binder(name)
            if name.text in seen:
                notes = (Note("the first one", seen[name.text]),)
                self._log.error(codes.DUPLICATE, f"`{name.text}` is bound twice", name.span, None, notes)
            seen.setdefault(name.text, name.span)

    def _check_indices(self, names: Sequence[ast.Name], labels: Sequence[str]) -> None:
        for name in names:
            if name.text in labels:
                problem = f"the index `{name.text}` has the name of an output, which labels speak of"
                self._log.error(codes.SHADOWING, problem, name.span, "choose another name")

    # -- parameters ------------------------------------------------------------------------------------

    def _parameter_values(self) -> tuple[dict[str, Value], dict[str, ast.Expr]]:
        """Values and expressions of the parameters; each may use the others, in any order."""
        for name, value in self._overrides.items():
            if name not in self._params:
                fix = did_you_mean(name, self._params) or "parameters are declared by `param name = value`"
                self._log.error(codes.PARAMETER, f"there is no parameter `{name}`", value.span, fix)
        expressions: dict[str, ast.Expr] = {}
        for name, declaration in self._params.items():
            expression = self._overrides.get(name, declaration.value)
            if expression is None:
                problem = f"the parameter `{name}` has no value"
                self._log.error(codes.PARAMETER, problem, declaration.name.span, f"give it: `-p {name}=…`")
            else:
                expressions[name] = expression
        values: dict[str, Value] = {}
        for name in self._in_order(expressions, self._params, "parameter"):
            lost = self._params.keys() - values.keys()
            evaluator = Evaluator(self._log, values, None, self._broken | lost)
            try:
                values[name] = evaluator.constant(expressions[name], "a parameter")
            except Rejected:
                continue
        return values, {name: expressions[name] for name in values}

    def _in_order(
        self,
        bodies: Mapping[str, ast.Expr],
        declarations: Mapping[str, ast.ParamDecl] | Mapping[str, ast.RegionDecl],
        kind: str,
    ) -> tuple[str, ...]:
        """Names after the names that their bodies use; a cycle is reported and left out."""
        graph = {
            name: {node.text for node in walk(body) if isinstance(node, ast.Name) and node.text in bodies}
            for name, body in bodies.items()
        }
        while True:
            try:
                return tuple(TopologicalSorter(graph).static_order())
            except CycleError as error:
                cycle: list[str] = error.args[1]
                declaration = declarations[cycle[0]]
                path = " → ".join(reversed(cycle))
                problem = f"the {kind} `{cycle[0]}` is defined by itself: {path}"
                self._log.error(codes.DEFINITION, problem, declaration.name.span)
                for name in cycle:
                    graph.pop(name, None)
                graph = {name: uses - set(cycle) for name, uses in graph.items()}

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

    # -- regions and claims ----------------------------------------------------------------------------

    def _region_families(
        self, evaluator: Evaluator, expander: Expander, families: dict[str, Family]
    ) -> dict[str, RegionFamily]:
        """The regions; their families join `families`, each after those that it uses."""
        found: dict[str, RegionFamily] = {}
        expanded = {name: expander.expand(declaration.value) for name, declaration in self._regions.items()}
        bodies = {name: body for name, body in expanded.items() if body is not None}
        for name in self._in_order(bodies, self._regions, "region"):
            declaration, value = self._regions[name], bodies[name]
            uses = (value,) if declaration.network is None else (declaration.network, value)
            family = read_family(declaration.family, evaluator, uses, families)
            if family is not None:
                families[name] = family
                found[name] = RegionFamily(declaration, family, value)
        return found

    def _claim_families(
        self, evaluator: Evaluator, expander: Expander, families: Mapping[str, Family]
    ) -> tuple[ClaimFamily, ...]:
        found: list[ClaimFamily] = []
        seen: dict[str, Span] = {}
        for declaration in self._module.declarations:
            if not isinstance(declaration, ast.ClaimDecl):
                continue
            name = declaration.name
            if name.text in seen:
                notes = (Note("it is declared here first", seen[name.text]),)
                problem = f"the claim `{name.text}` is declared twice"
                self._log.error(codes.DUPLICATE, problem, name.span, None, notes)
            first = name.text not in seen
            seen.setdefault(name.text, name.span)
            attributes = read_attributes(declaration.attributes, self._log)
            body = expander.expand(declaration.body)
            if body is None:
                continue
            family = read_family(declaration.family, evaluator, (body,), families)
            if family is not None and first:
                found.append(ClaimFamily(declaration, family, attributes, body))
        if len(found) < len(seen) and not self._log.has_errors and not self._broken:
            raise InternalError("a claim was left out without a reason")
        return tuple(found)


def _network_use(declaration: ast.NetworkDecl, family: Family, member: tuple[int, ...]) -> NetworkUse:
    values = dict(zip(family.indices, map(str, member), strict=True))
    path = _PLACEHOLDER.sub(lambda match: values[match[1]], declaration.path.value)
    label = member_name(declaration.name.text, member)
    return NetworkUse(declaration, member, label, path, declaration.path.span)
