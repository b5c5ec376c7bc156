"""Which names a declaration may use, and where; every expression of every file is looked at once.

In: the declarations of all files and what each file may name.  Out: diagnostics, and the names that a missing
import may declare.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spec_lang.claims.base import Claim
from spec_lang.diagnostics import DiagnosticLog
from spec_lang.semantics.names.declared import View
from spec_lang.semantics.names.invariants import check_run_names, names_of_run, network_of
from spec_lang.semantics.names.names_used import NameChecker
from spec_lang.semantics.names.statements import measures_of, over_points
from spec_lang.syntax import ast
from spec_lang.syntax.parts import indices_in


class ModuleNames:
    """Checks the declarations of one file."""

    __slots__ = ("_checker", "_log", "_networks", "_view")

    def __init__(
        self,
        view: View,
        networks: Mapping[str, ast.NetworkDecl],
        forms: Mapping[str, Claim],
        broken: frozenset[str],
        log: DiagnosticLog,
    ) -> None:
        self._view = view
        self._networks = networks
        self._checker = NameChecker(view, forms, broken, log)
        self._log = log

    def check(self, module: ast.Module, statements: bool) -> set[str]:
        """The names that are not known because an import is missing.

        Claims, invariants and measures are left out unless `statements`: nobody asks for an imported file's.
        """
        self._checker.measures = frozenset(measures_of(module)) if statements else frozenset()
        for declaration in module.declarations:
            self._declaration(declaration)
            if statements:
                self._statement(declaration)
        return self._checker.missing

    def _declaration(self, declaration: ast.Declaration) -> None:
        match declaration:
            case ast.ParamDecl(value=value) if value is not None:
                self._checker.check(value)
            case ast.DefDecl(parameters=parameters, value=value):
                self._checker.check_binders(parameters)
                self._checker.check(value, (p.text for p in parameters))
            case ast.RegionDecl(network=network, value=value):
                local = self._indices(declaration.family)
                self._all((value, network), local)
            case _:
                pass

    def _statement(self, declaration: ast.Declaration) -> None:
        match declaration:
            case ast.ClaimDecl(body=body, family=family):
                self._checker.check(body, self._indices(family), comparing=True)
            case ast.InvariantDecl():
                self._invariant(declaration)
            case ast.MeasureDecl(quantity=quantity, family=family):
                self._quantity(quantity, self._indices(family))
            case _:
                pass

    def _indices(self, family: tuple[ast.IndexBinding, ...]) -> frozenset[str]:
        names = tuple(binding.name for binding in family)
        self._checker.check_binders(names)
        for name in names:
            self._checker.check_index(name, "index")
        return frozenset(name.text for name in names)

    def _all(self, parts: Iterable[ast.Expr | None], local: frozenset[str]) -> None:
        for part in parts:
            if part is not None:
                self._checker.check(part, local)

    def _invariant(self, declaration: ast.InvariantDecl) -> None:
        local = self._indices(declaration.family)
        self._all((declaration.network, declaration.region, declaration.points), local)
        # A mistake in what the invariant is of is reported where its formula is made.
        network = network_of(declaration, self._networks, DiagnosticLog(), self._view)
        if network is not None:
            check_run_names(declaration, network, self._view, self._log)
            self._checker.check(declaration.body, local | names_of_run(network))

    def _quantity(self, quantity: ast.Quantity, local: frozenset[str]) -> None:
        if isinstance(quantity, ast.Count):
            self._all((quantity.network, quantity.points), local)
            return
        if isinstance(quantity, ast.Share):  # invariants have names of their own, which are looked up later
            self._all((*indices_in(quantity), quantity.points), local)
            return
        if isinstance(quantity, ast.Optimum):
            self._all((over_points(quantity), quantity.precision), local)
            return
        self._all((quantity.lower, quantity.upper, quantity.precision), local)
        self._checker.check_binder(quantity.variable, local)
        self._checker.check_index(quantity.variable, "number")
        self._checker.check(quantity.claim, local | {quantity.variable.text})
