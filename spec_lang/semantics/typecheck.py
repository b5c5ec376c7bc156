"""Type-checking: claims against the networks that they speak of, down to exact linear conditions.

In: a file's scope and the graphs of its networks.  Out: a `TypedSpec`, one entry for every wanted member of
every claim that could be understood.  A network without a graph failed to load, which has been reported: its
claims are checked as far as its declaration goes, and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from spec_lang.diagnostics import DiagnosticLog, InternalError, Note, Span
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import Condition, Frame
from spec_lang.semantics import codes
from spec_lang.semantics.context import Context
from spec_lang.semantics.expressions import Evaluator, Rejected
from spec_lang.semantics.formulas import Translator, every
from spec_lang.semantics.interface import read_interface
from spec_lang.semantics.model import NetworkUse, TypedClaim, TypedSpec
from spec_lang.semantics.regions import region_condition
from spec_lang.semantics.scope import ClaimFamily, RegionFamily, Scope
from spec_lang.semantics.signature import Signature
from spec_lang.semantics.traverse import substitute, walk
from spec_lang.semantics.uses import Mention, mentions
from spec_lang.syntax import ast


def typecheck(
    scope: Scope,
    graphs: Mapping[str, Graph],
    log: DiagnosticLog,
    wanted: Callable[[str], bool] = lambda _: True,
) -> TypedSpec:
    """The typed claims of `scope` whose names are `wanted`; `graphs` by the networks' labels."""
    checker = _Checker(scope, graphs, log)
    checker.check_declarations()
    claims = (claim for family in scope.claims for claim in checker.claims(family, wanted))
    return TypedSpec(tuple(claims))


class _Checker:
    __slots__ = ("_graphs", "_log", "_scope", "_signatures")

    def __init__(self, scope: Scope, graphs: Mapping[str, Graph], log: DiagnosticLog) -> None:
        self._scope = scope
        self._graphs = graphs
        self._log = log
        self._signatures: dict[str, Signature | None] = {}

    def _reject(
        self, code: str, problem: str, span: Span, fix: str | None = None, notes: tuple[Note, ...] = ()
    ) -> Rejected:
        self._log.error(code, problem, span, fix, notes)
        return Rejected()

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
        values = region.family.assignment(member, region.declaration.name.span)
        value = substitute(region.value, values)
        network = region.declaration.network
        place = value if network is None else substitute(network, values)
        found = mentions(place, self._scope, self._log)
        signature = self._signature(found[0].use) if found else None
        if signature is None:
            return  # no network to check it against, or one that is reported elsewhere
        context = Context(self._scope, signature, self._log)
        region_condition(context, value, self._translator(context))

    def claims(self, family: ClaimFamily, wanted: Callable[[str], bool]) -> Iterator[TypedClaim]:
        """The wanted members; after one with a mistake, the others would repeat it."""
        for member in family.family.members():
            name = family.member_name(member)
            if not wanted(name):
                continue
            before = len(self._log)
            try:
                claim = self._claim(family, member, name)
            except Rejected:
                if len(self._log) > before:
                    return
                if not self._log.has_errors and not self._scope.broken:
                    raise InternalError(f"{name} was left out without a reason") from None
                continue
            if claim is not None:
                yield claim

    def _claim(self, family: ClaimFamily, member: tuple[int, ...], name: str) -> TypedClaim | None:
        declaration = family.declaration
        formula = substitute(family.body, family.family.assignment(member, declaration.name.span))
        quantified = self._quantified(formula)
        use = self._network_of(quantified)
        signature = self._signature(use)
        if signature is None:
            return None
        context = Context(self._scope, signature, self._log)
        binding = quantified.bindings[0]
        variable = binding.variable.text
        outside = self._translator(context)
        inside = outside.with_name(variable, context.point)
        region, violation = every(
            partial(region_condition, context, binding.domain, outside),
            partial(inside.condition, quantified.body, False),
        )
        if signature.graph is None:
            return None
        return TypedClaim(
            name,
            declaration,
            declaration.title,
            family.attributes,
            quantified,
            use,
            context.graph(signature.graph),
            Frame(use.label, variable, signature.input.axes, context.output_axes()),
            region,
            violation,
        )

    def _translator(self, context: Context) -> Translator:
        rule: Callable[[ast.Expr, Translator], Condition] = partial(region_condition, context)
        return Translator(context.global_evaluator, rule)

    def _signature(self, use: NetworkUse) -> Signature | None:
        if use.label not in self._signatures:
            graph = self._graphs.get(use.label)
            evaluator = Evaluator(self._log, self._scope.parameters, None, self._scope.broken)
            signature = read_interface(use, graph, evaluator, self._log)
            self._signatures[use.label] = signature
        return self._signatures[use.label]

    # -- the shape of a claim ------------------------------------------------------------------------

    def _quantified(self, formula: ast.Expr) -> ast.Forall:
        if not isinstance(formula, ast.Forall):
            fix = "write `forall x in …: …`"
            problem = "a claim says something about every point of a region"
            raise self._reject(codes.QUANTIFIER, problem, formula.span, fix)
        if len(formula.bindings) != 1:
            span = formula.bindings[1].span
            raise self._reject(codes.QUANTIFIER, "this version quantifies over one point at a time", span)
        return formula

    def _network_of(self, formula: ast.Forall) -> NetworkUse:
        """What the claim applies, else what its region is on, else the only one that there is."""
        applied = mentions(formula.body, self._scope, self._log)
        found = applied or mentions(formula.bindings[0].domain, self._scope, self._log)
        if not found:
            families = tuple(self._scope.families.values())
            if len(families) == 1:
                return families[0].first  # there is no other space that the region could be in
            if self._has_unknown_names(formula):
                raise Rejected
            fix = "apply one to the point: `f(x)`"
            raise self._reject(codes.ONE_NETWORK, "this claim speaks of no network", formula.span, fix)
        first = found[0]
        for other in found[1:]:
            if other.use.label != first.use.label:
                raise self._reject_second(first, other)
        return first.use

    def _has_unknown_names(self, formula: ast.Expr) -> bool:
        """Whether a name in `formula` has been reported as unknown: it may well have been a network."""
        unknown = {problem.span for problem in self._log if problem.code == codes.UNKNOWN_NAME}
        return any(isinstance(node, ast.Name) and node.span in unknown for node in walk(formula))

    def _reject_second(self, first: Mention, other: Mention) -> Rejected:
        problem = f"this claim speaks of `{first.use.label}` and of `{other.use.label}`"
        notes = (Note(f"`{first.use.label}` is used here", first.span),)
        fix = "this version compares one network at a time"
        return self._reject(codes.ONE_NETWORK, problem, other.span, fix, notes)
