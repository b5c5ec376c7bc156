"""Claims, invariants and measures: their bodies in the core language, their families and attributes.

In: the declarations of one file, and what its names stand for.  Out: a `ClaimFamily` for each that could be
understood; what is wrong with another is logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from spec_lang.diagnostics import DiagnosticLog, InternalError, Note, Span
from spec_lang.semantics import codes
from spec_lang.semantics.forms.expansion import Expander
from spec_lang.semantics.model import Attributes
from spec_lang.semantics.names.attributes import read_attributes
from spec_lang.semantics.names.compared import compares, write_out
from spec_lang.semantics.names.declared import View
from spec_lang.semantics.names.families import Family, read_family
from spec_lang.semantics.names.invariants import as_formula, network_of
from spec_lang.semantics.names.referred import refer
from spec_lang.semantics.names.scope import ClaimFamily, ReferredInvariant
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.expressions import Evaluator
from spec_lang.semantics.traverse import mentioned
from spec_lang.syntax import ast

Statement = ast.ClaimDecl | ast.InvariantDecl | ast.MeasureDecl


class Statements:
    """Resolves the statements of one file."""

    __slots__ = (
        "_evaluator",
        "_expander",
        "_families",
        "_invariants",
        "_log",
        "_measures",
        "_measuring",
        "_networks",
        "_view",
    )

    def __init__(
        self,
        view: View,
        networks: Mapping[str, ast.NetworkDecl],
        families: Mapping[str, Family],
        tools: tuple[Evaluator, Expander],
        log: DiagnosticLog,
    ) -> None:
        self._view = view
        self._networks = networks
        self._families = families
        self._evaluator, self._expander = tools
        self._log = log
        self._measures: dict[str, ast.MeasureDecl] = {}
        self._invariants: dict[str, ast.InvariantDecl] = {}
        self._measuring: dict[str, ClaimFamily | None] = {}

    def resolve(self, module: ast.Module) -> tuple[ClaimFamily, ...]:
        """The statements of `module`, in order, each name once."""
        found: list[ClaimFamily] = []
        seen: dict[str, tuple[str, Span]] = {}
        self._measures = measures_of(module)
        self._invariants = invariants_of(module)
        for declaration in module.declarations:
            if not isinstance(declaration, Statement):
                continue
            name = declaration.name
            first = name.text not in seen
            if not first:
                kind, place = seen[name.text]
                problem = f"the {kind_of(declaration)} `{name.text}` is declared twice"
                if kind != kind_of(declaration):
                    problem = f"`{name.text}` is declared twice: there is a {kind} of that name"
                notes = (Note("it is declared here first", place),)
                self._log.error(codes.DUPLICATE, problem, name.span, None, notes)
            seen.setdefault(name.text, (kind_of(declaration), name.span))
            family = self._family(declaration)
            if family is not None and first:
                found.append(family)
        return tuple(found)

    def _family(self, declaration: Statement) -> ClaimFamily | None:
        """Of a measure that a claim compares, or an invariant that is referred to, it has been worked out
        before."""
        name = declaration.name.text
        if declaration not in (self._measures.get(name), self._invariants.get(name)):
            return self._worked_out(declaration)
        if name not in self._measuring:
            self._measuring[name] = self._worked_out(declaration)
        return self._measuring[name]

    def _invariant_named(self, name: str) -> ClaimFamily | None:
        return self._family(self._invariants[name])

    def _measure(self, name: str) -> ClaimFamily | None:
        return self._family(self._measures[name])

    def _worked_out(self, declaration: Statement) -> ClaimFamily | None:
        attributes = read_attributes(declaration.attributes, self._log)
        quantity: ast.Quantity | None = None
        body: ast.Expr | None
        parts: tuple[ast.Expr, ...] = ()
        points: ast.Expr | None = None
        match declaration:
            case ast.ClaimDecl():
                body = self._expander.expand(declaration.body)
            case ast.InvariantDecl():
                body = self._invariant(declaration)
                if declaration.points is not None:
                    points = self._expander.expand(declaration.points)
                    body, parts = (None, ()) if points is None else (body, (points,))
            case ast.MeasureDecl():
                quantity = self._quantity(declaration.quantity)
                body, parts = (None, ()) if quantity is None else parts_of(quantity)
        if body is None:
            return None
        if isinstance(declaration, ast.ClaimDecl) and compares(body, frozenset(self._measures)):
            return self._comparing(declaration, attributes, body)
        referred = self._referred(declaration, attributes)
        if referred is None:
            return None
        known = {one.invariant.declaration.name.text: one.invariant.family for one in referred}
        via = () if attributes.via is None else (attributes.via,)
        uses = (body, *parts, *via)
        family = read_family(declaration.family, self._evaluator, uses, {**self._families, **known})
        if family is None:
            return None
        return ClaimFamily(declaration, family, attributes, body, quantity, (), points, referred)

    def _referred(
        self, declaration: Statement, attributes: Attributes
    ) -> tuple[ReferredInvariant, ...] | None:
        """The invariants that a statement names; None once it is reported that there is no such."""
        named: tuple[ast.Expr, ...] = () if attributes.via is None else (attributes.via,)
        if isinstance(declaration, ast.MeasureDecl) and isinstance(declaration.quantity, ast.Share):
            named = declaration.quantity.invariants
        try:
            return tuple(refer(one, self._invariants, self._invariant_named, self._log) for one in named)
        except Rejected:
            return None

    def _comparing(
        self, declaration: ast.ClaimDecl, attributes: Attributes, body: ast.Expr
    ) -> ClaimFamily | None:
        """A claim that may compare measures; their families give its indices their values."""
        indices = {index.name.text for index in declaration.family}
        known = {*self._view.declared, *self._view.labels, *indices}
        measures = frozenset(self._measures.keys() - known)
        families = {
            name: found.family for name in measures & mentioned(body) if (found := self._measure(name))
        }
        family = read_family(declaration.family, self._evaluator, (body,), {**self._families, **families})
        try:
            written = write_out(body, measures, self._measure, self._log)
        except Rejected:
            return None
        if family is None:
            return None
        return ClaimFamily(declaration, family, attributes, written.body, None, written.compared)

    def _invariant(self, declaration: ast.InvariantDecl) -> ast.Expr | None:
        network = network_of(declaration, self._networks, self._log, self._view)
        if network is None:
            self._say_not_a_network(declaration.network)
            return None
        taken = frozenset((*self._view.declared, *self._view.labels))
        indices = frozenset(index.name.text for index in declaration.family)
        return self._expander.expand(as_formula(declaration, network, taken | indices))

    def _say_not_a_network(self, reference: ast.Expr) -> None:
        """Reports a name that is none of a network, where nothing else does: `box`, or a claim form."""
        name = reference.base if isinstance(reference, ast.Index) else reference
        said = any(problem.span == name.span for problem in self._log)
        if isinstance(name, ast.Name) and not said and not self._evaluator.is_broken(name.text):
            problem = f"`{name.text}` is not a network, and an invariant is of one"
            self._log.error(codes.INVARIANT, problem, name.span, "`invariant … of f: …`")

    # -- measures ------------------------------------------------------------------------------------

    def _quantity(self, quantity: ast.Quantity) -> ast.Quantity | None:
        """The quantity with its expressions expanded."""
        if isinstance(quantity, ast.Count):
            return self._count(quantity)
        if isinstance(quantity, ast.Share):
            points = self._expander.expand(quantity.points)
            return None if points is None else replace(quantity, points=points)
        precision = None if quantity.precision is None else self._expander.expand(quantity.precision)
        lost = quantity.precision is not None and precision is None
        if isinstance(quantity, ast.Optimum):
            whole = self._expander.expand(over_points(quantity))
            if whole is None or lost:
                return None
            if not isinstance(whole, ast.Quantified):
                raise InternalError("expansion made something else of a quantifier")
            return replace(quantity, value=whole.body, bindings=whole.bindings, precision=precision)
        lower, upper, claim = map(self._expander.expand, (quantity.lower, quantity.upper, quantity.claim))
        if lower is None or upper is None or claim is None or lost:
            return None
        return replace(quantity, lower=lower, upper=upper, claim=claim, precision=precision)

    def _count(self, count: ast.Count) -> ast.Count | None:
        """Definitions of points are expanded; what is applied may be nothing but a network."""
        points = self._expander.expand(count.points)
        network = count.network
        name = network.base if isinstance(network, ast.Index) else network
        if not isinstance(name, ast.Name) or name.text not in self._networks:
            self._say_no_regions(network, name)
            return None
        return None if points is None else replace(count, points=points)

    def _say_no_regions(self, network: ast.Expr, name: ast.Expr) -> None:
        """Reports what is no network; unknown names and networks with mistakes are reported elsewhere."""
        if isinstance(name, ast.Name):
            known = name.text in {*self._view.declared, *self._view.labels} - {*self._view.networks}
            if not known or self._evaluator.is_broken(name.text):
                return
        problem = "linear regions are those of a network"
        self._log.error(codes.REGIONS, problem, network.span, "write `regions of f over …`")


def kind_of(declaration: Statement) -> str:
    """The word that begins the declaration."""
    match declaration:
        case ast.ClaimDecl():
            return "claim"
        case ast.InvariantDecl():
            return "invariant"
        case ast.MeasureDecl():
            return "measure"


def measures_of(module: ast.Module) -> dict[str, ast.MeasureDecl]:
    """The measures of a file by name, the first of each."""
    found: dict[str, ast.MeasureDecl] = {}
    for declaration in module.declarations:
        if isinstance(declaration, ast.MeasureDecl):
            found.setdefault(declaration.name.text, declaration)
    return found


def invariants_of(module: ast.Module) -> dict[str, ast.InvariantDecl]:
    """The invariants of a file by name, the first of each."""
    found: dict[str, ast.InvariantDecl] = {}
    for declaration in module.declarations:
        if isinstance(declaration, ast.InvariantDecl):
            found.setdefault(declaration.name.text, declaration)
    return found


def over_points(quantity: ast.Optimum) -> ast.Quantified:
    """The value of an optimum with its bindings around it, as a quantifier holds them."""
    return ast.Quantified(quantity.span, ast.Quantifier.FORALL, quantity.bindings, quantity.value)


def parts_of(quantity: ast.Quantity) -> tuple[ast.Expr, tuple[ast.Expr, ...]]:
    """What a quantity is about, and the other expressions in it."""
    if isinstance(quantity, ast.Count):
        return quantity.network, (quantity.points,)
    if isinstance(quantity, ast.Share):
        return quantity.points, quantity.invariants
    precision = () if quantity.precision is None else (quantity.precision,)
    if isinstance(quantity, ast.Optimum):
        return quantity.value, (over_points(quantity), *precision)
    return quantity.claim, (quantity.lower, quantity.upper, *precision)
