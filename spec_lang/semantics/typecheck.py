"""Type-checking: claims against the networks that they speak of, down to exact conditions.

In: a file's scope and the graphs of its networks.  Out: a `TypedSpec`, one entry for every wanted member of
every claim that could be understood.  A network without a graph failed to load, which has been reported: its
claims are checked as far as its declaration goes, and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Final

from spec_lang.diagnostics import Diagnostic, DiagnosticLog, InternalError, Severity, Span
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import All, Condition
from spec_lang.semantics import codes
from spec_lang.semantics.claim_graph.interface import read_interface
from spec_lang.semantics.claim_graph.signature import Signature
from spec_lang.semantics.claim_graph.spaces import Home, home_of
from spec_lang.semantics.context import Context
from spec_lang.semantics.formulas.counts import read_count
from spec_lang.semantics.formulas.indices import is_index
from spec_lang.semantics.formulas.measures import Asked, read_compared, read_measure
from spec_lang.semantics.formulas.supports import Supports
from spec_lang.semantics.formulas.translate import every
from spec_lang.semantics.formulas.via import Cutter, cutter_of
from spec_lang.semantics.model import Expectation, Measured, NetworkUse, Statement, TypedClaim, TypedSpec
from spec_lang.semantics.names.scope import ClaimFamily, RegionFamily, Scope
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.elements import Fragment, Need
from spec_lang.semantics.terms.expressions import Evaluator, Observer
from spec_lang.semantics.traverse import mentions_gradient, substitute
from spec_lang.syntax import ast

_NEED_CODES: Final[Mapping[Fragment, str]] = {
    Fragment.LINEAR: codes.NONLINEAR,
    Fragment.PIECEWISE: codes.NONLINEAR,
    Fragment.PRODUCT: codes.NONLINEAR,
    Fragment.SMOOTH: codes.SMOOTH,
    Fragment.COMPOSITION: codes.COMPOSED,
    Fragment.ALTERNATION: codes.ALTERNATION,
    Fragment.MEASURE: codes.MEASURED,
}
_KINDS: Final = {ast.ClaimDecl: "claim", ast.InvariantDecl: "invariant", ast.MeasureDecl: "measure"}


def typecheck(
    scope: Scope,
    graphs: Mapping[str, Graph],
    log: DiagnosticLog,
    wanted: Callable[[str], bool] = lambda _: True,
    observer: Observer | None = None,
) -> TypedSpec:
    """The typed claims of `scope` whose names are `wanted`; `graphs` by the networks' labels.

    `observer` hears what every expression denotes.
    """
    checker = _Checker(scope, graphs, log, observer)
    checker.check_declarations()
    claims = (claim for family in scope.claims for claim in checker.claims(family, wanted))
    return TypedSpec(tuple(claims))


class _Checker:
    __slots__ = ("_graphs", "_log", "_observer", "_said", "_scope", "_signatures", "_supports")

    def __init__(
        self, scope: Scope, graphs: Mapping[str, Graph], log: DiagnosticLog, observer: Observer | None
    ) -> None:
        self._scope = scope
        self._graphs = graphs
        self._log = log
        self._observer = observer
        self._signatures: dict[str, Signature | None] = {}
        self._supports = Supports(self._context, self._signature)
        self._said: set[tuple[str, Span]] = set()

    def check_declarations(self) -> None:
        """Networks and regions, whether or not a claim uses them; one member stands for a family."""
        for network in self._scope.families.values():
            self._signature(network.first)
        for region in self._scope.regions.values():
            try:
                self._check_region(region)
            except Rejected:
                continue

    def _check_region(self, region: RegionFamily) -> None:
        member = next(iter(region.family.members()))
        name = region.declaration.name
        values = region.family.assignment(member, name.span)
        value = substitute(region.value, values)
        network = region.declaration.network
        place = value if network is None else substitute(network, values)
        context = self._context()
        probe = ast.Binding(value.span, ast.Name(name.span, name.text), place)
        home = home_of(probe, value, context.translator.evaluator, self._scope)
        if isinstance(home, Home) and self._signature(home.use) is not None:
            binding = replace(probe, domain=_member(name, region, values))
            point = context.bind(replace(binding, domain=place), value, context.translator)
            context.translator.region_of(binding, point)

    def claims(self, family: ClaimFamily, wanted: Callable[[str], bool]) -> Iterator[TypedClaim]:
        """The wanted members; after one with a mistake, the others would repeat it."""
        for member in family.family.members():
            name = family.member_name(member)
            if not wanted(name):
                continue
            before = sum(problem.is_error for problem in self._log)
            try:
                claim = self._claim(family, member, name)
            except Rejected:
                if sum(problem.is_error for problem in self._log) > before:
                    return
                if not self._log.has_errors and not self._scope.broken:
                    raise InternalError(f"{name} was left out without a reason") from None
                continue
            if claim is not None:
                yield claim

    def _claim(self, family: ClaimFamily, member: tuple[int, ...], name: str) -> TypedClaim | None:
        declaration = family.declaration
        values = family.family.assignment(member, declaration.name.span)
        formula = substitute(family.body, values)
        context = self._context()
        for compared in family.compared:
            context.needs.update(dict.fromkeys(read_compared(compared, values, self._context())))
        measured: Measured | None = None
        if isinstance(family.quantity, ast.Count):
            return read_count(family, name, values, (context, self._signature))
        if isinstance(family.quantity, ast.Share):
            return self._supports.share(family, name, values)
        support = self._supports.of_invariant(family, name, values)
        cutter = cutter_of(family, values, context)
        if family.quantity is not None:
            asked = read_measure(family.quantity, values, context)
            self._check_expected(family)
            formula = asked.shown()
            if not context.needs:
                measured = self._measured(asked)
                first = measured.interval[1] if measured.interval is not None else Fraction(0)
                statement, context = self._statement(asked.formula(ast.Comparison.LE, first), self._context())
            else:
                statement = None
        else:
            statement, context = self._statement(formula, context, cutter)
        if statement is None and not context.needs:
            return None  # a network did not load
        needs = tuple(context.needs)
        for need in needs:
            self._warn(need)
        return TypedClaim(
            name,
            _KINDS[type(declaration)],
            declaration,
            declaration.title,
            family.attributes,
            formula,
            context.applications.networks,
            statement,
            needs,
            tuple(context.fragments.items()),
            measured,
            support=support,
            cut=None if cutter is None else cutter.cut,
        )

    def _measured(self, asked: Asked) -> Measured:
        quantity = asked.quantity
        return Measured(
            quantity.extreme if isinstance(quantity, ast.Optimum) else quantity.threshold,
            asked.precision,
            partial(_statement_at, self._scope, self._graphs, asked),
            asked.words,
            asked.value,
            asked.unit,
            asked.interval,
        )

    def _check_expected(self, family: ClaimFamily) -> None:
        if family.attributes.expect is Expectation.REFUTED and isinstance(family.quantity, ast.Optimum):
            place = next(use.span for use in family.declaration.attributes if use.name.text == "expect")
            problem = "a measure asks for a number, and is not refuted"
            self._log.error(codes.ATTRIBUTE, problem, place, "leave it out; write a claim to be refuted")

    def _warn(self, need: Need) -> None:
        code = _NEED_CODES[need.fragment]
        if (code, need.span) not in self._said:
            self._said.add((code, need.span))
            problem = f"no backend of this version decides this: {need.problem}"
            self._log.add(Diagnostic(code, problem, need.span, None, Severity.WARNING, need.notes))

    def _context(self) -> Context:
        return Context(self._scope, self._signature, self._log, self._observer)

    def _signature(self, use: NetworkUse) -> Signature | None:
        if use.label not in self._signatures:
            graph = self._graphs.get(use.label)
            evaluator = Evaluator(self._log, self._scope.constants, None, self._scope.broken)
            signature = read_interface(use, graph, evaluator, self._log)
            self._signatures[use.label] = signature
        return self._signatures[use.label]

    # -- the shape of a claim ------------------------------------------------------------------------

    def statement(self, formula: ast.Expr) -> Statement:
        """What there is to decide of a formula that is known to be understood."""
        statement, _ = self._statement(formula, self._context())
        if statement is None:
            raise InternalError("a claim of a measure is beyond what another one of it needs")
        return statement

    def _statement(
        self, formula: ast.Expr, context: Context, cutter: Cutter | None = None
    ) -> tuple[Statement | None, Context]:
        """What there is to decide, and the context that it was read in, by the `cutter` as well.

        A formula that begins with `exists` is searched for a point that makes it true, any other for one
        that makes it false.
        """
        exists = isinstance(formula, ast.Quantified) and formula.quantifier is ast.Quantifier.EXISTS
        context.applications.folding = mentions_gradient(formula)
        region, violation = _searched(formula, exists, context)
        if cutter is not None:
            cutter.read(formula)
        context.put_to_work()
        if not context.applications.networks and not context.needs:
            raise self._no_network(formula)
        graph = context.applications.graph()
        if context.needs or graph is None:
            return None, context
        applications = context.applications
        equations = applications.equations()
        statement = Statement(
            graph,
            applications.frame(),
            All((region, equations)) if equations.parts else region,
            violation,
            applications.ties,
            exists,
            applications.runs(),
        )
        return statement, context

    def _no_network(self, formula: ast.Expr) -> Rejected:
        if isinstance(formula, ast.Quantified):
            fix = "apply one to the point: `f(x)`"
            self._log.error(codes.ONE_NETWORK, "this claim speaks of no network", formula.span, fix)
        else:
            problem = "a claim says something about every point of a region"
            self._log.error(codes.QUANTIFIER, problem, formula.span, "write `forall x in …: …`")
        return Rejected()


def _statement_at(
    scope: Scope, graphs: Mapping[str, Graph], asked: Asked, relation: ast.Comparison, threshold: Fraction
) -> Statement:
    """The claim of a threshold of a measure that has been checked."""
    checker = _Checker(scope, graphs, DiagnosticLog(), None)
    return checker.statement(asked.formula(relation, threshold))


def _searched(formula: ast.Expr, holds: bool, context: Context) -> tuple[Condition, Condition]:
    """The region of the points of the outermost quantifier, and where the rest holds (or fails)."""
    translator = context.translator
    regions: list[Condition] = []
    wanted = ast.Quantifier.EXISTS if holds else ast.Quantifier.FORALL
    while (
        isinstance(formula, ast.Quantified)
        and formula.quantifier is wanted
        and not is_index(formula.bindings[0])
    ):
        binding, *others = formula.bindings
        rest = replace(formula, bindings=tuple(others)) if others else formula.body
        point = context.bind(binding, rest, translator)
        inner = translator.with_name(binding.variable.text, point)
        if others or isinstance(rest, ast.Quantified):
            regions.append(translator.region_of(binding, point))
            translator, formula = inner, rest
            continue
        region, violation = every(
            partial(translator.region_of, binding, point), partial(inner.condition, rest, holds)
        )
        return _both(regions, region), violation
    violation = translator.condition(formula, holds)
    return _both(regions, None), violation


def _both(regions: list[Condition], last: Condition | None) -> Condition:
    parts = (*regions, last) if last is not None else tuple(regions)
    return parts[0] if len(parts) == 1 else All(parts)


def _member(name: ast.Name, region: RegionFamily, values: Mapping[str, ast.Expr]) -> ast.Expr:
    if not region.family.indices:
        return name
    return ast.Index(name.span, name, tuple(values[index] for index in region.family.indices))
